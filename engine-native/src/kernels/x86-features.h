#pragma once
// Instruction sets that both this CPU and the operating system (its saved register state) offer.

namespace codexpc::kernels {

struct X86Features {
  bool avx2;        // with FMA and F16C
  bool avx512;      // F, BW, DQ and VL
  bool avx512vnni;  // these and VNNI
  bool amx;         // these, AVX512-BF16 and -VBMI, and AMX's tiles with products of bfloat16 and of bytes
};
X86Features DetectX86Features();

/// Asks the system for the use of AMX's tiles in this process; without it their first instruction ends the process.
/// Harmless when asked again. Only where DetectX86Features has found them.
bool RequestAmx();

}  // namespace codexpc::kernels
