#pragma once
// Kernels that touch each element once or twice, over the vector operations of one instruction set (its simd.h).
// Included inside that set's namespace and target region.

CODEXPC_INLINE Vec LoadPartial(const float* p, std::size_t n) {
  alignas(64) float lanes[kLanes] = {};
  std::memcpy(lanes, p, n * sizeof(float));
  return Load(lanes);
}

CODEXPC_INLINE Vec LoadBf16Partial(const bf16* p, std::size_t n) {
  alignas(64) bf16 lanes[kLanes] = {};
  std::memcpy(lanes, p, n * sizeof(bf16));
  return LoadBf16(lanes);
}

CODEXPC_INLINE void StorePartial(float* p, Vec v, std::size_t n) {
  alignas(64) float lanes[kLanes];
  Store(lanes, v);
  std::memcpy(p, lanes, n * sizeof(float));
}

/// e^x within 2 units in the last place for x of at most 88.3; below -87.3 the value there, about 1e-38. Keeps NaN.
CODEXPC_INLINE Vec ExpUpTo88(Vec x) {
  x = Max(Set1(-87.3f), x);
  // Adding 1.5 * 2^23 rounds to a whole number; with 127 more, its low bits are the exponent field of 2^n.
  const Vec magic = Set1(12582912.0f + 127.0f);
  const Vec shifted = MulAdd(x, Set1(1.44269504f), magic);
  const Vec n = Sub(shifted, magic);          // x = n ln 2 + r
  Vec r = MulAdd(n, Set1(-0.693359375f), x);  // ln 2 in two parts, the first exact in 10 bits
  r = MulAdd(n, Set1(2.12194440e-4f), r);
  Vec p = Set1(1.9875691500e-4f);
  p = MulAdd(p, r, Set1(1.3981999507e-3f));
  p = MulAdd(p, r, Set1(8.3334519073e-3f));
  p = MulAdd(p, r, Set1(4.1665795894e-2f));
  p = MulAdd(p, r, Set1(1.6666665459e-1f));
  p = MulAdd(p, r, Set1(5.0000001201e-1f));
  p = MulAdd(p, Mul(r, r), Add(r, Set1(1.0f)));
  return Mul(p, LowBitsToExponent(shifted));
}

/// One row of any number type as floats.
void Embed(float* out, const MatrixView& row, std::size_t n) {
  if (row.type != NumberType::kBf16) return DecodeBlocks(out, static_cast<const std::uint8_t*>(row.data), row.type, n);
  const auto* numbers = static_cast<const bf16*>(row.data);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(out + i, LoadBf16(numbers + i));
  if (i < n) StorePartial(out + i, LoadBf16Partial(numbers + i, n - i), n - i);
}

void RmsNorm(float* out, const float* x, VectorView gain, std::size_t n, float eps) {
  Vec sums[4] = {Zero(), Zero(), Zero(), Zero()};
  std::size_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    CODEXPC_UNROLL for (std::size_t j = 0; j < 4; ++j) {
      const Vec v = Load(x + i + j * kLanes);
      sums[j] = MulAdd(v, v, sums[j]);
    }
  }
  for (; i < n; i += kLanes) {
    const Vec v = i + kLanes <= n ? Load(x + i) : LoadPartial(x + i, n - i);
    sums[0] = MulAdd(v, v, sums[0]);
  }
  const float sum_of_squares = Sum(Add(Add(sums[0], sums[1]), Add(sums[2], sums[3])));
  const Vec scale = Set1(1.0f / std::sqrt(sum_of_squares / static_cast<float>(n) + eps));

  if (gain.type != NumberType::kBf16) {
    for (i = 0; i < n; ++i) out[i] = x[i] * First(scale) * At(gain, i);
    return;
  }
  const auto* gains = static_cast<const bf16*>(gain.data);
  for (i = 0; i + kLanes <= n; i += kLanes) Store(out + i, Mul(Mul(Load(x + i), scale), LoadBf16(gains + i)));
  if (i < n) {
    const std::size_t left = n - i;
    StorePartial(out + i, Mul(Mul(LoadPartial(x + i, left), scale), LoadBf16Partial(gains + i, left)), left);
  }
}

CODEXPC_INLINE Vec SwiGluOf(Vec gate, Vec linear, Vec limit) {
  gate = Min(limit, gate);
  linear = Max(Sub(Zero(), limit), Min(limit, linear));
  const Vec one = Set1(1.0f);
  return Mul(Div(gate, Add(one, ExpUpTo88(Min(Set1(88.3f), Mul(gate, Set1(-1.702f)))))), Add(linear, one));
}

