#pragma once
// Rows of a weight of any number type, decoded to floats over the vector operations of one instruction set (its simd.h).
// Included inside that set's namespace and target region.

constexpr std::size_t kQ8ScaleBytes = 2;
constexpr std::size_t kQ8BlockBytes = kQ8ScaleBytes + 32;

/// MXFP4 scales lie in an array of their own, or each before its block.
template <std::size_t kBlockStride>
constexpr std::size_t kScaleStride = kBlockStride == 16 ? 1 : kBlockStride;

/// The bytes of a weight that are read next: some columns of neighbouring rows. Each row is a stream of its own, more than
/// the processor foresees, so their lines are asked for while what came before is multiplied.
struct RowsAhead {
  const std::uint8_t* first = nullptr;
  std::size_t row_stride = 0;  // bytes
  std::size_t row_bytes = 0;
  std::size_t num_rows = 0;  // 0: there is nothing more

  /// The share of the `index`-th of `count` calls.
  CODEXPC_INLINE void PrefetchShare(std::size_t index, std::size_t count) const {
    for (std::size_t r = num_rows * index / count; r < num_rows * (index + 1) / count; ++r) {
      const std::uint8_t* row = first + r * row_stride;
      for (std::size_t at = 0; at < row_bytes; at += 64) __builtin_prefetch(row + at, /*rw=*/0, /*locality=*/2);
    }
  }
};

/// Of a weight whose rows are `row_blocks` blocks of `block_bytes` each.
CODEXPC_INLINE RowsAhead BlocksAhead(const std::uint8_t* weight, std::size_t row_blocks, std::size_t block_bytes, std::size_t row,
                                     std::size_t num_rows, std::size_t block, std::size_t num_blocks) {
  return {weight + (row * row_blocks + block) * block_bytes, row_blocks * block_bytes, num_blocks * block_bytes, num_rows};
}

/// At most `max_rows` rows and `max_cols` columns from (row, col) on.
template <typename Weight>
CODEXPC_INLINE RowsAhead PartAhead(const Weight& weight, std::size_t row, std::size_t row_end, std::size_t max_rows, std::size_t col,
                                   std::size_t col_end, std::size_t max_cols) {
  if (row >= row_end) return {};
  return weight.Ahead(row, row_end - row < max_rows ? row_end - row : max_rows, col, col_end - col < max_cols ? col_end - col : max_cols);
}

/// Plain numbers: how a vector of them is read, and whether columns of neighbouring rows come faster than by Transpose.
struct Bf16Numbers {
  using Number = bf16;
  static constexpr bool kHasColumns = kHasBlockColumns;
  CODEXPC_INLINE static Vec LoadVec(const bf16* p) { return LoadBf16(p); }
};
struct F16Numbers {
  using Number = f16;
  static constexpr bool kHasColumns = false;
  CODEXPC_INLINE static Vec LoadVec(const f16* p) { return LoadF16(p); }
};
struct F32Numbers {
  using Number = float;
  static constexpr bool kHasColumns = false;
  CODEXPC_INLINE static Vec LoadVec(const float* p) { return Load(p); }
};

/// The first `n` of a vector, then zeros.
template <typename Numbers>
CODEXPC_INLINE Vec LoadPart(const typename Numbers::Number* p, std::size_t n) {
  alignas(64) typename Numbers::Number lanes[kLanes] = {};
  std::memcpy(lanes, p, n * sizeof lanes[0]);
  return Numbers::LoadVec(lanes);
}

template <typename Numbers>
struct PlainRows {
  const typename Numbers::Number* weight;  // (rows, cols)
  std::size_t cols;

  CODEXPC_INLINE RowsAhead Ahead(std::size_t row, std::size_t num_rows, std::size_t col, std::size_t num_cols) const {
    return BlocksAhead(reinterpret_cast<const std::uint8_t*>(weight), cols, sizeof *weight, row, num_rows, col, num_cols);
  }
  /// Columns col..col + n of a row; zeros up to the next whole vector.
  CODEXPC_INLINE void Decode(float* out, std::size_t row, std::size_t col, std::size_t n) const {
    const typename Numbers::Number* w = weight + row * cols + col;
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) Store(out + i, Numbers::LoadVec(w + i));
    if (i < n) Store(out + i, LoadPart<Numbers>(w + i, n - i));
  }

  /// As that of Q8Rows.
  template <typename Float>
  CODEXPC_INLINE void FillColumns(Float* out, std::size_t step, std::size_t first, std::size_t row, std::size_t num_rows, std::size_t col,
                                  std::size_t n) const
    requires Numbers::kHasColumns
  {
    const std::uint8_t* row_numbers[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::size_t r = first + lane;
      row_numbers[lane] = reinterpret_cast<const std::uint8_t*>(weight + (row + (r < num_rows ? r : num_rows - 1)) * cols + col);
    }
    std::size_t c = 0;
    for (; c + 8 <= n; c += 8) StoreBf16Columns(out + c * step, step, row_numbers, c * sizeof *weight);
    for (; c < n; ++c) {
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        out[c * step + lane] = Bf16ToFloat(ReadAs<bf16>(row_numbers[lane] + c * sizeof *weight));
    }
  }
};

constexpr std::size_t kBlockVectors = 32 / kLanes;

struct Q8Rows {
  const std::uint8_t* weight;  // (rows, cols / 32) blocks
  std::size_t cols;

