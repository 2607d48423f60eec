// The far end of a board's UART line, one clock cycle at a time.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

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
