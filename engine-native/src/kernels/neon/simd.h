#pragma once
// Vectors of 4 floats over AArch64's Advanced SIMD, which every such CPU has: 32 registers. Included inside namespace
// neon.

using Vec = float32x4_t;
constexpr std::size_t kLanes = 4;

// Tiles: 4 rows x 6 tokens leave 8 of 32 registers for operands; so do 4 vectors x 6 tokens, 4 queries x 4 vectors and more.
constexpr std::size_t kTileTokens = 6;
constexpr std::size_t kPanelVectors = 4;
constexpr std::size_t kPanelTokens = 6;
constexpr std::size_t kKeyVectors = 4;
constexpr std::size_t kValueVectors = 4;

CODEXPC_INLINE Vec Zero() { return vdupq_n_f32(0.0f); }
CODEXPC_INLINE Vec Set1(float value) { return vdupq_n_f32(value); }
CODEXPC_INLINE Vec Load(const float* p) { return vld1q_f32(p); }
CODEXPC_INLINE void Store(float* p, Vec v) { vst1q_f32(p, v); }
CODEXPC_INLINE Vec Add(Vec a, Vec b) { return vaddq_f32(a, b); }
CODEXPC_INLINE Vec Sub(Vec a, Vec b) { return vsubq_f32(a, b); }
CODEXPC_INLINE Vec Mul(Vec a, Vec b) { return vmulq_f32(a, b); }
CODEXPC_INLINE Vec Div(Vec a, Vec b) { return vdivq_f32(a, b); }
CODEXPC_INLINE Vec MulAdd(Vec a, Vec b, Vec c) { return vfmaq_f32(c, a, b); }  // a b + c
CODEXPC_INLINE Vec Min(Vec a, Vec b) { return vminq_f32(a, b); }               // NaN where either is
CODEXPC_INLINE Vec Max(Vec a, Vec b) { return vmaxq_f32(a, b); }               // NaN where either is

/// The low 9 bits as sign and exponent.
CODEXPC_INLINE Vec LowBitsToExponent(Vec v) { return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(v), 23)); }

CODEXPC_INLINE Vec LoadBf16(const bf16* p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)); }
CODEXPC_INLINE Vec LoadF16(const f16* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
CODEXPC_INLINE void StoreF16(f16* p, Vec v) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(v))); }

/// Signed bytes.
CODEXPC_INLINE Vec LoadI8Vec(const std::uint8_t* p) {
  std::uint32_t four;
  std::memcpy(&four, p, sizeof four);
  return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u32(vdup_n_u32(four))))));
}
/// 32 signed bytes.
CODEXPC_INLINE void LoadI8(const std::uint8_t* p, Vec values[8]) {
  CODEXPC_UNROLL for (std::size_t i = 0; i < 2; ++i) {
    const int8x16_t bytes = vreinterpretq_s8_u8(vld1q_u8(p + 16 * i));
    const int16x8_t low = vmovl_s8(vget_low_s8(bytes));
    const int16x8_t high = vmovl_high_s8(bytes);
    values[4 * i] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(low)));
    values[4 * i + 1] = vcvtq_f32_s32(vmovl_high_s16(low));
    values[4 * i + 2] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(high)));
    values[4 * i + 3] = vcvtq_f32_s32(vmovl_high_s16(high));
  }
}
CODEXPC_INLINE float LoadF16Number(const std::uint8_t* p) {
  f16 bits;
  std::memcpy(&bits, p, sizeof bits);
  return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(bits))), 0);
}

CODEXPC_INLINE float First(Vec v) { return vgetq_lane_f32(v, 0); }
CODEXPC_INLINE float Sum(Vec v) { return vaddvq_f32(v); }
CODEXPC_INLINE float Largest(Vec v) { return vmaxvq_f32(v); }

CODEXPC_INLINE bool AnyGreater(Vec a, Vec b) { return vmaxvq_u32(vcgtq_f32(a, b)) != 0; }

