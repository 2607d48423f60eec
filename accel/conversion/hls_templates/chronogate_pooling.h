// Steps brought together: the largest value, the sum or the average of a pool, moving averages.

#ifndef CHRONOGATE_POOLING_H_
#define CHRONOGATE_POOLING_H_

#include "chronogate_function.h"
#include "chronogate_port.h"

namespace chronogate {

struct larger {
    template <class x_T> static x_T combine(x_T kept, x_T x) {
        #pragma HLS INLINE
        return x > kept ? x : kept;
    }
};

struct sum {
    template <class x_T> static x_T combine(x_T kept, x_T x) {
        #pragma HLS INLINE
        return kept + x;
    }
};

// CONFIG_T::finish of every pool of CONFIG_T::span steps, CONFIG_T::period steps apart; pools that
// overlap have accumulators in turn, each again after CONFIG_T::turn steps
template <class CONFIG_T, class res_T, class data_T>
void pooling(typename res_T::beats res, typename data_T::beats data) {
    typename CONFIG_T::kept_t kept[CONFIG_T::n_open][data_T::n_channels];
    #pragma HLS ARRAY_PARTITION variable=kept complete dim=0
    unsigned age[CONFIG_T::n_open]; // steps since each pool began
    #pragma HLS ARRAY_PARTITION variable=age complete
clear:
    for (unsigned pool = 0; pool < CONFIG_T::n_open; pool++) {
        #pragma HLS UNROLL
        age[pool] = 0;
    }
    unsigned done = 0;
steps:
    for (unsigned step = 0; step < data_T::n_steps; step++) {
        #pragma HLS PIPELINE
        typename data_T::value_t x[data_T::n_channels];
        typename res_T::value_t y[res_T::n_channels];
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=y complete
        data_T::take(data, step, x);
        bool ends = false;
    pools:
        for (unsigned pool = 0; pool < CONFIG_T::n_open; pool++) {
            #pragma HLS UNROLL
            bool begins = step == pool * CONFIG_T::period || age[pool] + 1 == CONFIG_T::turn;
            if (begins)
                age[pool] = 0;
            else if (step > pool * CONFIG_T::period)
                age[pool] = age[pool] + 1;
            bool full = step >= pool * CONFIG_T::period && age[pool] == CONFIG_T::span - 1;
        values:
            for (unsigned i = 0; i < data_T::n_channels; i++) {
                #pragma HLS UNROLL
                typename CONFIG_T::kept_t value = x[i];
                kept[pool][i] = begins ? value : CONFIG_T::combine::combine(kept[pool][i], value);
                if (full)
                    y[i] = CONFIG_T::finish::apply(kept[pool][i]);
            }
            ends = ends || full;
        }
        if (ends) {
            res_T::give(res, done, y);
            done++;
        }
    }
}

// The average of each step and CONFIG_T::half steps on either side; the ends are repeated
template <class CONFIG_T, class res_T, class data_T>
void moving_average(typename res_T::beats res, typename data_T::beats data) {
    const unsigned size = 2 * CONFIG_T::half + 1;
    typename data_T::value_t newest[data_T::n_channels];
    typename data_T::value_t seen[2 * CONFIG_T::half + 1][data_T::n_channels]; // newest step first
    typename CONFIG_T::kept_t total[data_T::n_channels];
    #pragma HLS ARRAY_PARTITION variable=newest complete
    #pragma HLS ARRAY_PARTITION variable=seen complete dim=0
    #pragma HLS ARRAY_PARTITION variable=total complete
steps:
    for (unsigned step = 0; step < data_T::n_steps + CONFIG_T::half; step++) {
        #pragma HLS PIPELINE
        typename res_T::value_t y[res_T::n_channels];
        #pragma HLS ARRAY_PARTITION variable=y complete
        if (step < data_T::n_steps)
            data_T::take(data, step, newest);
    values:
        for (unsigned i = 0; i < data_T::n_channels; i++) {
            #pragma HLS UNROLL
            if (step == 0) {
                for (unsigned age = 0; age < size; age++) {
                    #pragma HLS UNROLL
                    seen[age][i] = newest[i];
                }
                total[i] = newest[i] * ap_uint<32>(size);
            } else {
                total[i] = total[i] + newest[i] - seen[size - 1][i];
                for (unsigned age = size - 1; age > 0; age--) {
                    #pragma HLS UNROLL
                    seen[age][i] = seen[age - 1][i];
                }
                seen[0][i] = newest[i];
            }
            y[i] = CONFIG_T::finish::apply(total[i]);
        }
        if (step >= CONFIG_T::half)
            res_T::give(res, step - CONFIG_T::half, y);
    }
}

} // namespace chronogate

#endif
