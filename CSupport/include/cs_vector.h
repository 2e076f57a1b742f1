// Vector verbs on the logical vector of every kernel, 16 floats (one zmm or two ymm registers):
// what SIMD16<Float> has no single-instruction spelling for. Swift sees cs_f32x16 as SIMD16<Float>.
// The same IEEE operations in the same order on AVX2 and AVX-512, so the same bits.
#pragma once
#include <immintrin.h>
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
/// The first `count` (0...16) lanes, as the instructions of masked loads and stores take them.
#if defined(__AVX512F__)
#define CS_FIRST_LANES(count) ((__mmask16)(0xFFFF >> (16 - (count))))
#else
#define CS_FIRST_LANES(count) \
  ((cs_i32x16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} < (cs_i32x16)(int32_t)(count))
#endif
/// Reads `count` (0...16) floats; the other lanes are `fill`. Nothing past `count` is touched.
CS_INLINE cs_f32x16 cs_load_partial(const float *p, int64_t count, float fill) {
  cs_f32x16 v = fill;
#if defined(__AVX512F__)
  return (cs_f32x16)_mm512_mask_loadu_ps((__m512)v, CS_FIRST_LANES(count), p);
#else
  cs_f32x16 read;
  if (count >= 16) {
    __builtin_memcpy(&read, p, sizeof read);
    return read;
  }
  cs_i32x16 mask = CS_FIRST_LANES(count);
  read.lo = _mm256_maskload_ps(p, (__m256i)mask.lo);
  read.hi = _mm256_maskload_ps(p + 8, (__m256i)mask.hi);
  return mask ? read : v;
#endif
}
/// Writes the first `count` (0...16) lanes.
CS_INLINE void cs_store_partial(float *p, cs_f32x16 v, int64_t count) {
#if defined(__AVX512F__)
  _mm512_mask_storeu_ps(p, CS_FIRST_LANES(count), (__m512)v);
#else
  // Nearly all vectors are whole, and those need no mask.
  if (count >= 16) {
    __builtin_memcpy(p, &v, sizeof v);
    return;
  }
  cs_i32x16 mask = CS_FIRST_LANES(count);
  _mm256_maskstore_ps(p, (__m256i)mask.lo, (__m256)v.lo);
  _mm256_maskstore_ps(p + 8, (__m256i)mask.hi, (__m256)v.hi);
#endif
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
/// Asks for the cache line of `p` to be brought into L2 and no nearer.
CS_INLINE void cs_prefetch_l2(const void *p) { __builtin_prefetch(p, 0, 2); }
/// Transposes 4 rows of 16 floats: destination[p * width + i] = source[i * ld + p] for i < 4, p < 16.
CS_INLINE void cs_transpose_4x16(const float *source, int64_t ld, float *destination,
                                 int64_t width) {
  typedef float f4 __attribute__((ext_vector_type(4)));
  cs_f32x16 a, b, c, d;
  memcpy(&a, source, sizeof a);
  memcpy(&b, source + ld, sizeof b);
  memcpy(&c, source + 2 * ld, sizeof c);
  memcpy(&d, source + 3 * ld, sizeof d);
#define CS_PAIRS_LOW 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define CS_PAIRS_HIGH 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#define CS_QUADS_LOW 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define CS_QUADS_HIGH 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
  cs_f32x16 ab_low = __builtin_shufflevector(a, b, CS_PAIRS_LOW);
  cs_f32x16 ab_high = __builtin_shufflevector(a, b, CS_PAIRS_HIGH);
  cs_f32x16 cd_low = __builtin_shufflevector(c, d, CS_PAIRS_LOW);
  cs_f32x16 cd_high = __builtin_shufflevector(c, d, CS_PAIRS_HIGH);
  cs_f32x16 columns[4] = {
      __builtin_shufflevector(ab_low, cd_low, CS_QUADS_LOW),
      __builtin_shufflevector(ab_low, cd_low, CS_QUADS_HIGH),
      __builtin_shufflevector(ab_high, cd_high, CS_QUADS_LOW),
      __builtin_shufflevector(ab_high, cd_high, CS_QUADS_HIGH)};
#undef CS_PAIRS_LOW
#undef CS_PAIRS_HIGH
#undef CS_QUADS_LOW
#undef CS_QUADS_HIGH
  for (int j = 0; j < 4; j++) {
    f4 quads[4] = {columns[j].lo.lo, columns[j].lo.hi, columns[j].hi.lo, columns[j].hi.hi};
    for (int lane = 0; lane < 4; lane++)
      memcpy(destination + (4 * lane + j) * width, &quads[lane], sizeof(f4));
  }
}
