// A Verilated AXI4-Stream accelerator as a plain C library: whole sets of windows in one call.
//
// design.h, written for each design, gives the class (MODEL), the bytes of a beat on either side,
// the shape of a window, the two number formats, and the names hls4ml calls.
#include "design.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

// Verilator's runtime asks for this where a design does not use time.
double sc_time_stamp() { return 0; }

namespace {

enum Status : int64_t { FINISHED = 0, HANG = 1, CHANGED = 2, WITHDRAWN = 3, EXTRA = 4 };

struct Random {
    uint64_t state;
    bool below(uint32_t threshold) {
        // xorshift64* (Vigna 2016); the upper half is compared.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return uint32_t((state * 0x2545F4914F6CDD1DULL) >> 32) < threshold;
    }
};

// tid is there in interleaved designs only.
template <class Model> void set_series(Model &top, uint16_t series) {
    if constexpr (requires { top.s_axis_tid; }) top.s_axis_tid = series;
}
template <class Model> uint16_t get_series(const Model &top) {
    if constexpr (requires { top.m_axis_tid; }) return top.m_axis_tid;
    return 0;
}

// A port of any width, as bytes; the host is little-endian.
template <class Port> uint8_t *bytes_of(Port &port) { return reinterpret_cast<uint8_t *>(&port); }

struct Bench {
    VerilatedContext context;
    std::unique_ptr<MODEL> top;
    int64_t cycle = 0;

    Bench() : top(new MODEL(&context)) { reset(); }
    ~Bench() { top->final(); }

    void settle() {
        top->aclk = 0;
        top->eval();
    }
    void rise() {
        top->aclk = 1;
        top->eval();
        cycle++;
    }
    void reset() {
        top->aresetn = 0;
        top->s_axis_tvalid = 0;
        top->m_axis_tready = 0;
        for (int i = 0; i < 4; i++) {
            settle();
            rise();
        }
        top->aresetn = 1;
        cycle = 0;
    }
};

} // namespace

// What one call did; `status` is 0 or says which rule was broken.
struct Result {
    int64_t status, cycles, accepted, taken;
};

EXPORT void *model_open() { return new Bench; }
EXPORT void model_close(void *model) { delete static_cast<Bench *>(model); }
EXPORT void model_reset(void *model) { static_cast<Bench *>(model)->reset(); }
EXPORT int64_t model_dropped(void *model) {
    return static_cast<Bench *>(model)->top->dropped_windows;
}

// Sends `beats` input beats and takes `outputs` output beats.
//
// `marks` are 2 * tid + tlast of each beat, on both sides.
//
// A beat is withheld, or an output stalled, for a cycle with the probability gap / 2^32 or
// stall / 2^32. Cycles of the accepted handshakes are counted from the last reset. After the last
// output `quiet` further cycles must bring no other one. `patience` cycles without a handshake are
// a hang.
EXPORT Result model_run(void *model, const uint8_t *input, const uint32_t *marks, int64_t beats,
                        uint8_t *output, uint32_t *output_marks, int64_t outputs, uint32_t gap, uint32_t stall,
                        uint64_t seed, int64_t *input_cycles, int64_t *output_cycles,
                        int64_t quiet, int64_t patience) {
    Bench &bench = *static_cast<Bench *>(model);
    MODEL &top = *bench.top;
    Random random{seed * 2 + 1};
    const int64_t begin = bench.cycle;
    int64_t sent = 0, taken = 0, idle = 0;
    bool offering = false, waiting = false;
    uint8_t held[OUTPUT_BYTES];
    Status status = FINISHED;
    while (status == FINISHED && (sent < beats || taken < outputs || quiet-- > 0)) {
        if (!offering && sent < beats && !(gap && random.below(gap))) {
            offering = true;
            std::memcpy(bytes_of(top.s_axis_tdata), input + sent * INPUT_BYTES, INPUT_BYTES);
            top.s_axis_tlast = marks[sent] & 1;
            set_series(top, marks[sent] >> 1);
        }
        top.s_axis_tvalid = offering;
        top.m_axis_tready = !(stall && random.below(stall));
        bench.settle();
        const bool accepts = offering && top.s_axis_tready;
        const bool valid = top.m_axis_tvalid;
        const uint8_t *data = bytes_of(top.m_axis_tdata);
        if (waiting && !valid) status = WITHDRAWN;
        if (waiting && valid && std::memcmp(held, data, OUTPUT_BYTES)) status = CHANGED;
        waiting = valid && !top.m_axis_tready;
        if (waiting) std::memcpy(held, data, OUTPUT_BYTES);
        const bool takes = valid && top.m_axis_tready;
        if (valid && taken == outputs) status = EXTRA;
        if (takes && taken < outputs) {
            std::memcpy(output + taken * OUTPUT_BYTES, data, OUTPUT_BYTES);
            output_marks[taken] = 2u * get_series(top) + top.m_axis_tlast;
            output_cycles[taken++] = bench.cycle;
        }
        if (accepts) {
            input_cycles[sent++] = bench.cycle;
            offering = false;
        }
        idle = accepts || takes ? 0 : idle + 1;
        if (idle > patience && (sent < beats || taken < outputs)) status = HANG;
        bench.rise();
    }
    top.s_axis_tvalid = 0;
    return Result{status, bench.cycle - begin, sent, taken};
}

