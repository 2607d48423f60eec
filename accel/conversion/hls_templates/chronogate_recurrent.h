// Recurrent layers over a window. Products are hls4ml's own `nnet::dense`, with its strategies and
// reuse factors.

#ifndef CHRONOGATE_RECURRENT_H_
#define CHRONOGATE_RECURRENT_H_

#include "chronogate_cells.h"
#include "chronogate_function.h"
#include "chronogate_memory.h"
#include "chronogate_port.h"
#include "nnet_common.h"
#include "nnet_dense.h"

namespace chronogate {

// The states that a window begins with: one beat each, or zeros
template <typename state_T, unsigned N> void begin_with(state_T (*state)[N]) {
    #pragma HLS INLINE
    (void)state;
}

template <typename state_T, unsigned N, class first_T, class... rest_T>
void begin_with(state_T (*state)[N], typename first_T::beats first, typename rest_T::beats... others) {
    #pragma HLS INLINE
    first_T::take(first, 0, *state);
    begin_with<state_T, N, rest_T...>(state + 1, others...);
}

// Values that a product takes: all of them, as they are
struct every_value {
    template <class x_T, unsigned N> static void apply(x_T (&x)[N], x_T (&taken)[N]) {
        #pragma HLS INLINE
        for (unsigned i = 0; i < N; i++) {
            #pragma HLS UNROLL
            taken[i] = x[i];
        }
    }
};

// Delta updates: those that moved by more than THRESHOLD codes since they were last taken
template <long long THRESHOLD> struct moved_values {
    template <class x_T, unsigned N> static void apply(x_T (&x)[N], x_T (&taken)[N]) {
        #pragma HLS INLINE
        for (unsigned i = 0; i < N; i++) {
            #pragma HLS UNROLL
            ap_fixed<x_T::width + 2, x_T::iwidth + 2> difference = x[i] - taken[i];
            ap_int<x_T::width + 2> codes = difference.range(x_T::width + 1, 0);
            if (codes > THRESHOLD || codes < -THRESHOLD)
                taken[i] = x[i];
        }
    }
};

template <class x_T, unsigned N> void clear(x_T (&x)[N]) {
    #pragma HLS INLINE
    for (unsigned i = 0; i < N; i++) {
        #pragma HLS UNROLL
        x[i] = 0;
    }
}

// What a layer keeps from step to step
template <class CONFIG_T, class data_T> struct recurrence {
    typename CONFIG_T::state_t state[CONFIG_T::cell::n_states][CONFIG_T::n_out];
    typename data_T::value_t taken_x[data_T::n_channels];
    typename CONFIG_T::state_t taken_state[CONFIG_T::n_out];

    recurrence() {
        #pragma HLS ARRAY_PARTITION variable=state complete dim=0
        #pragma HLS ARRAY_PARTITION variable=taken_x complete
        #pragma HLS ARRAY_PARTITION variable=taken_state complete
    }

    void clear() {
        #pragma HLS INLINE
        for (unsigned s = 0; s < CONFIG_T::cell::n_states; s++) {
            #pragma HLS UNROLL
            chronogate::clear(state[s]);
        }
        chronogate::clear(taken_x);
        chronogate::clear(taken_state);
    }
};

// The layer: all of a window, or a sample of a stream; initial_T are the ports of its initial states, if
// it has them
template <class CONFIG_T, class res_T, class data_T, class... initial_T> struct recurrent {
    typedef typename CONFIG_T::input_product input_product;
    typedef typename CONFIG_T::recurrent_product recurrent_product;
    typedef recurrence<CONFIG_T, data_T> kept_t;

    // Further weights are those of a second recurrent product, of the reset state
    template <class... weights_T>
    static void run(typename res_T::beats res, typename data_T::beats data, typename initial_T::beats... initial,
                    typename CONFIG_T::weight_t w[input_product::n_in * input_product::n_out],
                    typename CONFIG_T::bias_t b[input_product::n_out],
                    typename CONFIG_T::recurrent_weight_t wr[recurrent_product::n_in * recurrent_product::n_out],
                    typename CONFIG_T::recurrent_bias_t br[recurrent_product::n_out], weights_T &...weights) {
        if (is_lasting<CONFIG_T>::value) {
            static kept_t kept;
            static unsigned series = 0;
            #pragma HLS RESET variable=kept
            if (begins_series(series))
                kept.clear();
            run_steps(kept, res, data, w, b, wr, br, weights...);
        } else {
            kept_t kept;
            kept.clear();
            begin_with<typename CONFIG_T::state_t, CONFIG_T::n_out, initial_T...>(kept.state, initial...);
            run_steps(kept, res, data, w, b, wr, br, weights...);
        }
    }

  private:
    template <class... weights_T>
    static void run_steps(kept_t &kept, typename res_T::beats res, typename data_T::beats data,
                          typename CONFIG_T::weight_t w[input_product::n_in * input_product::n_out],
                          typename CONFIG_T::bias_t b[input_product::n_out],
                          typename CONFIG_T::recurrent_weight_t wr[recurrent_product::n_in * recurrent_product::n_out],
                          typename CONFIG_T::recurrent_bias_t br[recurrent_product::n_out], weights_T &...weights) {
        #pragma HLS INLINE
        typedef typename data_T::value_t data_t;
        typedef typename CONFIG_T::state_t state_t;
        typedef typename CONFIG_T::projection_t projection_t;
        typedef typename CONFIG_T::recurrent_sum_t recurrent_sum_t;
    steps:
        for (unsigned step = 0; step < data_T::n_steps; step++) {
            data_t x[data_T::n_channels];
            projection_t projection[input_product::n_out];
            recurrent_sum_t sums[recurrent_product::n_out];
            typename CONFIG_T::hidden_t hidden[CONFIG_T::n_given];
            #pragma HLS ARRAY_PARTITION variable=x complete
            #pragma HLS ARRAY_PARTITION variable=projection complete
            #pragma HLS ARRAY_PARTITION variable=sums complete
            #pragma HLS ARRAY_PARTITION variable=hidden complete
            data_T::take(data, step, x);
            CONFIG_T::inputs::apply(x, kept.taken_x);
            CONFIG_T::states::apply(kept.state[0], kept.taken_state);
            nnet::dense<data_t, projection_t, input_product>(kept.taken_x, projection, w, b);
            nnet::dense<state_t, recurrent_sum_t, recurrent_product>(kept.taken_state, sums, wr, br);
            CONFIG_T::cell::step(projection, sums, kept.state, hidden, weights...);
            // Every step's hidden state, or the last one's
            if (res_T::n_steps > 1)
                res_T::give(res, step, hidden);
            else if (step == data_T::n_steps - 1)
                res_T::give(res, 0, hidden);
        }
    }
};

} // namespace chronogate

#endif
