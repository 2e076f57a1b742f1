// Integer products for weights in 8 and 4 bits, and halves of floats. All of it is exact, so the bits
// are the same with VNNI, AVX-512BW and AVX2.
#pragma once
#include "cs_vector.h"
#include <immintrin.h>

typedef uint8_t cs_u8x64 __attribute__((ext_vector_type(64)));
typedef uint16_t cs_u16x16 __attribute__((ext_vector_type(16)));

/// Whether ``cs_dot4`` is one instruction.
#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
#define CS_DOT4_IS_ONE_INSTRUCTION 1
#else
#define CS_DOT4_IS_ONE_INSTRUCTION 0
#endif
#if defined(__AVX512BW__)
/// What ``cs_dot4`` leaves in its bytes of the 128 that was added to each weight.
#define CS_DOT4_OFFSET 128
#else
#define CS_DOT4_OFFSET 0
typedef int32_t cs_i32x8 __attribute__((ext_vector_type(8)));
/// Neighbours' sums of 16-bit numbers.
CS_INLINE cs_i32x8 cs_pair_sums(__m256i v) {
  return (cs_i32x8)_mm256_madd_epi16(v, _mm256_set1_epi16(1));
}
#endif

/// For each of 16 lanes: sum + Σ w[4 * lane + i] · a[i], i < 4, the four signed bytes of `a` being the
/// same for all lanes (VPDPBUSD's operation). w is unsigned where ``CS_DOT4_OFFSET`` is 128; where it
/// is 0, 128 is taken from each byte first. Bytes of `a` are at least -127, and nothing saturates.
CS_INLINE cs_i32x16 cs_dot4(cs_i32x16 sum, cs_u8x64 w, int32_t a) {
#if CS_DOT4_IS_ONE_INSTRUCTION
  return (cs_i32x16)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)w, _mm512_set1_epi32(a));
#elif defined(__AVX512BW__)
  // Even and odd bytes as 16-bit numbers: VPMADDWD adds the two products of a lane exactly, where
  // VPMADDUBSW would saturate.
  typedef int16_t s16x32 __attribute__((ext_vector_type(32)));
  typedef uint16_t u16x32 __attribute__((ext_vector_type(32)));
  s16x32 factors = (s16x32)(cs_i32x16)a, even = (factors << 8) >> 8, odd = factors >> 8;
  u16x32 bytes = (u16x32)w, low = bytes & 0xFF, high = bytes >> 8;
  return sum + (cs_i32x16)_mm512_madd_epi16((__m512i)low, (__m512i)even) +
         (cs_i32x16)_mm512_madd_epi16((__m512i)high, (__m512i)odd);
#else
  // The weight's sign moves to the factor: 2 · 128 · 127 is no more than VPMADDUBSW holds.
  __m256i factors = _mm256_set1_epi32(a);
  cs_u8x64 weights = w ^ 128;
  __m256i halves[2];
  memcpy(halves, &weights, sizeof halves);
  for (int i = 0; i < 2; i++) {
    __m256i products = _mm256_maddubs_epi16(_mm256_abs_epi8(halves[i]),
                                            _mm256_sign_epi8(factors, halves[i]));
    halves[i] = (__m256i)cs_pair_sums(products);
  }
  cs_i32x16 sums;
  memcpy(&sums, halves, sizeof sums);
  return sum + sums;
#endif
}

