// Functions of one value, bit-exact: every type is given, nothing is rounded but where it says so.
//
// Each is a struct with `result_t apply(source_t)`. `exact_T` holds all that comes before the last
// conversion, into `result_T`, which rounds and saturates by its own modes.

#ifndef CHRONOGATE_FUNCTION_H_
#define CHRONOGATE_FUNCTION_H_

#include "ap_fixed.h"
#include "ap_int.h"
#include "nnet_common.h"

namespace chronogate {

// x
template <class source_T, class result_T> struct linear {
    typedef result_T result_t;
    static result_T apply(source_T x) {
        #pragma HLS INLINE
        return result_T(x);
    }
};

// clip(x, -1, 1)
template <class source_T, class exact_T, class result_T> struct hard_tanh {
    typedef result_T result_t;
    static result_T apply(source_T x) {
        #pragma HLS INLINE
        const exact_T low = -1, high = 1;
        exact_T y = x;
        if (y < low)
            y = low;
        if (y > high)
            y = high;
        return result_T(y);
    }
};

// clip(x / 2 + 1 / 2, 0, 1); exact_T has a bit to spare below x
template <class source_T, class exact_T, class result_T> struct hard_sigmoid {
    typedef result_T result_t;
    static result_T apply(source_T x) {
        #pragma HLS INLINE
        const exact_T low = 0, high = 1, half = 0.5;
        exact_T y = x;
        y = (y >> 1) + half;
        if (y < low)
            y = low;
        if (y > high)
            y = high;
        return result_T(y);
    }
};

// max(x, 0) + slope * min(x, 0), between the codes low and high of exact_T
template <class source_T, class exact_T, class result_T, typename CONFIG_T> struct leaky_relu {
    typedef result_T result_t;
    static result_T apply(source_T x) {
        #pragma HLS INLINE
        const typename CONFIG_T::slope_t slope = CONFIG_T::slope();
        const exact_T low = CONFIG_T::low(), high = CONFIG_T::high();
        exact_T y = x;
        if (x < 0)
            y = x * slope;
        if (y < low)
            y = low;
        if (y > high)
            y = high;
        return result_T(y);
    }
};

// The value of the last threshold that is not above x; a binary search of CONFIG_T::depth steps
template <class source_T, class result_T, typename CONFIG_T> struct staircase {
    typedef result_T result_t;
    static result_T apply(source_T x) {
        #pragma HLS INLINE
        typename CONFIG_T::code_t code = x.range(source_T::width - 1, 0);
        unsigned place = 0;
    search:
        for (unsigned bit = CONFIG_T::depth; bit > 0; bit--) {
            #pragma HLS UNROLL
            unsigned next = place + (1u << (bit - 1));
            if (next <= CONFIG_T::n_thresholds && code >= CONFIG_T::threshold(next - 1))
                place = next;
        }
        ap_int<result_T::width> value = CONFIG_T::value(place);
        result_T y = 0;
        y.range(result_T::width - 1, 0) = value;
        return y;
    }
};

// hls4ml's table of a float function: the index is truncated towards zero
template <class source_T, class result_T, typename CONFIG_T> struct table {
    typedef result_T result_t;
    static result_T apply(source_T x) {
        #pragma HLS INLINE
        typename CONFIG_T::code_t code = x.range(source_T::width - 1, 0);
        typename CONFIG_T::wide_t index = code; // a sign and CONFIG_T::shift places more
        if (CONFIG_T::places <= 0)
            index = index << CONFIG_T::shift;
        else if (code < 0)
            index = -((-index) >> CONFIG_T::shift);
        else
            index = index >> CONFIG_T::shift;
        if (index < -(int)(CONFIG_T::size / 2))
            index = -(int)(CONFIG_T::size / 2);
        if (index > (int)(CONFIG_T::size / 2 - 1))
            index = CONFIG_T::size / 2 - 1;
        ap_int<result_T::width> value = CONFIG_T::value(index.to_int() + CONFIG_T::size / 2);
        result_T y = 0;
        y.range(result_T::width - 1, 0) = value;
        return y;
    }
};

// x divided by a constant, rounded once into result_T, under every rounding mode: the quotient is
// kept to two places below the last, and the lower one holds whether anything remains. It comes
// from a product with the reciprocal, whose low CONFIG_T::places bits tell whether there is a rest.
template <class source_T, class result_T, typename CONFIG_T> struct quotient {
    typedef result_T result_t;
    static result_T apply(source_T x) {
        #pragma HLS INLINE
        typename CONFIG_T::code_t code = x.range(source_T::width - 1, 0);
        typename CONFIG_T::wide_t numerator = code;
        numerator = (numerator << CONFIG_T::shift) + CONFIG_T::numerator_offset();
        typename CONFIG_T::product_t product = numerator;
        product = product * CONFIG_T::reciprocal();
        typename CONFIG_T::product_t whole = product >> CONFIG_T::places;
        typename CONFIG_T::product_t rest = product - (whole << CONFIG_T::places);
        typename CONFIG_T::wide_t sticky = whole;
        sticky = (sticky << 1) - CONFIG_T::quotient_offset();
        if (rest >= CONFIG_T::reciprocal())
            sticky = sticky + 1;
        typename CONFIG_T::exact_t y = 0;
        y.range(CONFIG_T::exact_t::width - 1, 0) = sticky;
        return result_T(y);
    }
};

// The code of x, read in another format of as many bits: a shift of the binary point
template <class source_T, class result_T> struct regrid {
    typedef result_T result_t;
    static result_T apply(source_T x) {
        #pragma HLS INLINE
        result_T y = 0;
        y.range(result_T::width - 1, 0) = x.range(source_T::width - 1, 0);
        return y;
    }
};

} // namespace chronogate

#endif
