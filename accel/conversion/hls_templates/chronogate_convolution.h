// A product over some steps of a window for every output step: convolutions over time (causal,
// valid, same; strides, dilation; all channels or each by itself), and dense layers on every step.

#ifndef CHRONOGATE_CONVOLUTION_H_
#define CHRONOGATE_CONVOLUTION_H_

#include "chronogate_memory.h"
#include "chronogate_port.h"
#include "nnet_common.h"
#include "nnet_dense.h"

namespace chronogate {

// Each filter sees all channels: hls4ml's own product, with its strategies and reuse factors
template <typename CONFIG_T> struct dense_product {
    static const unsigned n_weights = CONFIG_T::n_in * CONFIG_T::n_out;

    template <class x_T, class y_T>
    static void apply(x_T x[CONFIG_T::n_in], y_T y[CONFIG_T::n_out], typename CONFIG_T::weight_t w[n_weights],
                      typename CONFIG_T::bias_t b[CONFIG_T::n_out]) {
        nnet::dense<x_T, y_T, CONFIG_T>(x, y, w, b);
    }
};

// Each filter sees one channel, every channel has as many filters; w by tap, then by filter
template <typename CONFIG_T> struct depthwise_product {
    static const unsigned n_channels = CONFIG_T::n_in / CONFIG_T::n_taps;
    static const unsigned n_weights = CONFIG_T::n_taps * CONFIG_T::n_out;

    template <class x_T, class y_T>
    static void apply(x_T x[CONFIG_T::n_in], y_T y[CONFIG_T::n_out], typename CONFIG_T::weight_t w[n_weights],
                      typename CONFIG_T::bias_t b[CONFIG_T::n_out]) {
        #pragma HLS function_instantiate variable=w,b
        #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
        #pragma HLS ARRAY_PARTITION variable=b complete
        #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
    filters:
        for (unsigned f = 0; f < CONFIG_T::n_out; f++) {
            #pragma HLS UNROLL
            typename CONFIG_T::accum_t total = b[f];
        taps:
            for (unsigned tap = 0; tap < CONFIG_T::n_taps; tap++) {
                #pragma HLS UNROLL
                total += x[tap * n_channels + f / (CONFIG_T::n_out / n_channels)] * w[tap * CONFIG_T::n_out + f];
            }
            y[f] = total;
        }
    }
};

// What the newest output step sees
template <class CONFIG_T, class data_T> struct receptive_field {
    typename data_T::value_t field[CONFIG_T::reach + 1][data_T::n_channels]; // newest step first

    receptive_field() {
        #pragma HLS ARRAY_PARTITION variable=field complete dim=0
    }

    void clear() {
        #pragma HLS INLINE
        for (unsigned age = 0; age <= CONFIG_T::reach; age++) {
            #pragma HLS UNROLL
            for (unsigned i = 0; i < data_T::n_channels; i++) {
                #pragma HLS UNROLL
                field[age][i] = 0;
            }
        }
    }
};

// Steps outside the window are zeros; those behind it follow as CONFIG_T::n_after more beats
template <class CONFIG_T, class res_T, class data_T>
void convolve(receptive_field<CONFIG_T, data_T> &seen, typename res_T::beats res, typename data_T::beats data,
              typename CONFIG_T::weight_t w[CONFIG_T::product::n_weights],
              typename CONFIG_T::bias_t b[res_T::n_channels]) {
    #pragma HLS INLINE
    const unsigned n = data_T::n_channels;
    unsigned wait = CONFIG_T::first; // beats until the next output step
    unsigned done = 0;
steps:
    for (unsigned step = 0; step < data_T::n_steps + CONFIG_T::n_after; step++) {
        typename data_T::value_t newest[data_T::n_channels];
        typename data_T::value_t x[CONFIG_T::n_taps * data_T::n_channels]; // oldest tap first
        typename res_T::value_t y[res_T::n_channels];
        #pragma HLS ARRAY_PARTITION variable=newest complete
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=y complete
        if (step < data_T::n_steps) {
            data_T::take(data, step, newest);
        } else {
            for (unsigned i = 0; i < n; i++) {
                #pragma HLS UNROLL
                newest[i] = 0;
            }
        }
    shift:
        for (unsigned age = CONFIG_T::reach; age > 0; age--) {
            #pragma HLS UNROLL
            for (unsigned i = 0; i < n; i++) {
                #pragma HLS UNROLL
                seen.field[age][i] = seen.field[age - 1][i];
            }
        }
        for (unsigned i = 0; i < n; i++) {
            #pragma HLS UNROLL
            seen.field[0][i] = newest[i];
        }
        if (wait > 0) {
            wait--;
        } else {
        taps:
            for (unsigned tap = 0; tap < CONFIG_T::n_taps; tap++) {
                #pragma HLS UNROLL
                for (unsigned i = 0; i < n; i++) {
                    #pragma HLS UNROLL
                    x[tap * n + i] = seen.field[(CONFIG_T::n_taps - 1 - tap) * CONFIG_T::dilation][i];
                }
            }
            CONFIG_T::product::apply(x, y, w, b);
            res_T::give(res, done, y);
            done++;
            wait = CONFIG_T::stride - 1;
        }
    }
}

// All of a window, or a sample of a stream
template <class CONFIG_T, class res_T, class data_T>
void convolution(typename res_T::beats res, typename data_T::beats data,
                 typename CONFIG_T::weight_t w[CONFIG_T::product::n_weights],
                 typename CONFIG_T::bias_t b[res_T::n_channels]) {
    if (is_lasting<CONFIG_T>::value && CONFIG_T::reach > 0) {
        static receptive_field<CONFIG_T, data_T> seen;
        static unsigned series = 0;
        #pragma HLS RESET variable=seen
        if (begins_series(series))
            seen.clear();
        convolve<CONFIG_T, res_T, data_T>(seen, res, data, w, b);
    } else {
        receptive_field<CONFIG_T, data_T> seen;
        seen.clear();
        convolve<CONFIG_T, res_T, data_T>(seen, res, data, w, b);
    }
}

} // namespace chronogate

#endif
