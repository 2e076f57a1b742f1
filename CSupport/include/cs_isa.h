// The instruction set that this build was compiled for, and what this CPU has.
#pragma once
#include <stdint.h>

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define CS_VECTOR_REGISTERS 32
#define CS_ISA_NAME "avx512"
#elif defined(__AVX2__) && defined(__FMA__)
#define CS_VECTOR_REGISTERS 16
#define CS_ISA_NAME "avx2"
#else
#error "sophia-rt needs a build for AVX2+FMA or AVX-512 (set SOPHIA_MARCH to native, x86-64-v3 or x86-64-v4)"
#endif

/// Number of CPU features known here; feature i is bit i of the masks below.
int cs_isa_feature_count(void);

/// The name of a feature as /proc/cpuinfo spells it, nearly ("avx512bw").
const char *cs_isa_feature_name(int feature);

/// The features that the compiler was free to use in this build.
uint64_t cs_isa_built(void);

/// The features that this CPU has and the operating system has switched on.
uint64_t cs_isa_present(void);
