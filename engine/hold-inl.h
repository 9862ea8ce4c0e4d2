// Per-target code: included by files that are compiled once for each instruction set, after hwy/highway.h.
#if defined(CONVSCOPE_HOLD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CONVSCOPE_HOLD_INL_H
#undef CONVSCOPE_HOLD_INL_H
#else
#define CONVSCOPE_HOLD_INL_H
#endif

HWY_BEFORE_NAMESPACE();
namespace convscope::HWY_NAMESPACE {

/// Holds a loaded vector in its register. Left to itself, GCC loads it again for every use.
template <class V>
HWY_INLINE void hold(V& v) {
#if HWY_TARGET == HWY_AVX3
  __asm__("" : "+v"(v.raw));
#elif HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4
  __asm__("" : "+x"(v.raw));
#else
  (void)v;
#endif
}

}  // namespace convscope::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
