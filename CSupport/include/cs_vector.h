// Vector verbs on the logical vector of every kernel, 16 floats (one zmm or two ymm registers):
// what SIMD16<Float> has no single-instruction spelling for. Swift sees cs_f32x16 as SIMD16<Float>.
// The same IEEE operations in the same order on AVX2 and AVX-512, so the same bits.
#pragma once
#include <stdint.h>
#include <string.h>

typedef float cs_f32x16 __attribute__((ext_vector_type(16)));
typedef int32_t cs_i32x16 __attribute__((ext_vector_type(16)));

#define CS_INLINE static inline __attribute__((always_inline))

/// a * b + c, rounded once.
CS_INLINE cs_f32x16 cs_fma(cs_f32x16 a, cs_f32x16 b, cs_f32x16 c) {
  return __builtin_elementwise_fma(a, b, c);
}
/// Lane-wise maximum: a > b ? a : b (b when either is NaN).
CS_INLINE cs_f32x16 cs_max(cs_f32x16 a, cs_f32x16 b) { return a > b ? a : b; }
/// Lane-wise minimum: a < b ? a : b (b when either is NaN).
CS_INLINE cs_f32x16 cs_min(cs_f32x16 a, cs_f32x16 b) { return a < b ? a : b; }
/// Absolute value.
CS_INLINE cs_f32x16 cs_abs(cs_f32x16 a) { return __builtin_elementwise_abs(a); }
/// Correctly rounded square root.
CS_INLINE cs_f32x16 cs_sqrt(cs_f32x16 a) { return __builtin_elementwise_sqrt(a); }
/// Rounds to the nearest integer, ties to even.
CS_INLINE cs_f32x16 cs_round(cs_f32x16 a) { return __builtin_elementwise_roundeven(a); }
/// 2^n for integral n in [-126, 127].
CS_INLINE cs_f32x16 cs_exp2i(cs_f32x16 n) {
  cs_i32x16 bits = (__builtin_convertvector(n, cs_i32x16) + 127) << 23;
  return (cs_f32x16)bits;
}
/// Reads `count` (0...16) floats; the other lanes are `fill`. Nothing past `count` is touched.
CS_INLINE cs_f32x16 cs_load_partial(const float *p, int64_t count, float fill) {
  cs_f32x16 v = fill;
  memcpy(&v, p, (size_t)count * sizeof(float));
  return v;
}
/// Writes the first `count` (0...16) lanes.
CS_INLINE void cs_store_partial(float *p, cs_f32x16 v, int64_t count) {
  memcpy(p, &v, (size_t)count * sizeof(float));
}
/// Sum of the lanes in one fixed tree: halves, quarters, pairs.
CS_INLINE float cs_sum(cs_f32x16 v) {
  typedef float f8 __attribute__((ext_vector_type(8)));
  typedef float f4 __attribute__((ext_vector_type(4)));
  f8 a = v.lo + v.hi;
  f4 b = a.lo + a.hi;
  return (b.x + b.z) + (b.y + b.w);
}
/// Largest lane.
CS_INLINE float cs_hmax(cs_f32x16 v) { return __builtin_reduce_max(v); }
/// Asks for the cache line of `p` to be brought into L1.
CS_INLINE void cs_prefetch(const void *p) { __builtin_prefetch(p, 0, 3); }
