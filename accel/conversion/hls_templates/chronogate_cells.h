// One step of a SimpleRNN, LSTM or GRU as QKeras computes it, bit-exact, behind its products.
//
// Every type comes from the configuration and holds its value whole; a value is rounded and
// saturated only where it becomes a `state_t` (the state quantizer, on entry to a step) and in the
// activations.

#ifndef CHRONOGATE_CELLS_H_
#define CHRONOGATE_CELLS_H_

#include "nnet_common.h"
#include "nnet_dense.h"

namespace chronogate {

// h = tanh(x . kernel + bias + q(h) . recurrent_kernel)
template <typename CONFIG_T> struct simple_rnn_cell {
    static const unsigned n_states = 1;

    static void step(typename CONFIG_T::projection_t projection[CONFIG_T::input_product::n_out],
                     typename CONFIG_T::recurrent_sum_t sums[CONFIG_T::recurrent_product::n_out],
                     typename CONFIG_T::state_t state[n_states][CONFIG_T::n_out],
                     typename CONFIG_T::hidden_t hidden[CONFIG_T::n_given]) {
        #pragma HLS INLINE
    units:
        for (unsigned u = 0; u < CONFIG_T::n_out; u++) {
            #pragma HLS UNROLL
            typename CONFIG_T::sum_t total = projection[u] + sums[u];
            hidden[u] = CONFIG_T::activation::apply(total);
            state[0][u] = hidden[u];
        }
    }
};

// Gates i f c o: c = f * q(c) + i * tanh(z_c), h = o * tanh(c)
template <typename CONFIG_T> struct lstm_cell {
    static const unsigned n_states = 2; // h and c

    static void step(typename CONFIG_T::projection_t projection[CONFIG_T::input_product::n_out],
                     typename CONFIG_T::recurrent_sum_t sums[CONFIG_T::recurrent_product::n_out],
                     typename CONFIG_T::state_t state[n_states][CONFIG_T::n_out],
                     typename CONFIG_T::hidden_t hidden[CONFIG_T::n_given]) {
        #pragma HLS INLINE
        const unsigned n = CONFIG_T::n_out;
    units:
        for (unsigned u = 0; u < CONFIG_T::n_out; u++) {
            #pragma HLS UNROLL
            typename CONFIG_T::sum_t z_i = projection[u] + sums[u];
            typename CONFIG_T::sum_t z_f = projection[n + u] + sums[n + u];
            typename CONFIG_T::sum_t z_c = projection[2 * n + u] + sums[2 * n + u];
            typename CONFIG_T::sum_t z_o = projection[3 * n + u] + sums[3 * n + u];
            typename CONFIG_T::gate_t i = CONFIG_T::recurrent_activation::apply(z_i);
            typename CONFIG_T::gate_t f = CONFIG_T::recurrent_activation::apply(z_f);
            typename CONFIG_T::gate_t o = CONFIG_T::recurrent_activation::apply(z_o);
            typename CONFIG_T::candidate_t g = CONFIG_T::activation::apply(z_c);
            typename CONFIG_T::carry_t c = f * state[1][u] + i * g;
            typename CONFIG_T::squashed_t squashed = CONFIG_T::carry_activation::apply(c);
            hidden[u] = o * squashed;
            // Behind h, where it is asked for
            if (CONFIG_T::n_given > n)
                hidden[CONFIG_T::n_given - n + u] = c;
            state[0][u] = hidden[u];
            state[1][u] = c;
        }
    }
};

// r * (s . R_h + d_h)
template <typename CONFIG_T> struct reset_after {
    static void apply(typename CONFIG_T::gate_t r[CONFIG_T::n_out], typename CONFIG_T::state_t *,
                      typename CONFIG_T::recurrent_sum_t sums[CONFIG_T::n_out],
                      typename CONFIG_T::reset_sum_t reset[CONFIG_T::n_out]) {
        #pragma HLS INLINE
        for (unsigned u = 0; u < CONFIG_T::n_out; u++) {
            #pragma HLS UNROLL
            reset[u] = r[u] * sums[u];
        }
    }
};

// (r * s) . R_h
template <typename CONFIG_T> struct reset_before {
    static void apply(typename CONFIG_T::gate_t r[CONFIG_T::n_out], typename CONFIG_T::state_t state[CONFIG_T::n_out],
                      typename CONFIG_T::recurrent_sum_t *, typename CONFIG_T::reset_sum_t reset[CONFIG_T::n_out],
                      typename CONFIG_T::recurrent_weight_t w[CONFIG_T::n_out * CONFIG_T::n_out],
                      typename CONFIG_T::recurrent_bias_t b[CONFIG_T::n_out]) {
        #pragma HLS INLINE
        typename CONFIG_T::reset_state_t reset_state[CONFIG_T::n_out];
        #pragma HLS ARRAY_PARTITION variable=reset_state complete
        for (unsigned u = 0; u < CONFIG_T::n_out; u++) {
            #pragma HLS UNROLL
            reset_state[u] = r[u] * state[u];
        }
        nnet::dense<typename CONFIG_T::reset_state_t, typename CONFIG_T::reset_sum_t, typename CONFIG_T::candidate_product>(
            reset_state, reset, w, b);
    }
};

// Gates z r h, s = q(h): g = tanh(x . K_h + b_h + reset), h = z * s + (1 - z) * g
template <typename CONFIG_T> struct gru_cell {
    static const unsigned n_states = 1;

    template <class... weights_T>
    static void step(typename CONFIG_T::projection_t projection[CONFIG_T::input_product::n_out],
                     typename CONFIG_T::recurrent_sum_t sums[CONFIG_T::recurrent_product::n_out],
                     typename CONFIG_T::state_t state[n_states][CONFIG_T::n_out],
                     typename CONFIG_T::hidden_t hidden[CONFIG_T::n_given], weights_T &...weights) {
        #pragma HLS INLINE
        const unsigned n = CONFIG_T::n_out;
        typename CONFIG_T::gate_t z[CONFIG_T::n_out];
        typename CONFIG_T::gate_t r[CONFIG_T::n_out];
        typename CONFIG_T::reset_sum_t reset[CONFIG_T::n_out];
        #pragma HLS ARRAY_PARTITION variable=z complete
        #pragma HLS ARRAY_PARTITION variable=r complete
        #pragma HLS ARRAY_PARTITION variable=reset complete
    gates:
        for (unsigned u = 0; u < CONFIG_T::n_out; u++) {
            #pragma HLS UNROLL
            typename CONFIG_T::sum_t z_z = projection[u] + sums[u];
            typename CONFIG_T::sum_t z_r = projection[n + u] + sums[n + u];
            z[u] = CONFIG_T::recurrent_activation::apply(z_z);
            r[u] = CONFIG_T::recurrent_activation::apply(z_r);
        }
        CONFIG_T::reset::apply(r, state[0], sums + 2 * n, reset, weights...);
    units:
        for (unsigned u = 0; u < CONFIG_T::n_out; u++) {
            #pragma HLS UNROLL
            typename CONFIG_T::candidate_sum_t z_h = projection[2 * n + u] + reset[u];
            typename CONFIG_T::candidate_t g = CONFIG_T::activation::apply(z_h);
            typename CONFIG_T::complement_t rest = CONFIG_T::one() - z[u];
            hidden[u] = z[u] * state[0][u] + rest * g;
            state[0][u] = hidden[u];
        }
    }
};

} // namespace chronogate

#endif