  CODEXPC_INLINE RowsAhead Ahead(std::size_t row, std::size_t num_rows, std::size_t col, std::size_t num_cols) const {
    return BlocksAhead(weight, cols / 32, kQ8BlockBytes, row, num_rows, col / 32, num_cols / 32);
  }
  /// Columns col..col + n of a row; both multiples of 32.
  CODEXPC_INLINE void Decode(float* out, std::size_t row, std::size_t col, std::size_t n) const {
    const std::uint8_t* block = weight + (row * (cols / 32) + col / 32) * kQ8BlockBytes;
    for (; n > 0; n -= 32, out += 32, block += kQ8BlockBytes) {
      Vec values[kBlockVectors];
      LoadI8(block + kQ8ScaleBytes, values);
      const Vec scale = Set1(LoadF16Number(block));
      CODEXPC_UNROLL for (std::size_t j = 0; j < kBlockVectors; ++j) Store(out + j * kLanes, Mul(values[j], scale));
    }
  }

  /// The same of kLanes rows, from row + first of the slice row..row + num_rows on (past its end the last one): column by
  /// column, `step` floats apart. A template, so that sets without such columns need no such stores.
  template <typename Lanes = Vec>
  CODEXPC_INLINE void FillColumns(float* out, std::size_t step, std::size_t first, std::size_t row, std::size_t num_rows, std::size_t col,
                                  std::size_t n) const
    requires kHasBlockColumns
  {
    const std::uint8_t* row_blocks[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::size_t r = first + lane;
      row_blocks[lane] = weight + ((row + (r < num_rows ? r : num_rows - 1)) * (cols / 32) + col / 32) * kQ8BlockBytes;
    }
    for (std::size_t block = 0; block < n / 32; ++block) {
      alignas(64) float lane_scales[kLanes];
      for (std::size_t lane = 0; lane < kLanes; ++lane) lane_scales[lane] = LoadF16Number(row_blocks[lane] + block * kQ8BlockBytes);
      const Lanes lanes = Load(lane_scales);
      StoreI8Columns(out + block * 32 * step, step, row_blocks, block * kQ8BlockBytes + kQ8ScaleBytes, lanes);
    }
  }
};

/// The block formats that are not worth vectors of their own.
struct QuantizedRows {
  const std::uint8_t* weight;
  NumberType type;
  std::size_t cols;

  CODEXPC_INLINE RowsAhead Ahead(std::size_t row, std::size_t num_rows, std::size_t col, std::size_t num_cols) const {
    const BlockSize block = BlockSizeOf(type);
    return BlocksAhead(weight, cols / block.num_values, block.num_bytes, row, num_rows, col / block.num_values, num_cols / block.num_values);
  }
  /// Columns col..col + n of a row; both whole blocks.
  CODEXPC_INLINE void Decode(float* out, std::size_t row, std::size_t col, std::size_t n) const {
    DecodeBlocks(out, weight + BytesOf(type, row * cols + col), type, n);
  }
};

template <std::size_t kStride>
struct Mf4Rows {
  const std::uint8_t* blocks;  // (rows, cols / 32), kStride apart
  const std::uint8_t* scales;  // (rows, cols / 32), Mf4ScaleStride apart
  const float* scale_of;       // by scale byte; undoes the doublings of LoadMf4
  std::size_t cols;

  CODEXPC_INLINE RowsAhead Ahead(std::size_t row, std::size_t num_rows, std::size_t col, std::size_t num_cols) const {
    return BlocksAhead(blocks, cols / 32, kStride, row, num_rows, col / 32, num_cols / 32);
  }
  /// Columns col..col + n of a row; both multiples of 32.
  CODEXPC_INLINE void Decode(float* out, std::size_t row, std::size_t col, std::size_t n) const {
    const std::size_t first_block = row * (cols / 32) + col / 32;
    for (std::size_t block = 0; block < n / 32; ++block, out += 32) {
      Vec values[kBlockVectors];
      LoadMf4(blocks + (first_block + block) * kStride, values);
      const Vec scale = Set1(scale_of[scales[(first_block + block) * kScaleStride<kStride>]]);
      CODEXPC_UNROLL for (std::size_t j = 0; j < kBlockVectors; ++j) Store(out + j * kLanes, Mul(values[j], scale));
    }
  }

  /// As that of Q8Rows.
  template <typename Lanes = Vec>
  CODEXPC_INLINE void FillColumns(float* out, std::size_t step, std::size_t first, std::size_t row, std::size_t num_rows, std::size_t col,
                                  std::size_t n) const
    requires kHasBlockColumns
  {
    const std::uint8_t* row_blocks[kLanes];
    const std::uint8_t* row_scales[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::size_t r = first + lane;
      const std::size_t block = (row + (r < num_rows ? r : num_rows - 1)) * (cols / 32) + col / 32;
      row_blocks[lane] = blocks + block * kStride;
      row_scales[lane] = scales + block * kScaleStride<kStride>;
    }
    for (std::size_t block = 0; block < n / 32; ++block) {
      alignas(64) float lane_scales[kLanes];
      for (std::size_t lane = 0; lane < kLanes; ++lane) lane_scales[lane] = scale_of[row_scales[lane][block * kScaleStride<kStride>]];
      const Lanes lanes = Load(lane_scales);
      StoreMf4Columns(out + block * 32 * step, step, row_blocks, block * kStride, lanes);
    }
  }
};
