// Weights from integer codes, for the C simulation.
//
// g++ takes minutes for an initializer list of thousands of ap_fixed numbers, and none for integers.

#ifndef CHRONOGATE_WEIGHTS_H_
#define CHRONOGATE_WEIGHTS_H_

#include "ap_fixed.h"
#include "ap_int.h"

namespace chronogate {

template <class weight_T> bool load_codes(weight_T *weights, const long long *codes, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        ap_int<weight_T::width> code = codes[i];
        weights[i].range(weight_T::width - 1, 0) = code;
    }
    return true;
}

} // namespace chronogate

#endif