void SwiGlu(float* out, const float* h, std::size_t n, float limit) {
  const Vec limits = Set1(limit);
  Vec gate, linear;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    LoadPairs(h + 2 * i, &gate, &linear);
    Store(out + i, SwiGluOf(gate, linear, limits));
  }
  if (i < n) {
    alignas(64) float pairs[2 * kLanes] = {};
    std::memcpy(pairs, h + 2 * i, 2 * (n - i) * sizeof(float));
    LoadPairs(pairs, &gate, &linear);
    StorePartial(out + i, SwiGluOf(gate, linear, limits), n - i);
  }
}

void SwiGluApart(float* out, const float* gate, const float* linear, std::size_t n, float limit) {
  const Vec limits = Set1(limit);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(out + i, SwiGluOf(Load(gate + i), Load(linear + i), limits));
  if (i < n) StorePartial(out + i, SwiGluOf(LoadPartial(gate + i, n - i), LoadPartial(linear + i, n - i), limits), n - i);
}

void InterleaveHalves(float* out, const float* x, std::size_t n) {
  for (std::size_t block = 0; block < n; block += 32) {
    CODEXPC_UNROLL for (std::size_t i = 0; i < 16; i += kLanes) {
      StorePairs(out + block + 2 * i, Load(x + block + i), Load(x + block + 16 + i));
    }
  }
}

void Rope(float* x, const float* cos, const float* sin, std::size_t num_heads, std::size_t head_dim) {
  const std::size_t num_pairs = head_dim / 2;
  for (std::size_t head = 0; head < num_heads; ++head, x += head_dim) {
    std::size_t i = 0;
    for (; i + kLanes <= num_pairs; i += kLanes) {
      const Vec c = Load(cos + i);
      const Vec s = Load(sin + i);
      Vec even, odd;
      LoadPairs(x + 2 * i, &even, &odd);
      StorePairs(x + 2 * i, Sub(Mul(even, c), Mul(odd, s)), MulAdd(even, s, Mul(odd, c)));
    }
    for (; i < num_pairs; ++i) {
      const float even = x[2 * i];
      const float odd = x[2 * i + 1];
      x[2 * i] = even * cos[i] - odd * sin[i];
      x[2 * i + 1] = even * sin[i] + odd * cos[i];
    }
  }
}

void RopeHalves(float* x, const float* cos, const float* sin, std::size_t num_heads, std::size_t head_dim) {
  const std::size_t half = head_dim / 2;
  for (std::size_t head = 0; head < num_heads; ++head, x += head_dim) {
    std::size_t i = 0;
    for (; i + kLanes <= half; i += kLanes) {
      const Vec c = Load(cos + i);
      const Vec s = Load(sin + i);
      const Vec first = Load(x + i);
      const Vec second = Load(x + half + i);
      Store(x + i, Sub(Mul(first, c), Mul(second, s)));
      Store(x + half + i, MulAdd(first, s, Mul(second, c)));
    }
    for (; i < half; ++i) {
      const float first = x[i];
      const float second = x[half + i];
      x[i] = first * cos[i] - second * sin[i];
      x[half + i] = first * sin[i] + second * cos[i];
    }
  }
}

void ToF16(f16* out, const float* x, std::size_t n) {
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) StoreF16(out + i, Load(x + i));
  for (; i < n; ++i) out[i] = FloatToF16(x[i]);
}

void ToQ8Kv(std::uint8_t* out, const float* x, std::size_t n) {
  float largest = 0.0f;
  Vec largests = Zero();
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) largests = Max(largests, Max(Load(x + i), Sub(Zero(), Load(x + i))));
  for (; i < n; ++i) largest = std::fmax(largest, std::fabs(x[i]));
  const float inverse = StoreQ8KvScale(out, std::fmax(largest, Largest(largests)));
  // Added to 1.5 * 2^23, a number is rounded to the nearest whole one, and that stands in the lowest bits.
  const Vec round = Set1(12582912.0f);
  for (i = 0; i + kLanes <= n; i += kLanes) {
    alignas(64) float whole[kLanes];
    Store(whole, Add(Max(Min(Mul(Load(x + i), Set1(inverse)), Set1(127.0f)), Set1(-127.0f)), round));
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      out[kQ8KvScaleBytes + i + lane] = static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(whole[lane]));
  }
  for (; i < n; ++i) out[kQ8KvScaleBytes + i] = RoundToQ8Kv(x[i] * inverse);
}

void Axpy(float* out, const float* x, float weight, std::size_t n) {
  const Vec weights = Set1(weight);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(out + i, MulAdd(weights, Load(x + i), Load(out + i)));
  for (; i < n; ++i) out[i] += weight * x[i];
}
