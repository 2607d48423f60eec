// Floats through the accelerator, as hls4ml's ModelGraph passes them: one window in a call.
#pragma once
#include "rtl_streams.h"

#include <cmath>
#include <limits>

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
        possible = run(bench, from.data(), to.data(), 0, 0, 0, 0, PATIENCE,
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

} // namespace
