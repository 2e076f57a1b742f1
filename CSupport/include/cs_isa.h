// The instruction set that this build was compiled for, as constants that Swift can read.
#pragma once

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define CS_VECTOR_REGISTERS 32
#define CS_ISA_NAME "avx512"
#elif defined(__AVX2__) && defined(__FMA__)
#define CS_VECTOR_REGISTERS 16
#define CS_ISA_NAME "avx2"
#else
#error "sophia-rt needs a build for AVX2+FMA or AVX-512 (set SOPHIA_MARCH to native, x86-64-v3 or x86-64-v4)"
#endif