/// The sums across the lanes of four vectors.
CODEXPC_INLINE void StoreSums(float* sums, Vec a, Vec b, Vec c, Vec d) {
  Store(sums, vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
}

/// (e0 o0 e1 o1 ...) to (e0 e1 ...) and (o0 o1 ...).
CODEXPC_INLINE void LoadPairs(const float* p, Vec* even, Vec* odd) {
  const float32x4x2_t pairs = vld2q_f32(p);
  *even = pairs.val[0];
  *odd = pairs.val[1];
}
CODEXPC_INLINE void StorePairs(float* p, Vec even, Vec odd) {
  float32x4x2_t pairs;
  pairs.val[0] = even;
  pairs.val[1] = odd;
  vst2q_f32(p, pairs);
}

/// Upper bytes of FP4 values as float16; the lower bytes are zero.
alignas(16) constexpr std::uint8_t kFp4AsF16[16] = {0x00, 0x38, 0x3c, 0x3e, 0x40, 0x42, 0x44, 0x46,
                                                    0x80, 0xb8, 0xbc, 0xbe, 0xc0, 0xc2, 0xc4, 0xc6};

/// The 32 values of one MXFP4 block, times 2^kMf4Doublings.
constexpr int kMf4Doublings = 0;
CODEXPC_INLINE void LoadMf4(const std::uint8_t* block, Vec values[8]) {
  const uint8x16_t fp4 = vld1q_u8(kFp4AsF16);
  const uint8x16_t bytes = vld1q_u8(block);
  const uint8x16_t even = vqtbl1q_u8(fp4, vandq_u8(bytes, vdupq_n_u8(15)));
  const uint8x16_t odd = vqtbl1q_u8(fp4, vshrq_n_u8(bytes, 4));
  const uint8x16_t zero = vdupq_n_u8(0);
  const uint8x16_t low = vzip1q_u8(even, odd);
  const uint8x16_t high = vzip2q_u8(even, odd);
  const float16x8_t halves[4] = {vreinterpretq_f16_u8(vzip1q_u8(zero, low)), vreinterpretq_f16_u8(vzip2q_u8(zero, low)),
                                 vreinterpretq_f16_u8(vzip1q_u8(zero, high)), vreinterpretq_f16_u8(vzip2q_u8(zero, high))};
  CODEXPC_UNROLL for (std::size_t i = 0; i < 4; ++i) {
    values[2 * i] = vcvt_f32_f16(vget_low_f16(halves[i]));
    values[2 * i + 1] = vcvt_high_f32_f16(halves[i]);
  }
}

/// What the one-token product decodes at once: here a block, in its own order.
constexpr std::size_t kMf4Blocks = 1;
template <std::size_t kStride>
CODEXPC_INLINE void LoadMf4Shuffled(const std::uint8_t* blocks, Vec values[8]) { LoadMf4(blocks, values); }
template <std::size_t kStride>
CODEXPC_INLINE Vec LoadMf4Scales(const float* scale_of, const std::uint8_t* scales) { return Set1(scale_of[scales[0]]); }
CODEXPC_INLINE void ShuffleLikeMf4(float* out, const float* x) { std::memcpy(out, x, 32 * sizeof(float)); }

CODEXPC_INLINE void Transpose(Vec rows[4]) {
  const float64x2_t even01 = vreinterpretq_f64_f32(vtrn1q_f32(rows[0], rows[1]));  // 00 10 02 12
  const float64x2_t odd01 = vreinterpretq_f64_f32(vtrn2q_f32(rows[0], rows[1]));   // 01 11 03 13
  const float64x2_t even23 = vreinterpretq_f64_f32(vtrn1q_f32(rows[2], rows[3]));
  const float64x2_t odd23 = vreinterpretq_f64_f32(vtrn2q_f32(rows[2], rows[3]));
  rows[0] = vreinterpretq_f32_f64(vtrn1q_f64(even01, even23));
  rows[1] = vreinterpretq_f32_f64(vtrn1q_f64(odd01, odd23));
  rows[2] = vreinterpretq_f32_f64(vtrn2q_f64(even01, even23));
  rows[3] = vreinterpretq_f32_f64(vtrn2q_f64(odd01, odd23));
}

// Columns of blocks come by Transpose.
constexpr bool kHasBlockColumns = false;
