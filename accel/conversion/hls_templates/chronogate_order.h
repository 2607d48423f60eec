// Values in another order: nothing is computed.

#ifndef CHRONOGATE_ORDER_H_
#define CHRONOGATE_ORDER_H_

#include "chronogate_port.h"

namespace chronogate {

// Channel i is channel CONFIG_T::order(i) of the input
template <class CONFIG_T, class res_T, class data_T>
void select(typename res_T::beats res, typename data_T::beats data) {
steps:
    for (unsigned step = 0; step < data_T::n_steps; step++) {
        #pragma HLS PIPELINE
        typename data_T::value_t x[data_T::n_channels];
        typename res_T::value_t y[res_T::n_channels];
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=y complete
        data_T::take(data, step, x);
        for (unsigned i = 0; i < res_T::n_channels; i++) {
            #pragma HLS UNROLL
            y[i] = x[CONFIG_T::order(i)];
        }
        res_T::give(res, step, y);
    }
}

// The steps from CONFIG_T::begin on
template <class CONFIG_T, class res_T, class data_T>
void crop(typename res_T::beats res, typename data_T::beats data) {
steps:
    for (unsigned step = 0; step < data_T::n_steps; step++) {
        #pragma HLS PIPELINE
        typename data_T::value_t x[data_T::n_channels];
        #pragma HLS ARRAY_PARTITION variable=x complete
        data_T::take(data, step, x);
        if (step >= CONFIG_T::begin && step < CONFIG_T::begin + res_T::n_steps)
            res_T::give(res, step - CONFIG_T::begin, x);
    }
}

// The beats of a window as one beat, one beat as the beats of a window
template <class CONFIG_T, class res_T, class data_T>
void reshape(typename res_T::beats res, typename data_T::beats data) {
    typename data_T::value_t all[data_T::n_steps * data_T::n_channels];
    #pragma HLS ARRAY_PARTITION variable=all complete
fill:
    for (unsigned step = 0; step < data_T::n_steps; step++) {
        #pragma HLS PIPELINE
        data_T::take(data, step, all + step * data_T::n_channels);
    }
steps:
    for (unsigned step = 0; step < res_T::n_steps; step++) {
        #pragma HLS PIPELINE
        res_T::give(res, step, all + step * res_T::n_channels);
    }
}

// The beats of a window again, forwards or backwards
template <class CONFIG_T, class res_T, class data_T>
void replay(typename res_T::beats res, typename data_T::beats data) {
    typename data_T::value_t window[data_T::n_steps][data_T::n_channels];
    #pragma HLS ARRAY_PARTITION variable=window complete dim=2
fill:
    for (unsigned step = 0; step < data_T::n_steps; step++) {
        #pragma HLS PIPELINE
        data_T::take(data, step, window[step]);
    }
steps:
    for (unsigned step = 0; step < data_T::n_steps; step++) {
        #pragma HLS PIPELINE
        res_T::give(res, step, window[CONFIG_T::backwards ? data_T::n_steps - 1 - step : step]);
    }
}

} // namespace chronogate

#endif
