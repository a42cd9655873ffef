#if defined(__x86_64__)

#include "kernels/x86-features.h"

#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <cstdint>

namespace codexpc::kernels {
namespace {

struct Registers { std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0; };

/// All zero if the CPU does not know the leaf.
Registers Cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

/// Extended control register 0: which register state the operating system saves.
std::uint32_t Xgetbv() {
  std::uint32_t eax, edx;
  asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  return eax;
}

constexpr bool HasAll(std::uint32_t value, std::uint32_t bits) { return (value & bits) == bits; }
constexpr std::uint32_t Bit(int n) { return 1u << n; }

}  // namespace

X86Features DetectX86Features() {
  const std::uint32_t leaf1 = Cpuid(1).ecx;
  const Registers extended = Cpuid(7);
  const bool os_saves_registers = HasAll(leaf1, /*OSXSAVE=*/Bit(27));
  const std::uint32_t saved = os_saves_registers ? Xgetbv() : 0;
  const bool saves_ymm = HasAll(saved, /*SSE, AVX=*/Bit(1) | Bit(2));
  const bool saves_zmm = HasAll(saved, /*SSE, AVX, opmask, upper ZMM, ZMM16-31=*/Bit(1) | Bit(2) | Bit(5) | Bit(6) | Bit(7));

  X86Features features;
  features.avx2 = saves_ymm && HasAll(leaf1, /*FMA, AVX, F16C=*/Bit(12) | Bit(28) | Bit(29)) && HasAll(extended.ebx, /*AVX2=*/Bit(5));
  features.avx512 = features.avx2 && saves_zmm && HasAll(extended.ebx, /*F, DQ, BW, VL=*/Bit(16) | Bit(17) | Bit(30) | Bit(31));
  features.avx512vnni = features.avx512 && HasAll(extended.ecx, /*AVX512_VNNI=*/Bit(11));
  const bool saves_tiles = HasAll(saved, /*tile configuration, tile data=*/Bit(17) | Bit(18));
  // A subleaf past the last one that the CPU knows reads as another's: subleaf 0 says how many there are.
  const std::uint32_t more = extended.eax >= 1 ? Cpuid(7, 1).eax : 0;
  features.amx = features.avx512vnni && saves_tiles && HasAll(more, /*AVX512_BF16=*/Bit(5)) && HasAll(extended.ecx, /*AVX512_VBMI=*/Bit(1)) &&
                 HasAll(extended.edx, /*AMX-BF16, AMX-TILE, AMX-INT8=*/Bit(22) | Bit(24) | Bit(25));
#if defined(CODEXPC_EMULATE_AMX)
  features.amx = features.avx512vnni && HasAll(extended.ecx, /*AVX512_VBMI=*/Bit(1));
#endif
  return features;
}

bool RequestAmx() {
#if defined(CODEXPC_EMULATE_AMX)
  return true;
#elif defined(__linux__)
  // https://docs.kernel.org/arch/x86/xstate.html
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace codexpc::kernels

#endif
