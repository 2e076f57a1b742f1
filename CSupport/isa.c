// Refuses to start, with a sentence, on a CPU that lacks what this build was compiled for. The check
// runs as a constructor, before main and before any of our vector code; it is itself compiled for
// the x86-64 baseline whatever -march says.
#include "cs_isa.h"
#include <cpuid.h>
#include <stdio.h>
#include <unistd.h>

// Every function of this file: no VEX encoding, no bit-manipulation instructions.
#pragma clang attribute push(                                                                     \
    __attribute__((target("arch=x86-64,no-sse3,no-avx,no-bmi,no-bmi2,no-lzcnt,no-popcnt,no-movbe"))), \
    apply_to = function)

enum { EAX, EBX, ECX, EDX };
enum { NONE = 0, YMM = 0x6, ZMM = 0xe6, TILES = 0x60000 };  // state the system must save (XCR0)

// macro when compiled in, name, CPUID leaf, subleaf, register, bit, state. All that a compiler may
// emit unasked; extensions reached by intrinsics alone (AES, SHA, RDRAND) are not used here.
#define CS_FEATURES(X)                                                   \
  X(__SSE3__, "sse3", 1, 0, ECX, 0, NONE)                                \
  X(__SSSE3__, "ssse3", 1, 0, ECX, 9, NONE)                              \
  X(__SSE4_1__, "sse4_1", 1, 0, ECX, 19, NONE)                           \
  X(__SSE4_2__, "sse4_2", 1, 0, ECX, 20, NONE)                           \
  X(__SSE4A__, "sse4a", 0x80000001, 0, ECX, 6, NONE)                     \
  X(__MOVBE__, "movbe", 1, 0, ECX, 22, NONE)                             \
  X(__POPCNT__, "popcnt", 1, 0, ECX, 23, NONE)                           \
  X(__LZCNT__, "lzcnt", 0x80000001, 0, ECX, 5, NONE)                     \
  X(__BMI__, "bmi1", 7, 0, EBX, 3, NONE)                                 \
  X(__BMI2__, "bmi2", 7, 0, EBX, 8, NONE)                                \
  X(__PCLMUL__, "pclmulqdq", 1, 0, ECX, 1, NONE)                         \
  X(__GFNI__, "gfni", 7, 0, ECX, 8, NONE)                                \
  X(__AVX__, "avx", 1, 0, ECX, 28, YMM)                                  \
  X(__F16C__, "f16c", 1, 0, ECX, 29, YMM)                                \
  X(__FMA__, "fma", 1, 0, ECX, 12, YMM)                                  \
  X(__FMA4__, "fma4", 0x80000001, 0, ECX, 16, YMM)                       \
  X(__XOP__, "xop", 0x80000001, 0, ECX, 11, YMM)                         \
  X(__AVX2__, "avx2", 7, 0, EBX, 5, YMM)                                 \
  X(__VPCLMULQDQ__, "vpclmulqdq", 7, 0, ECX, 10, YMM)                    \
  X(__AVXVNNI__, "avx_vnni", 7, 1, EAX, 4, YMM)                          \
  X(__AVXIFMA__, "avx_ifma", 7, 1, EAX, 23, YMM)                         \
  X(__AVXVNNIINT8__, "avx_vnni_int8", 7, 1, EDX, 4, YMM)                 \
  X(__AVXVNNIINT16__, "avx_vnni_int16", 7, 1, EDX, 10, YMM)              \
  X(__AVXNECONVERT__, "avx_ne_convert", 7, 1, EDX, 5, YMM)               \
  X(__AVX512F__, "avx512f", 7, 0, EBX, 16, ZMM)                          \
  X(__AVX512DQ__, "avx512dq", 7, 0, EBX, 17, ZMM)                        \
  X(__AVX512IFMA__, "avx512ifma", 7, 0, EBX, 21, ZMM)                    \
  X(__AVX512CD__, "avx512cd", 7, 0, EBX, 28, ZMM)                        \
  X(__AVX512BW__, "avx512bw", 7, 0, EBX, 30, ZMM)                        \
  X(__AVX512VL__, "avx512vl", 7, 0, EBX, 31, ZMM)                        \
  X(__AVX512VBMI__, "avx512vbmi", 7, 0, ECX, 1, ZMM)                     \
  X(__AVX512VBMI2__, "avx512_vbmi2", 7, 0, ECX, 6, ZMM)                  \
  X(__AVX512VNNI__, "avx512_vnni", 7, 0, ECX, 11, ZMM)                   \
  X(__AVX512BITALG__, "avx512_bitalg", 7, 0, ECX, 12, ZMM)               \
  X(__AVX512VPOPCNTDQ__, "avx512_vpopcntdq", 7, 0, ECX, 14, ZMM)         \
  X(__AVX512VP2INTERSECT__, "avx512_vp2intersect", 7, 0, EDX, 8, ZMM)    \
  X(__AVX512FP16__, "avx512_fp16", 7, 0, EDX, 23, ZMM)                   \
  X(__AVX512BF16__, "avx512_bf16", 7, 1, EAX, 5, ZMM)                    \
  X(__AMX_BF16__, "amx_bf16", 7, 0, EDX, 22, TILES)                      \
  X(__AMX_TILE__, "amx_tile", 7, 0, EDX, 24, TILES)                      \
  X(__AMX_INT8__, "amx_int8", 7, 0, EDX, 25, TILES)

