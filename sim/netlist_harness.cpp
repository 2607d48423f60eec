// Drives the pins of a board top as a host on the other end of the line would.
//
// usage: harness DIVISOR AHEAD LIMIT END RESET REQUESTS
//   DIVISOR   clock cycles per bit
//   AHEAD     windows that may be under way before the first forecast must be back
//   LIMIT     cycles without anything on the line after which to give up
//   END       the byte that closes a frame
//   RESET     cycles for which the top holds its reset after configuration
//   REQUESTS  a file: one frame per line, as hexadecimal line bytes
//
// Prints one line per frame received: the line bytes in hexadecimal. Exits 0 when as many frames
// came as were sent, otherwise it says on stderr what happened and exits 1.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "Vboard_top.h"
#include "verilated.h"

namespace {

using Frame = std::vector<unsigned char>;

constexpr int kFrameBits = 10;  // start, eight data bits, stop

Frame read_hex(const std::string& line) {
    Frame frame;
    for (std::size_t at = 0; at + 1 < line.size(); at += 2)
        frame.push_back(static_cast<unsigned char>(std::stoul(line.substr(at, 2), nullptr, 16)));
    return frame;
}

// What the host puts on the line, one clock cycle at a time.
class Sender {
  public:
    explicit Sender(long divisor) : divisor_(divisor) {}

    bool idle() const { return at_ == frame_.size(); }

    void start(const Frame& frame) {
        frame_ = frame;
        at_ = 0;
        cycle_ = 0;
    }

    bool level() {
        if (idle()) return true;
        const unsigned bits = frame_[at_] << 1 | 1u << (kFrameBits - 1);
        const bool level = bits >> (cycle_ / divisor_) & 1;
        if (++cycle_ == kFrameBits * divisor_) {
            cycle_ = 0;
            ++at_;
        }
        return level;
    }

  private:
    long divisor_;
    Frame frame_;
    std::size_t at_ = 0;
    long cycle_ = 0;
};

// What the host reads from it; -1 while no byte is complete, -2 for a stop bit that is low.
class Receiver {
  public:
    explicit Receiver(long divisor) : divisor_(divisor) {}

    int sample(bool level) {
        if (cycle_ < 0) {
            if (level) return -1;
            cycle_ = 0;
            bits_ = 0;
        }
        if (cycle_ % divisor_ == divisor_ / 2)
            bits_ |= static_cast<unsigned>(level) << (cycle_ / divisor_);
        if (++cycle_ < (kFrameBits - 1) * divisor_ + divisor_ / 2 + 1) return -1;
        cycle_ = -1;
        const bool framed = (bits_ & 1) == 0 && (bits_ >> (kFrameBits - 1)) == 1;
        return framed ? static_cast<int>(bits_ >> 1 & 0xff) : -2;
    }

  private:
    long divisor_;
    long cycle_ = -1;
    unsigned bits_ = 0;
};

}  // namespace

int main(int count, char** arguments) {
    if (count != 7) {
        std::cerr << "usage: harness DIVISOR AHEAD LIMIT END RESET REQUESTS\n";
        return 1;
    }
    const long divisor = std::stol(arguments[1]);
    const std::size_t ahead = std::stoul(arguments[2]);
    const long limit = std::stol(arguments[3]);
    const int end = std::stoi(arguments[4]);
    std::vector<Frame> requests;
    const long reset = std::stol(arguments[5]);
    std::ifstream file(arguments[6]);
    for (std::string line; std::getline(file, line);) requests.push_back(read_hex(line));

    const auto context = std::make_unique<VerilatedContext>();
    const auto top = std::make_unique<Vboard_top>(context.get());
    Sender sender(divisor);
    Receiver receiver(divisor);
    Frame response;
    std::size_t sent = 0;
    std::size_t received = 0;
    long quiet = 0;
    // The line idles until the reset is over, and for some bytes more.
    for (long cycle = 0; received < requests.size(); ++cycle) {
        const bool settled = cycle > reset + 8 * kFrameBits * divisor;
        if (settled && sender.idle() && sent < requests.size() && sent < received + ahead)
            sender.start(requests[sent++]);
        quiet = sender.idle() ? quiet + 1 : 0;
        top->uart_rx = sender.level();
        top->clk = 0;
        top->eval();
        top->clk = 1;
        top->eval();
        const int byte = receiver.sample(top->uart_tx);
        if (byte == -2) {
            std::cerr << "a stop bit is missing in cycle " << cycle << "\n";
            return 1;
        }
        if (byte >= 0) {
            quiet = 0;
            response.push_back(static_cast<unsigned char>(byte));
            if (byte == end) {
                for (const unsigned char value : response) std::printf("%02x", value);
                std::printf("\n");
                std::fflush(stdout);
                response.clear();
                ++received;
            }
        }
        if (quiet > limit) {
            std::cerr << "no answer to window " << received << " of " << requests.size()
                      << " within " << limit << " cycles\n";
            return 1;
        }
    }
    return 0;
}
