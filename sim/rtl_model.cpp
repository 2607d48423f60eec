// A Verilated AXI4-Stream accelerator as a plain C library: whole sets of windows in one call.
//
// design.h, written for each design, gives the class (MODEL), the pins of its streams, the shape of a
// window on each, their number formats, and the names hls4ml calls.
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

// A port of any width, as bytes; the host is little-endian.
template <class Port> uint8_t *bytes_of(Port &port) { return reinterpret_cast<uint8_t *>(&port); }

// The pins of one AXI4-Stream; tid is there in interleaved designs only.
struct Pins {
    int bytes;
    uint8_t *data;
    CData *valid, *ready, *last;
    uint8_t *tid;
    size_t tid_bytes;
};

struct Bench {
    VerilatedContext context;
    std::unique_ptr<MODEL> model;
    std::vector<Pins> inputs, outputs;
    int64_t cycle = 0;

    Bench() : model(new MODEL(&context)) {
        MODEL &top = *model;
#define PINS(name, bytes, tid, tid_bytes)                                                          \
    Pins{bytes, bytes_of(top.name##_tdata), &top.name##_tvalid, &top.name##_tready,                \
         &top.name##_tlast, tid, tid_bytes}
        inputs = {INPUT_PINS};
        outputs = {OUTPUT_PINS};
        reset();
    }
    ~Bench() { model->final(); }

    void settle() {
        model->aclk = 0;
        model->eval();
    }
    void rise() {
        model->aclk = 1;
        model->eval();
        cycle++;
    }
    void reset() {
        model->aresetn = 0;
        for (Pins &pins : inputs) *pins.valid = 0;
        for (Pins &pins : outputs) *pins.ready = 0;
        for (int i = 0; i < 4; i++) {
            settle();
            rise();
        }
        model->aresetn = 1;
        cycle = 0;
    }
};

} // namespace

// The beats of one stream: `data` and `marks` (2 * tid + tlast) of `beats` of them, and the cycles
// of their handshakes, counted from the last reset. `done` have moved.
struct Stream {
    uint8_t *data;
    uint32_t *marks;
    int64_t *cycles;
    int64_t beats, done;
};

// What one call did; `status` is 0 or says which rule was broken, on output `stream`. `stalls` are
// the cycles for which output beats waited, `gaps` those in which an input offered none of its beats.
struct Result {
    int64_t status, stream, cycles, stalls, gaps;
};

EXPORT void *model_open() { return new Bench; }
EXPORT void model_close(void *model) { delete static_cast<Bench *>(model); }
EXPORT void model_reset(void *model) { static_cast<Bench *>(model)->reset(); }
EXPORT int64_t model_dropped(void *model) {
    return static_cast<Bench *>(model)->model->dropped_windows;
}

namespace {

// Offers the next beat of a stream; every stream has gaps of its own.
struct Driver {
    const Pins &pins;
    Stream &stream;
    bool offering = false;

    // Tells whether a beat that is due was withheld.
    bool drive(Random &random, uint32_t gap) {
        if (!offering && stream.done < stream.beats && !(gap && random.below(gap))) {
            offering = true;
            std::memcpy(pins.data, stream.data + stream.done * pins.bytes, pins.bytes);
            const uint32_t mark = stream.marks[stream.done];
            *pins.last = mark & 1;
            const uint32_t series = mark >> 1;
            if (pins.tid) std::memcpy(pins.tid, &series, pins.tid_bytes);
        }
        *pins.valid = offering;
        return !offering && stream.done < stream.beats;
    }
    bool accepts() const { return offering && *pins.ready; }
    void take(int64_t cycle) {
        stream.cycles[stream.done++] = cycle;
        offering = false;
    }
};

// Takes the beats of a stream and watches AXI4-Stream's rules.
struct Monitor {
    const Pins &pins;
    Stream &stream;
    bool waiting = false;
    std::vector<uint8_t> held;

