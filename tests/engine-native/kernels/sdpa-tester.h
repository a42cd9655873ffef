#pragma once

#include <cstring>

#include "kernels/testing.h"

namespace codexpc::kernels::testing {

/// Attention with a sink against double precision, for every table this CPU can run.
class SdpaTester {
 public:
  SdpaTester& num_tokens(std::size_t value) { num_tokens_ = value; return *this; }
  SdpaTester& group(std::size_t value) { group_ = value; return *this; }
  SdpaTester& head_dim(std::size_t value) { head_dim_ = value; return *this; }
  SdpaTester& runs(std::size_t a, std::size_t b = 0, std::size_t c = 0) { length_[0] = a; length_[1] = b; length_[2] = c; return *this; }
  SdpaTester& window(std::size_t value) { window_ = value; return *this; }
  SdpaTester& extra_stride(std::size_t value) { extra_stride_ = value; return *this; }
  SdpaTester& query_scale(float value) { query_scale_ = value; return *this; }
  SdpaTester& sinks(float low, float high) { sink_low_ = low; sink_high_ = high; return *this; }

  void TestF32Kv(int line) const {
    Test("f32_f32kv_sdpa", line, &KernelTable::f32_f32kv_sdpa, [](const std::vector<float>& values) { return values; },
         [&](const std::vector<float>& values, std::size_t position, std::size_t d) -> double { return values[position * head_dim_ + d]; });
  }

  void TestF16Kv(int line) const {
    Test("f32_f16kv_sdpa", line, &KernelTable::f32_f16kv_sdpa,
         [](const std::vector<float>& values) {
           std::vector<f16> halves(values.size());
           for (std::size_t i = 0; i < values.size(); ++i) halves[i] = FloatToF16(values[i]);
           return halves;
         },
         [&](const std::vector<f16>& values, std::size_t position, std::size_t d) -> double { return F16ToFloat(values[position * head_dim_ + d]); });
  }

  /// Against the values that are kept.
  void TestQ8Kv(int line) const {
    const std::size_t entry_bytes = kQ8KvScaleBytes + head_dim_;
    Test("f32_q8kv_sdpa", line, &KernelTable::f32_q8kv_sdpa,
         [&](const std::vector<float>& values) {
           const KernelTable& scalar = *SupportedTables().back();  // all round alike: kernels-sdpa.test.cc
           std::vector<std::uint8_t> entries(values.size() / head_dim_ * entry_bytes);
           for (std::size_t i = 0; i < values.size() / head_dim_; ++i)
             scalar.f32_to_q8kv(entries.data() + i * entry_bytes, values.data() + i * head_dim_, head_dim_);
           return entries;
         },
         [&](const std::vector<std::uint8_t>& entries, std::size_t position, std::size_t d) -> double {
           const std::uint8_t* entry = entries.data() + position * entry_bytes;
           f16 scale;
           std::memcpy(&scale, entry, sizeof scale);
           return F16ToFloat(scale) * static_cast<float>(static_cast<std::int8_t>(entry[kQ8KvScaleBytes + d]));
         });
  }

 private:
  /// Of the largest value: logits of a few tens carry errors of some 1e-6, which the exponential makes relative ones.
  static constexpr double kTolerance = 0x1p-18;

  /// `number_at(entries, position, d)` is a number of what `convert` made of floats.
  template <typename Convert, typename NumberAt>
  void Test(const char* kernel, int line, void (*KernelTable::*sdpa)(const SdpaArgs&), const Convert& convert,
            const NumberAt& number_at) const {
    Random random(3);
    const std::size_t total = length_[0] + length_[1] + length_[2];
    const std::size_t stride = group_ * head_dim_ + extra_stride_;
    const std::vector<float> q = random.Floats(num_tokens_ * stride, -query_scale_, query_scale_);
    const std::vector<bf16> sinks = random.Bf16s(group_, sink_low_, sink_high_);
    const std::vector<float> before = random.Floats(num_tokens_ * stride, -1.0f, 1.0f);
    // Each run is an allocation of its own, so that the address sanitizer sees a read past its end.
    using Kv = typename decltype(convert(std::vector<float>()))::value_type;
    std::vector<Kv> k[3], v[3];
    for (std::size_t run = 0; run < 3; ++run) {
      k[run] = convert(random.Floats(length_[run] * head_dim_, -1.0f, 1.0f));
      v[run] = convert(random.Floats(length_[run] * head_dim_, -1.0f, 1.0f));
    }
    const auto at = [&](const std::vector<Kv>(&runs)[3], std::size_t position, std::size_t d) -> double {
      std::size_t run = 0;
      while (position >= length_[run]) position -= length_[run++];
      return number_at(runs[run], position, d);
    };

    std::vector<double> expected(before.begin(), before.end());
    for (std::size_t token = 0; token < num_tokens_; ++token) {
      const std::size_t end = total - (num_tokens_ - 1 - token);
      const std::size_t first = end > window_ ? end - window_ : 0;
      for (std::size_t head = 0; head < group_; ++head) {
        const std::size_t base = token * stride + head * head_dim_;
        std::vector<double> logits;
        double largest = Bf16ToFloat(sinks[head]);
        for (std::size_t position = first; position < end; ++position) {
          double logit = 0.0;
          for (std::size_t d = 0; d < head_dim_; ++d) logit += q[base + d] * at(k, position, d);
          logits.push_back(logit);
          largest = std::max(largest, logit);
        }
        double sum = std::exp(Bf16ToFloat(sinks[head]) - largest);
        std::vector<double> out(head_dim_, 0.0);
        for (std::size_t position = first; position < end; ++position) {
          const double weight = std::exp(logits[position - first] - largest);
          sum += weight;
          for (std::size_t d = 0; d < head_dim_; ++d) out[d] += weight * at(v, position, d);
        }
        for (std::size_t d = 0; d < head_dim_; ++d) expected[base + d] = out[d] / sum;
      }
    }

    for (const KernelTable* table : SupportedTables()) {
      std::vector<float> out = before;
      SdpaArgs args{.out = out.data(), .q = q.data(), .sinks = {sinks.data(), NumberType::kBf16}, .group = group_, .head_dim = head_dim_,
                    .num_tokens = num_tokens_, .out_stride = stride, .q_stride = stride, .window = window_};
      for (std::size_t run = 0; run < 3; ++run) {
        args.k[run] = k[run].data();
        args.v[run] = v[run].data();
        args.length[run] = length_[run];
      }
      (table->*sdpa)(args);
      Comparison comparison(__FILE__, line, std::string(table->name) + " " + kernel);
      for (std::size_t i = 0; i < out.size(); ++i)
        comparison.Near("token " + std::to_string(i / stride) + " element " + std::to_string(i % stride), out[i], expected[i],
                        i % stride < group_ * head_dim_ ? kTolerance : 0.0);
    }
  }

  std::size_t num_tokens_ = 1;
  std::size_t group_ = 8;
  std::size_t head_dim_ = 64;
  std::size_t length_[3] = {1, 0, 0};
  std::size_t window_ = SIZE_MAX;
  std::size_t extra_stride_ = 0;
  float query_scale_ = 1.0f;
  float sink_low_ = -2.0f;
  float sink_high_ = 2.0f;
};

}  // namespace codexpc::kernels::testing
