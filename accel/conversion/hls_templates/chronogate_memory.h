// What a layer keeps from call to call of the top function, where each call is a sample of a stream.
//
// In hardware these are registers that the design's reset clears, with which a series begins. In the
// C simulation the caller says so: chronogate_begin_series() before the first sample of each.

#ifndef CHRONOGATE_MEMORY_H_
#define CHRONOGATE_MEMORY_H_

namespace chronogate {

#ifndef __SYNTHESIS__
inline unsigned &series_begun() {
    static unsigned count = 0;
    return count;
}
#endif

// The configuration of a layer that keeps its values between calls
template <class CONFIG_T> struct lasting : CONFIG_T {};

template <class CONFIG_T> struct is_lasting {
    static const bool value = false;
};

template <class CONFIG_T> struct is_lasting<lasting<CONFIG_T>> {
    static const bool value = true;
};

// Whether a series has begun since a layer's last call, of which it keeps the count
inline bool begins_series(unsigned &known) {
    #pragma HLS INLINE
#ifdef __SYNTHESIS__
    return false;
#else
    bool begins = known != series_begun();
    known = series_begun();
    return begins;
#endif
}

} // namespace chronogate

#ifndef __SYNTHESIS__
extern "C" __attribute__((used)) inline void chronogate_begin_series() { chronogate::series_begun()++; }
#endif

#endif