// 1 if the macro is defined as 1, else 0: DEFINED_1 makes the 1 the second of the list.
#define DEFINED_1 0,
#define SECOND(a, b, ...) b
#define PICK(list) SECOND(list 1, 0, 0)
#define PASTE(value) PICK(DEFINED_##value)
#define IS_DEFINED(macro) PASTE(macro)

struct feature {
  uint8_t built;
  const char *name;
  uint32_t leaf, subleaf;
  uint8_t reg, bit;
  uint32_t state;
};

#define ROW(macro, name, leaf, subleaf, reg, bit, state) \
  {IS_DEFINED(macro), name, leaf, subleaf, reg, bit, state},
static const struct feature features[] = {CS_FEATURES(ROW)};
#define COUNT (int)(sizeof features / sizeof features[0])
_Static_assert(sizeof features / sizeof features[0] <= 64, "one bit a feature");

int cs_isa_feature_count(void) { return COUNT; }

const char *cs_isa_feature_name(int feature) { return features[feature].name; }

uint64_t cs_isa_built(void) {
  uint64_t mask = 0;
  for (int i = 0; i < COUNT; i++) mask |= (uint64_t)features[i].built << i;
  return mask;
}

uint64_t cs_isa_present(void) {
  uint32_t r[4], state = 0;
  if (__get_cpuid_count(1, 0, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) && (r[ECX] >> 27 & 1)) {
    uint32_t high;
    __asm__ volatile("xgetbv" : "=a"(state), "=d"(high) : "c"(0));
  }
  uint64_t mask = 0;
  for (int i = 0; i < COUNT; i++) {
    const struct feature *f = &features[i];
    if (!__get_cpuid_count(f->leaf, f->subleaf, &r[EAX], &r[EBX], &r[ECX], &r[EDX])) continue;
    uint64_t has = (r[f->reg] >> f->bit & 1) && (state & f->state) == f->state;
    mask |= has << i;
  }
  return mask;
}

__attribute__((constructor(101))) static void cs_isa_refuse(void) {
  uint64_t missing = cs_isa_built() & ~cs_isa_present();
  if (!missing) return;
  dprintf(STDERR_FILENO, "sophia-rt: built for %s, but this CPU lacks", CS_ISA_NAME);
  for (int i = 0; i < COUNT; i++)
    if (missing >> i & 1) dprintf(STDERR_FILENO, " %s", features[i].name);
  dprintf(STDERR_FILENO, ": build it on this machine (make build)%s\n",
          CS_VECTOR_REGISTERS == 32 ? ", or for AVX2 (make ISA=x86-64-v3 build)" : "");
  _exit(1);
}

#pragma clang attribute pop