    bool takes() const { return *pins.valid && *pins.ready; }
    Status watch() {
        Status status = FINISHED;
        const bool valid = *pins.valid;
        if (waiting && !valid) status = WITHDRAWN;
        if (waiting && valid && std::memcmp(held.data(), pins.data, pins.bytes)) status = CHANGED;
        if (valid && stream.done == stream.beats) status = EXTRA;
        waiting = valid && !*pins.ready;
        if (waiting) held.assign(pins.data, pins.data + pins.bytes);
        return status;
    }
    void take(int64_t cycle) {
        if (stream.done == stream.beats) return;
        std::memcpy(stream.data + stream.done * pins.bytes, pins.data, pins.bytes);
        uint32_t series = 0;
        if (pins.tid) std::memcpy(&series, pins.tid, pins.tid_bytes);
        stream.marks[stream.done] = 2 * series + *pins.last;
        stream.cycles[stream.done++] = cycle;
    }
};

} // namespace

// Sends the beats of every input stream and takes those of every output stream.
//
// A beat is withheld, or an output stalled, for a cycle with the probability gap / 2^32 or
// stall / 2^32. After the last output `quiet` further cycles must bring no other one. `patience`
// cycles without a handshake are a hang. After `most` cycles all is left as it is.
EXPORT Result model_run(void *model, Stream *inputs, Stream *outputs, uint32_t gap, uint32_t stall,
                        uint64_t seed, int64_t quiet, int64_t patience, int64_t most) {
    Bench &bench = *static_cast<Bench *>(model);
    Random random{seed * 2 + 1};
    std::vector<Driver> drivers;
    std::vector<Monitor> monitors;
    for (size_t i = 0; i < bench.inputs.size(); i++) drivers.push_back({bench.inputs[i], inputs[i]});
    for (size_t i = 0; i < bench.outputs.size(); i++)
        monitors.push_back({bench.outputs[i], outputs[i]});
    const auto open = [&] {
        for (const Driver &driver : drivers)
            if (driver.stream.done < driver.stream.beats) return true;
        for (const Monitor &monitor : monitors)
            if (monitor.stream.done < monitor.stream.beats) return true;
        return false;
    };
    Result result{FINISHED, 0, bench.cycle, 0, 0};
    int64_t idle = 0;
    while (result.status == FINISHED && most-- > 0 && (open() || quiet-- > 0)) {
        for (Driver &driver : drivers) result.gaps += driver.drive(random, gap);
        for (Monitor &monitor : monitors) *monitor.pins.ready = !(stall && random.below(stall));
        bench.settle();
        bool moved = false;
        for (size_t i = 0; i < monitors.size(); i++) {
            const Status status = monitors[i].watch();
            if (status != FINISHED) result.status = status, result.stream = i;
            result.stalls += monitors[i].waiting;
            if (monitors[i].takes()) monitors[i].take(bench.cycle), moved = true;
        }
        for (Driver &driver : drivers)
            if (driver.accepts()) driver.take(bench.cycle), moved = true;
        idle = moved ? 0 : idle + 1;
        if (idle > patience && open()) result.status = HANG;
        bench.rise();
    }
    for (Pins &pins : bench.inputs) *pins.valid = 0;
    result.cycles = bench.cycle - result.cycles;
    return result;
}

namespace {

struct Format {
    int width, fraction;
    int64_t minimum, maximum;
    char rounding, overflow;
};
constexpr Format INPUT_FORMATS[] = {INPUT_FORMAT_TABLE};

struct Shape {
    int beats, channels, bytes;
};
constexpr Shape INPUT_SHAPES[] = {INPUT_SHAPE_TABLE}, OUTPUT_SHAPES[] = {OUTPUT_SHAPE_TABLE};

struct Grid {
    int fraction;
    bool is_signed;
};
constexpr Grid OUTPUT_GRIDS[] = {OUTPUT_GRID_TABLE};

// FixedPoint.quantize for one number; see hw/fixed_point.py, which the tests compare it with.
int64_t quantize(double value, const Format &format) {
    const double scaled = std::ldexp(value, format.fraction);
    const double low = std::floor(scaled), rest = scaled - low;
    const bool tie = rest == 0.5, negative = scaled < 0;
    bool up = false;
    switch (format.rounding) {
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
        if (code >= format.minimum && code <= format.maximum) return code;
    }
    switch (format.overflow) {
    case 'Z': return 0;                                                // SAT_ZERO
    case 'W': {                                                        // WRAP
        const double span = std::ldexp(1.0, format.width);
        double wrapped = std::fmod(rounded, span);
        if (wrapped < 0) wrapped += span;
        const uint64_t code = uint64_t(wrapped);
        return code > uint64_t(format.maximum) ? int64_t(code - (1ULL << format.width)) : code;
    }
    default: return rounded < 0 ? format.minimum : format.maximum;       // SAT, SAT_SYM
    }
}

// One stream of one window: its beats, with the last one marked.
struct Window {
    std::vector<uint8_t> data;
    std::vector<uint32_t> marks;
    std::vector<int64_t> cycles;

