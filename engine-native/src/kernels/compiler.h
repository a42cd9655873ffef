#pragma once
// What the wide kernels need from the compiler beyond the language.

#define CODEXPC_INLINE inline __attribute__((always_inline))

// Loops over a tile must be unrolled for the tile to live in registers.
#if defined(__clang__)
#define CODEXPC_UNROLL _Pragma("clang loop unroll(full)")
#else
#define CODEXPC_UNROLL _Pragma("GCC unroll 64")
#endif
