// A simulated board on the other end of a pipe: the pins of a board top, driven as by a host.
//
// usage: server DIVISOR END RESET
//   DIVISOR   clock cycles per bit
//   END       the byte that closes a frame
//   RESET     cycles to wait before anything is sent
//
// Reads lines "CYCLES HEX": puts the bytes on the line, and then waits for a closed frame, at most
// CYCLES. Answers each with a line: the bytes that came meanwhile in hexadecimal, a byte without
// stop bit left out.

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include "Vboard_top.h"
#include "uart_line.h"
#include "verilated.h"

int main(int count, char** arguments) {
    if (count != 4) {
        std::cerr << "usage: server DIVISOR END RESET\n";
        return 1;
    }
    const long divisor = std::stol(arguments[1]);
    const int end = std::stoi(arguments[2]);
    const long reset = std::stol(arguments[3]);
    const auto context = std::make_unique<VerilatedContext>();
    const auto top = std::make_unique<Vboard_top>(context.get());
    Sender sender(divisor);
    Receiver receiver(divisor);
    const auto cycle = [&] {
        top->uart_rx = sender.level();
        top->clk = 0;
        top->eval();
        top->clk = 1;
        top->eval();
        return receiver.sample(top->uart_tx);
    };
    for (long n = 0; n < reset + 8 * kFrameBits * divisor; ++n) cycle();
    for (std::string request; std::getline(std::cin, request);) {
        std::istringstream words(request);
        long left = 0;
        std::string hex;
        words >> left >> hex;
        sender.start(read_hex(hex));
        std::string answer;
        for (bool closed = false; !closed && (!sender.idle() || left > 0);) {
            if (sender.idle()) --left;
            const int byte = cycle();
            if (byte < 0) continue;
            char digits[3];
            std::snprintf(digits, sizeof digits, "%02x", byte);
            answer += digits;
            closed = byte == end && sender.idle();
        }
        std::cout << answer << std::endl;
    }
    return 0;
}