namespace {

// FixedPoint.quantize for one number; see hw/fixed_point.py, which the tests compare it with.
int64_t quantize(double value) {
    const double scaled = std::ldexp(value, INPUT_FRACTION);
    const double low = std::floor(scaled), rest = scaled - low;
    const bool tie = rest == 0.5, negative = scaled < 0;
    bool up = false;
    switch (INPUT_ROUNDING) {
    case 'F': up = false; break;                                       // TRN
    case 'Z': up = negative && rest != 0; break;                       // TRN_ZERO
    case 'P': up = rest > 0.5 || tie; break;                           // RND
    case 'M': up = rest > 0.5; break;                                  // RND_MIN_INF
    case 'z': up = rest > 0.5 || (tie && negative); break;             // RND_ZERO
    case 'I': up = rest > 0.5 || (tie && !negative); break;            // RND_INF
    case 'C': up = rest > 0.5 || (tie && std::fmod(low, 2) != 0); break; // RND_CONV
    }
    const double rounded = low + up;
    // Compared as integers where they hold it: 64-bit bounds are not all doubles.
    if (std::fabs(rounded) < 0x1p62) {
        const int64_t code = int64_t(rounded);
        if (code >= INPUT_MINIMUM && code <= INPUT_MAXIMUM) return code;
    }
    switch (INPUT_OVERFLOW) {
    case 'Z': return 0;                                                // SAT_ZERO
    case 'W': {                                                        // WRAP
        const double span = std::ldexp(1.0, INPUT_WIDTH);
        double wrapped = std::fmod(rounded, span);
        if (wrapped < 0) wrapped += span;
        const uint64_t code = uint64_t(wrapped);
        return code > uint64_t(INPUT_MAXIMUM) ? int64_t(code - (1ULL << INPUT_WIDTH)) : code;
    }
    default: return rounded < 0 ? INPUT_MINIMUM : INPUT_MAXIMUM;       // SAT, SAT_SYM
    }
}

// One window as hls4ml's ModelGraph passes it: floats in, floats out.
template <class Float> void predict(const Float *input, Float *output) {
    static Bench bench;
    constexpr int IN = INPUT_BYTES / FEATURES, OUT = OUTPUT_BYTES / OUTPUTS;
    std::vector<uint8_t> beats(STEPS * INPUT_BYTES), forecast(OUTPUT_BEATS * OUTPUT_BYTES);
    std::vector<uint32_t> marks(STEPS, 0), forecast_marks(OUTPUT_BEATS);
    marks.back() = 1;
    for (int i = 0; i < STEPS * FEATURES; i++) {
        if (std::isnan(input[i]) || (INPUT_OVERFLOW == 'W' && std::isinf(std::ldexp(double(input[i]), INPUT_FRACTION)))) {
            // No code stands for it, and C has no exception to raise.
            std::fill_n(output, OUTPUT_BEATS * OUTPUTS, std::numeric_limits<Float>::quiet_NaN());
            return;
        }
        const int64_t code = quantize(input[i]);
        std::memcpy(&beats[i * IN], &code, IN);
    }
    std::vector<int64_t> cycles(STEPS), taken(OUTPUT_BEATS);
    const Result result =
        model_run(&bench, beats.data(), marks.data(), STEPS, forecast.data(), forecast_marks.data(),
                  OUTPUT_BEATS, 0, 0, 0, cycles.data(), taken.data(), 0, PATIENCE);
    for (int i = 0; i < OUTPUT_BEATS * OUTPUTS; i++) {
        int64_t code = 0;
        std::memcpy(&code, &forecast[i * OUT], OUT);
        if (OUTPUT_SIGNED) code = int64_t(uint64_t(code) << (64 - 8 * OUT)) >> (64 - 8 * OUT);
        output[i] = result.status == FINISHED ? Float(std::ldexp(double(code), -OUTPUT_FRACTION))
                                              : std::numeric_limits<Float>::quiet_NaN();
    }
}

} // namespace

EXPORT void PREDICT_FLOAT(float *input, float *output) { predict(input, output); }
EXPORT void PREDICT_DOUBLE(double *input, double *output) { predict(input, output); }
