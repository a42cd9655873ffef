#pragma once
// Activations of two terms, 256 * coarse + fine, over the vector operations of one instruction set. Included inside that
// set's namespace and target region, after q8-matmul.h and the set's StoreRoundedTerms.

/// Largest magnitude to 127 * 257; a block of zeros has scale 0.
CODEXPC_INLINE float QuantizeBlockInTwo(std::int8_t* coarse, std::int8_t* fine, const float* x, bool evens_first) {
  constexpr float kLargest = 127.0f * 257.0f;
  Vec v[kBlockVectors];
  const float magnitude = LoadBlock(v, x, evens_first);
  StoreRoundedTerms(coarse, fine, v, Set1(magnitude > 0.0f ? kLargest / magnitude : 0.0f));
  return magnitude * (1.0f / kLargest);
}

void QuantizeRowInTwo(const Q8View& out, const float* x, std::size_t n, bool evens_first) {
  for (std::size_t block = 0; block < n / 32; ++block)
    out.scales[block] = QuantizeBlockInTwo(out.values + block * 32, out.values + n + block * 32, x + block * 32, evens_first);
}
