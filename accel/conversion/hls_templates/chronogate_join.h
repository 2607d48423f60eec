// Several inputs, step by step: sums, products, channels side by side. An input that comes once a
// window meets each step of the others.

#ifndef CHRONOGATE_JOIN_H_
#define CHRONOGATE_JOIN_H_

#include "ap_int.h"
#include "chronogate_port.h"

namespace chronogate {

// The newest beat of every input
template <class... data_T> struct operands {
    void take(unsigned) {}
};

template <class first_T, class... rest_T> struct operands<first_T, rest_T...> {
    typename first_T::value_t x[first_T::n_channels];
    operands<rest_T...> rest;

    operands() {
        #pragma HLS ARRAY_PARTITION variable=x complete
    }

    void take(unsigned step, typename first_T::beats first, typename rest_T::beats... others) {
        #pragma HLS INLINE
        if (step < first_T::n_steps)
            first_T::take(first, step, x);
        rest.take(step, others...);
    }
};

// Each times CONFIG_T::factor; holds every bit, and so does every part of the sum
template <typename CONFIG_T, unsigned K = 0> struct add {
    template <class y_T> static void apply(operands<> &, y_T *) {}

    template <class y_T, class first_T, class... rest_T> static void apply(operands<first_T, rest_T...> &all, y_T *y) {
        #pragma HLS INLINE
        for (unsigned i = 0; i < first_T::n_channels; i++) {
            #pragma HLS UNROLL
            y_T term = all.x[i] * typename CONFIG_T::factor_t(CONFIG_T::factor(K));
            y[i] = K == 0 ? term : y_T(y[i] + term);
        }
        add<CONFIG_T, K + 1>::apply(all.rest, y);
    }
};

// The product of the codes is the code of the product
template <typename CONFIG_T, unsigned K = 0> struct multiply {
    template <class y_T> static void apply(operands<> &, y_T *) {}

    template <class y_T, class first_T, class... rest_T> static void apply(operands<first_T, rest_T...> &all, y_T *y) {
        #pragma HLS INLINE
        for (unsigned i = 0; i < first_T::n_channels; i++) {
            #pragma HLS UNROLL
            typedef typename first_T::value_t x_T;
            ap_int<y_T::width> product = y[i].range(y_T::width - 1, 0);
            ap_int<x_T::width + 1> factor = code(all.x[i]);
            product = K == 0 ? ap_int<y_T::width>(factor) : ap_int<y_T::width>(product * factor);
            y[i].range(y_T::width - 1, 0) = product;
        }
        multiply<CONFIG_T, K + 1>::apply(all.rest, y);
    }

  private:
    template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> static ap_int<W + 1> code(ap_fixed<W, I, Q, O, N> x) {
        #pragma HLS INLINE
        ap_int<W> bits = x.range(W - 1, 0);
        return bits;
    }

    template <int W, int I, ap_q_mode Q, ap_o_mode O, int N> static ap_int<W + 1> code(ap_ufixed<W, I, Q, O, N> x) {
        #pragma HLS INLINE
        ap_uint<W> bits = x.range(W - 1, 0);
        return bits;
    }
};

// The channels of the first input first
struct concatenate {
    template <class y_T> static void apply(operands<> &, y_T *) {}

    template <class y_T, class first_T, class... rest_T> static void apply(operands<first_T, rest_T...> &all, y_T *y) {
        #pragma HLS INLINE
        for (unsigned i = 0; i < first_T::n_channels; i++) {
            #pragma HLS UNROLL
            y[i] = all.x[i];
        }
        apply(all.rest, y + first_T::n_channels);
    }
};

template <class CONFIG_T, class res_T, class... data_T>
void join(typename res_T::beats res, typename data_T::beats... data) {
    operands<data_T...> all;
steps:
    for (unsigned step = 0; step < res_T::n_steps; step++) {
        #pragma HLS PIPELINE
        typename res_T::value_t y[res_T::n_channels];
        #pragma HLS ARRAY_PARTITION variable=y complete
        all.take(step, data...);
        CONFIG_T::combine::apply(all, y);
        res_T::give(res, step, y);
    }
}

} // namespace chronogate

#endif
