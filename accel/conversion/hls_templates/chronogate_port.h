// What a layer reads and writes: beats of channels, from an array (io_parallel) or a stream
// (io_stream). With it, every layer is written once for both.

#ifndef CHRONOGATE_PORT_H_
#define CHRONOGATE_PORT_H_

#include "hls_stream.h"
#include "nnet_common.h"
#include "nnet_types.h"

namespace chronogate {

// All values of a window, step after step
template <class data_T, unsigned STEPS, unsigned CHANNELS> struct port {
    static const unsigned n_steps = STEPS;
    static const unsigned n_channels = CHANNELS;
    typedef data_T value_t;
    typedef data_T beats[STEPS * CHANNELS];

    template <class x_T> static void take(beats data, unsigned step, x_T x[CHANNELS]) {
        #pragma HLS INLINE
        for (unsigned i = 0; i < CHANNELS; i++) {
            #pragma HLS UNROLL
            x[i] = data[step * CHANNELS + i];
        }
    }

    template <class y_T> static void give(beats data, unsigned step, y_T y[CHANNELS]) {
        #pragma HLS INLINE
        for (unsigned i = 0; i < CHANNELS; i++) {
            #pragma HLS UNROLL
            data[step * CHANNELS + i] = y[i];
        }
    }
};

// A beat for each step; steps must be taken and given in order
template <class data_T, unsigned N, unsigned STEPS, unsigned CHANNELS> struct port<nnet::array<data_T, N>, STEPS, CHANNELS> {
    static_assert(N == CHANNELS, "a beat holds one step");
    static const unsigned n_steps = STEPS;
    static const unsigned n_channels = CHANNELS;
    typedef data_T value_t;
    typedef nnet::array<data_T, N> beat_t;
    typedef hls::stream<beat_t> &beats;

    template <class x_T> static void take(beats data, unsigned, x_T x[CHANNELS]) {
        #pragma HLS INLINE
        beat_t beat = data.read();
        for (unsigned i = 0; i < CHANNELS; i++) {
            #pragma HLS UNROLL
            x[i] = beat[i];
        }
    }

    template <class y_T> static void give(beats data, unsigned, y_T y[CHANNELS]) {
        #pragma HLS INLINE
        beat_t beat;
        PRAGMA_DATA_PACK(beat)
        for (unsigned i = 0; i < CHANNELS; i++) {
            #pragma HLS UNROLL
            beat[i] = y[i];
        }
        data.write(beat);
    }
};

} // namespace chronogate

#endif
