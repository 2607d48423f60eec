// hls4ml's dense layer for every time step of a window.

#ifndef CHRONOGATE_DENSE_H_
#define CHRONOGATE_DENSE_H_

#include "hls_stream.h"
#include "nnet_common.h"
#include "nnet_dense.h"

namespace chronogate {

template <class data_T, class res_T, typename CONFIG_T>
void dense(data_T data[CONFIG_T::n_sequence * CONFIG_T::n_in], res_T res[CONFIG_T::n_sequence * CONFIG_T::n_out],
           typename CONFIG_T::product::weight_t w[CONFIG_T::n_in * CONFIG_T::n_out],
           typename CONFIG_T::product::bias_t b[CONFIG_T::n_out]) {
steps:
    for (unsigned step = 0; step < CONFIG_T::n_sequence; step++) {
        data_T x[CONFIG_T::n_in];
        res_T y[CONFIG_T::n_out];
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=y complete
        for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
            #pragma HLS UNROLL
            x[i] = data[step * CONFIG_T::n_in + i];
        }
        nnet::dense<data_T, res_T, typename CONFIG_T::product>(x, y, w, b);
        for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
            #pragma HLS UNROLL
            res[step * CONFIG_T::n_out + i] = y[i];
        }
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void dense(hls::stream<data_T> &data, hls::stream<res_T> &res,
           typename CONFIG_T::product::weight_t w[CONFIG_T::n_in * CONFIG_T::n_out],
           typename CONFIG_T::product::bias_t b[CONFIG_T::n_out]) {
steps:
    for (unsigned step = 0; step < CONFIG_T::n_sequence; step++) {
        typename data_T::value_type x[CONFIG_T::n_in];
        typename res_T::value_type y[CONFIG_T::n_out];
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=y complete
        data_T in = data.read();
        for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
            #pragma HLS UNROLL
            x[i] = in[i];
        }
        nnet::dense<typename data_T::value_type, typename res_T::value_type, typename CONFIG_T::product>(x, y, w, b);
        res_T out;
        PRAGMA_DATA_PACK(out)
        for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
            #pragma HLS UNROLL
            out[i] = y[i];
        }
        res.write(out);
    }
}

} // namespace chronogate

#endif