/// Sums of up to 32 products of weights in 4 bits and signed bytes: what ``cs_nibbles_dot8`` starts
/// from. Where lanes of 16 bits hold them (32 · 15 · 127 / 2 fits), they get `correction` at the end.
CS_INLINE cs_i32x16 cs_nibbles_start(int32_t correction) {
#if defined(__AVX512BW__)
  return correction;
#else
  return 0;
#endif
}
/// Adds Σ low[4 * lane + i] · a_low[i] + Σ high[4 * lane + i] · a_high[i], i < 4.
CS_INLINE cs_i32x16 cs_nibbles_dot8(cs_i32x16 sums, cs_u8x64 low, cs_u8x64 high, int32_t a_low,
                                    int32_t a_high) {
#if defined(__AVX512BW__)
  return cs_dot4(cs_dot4(sums, low, a_low), high, a_high);
#else
  __m256i s[2], l[2], h[2], a = _mm256_set1_epi32(a_low), b = _mm256_set1_epi32(a_high);
  memcpy(s, &sums, sizeof s);
  memcpy(l, &low, sizeof l);
  memcpy(h, &high, sizeof h);
  for (int i = 0; i < 2; i++) {
    s[i] = _mm256_add_epi16(s[i], _mm256_maddubs_epi16(l[i], a));
    s[i] = _mm256_add_epi16(s[i], _mm256_maddubs_epi16(h[i], b));
  }
  memcpy(&sums, s, sizeof s);
  return sums;
#endif
}
/// The sums plus `correction`.
CS_INLINE cs_i32x16 cs_nibbles_end(cs_i32x16 sums, int32_t correction) {
#if defined(__AVX512BW__)
  return sums;
#else
  __m256i s[2];
  memcpy(s, &sums, sizeof s);
  for (int i = 0; i < 2; i++) s[i] = (__m256i)cs_pair_sums(s[i]);
  memcpy(&sums, s, sizeof s);
  return sums + correction;
#endif
}

/// 64 bytes at any alignment.
CS_INLINE cs_u8x64 cs_load_bytes(const uint8_t *p) {
  cs_u8x64 v;
  memcpy(&v, p, sizeof v);
  return v;
}
/// The lower four bits of each byte.
CS_INLINE cs_u8x64 cs_low_nibbles(cs_u8x64 v) { return v & 0x0F; }
/// The upper four bits of each byte.
CS_INLINE cs_u8x64 cs_high_nibbles(cs_u8x64 v) { return v >> 4; }

/// 16 bfloat16 numbers as floats; exact.
CS_INLINE cs_f32x16 cs_load_bf16(const uint16_t *p) {
  cs_u16x16 v;
  memcpy(&v, p, sizeof v);
  return (cs_f32x16)(__builtin_convertvector(v, cs_i32x16) << 16);
}

/// The nearest float of each integer.
CS_INLINE cs_f32x16 cs_float(cs_i32x16 v) { return __builtin_convertvector(v, cs_f32x16); }

/// The nearest integer of each float, ties to even; within the range of integers.
CS_INLINE cs_i32x16 cs_nearest_integers(cs_f32x16 v) {
#if defined(__AVX512F__)
  return (cs_i32x16)_mm512_cvtps_epi32((__m512)v);
#else
  typedef int32_t i8 __attribute__((ext_vector_type(8)));
  cs_i32x16 integers;
  integers.lo = (i8)_mm256_cvtps_epi32((__m256)v.lo);
  integers.hi = (i8)_mm256_cvtps_epi32((__m256)v.hi);
  return integers;
#endif
}
/// The bits of each absolute value: they are ordered as the values are, what is not finite last.
CS_INLINE cs_i32x16 cs_magnitude_bits(cs_f32x16 v) { return (cs_i32x16)v & 0x7FFFFFFF; }
/// Lane-wise maximum.
CS_INLINE cs_i32x16 cs_max_integers(cs_i32x16 a, cs_i32x16 b) {
  return __builtin_elementwise_max(a, b);
}
/// Largest lane.
CS_INLINE int32_t cs_hmax_integers(cs_i32x16 v) { return __builtin_reduce_max(v); }
/// Sum of the lanes.
CS_INLINE int32_t cs_sum_integers(cs_i32x16 v) { return __builtin_reduce_add(v); }

/// Writes 16 integers in [-128, 127] as signed bytes.
CS_INLINE void cs_store_signed_bytes(int8_t *p, cs_i32x16 v) {
  typedef int8_t s8x16 __attribute__((ext_vector_type(16)));
  s8x16 bytes = __builtin_convertvector(v, s8x16);
  memcpy(p, &bytes, sizeof bytes);
}
