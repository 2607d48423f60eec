// Drives the pins of a board top as a host on the other end of the line would.
//
// usage: harness DIVISOR LIMIT END RESET REQUESTS [WAVE]
//   DIVISOR   clock cycles per bit
//   LIMIT     cycles without anything on the line after which to give up
//   END       the byte that closes a frame
//   RESET     cycles for which the top holds its reset after configuration
//   REQUESTS  a file: one frame per line, as hexadecimal line bytes
//   WAVE      a file (VCD) for what happens from the second request on, one time for each cycle, when
//             its rising edge is over; in builds with traces only
//
// Prints one line per frame received: the line bytes in hexadecimal. Exits 0 when as many frames
// came as were sent, otherwise it says on stderr what happened and exits 1.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "Vboard_top.h"
#include "uart_line.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

int main(int count, char** arguments) {
    if (count != 6 + VM_TRACE) {
        std::cerr << "usage: harness DIVISOR LIMIT END RESET REQUESTS [WAVE]\n";
        return 1;
    }
    const long divisor = std::stol(arguments[1]);
    const long limit = std::stol(arguments[2]);
    const int end = std::stoi(arguments[3]);
    std::vector<Frame> requests;
    const long reset = std::stol(arguments[4]);
    std::ifstream file(arguments[5]);
    for (std::string line; std::getline(file, line);) requests.push_back(read_hex(line));

    const auto context = std::make_unique<VerilatedContext>();
#if VM_TRACE
    context->traceEverOn(true);
#endif
    const auto top = std::make_unique<Vboard_top>(context.get());
#if VM_TRACE
    VerilatedVcdC wave;
    top->trace(&wave, 1);
    wave.open(arguments[6]);
#endif
    Sender sender(divisor);
    Receiver receiver(divisor);
    Frame response;
    std::size_t sent = 0;
    std::size_t received = 0;
    long quiet = 0;
    // The line idles until the reset is over, and for some bytes more.
    for (long cycle = 0; received < requests.size(); ++cycle) {
        const bool settled = cycle > reset + 8 * kFrameBits * divisor;
        if (settled && sender.idle() && sent < requests.size() && sent == received)
            sender.start(requests[sent++]);
        quiet = sender.idle() ? quiet + 1 : 0;
        top->uart_rx = sender.level();
        top->clk = 0;
        top->eval();
        top->clk = 1;
        top->eval();
#if VM_TRACE
        if (sent > 1) wave.dump(static_cast<std::uint64_t>(cycle));
#endif
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
#if VM_TRACE
    wave.close();
#endif
    return 0;
}
