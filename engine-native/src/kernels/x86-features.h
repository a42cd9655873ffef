#pragma once
// Instruction sets that both this CPU and the operating system (its saved register state) offer.

namespace codexpc::kernels {

struct X86Features {
  bool avx2;        // with FMA and F16C
  bool avx512;      // F, BW, DQ and VL
  bool avx512vnni;  // these and VNNI
};
X86Features DetectX86Features();

}  // namespace codexpc::kernels
