// Integer products for weights in 8 and 4 bits, and halves of floats. All of it is exact, so the bits
// are the same with VNNI, AVX-512BW and AVX2.
#pragma once
#include "cs_vector.h"
#include <immintrin.h>

typedef uint8_t cs_u8x64 __attribute__((ext_vector_type(64)));
typedef uint16_t cs_u16x16 __attribute__((ext_vector_type(16)));

/// For each of 16 lanes: sum + Σ w[4 * lane + i] · a[i], i < 4, with w unsigned and the four signed
/// bytes of `a` the same for all lanes (VPDPBUSD's operation). No intermediate saturates.
CS_INLINE cs_i32x16 cs_dot4(cs_i32x16 sum, cs_u8x64 w, int32_t a) {
#if defined(__AVX512VNNI__)
  return (cs_i32x16)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)w, _mm512_set1_epi32(a));
#else
  // Even and odd bytes as 16-bit numbers: VPMADDWD adds the two products of a lane exactly, where
  // VPMADDUBSW would saturate.
  typedef int16_t s16x32 __attribute__((ext_vector_type(32)));
  typedef uint16_t u16x32 __attribute__((ext_vector_type(32)));
  s16x32 factors = (s16x32)(cs_i32x16)a, even = (factors << 8) >> 8, odd = factors >> 8;
  u16x32 bytes = (u16x32)w, low = bytes & 0xFF, high = bytes >> 8;
#if defined(__AVX512BW__)
  return sum + (cs_i32x16)_mm512_madd_epi16((__m512i)low, (__m512i)even) +
         (cs_i32x16)_mm512_madd_epi16((__m512i)high, (__m512i)odd);
#else
  typedef int32_t i8 __attribute__((ext_vector_type(8)));
  i8 parts[2];
  for (int half = 0; half < 2; half++) {
    __m256i l, h, e, o;
    memcpy(&l, (const char *)&low + 32 * half, sizeof l);
    memcpy(&h, (const char *)&high + 32 * half, sizeof h);
    memcpy(&e, &even, sizeof e);
    memcpy(&o, &odd, sizeof o);
    parts[half] = (i8)_mm256_add_epi32(_mm256_madd_epi16(l, e), _mm256_madd_epi16(h, o));
  }
  cs_i32x16 products;
  memcpy(&products, parts, sizeof products);
  return sum + products;
#endif
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