    explicit Window(const Shape &shape)
        : data(shape.beats * shape.bytes), marks(shape.beats), cycles(shape.beats) {
        marks.back() = 1;
    }
    Stream stream() {
        return {data.data(), marks.data(), cycles.data(), int64_t(marks.size()), 0};
    }
};

// One window as hls4ml's ModelGraph passes it: floats in, floats out, an array for each stream.
template <class Float>
void predict(const std::vector<Float *> &inputs, const std::vector<Float *> &outputs) {
    static Bench bench;
    std::vector<Window> sent, taken;
    bool possible = true;
    for (size_t k = 0; k < inputs.size(); k++) {
        const Shape &shape = INPUT_SHAPES[k];
        const Format &format = INPUT_FORMATS[k];
        const int bytes = shape.bytes / shape.channels;
        Window &window = sent.emplace_back(shape);
        for (int i = 0; i < shape.beats * shape.channels; i++) {
            const double value = inputs[k][i];
            // No code stands for these, and C has no exception to raise.
            if (std::isnan(value) ||
                (format.overflow == 'W' && std::isinf(std::ldexp(value, format.fraction)))) {
                possible = false;
                continue;
            }
            const int64_t code = quantize(value, format);
            std::memcpy(&window.data[i * bytes], &code, bytes);
        }
    }
    for (const Shape &shape : OUTPUT_SHAPES) taken.emplace_back(shape);
    std::vector<Stream> from, to;
    for (Window &window : sent) from.push_back(window.stream());
    for (Window &window : taken) to.push_back(window.stream());
    if (possible)
        possible = model_run(&bench, from.data(), to.data(), 0, 0, 0, 0, PATIENCE,
                             std::numeric_limits<int64_t>::max())
                       .status == FINISHED;
    for (size_t k = 0; k < outputs.size(); k++) {
        const Shape &shape = OUTPUT_SHAPES[k];
        const int bytes = shape.bytes / shape.channels;
        for (int i = 0; i < shape.beats * shape.channels; i++) {
            int64_t code = 0;
            std::memcpy(&code, &taken[k].data[i * bytes], bytes);
            if (OUTPUT_GRIDS[k].is_signed)
                code = int64_t(uint64_t(code) << (64 - 8 * bytes)) >> (64 - 8 * bytes);
            outputs[k][i] = possible
                                ? Float(std::ldexp(double(code), -OUTPUT_GRIDS[k].fraction))
                                : std::numeric_limits<Float>::quiet_NaN();
        }
    }
}

// One access of AXI4-Lite, while the streams rest; the answer's word, or -1 for an error.
template <class Model>
int64_t access_register(Bench &bench, Model &top, bool write, uint32_t address, uint32_t word) {
    if constexpr (requires { top.s_axil_awaddr; }) {
        top.s_axil_awaddr = top.s_axil_araddr = address;
        top.s_axil_wdata = word;
        top.s_axil_wstrb = 0xf;
        top.s_axil_awvalid = top.s_axil_wvalid = write;
        top.s_axil_arvalid = !write;
        top.s_axil_bready = top.s_axil_rready = 1;
        for (Pins &pins : bench.inputs) *pins.valid = 0;
        for (int patience = 100; patience > 0; patience--) {
            bench.settle();
            const bool aw = top.s_axil_awready, w = top.s_axil_wready, ar = top.s_axil_arready;
            const bool answered = write ? top.s_axil_bvalid : top.s_axil_rvalid;
            const bool refused = write ? top.s_axil_bresp : top.s_axil_rresp;
            const int64_t value = write ? 0 : int64_t(top.s_axil_rdata);
            bench.rise();
            if (aw) top.s_axil_awvalid = 0;
            if (w) top.s_axil_wvalid = 0;
            if (ar) top.s_axil_arvalid = 0;
            if (answered) return refused ? -1 : value;
        }
    }
    return -1;
}

} // namespace

EXPORT int64_t model_register(void *model, int64_t write, int64_t address, int64_t word) {
    Bench &bench = *static_cast<Bench *>(model);
    return access_register(bench, *bench.model, write, uint32_t(address), uint32_t(word));
}

EXPORT void PREDICT_FLOAT(PARAMETERS(float)) { predict<float>({INPUT_NAMES}, {OUTPUT_NAMES}); }
EXPORT void PREDICT_DOUBLE(PARAMETERS(double)) { predict<double>({INPUT_NAMES}, {OUTPUT_NAMES}); }
