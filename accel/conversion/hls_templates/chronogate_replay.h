// The beats of a window again, forwards or backwards.

#ifndef CHRONOGATE_REPLAY_H_
#define CHRONOGATE_REPLAY_H_

#include "hls_stream.h"
#include "nnet_common.h"

namespace chronogate {

template <class data_T, class res_T, typename CONFIG_T>
void replay(data_T data[CONFIG_T::n_sequence * CONFIG_T::n_in], res_T res[CONFIG_T::n_sequence * CONFIG_T::n_in]) {
    #pragma HLS PIPELINE
steps:
    for (unsigned step = 0; step < CONFIG_T::n_sequence; step++) {
        const unsigned source = CONFIG_T::backwards ? CONFIG_T::n_sequence - 1 - step : step;
        for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
            #pragma HLS UNROLL
            res[step * CONFIG_T::n_in + i] = data[source * CONFIG_T::n_in + i];
        }
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void replay(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    data_T window[CONFIG_T::n_sequence];
fill:
    for (unsigned step = 0; step < CONFIG_T::n_sequence; step++) {
        #pragma HLS PIPELINE
        window[step] = data.read();
    }
steps:
    for (unsigned step = 0; step < CONFIG_T::n_sequence; step++) {
        #pragma HLS PIPELINE
        data_T in = window[CONFIG_T::backwards ? CONFIG_T::n_sequence - 1 - step : step];
        res_T out;
        PRAGMA_DATA_PACK(out)
        for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
            #pragma HLS UNROLL
            out[i] = in[i];
        }
        res.write(out);
    }
}

} // namespace chronogate

#endif
