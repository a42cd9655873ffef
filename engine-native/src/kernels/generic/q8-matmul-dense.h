#pragma once
// q8_matmul over the panels of q8-matmul.h, which comes before it. Only where bytes multiply faster than floats.

/// Q8_0: bytes as they are.
struct Q8Bytes {
  const std::uint8_t* weight;  // (rows, cols / 32) blocks
  std::size_t cols;

  CODEXPC_INLINE RowsAhead Ahead(std::size_t row, std::size_t num_rows, std::size_t col, std::size_t num_cols) const {
    return BlocksAhead(weight, cols / 32, kQ8BlockBytes, row, num_rows, col / 32, num_cols / 32);
  }
  CODEXPC_INLINE void Fill(Q8Panel* panel, PanelRowRange rows, std::size_t col, std::size_t num_cols) const {
    for (std::size_t v = 0; v < kQ8PanelVectors; ++v) {
      const std::uint8_t* row_blocks[kLanes];
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::size_t r = v * kLanes + lane;
        const std::uint8_t* first = weight + (rows.At(r) * (cols / 32) + col / 32) * kQ8BlockBytes;
        row_blocks[lane] = first + kQ8ScaleBytes;
        for (std::size_t b = 0; b < num_cols / 32; ++b) panel->scales[b * kQ8PanelRows + r] = LoadF16Number(first + b * kQ8BlockBytes);
      }
      for (std::size_t b = 0; b < num_cols / 32; ++b)
        StoreByteBlock(panel->values + (b * 8 * kQ8PanelVectors + v) * kQ8PanelVectorBytes, kQ8PanelVectors * kQ8PanelVectorBytes, row_blocks, b * kQ8BlockBytes);
    }
  }
};

/// Any other type: decoded to floats and brought to 8 bits, once for all tokens.
template <typename Rows>
struct QuantizedBytes {
  Rows weight;

  CODEXPC_INLINE RowsAhead Ahead(std::size_t row, std::size_t num_rows, std::size_t col, std::size_t num_cols) const {
    return weight.Ahead(row, num_rows, col, num_cols);
  }
  CODEXPC_INLINE void Fill(Q8Panel* panel, PanelRowRange rows, std::size_t col, std::size_t num_cols) const {
    alignas(64) float decoded[kQ8PanelCols];
    alignas(64) std::int8_t quantized[kLanes][kQ8PanelCols];
    for (std::size_t v = 0; v < kQ8PanelVectors; ++v) {
      const std::uint8_t* row_blocks[kLanes];
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::size_t r = v * kLanes + lane;
        weight.Decode(decoded, rows.At(r), col, num_cols);
        for (std::size_t b = 0; b < num_cols / 32; ++b)
          panel->scales[b * kQ8PanelRows + r] = QuantizeBlock(quantized[lane] + b * 32, decoded + b * 32, false);
        row_blocks[lane] = reinterpret_cast<const std::uint8_t*>(quantized[lane]);
      }
      for (std::size_t b = 0; b < num_cols / 32; ++b)
        StoreByteBlock(panel->values + (b * 8 * kQ8PanelVectors + v) * kQ8PanelVectorBytes, kQ8PanelVectors * kQ8PanelVectorBytes, row_blocks, b * 32);
    }
  }
};

void MultiplyDense(const Q8MatmulArgs& args, const MatrixView& weight) {
  const auto* bytes = static_cast<const std::uint8_t*>(weight.data);
  switch (weight.type) {
    case NumberType::kQ8_0: return MatmulQ8Panels(args, Q8Bytes{bytes, args.cols});
    case NumberType::kBf16:
      return MatmulQ8Panels(args, QuantizedBytes<PlainRows<Bf16Numbers>>{{static_cast<const bf16*>(weight.data), args.cols}});
    default: return MatmulQ8Panels(args, QuantizedBytes<QuantizedRows>{{bytes, weight.type, args.cols}});
  }
}
