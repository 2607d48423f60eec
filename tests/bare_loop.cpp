// The loop that one writes by hand around a Verilated accelerator: the yardstick of `make bench`.
//
// Windows back to back, output always ready, nothing checked, nothing noted. Compiled with the same
// options as rtl_model.cpp; design.h gives the class and the bytes of a beat.
#include "design.h"

#include <cstdint>
#include <cstring>

double sc_time_stamp() { return 0; }

namespace {
struct Shape {
    int beats, channels, bytes;
};
constexpr Shape IN[] = {INPUT_SHAPE_TABLE}, OUT[] = {OUTPUT_SHAPE_TABLE};
} // namespace

// Sends `windows` windows and stores their forecasts; returns the cycles.
extern "C" __attribute__((visibility("default"))) int64_t bare_run(const uint8_t *in, uint8_t *out,
                                                                   int64_t windows) {
    VerilatedContext context;
    MODEL top(&context);
    top.aresetn = 0;
    top.s_axis_tvalid = 0;
    top.m_axis_tready = 1;
    for (int i = 0; i < 4; i++) {
        top.aclk = 0;
        top.eval();
        top.aclk = 1;
        top.eval();
    }
    top.aresetn = 1;
    const int64_t send = windows * IN[0].beats, take = windows * OUT[0].beats;
    int64_t sent = 0, taken = 0, cycles = 0, place = 0;
    while (taken < take) {
        if (sent < send) {
            std::memcpy(&top.s_axis_tdata, in + sent * IN[0].bytes, IN[0].bytes);
            top.s_axis_tlast = place == IN[0].beats - 1;
        }
        top.s_axis_tvalid = sent < send;
        top.aclk = 0;
        top.eval();
        if (top.m_axis_tvalid) {
            std::memcpy(out + taken * OUT[0].bytes, &top.m_axis_tdata, OUT[0].bytes);
            taken++;
        }
        if (top.s_axis_tvalid && top.s_axis_tready) {
            sent++;
            place = place == IN[0].beats - 1 ? 0 : place + 1;
        }
        top.aclk = 1;
        top.eval();
        cycles++;
    }
    top.final();
    return cycles;
}
