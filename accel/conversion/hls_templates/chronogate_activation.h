// One function of every value, and a scale and an offset for each channel.

#ifndef CHRONOGATE_ACTIVATION_H_
#define CHRONOGATE_ACTIVATION_H_

#include "chronogate_function.h"
#include "chronogate_port.h"

namespace chronogate {

// CONFIG_T::function of every value
template <class CONFIG_T, class res_T, class data_T>
void activation(typename res_T::beats res, typename data_T::beats data) {
steps:
    for (unsigned step = 0; step < data_T::n_steps; step++) {
        #pragma HLS PIPELINE
        typename data_T::value_t x[data_T::n_channels];
        typename res_T::value_t y[res_T::n_channels];
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=y complete
        data_T::take(data, step, x);
    values:
        for (unsigned i = 0; i < data_T::n_channels; i++) {
            #pragma HLS UNROLL
            y[i] = CONFIG_T::function::apply(x[i]);
        }
        res_T::give(res, step, y);
    }
}

// x * w + b, channel by channel, every bit kept
template <class CONFIG_T, class res_T, class data_T>
void normalize(typename res_T::beats res, typename data_T::beats data, typename CONFIG_T::weight_t w[data_T::n_channels],
               typename CONFIG_T::bias_t b[data_T::n_channels]) {
    #pragma HLS ARRAY_PARTITION variable=w complete
    #pragma HLS ARRAY_PARTITION variable=b complete
steps:
    for (unsigned step = 0; step < data_T::n_steps; step++) {
        #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
        #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
        typename data_T::value_t x[data_T::n_channels];
        typename res_T::value_t y[res_T::n_channels];
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=y complete
        data_T::take(data, step, x);
    values:
        for (unsigned i = 0; i < data_T::n_channels; i++) {
            #pragma HLS UNROLL
            y[i] = x[i] * w[i] + b[i];
        }
        res_T::give(res, step, y);
    }
}

} // namespace chronogate

#endif
