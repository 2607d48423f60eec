// Drives a Verilated AXI4-Stream accelerator: whole sets of windows in one call.
//
// design.h, written for each design, gives the class (MODEL), the pins of its streams, the shape of a
// window on each, their number formats, and the names hls4ml calls.
#pragma once
#include "design.h"

#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

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
#if VM_TRACE
    // Two units of time are a cycle: the falling edge, then the rising one.
    VerilatedVcdC wave;
    uint64_t time = 0;
    void dump() {
        if (wave.isOpen()) wave.dump(time++);
    }
#else
    void dump() {}
#endif

    Bench() : model(new MODEL(&context)) {
        MODEL &top = *model;
#define PINS(name, bytes, tid, tid_bytes)                                                          \
    Pins{bytes, bytes_of(top.name##_tdata), &top.name##_tvalid, &top.name##_tready,                \
         &top.name##_tlast, tid, tid_bytes}
        inputs = {INPUT_PINS};
        outputs = {OUTPUT_PINS};
#if VM_TRACE
        context.traceEverOn(true);
        model->trace(&wave, 99);
#endif
        reset();
    }
    ~Bench() { model->final(); }

    void settle() {
        model->aclk = 0;
        model->eval();
        dump();
    }
    void rise() {
        model->aclk = 1;
        model->eval();
        dump();
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

// Sends the beats of every input stream and takes those of every output stream.
//
// A beat is withheld, or an output stalled, for a cycle with the probability gap / 2^32 or
// stall / 2^32. After the last output `quiet` further cycles must bring no other one. `patience`
// cycles without a handshake are a hang. After `most` cycles all is left as it is.
Result run(Bench &bench, Stream *inputs, Stream *outputs, uint32_t gap, uint32_t stall,
           uint64_t seed, int64_t quiet, int64_t patience, int64_t most) {
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

} // namespace
