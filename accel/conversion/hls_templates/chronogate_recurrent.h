// Recurrent layers over a window, for arrays (io_parallel) and streams (io_stream).

#ifndef CHRONOGATE_RECURRENT_H_
#define CHRONOGATE_RECURRENT_H_

#include "chronogate_cells.h"
#include "chronogate_function.h"
#include "hls_stream.h"
#include "nnet_common.h"
#include "nnet_types.h"

namespace chronogate {

template <typename CONFIG_T> void clear(typename CONFIG_T::state_t state[CONFIG_T::cell::n_states][CONFIG_T::n_out]) {
    #pragma HLS INLINE
states:
    for (unsigned s = 0; s < CONFIG_T::cell::n_states; s++) {
        #pragma HLS UNROLL
        for (unsigned u = 0; u < CONFIG_T::n_out; u++) {
            #pragma HLS UNROLL
            state[s][u] = 0;
        }
    }
}

// The layer, all of a window, from a cleared state
template <class data_T, class res_T, typename CONFIG_T>
void recurrent(data_T data[CONFIG_T::n_sequence * CONFIG_T::n_in], res_T res[CONFIG_T::n_sequence_out * CONFIG_T::n_out],
               typename CONFIG_T::weight_t w[CONFIG_T::input_product::n_in * CONFIG_T::input_product::n_out],
               typename CONFIG_T::bias_t b[CONFIG_T::input_product::n_out],
               typename CONFIG_T::recurrent_weight_t wr[CONFIG_T::recurrent_product::n_in * CONFIG_T::recurrent_product::n_out],
               typename CONFIG_T::recurrent_bias_t br[CONFIG_T::recurrent_product::n_out]) {
    typename CONFIG_T::state_t state[CONFIG_T::cell::n_states][CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=state complete dim=0
    clear<CONFIG_T>(state);
steps:
    for (unsigned step = 0; step < CONFIG_T::n_sequence; step++) {
        data_T x[CONFIG_T::n_in];
        typename CONFIG_T::hidden_t hidden[CONFIG_T::n_out];
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=hidden complete
    inputs:
        for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
            #pragma HLS UNROLL
            x[i] = data[step * CONFIG_T::n_in + i];
        }
        CONFIG_T::cell::step(x, state, hidden, w, b, wr, br);
        if (CONFIG_T::n_sequence_out > 1 || step == CONFIG_T::n_sequence - 1) {
            const unsigned place = CONFIG_T::n_sequence_out > 1 ? step * CONFIG_T::n_out : 0;
        outputs:
            for (unsigned u = 0; u < CONFIG_T::n_out; u++) {
                #pragma HLS UNROLL
                res[place + u] = hidden[u];
            }
        }
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void recurrent(hls::stream<data_T> &data, hls::stream<res_T> &res,
               typename CONFIG_T::weight_t w[CONFIG_T::input_product::n_in * CONFIG_T::input_product::n_out],
               typename CONFIG_T::bias_t b[CONFIG_T::input_product::n_out],
               typename CONFIG_T::recurrent_weight_t wr[CONFIG_T::recurrent_product::n_in * CONFIG_T::recurrent_product::n_out],
               typename CONFIG_T::recurrent_bias_t br[CONFIG_T::recurrent_product::n_out]) {
    typename CONFIG_T::state_t state[CONFIG_T::cell::n_states][CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=state complete dim=0
    clear<CONFIG_T>(state);
steps:
    for (unsigned step = 0; step < CONFIG_T::n_sequence; step++) {
        typename data_T::value_type x[CONFIG_T::n_in];
        typename CONFIG_T::hidden_t hidden[CONFIG_T::n_out];
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=hidden complete
        data_T in = data.read();
    inputs:
        for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
            #pragma HLS UNROLL
            x[i] = in[i];
        }
        CONFIG_T::cell::step(x, state, hidden, w, b, wr, br);
        if (CONFIG_T::n_sequence_out > 1 || step == CONFIG_T::n_sequence - 1) {
            res_T out;
            PRAGMA_DATA_PACK(out)
        outputs:
            for (unsigned u = 0; u < CONFIG_T::n_out; u++) {
                #pragma HLS UNROLL
                out[u] = hidden[u];
            }
            res.write(out);
        }
    }
}

// The layer, with a second recurrent product, of the reset state
template <class data_T, class res_T, typename CONFIG_T>
void recurrent(data_T data[CONFIG_T::n_sequence * CONFIG_T::n_in], res_T res[CONFIG_T::n_sequence_out * CONFIG_T::n_out],
               typename CONFIG_T::weight_t w[CONFIG_T::input_product::n_in * CONFIG_T::input_product::n_out],
               typename CONFIG_T::bias_t b[CONFIG_T::input_product::n_out],
               typename CONFIG_T::recurrent_weight_t wr[CONFIG_T::recurrent_product::n_in * CONFIG_T::recurrent_product::n_out],
               typename CONFIG_T::recurrent_bias_t br[CONFIG_T::recurrent_product::n_out],
               typename CONFIG_T::recurrent_weight_t wc[CONFIG_T::candidate_product::n_in * CONFIG_T::candidate_product::n_out],
               typename CONFIG_T::recurrent_bias_t bc[CONFIG_T::candidate_product::n_out]) {
    typename CONFIG_T::state_t state[CONFIG_T::cell::n_states][CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=state complete dim=0
    clear<CONFIG_T>(state);
steps:
    for (unsigned step = 0; step < CONFIG_T::n_sequence; step++) {
        data_T x[CONFIG_T::n_in];
        typename CONFIG_T::hidden_t hidden[CONFIG_T::n_out];
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=hidden complete
    inputs:
        for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
            #pragma HLS UNROLL
            x[i] = data[step * CONFIG_T::n_in + i];
        }
        CONFIG_T::cell::step(x, state, hidden, w, b, wr, br, wc, bc);
        if (CONFIG_T::n_sequence_out > 1 || step == CONFIG_T::n_sequence - 1) {
            const unsigned place = CONFIG_T::n_sequence_out > 1 ? step * CONFIG_T::n_out : 0;
        outputs:
            for (unsigned u = 0; u < CONFIG_T::n_out; u++) {
                #pragma HLS UNROLL
                res[place + u] = hidden[u];
            }
        }
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void recurrent(hls::stream<data_T> &data, hls::stream<res_T> &res,
               typename CONFIG_T::weight_t w[CONFIG_T::input_product::n_in * CONFIG_T::input_product::n_out],
               typename CONFIG_T::bias_t b[CONFIG_T::input_product::n_out],
               typename CONFIG_T::recurrent_weight_t wr[CONFIG_T::recurrent_product::n_in * CONFIG_T::recurrent_product::n_out],
               typename CONFIG_T::recurrent_bias_t br[CONFIG_T::recurrent_product::n_out],
               typename CONFIG_T::recurrent_weight_t wc[CONFIG_T::candidate_product::n_in * CONFIG_T::candidate_product::n_out],
               typename CONFIG_T::recurrent_bias_t bc[CONFIG_T::candidate_product::n_out]) {
    typename CONFIG_T::state_t state[CONFIG_T::cell::n_states][CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=state complete dim=0
    clear<CONFIG_T>(state);
steps:
    for (unsigned step = 0; step < CONFIG_T::n_sequence; step++) {
        typename data_T::value_type x[CONFIG_T::n_in];
        typename CONFIG_T::hidden_t hidden[CONFIG_T::n_out];
        #pragma HLS ARRAY_PARTITION variable=x complete
        #pragma HLS ARRAY_PARTITION variable=hidden complete
        data_T in = data.read();
    inputs:
        for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
            #pragma HLS UNROLL
            x[i] = in[i];
        }
        CONFIG_T::cell::step(x, state, hidden, w, b, wr, br, wc, bc);
        if (CONFIG_T::n_sequence_out > 1 || step == CONFIG_T::n_sequence - 1) {
            res_T out;
            PRAGMA_DATA_PACK(out)
        outputs:
            for (unsigned u = 0; u < CONFIG_T::n_out; u++) {
                #pragma HLS UNROLL
                out[u] = hidden[u];
            }
            res.write(out);
        }
    }
}

} // namespace chronogate

#endif
