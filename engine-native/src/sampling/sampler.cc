// One sequence's sampler: adjusts a copy of the logits, narrows the candidates, draws one.

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "codexpc/engine.h"
#include "sampling/random.h"
#include "sampling/softmax.h"
#include "sampling/top-k.h"

namespace codexpc {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();
// Far outside every use; keeps adjusted logits finite.
constexpr float kLargestAdjustment = 1e6f;
// Of a temperature so small that its inverse is infinite.
constexpr float kLargestInverse = 1e30f;

class SamplerImpl final : public Sampler {
 public:
  SamplerImpl(const SamplerOptions& options, std::uint32_t vocab_size)
      : options_(options), vocab_size_(vocab_size), random_(options.seed) {}

  bool Allocate() {
    if (Adjusts()) adjusted_.reset(new (std::nothrow) float[vocab_size_]);
    if (Draws()) {
      weights_.reset(new (std::nothrow) float[vocab_size_]);
      candidates_.reset(new (std::nothrow) std::uint32_t[vocab_size_]);
      bins_.reset(new (std::nothrow) double[kNumBins]);
    }
    return (!Adjusts() || adjusted_ != nullptr) &&
           (!Draws() || (weights_ != nullptr && candidates_ != nullptr && bins_ != nullptr));
  }

  Status Sample(std::span<const float> logits, TokenLogprob* sampled) override {
    if (logits.size() != vocab_size_) {
      return {StatusCode::kInvalidArgument, "the sampler was made for " + std::to_string(vocab_size_) +
                                                " logits and got " + std::to_string(logits.size())};
    }
    float largest = 0.0f;
    if (Status status = sampling::LargestLogit(logits, &largest); !status.ok()) return status;
    const double log_sum = largest + std::log(sampling::ExpWeights(nullptr, logits, largest, 1.0f));

    std::span<const float> wanted = logits;
    if (Adjusts() || !mask_.empty()) {
      Adjust(logits);
      wanted = {adjusted_.get(), vocab_size_};
      Status status = sampling::LargestLogit(wanted, &largest);
      if (!status.ok() && !mask_.empty()) {
        std::copy(logits.begin(), logits.end(), adjusted_.get());
        ApplyMask();
        status = sampling::LargestLogit(wanted, &largest);
      }
      if (!status.ok()) return status;
    }
    const std::uint32_t token = Draws() ? Draw(wanted, largest) : FirstOf(wanted, largest);
    *sampled = {token, static_cast<float>(logits[token] - log_sum)};
    return {};
  }

  Status Accept(std::uint32_t token) override {
    if (token >= vocab_size_) {
      return {StatusCode::kInvalidArgument, "token " + std::to_string(token) + " is outside the vocabulary of " +
                                                std::to_string(vocab_size_)};
    }
    if (Penalises()) ++counts_[token];
    return {};
  }

  Status SetMask(std::span<const std::uint32_t> words) override {
    const std::size_t num_words = (std::size_t{vocab_size_} + 31) / 32;
    if (!words.empty() && words.size() != num_words) {
      return {StatusCode::kInvalidArgument, "a mask for " + std::to_string(vocab_size_) + " tokens has " +
                                                std::to_string(num_words) + " words, not " +
                                                std::to_string(words.size())};
    }
    if (!words.empty() && !AllowsAny(words)) return {StatusCode::kInvalidArgument, "the mask allows no token"};
    if (!words.empty() && adjusted_ == nullptr) {
      adjusted_.reset(new (std::nothrow) float[vocab_size_]);
      if (adjusted_ == nullptr) return {StatusCode::kInsufficientMemory, "no memory to mask the logits"};
    }
    mask_.assign(words.begin(), words.end());
    return {};
  }

 private:
  bool AllowsAny(std::span<const std::uint32_t> words) const {
    // Bits beyond the vocabulary mean nothing.
    const std::uint32_t rest = vocab_size_ % 32;
    const std::uint32_t last = rest == 0 ? ~0u : (1u << rest) - 1;
    return std::any_of(words.begin(), words.end() - 1, [](std::uint32_t word) { return word != 0; }) ||
           (words.back() & last) != 0;
  }

  bool Draws() const { return options_.temperature > 0.0f; }
  bool Penalises() const {
    return options_.repetition_penalty != 1.0f || options_.presence_penalty != 0.0f ||
           options_.frequency_penalty != 0.0f;
  }
  bool Adjusts() const { return Penalises() || !options_.logit_bias.empty(); }

  void Adjust(std::span<const float> logits) {
    std::copy(logits.begin(), logits.end(), adjusted_.get());
    for (const auto& [token, count] : counts_) {
      float& logit = adjusted_[token];
      logit = logit > 0.0f ? logit / options_.repetition_penalty : logit * options_.repetition_penalty;
      logit -= options_.presence_penalty + options_.frequency_penalty * static_cast<float>(count);
      logit = std::min(logit, std::numeric_limits<float>::max());
    }
    for (const auto& [token, bias] : options_.logit_bias) {
      adjusted_[token] = std::min(adjusted_[token] + bias, std::numeric_limits<float>::max());
    }
    ApplyMask();
  }

  void ApplyMask() {
    for (std::size_t word = 0; word < mask_.size(); ++word) {
      const std::size_t begin = word * 32;
      const std::size_t end = std::min<std::size_t>(begin + 32, vocab_size_);
      if (mask_[word] == 0) {
        std::fill(adjusted_.get() + begin, adjusted_.get() + end, kForbidden);
      } else if (mask_[word] != ~0u) {
        for (std::size_t token = begin; token < end; ++token) {
          if ((mask_[word] >> (token - begin) & 1u) == 0) adjusted_[token] = kForbidden;
        }
      }
    }
  }

  static std::uint32_t FirstOf(std::span<const float> logits, float value) {
    return static_cast<std::uint32_t>(std::find(logits.begin(), logits.end(), value) - logits.begin());
  }

  /// A filter drops a token by setting its weight to 0.
  std::uint32_t Draw(std::span<const float> logits, float largest) {
    const float inverse_temperature = std::min(1.0f / options_.temperature, kLargestInverse);
    double total = sampling::ExpWeights(weights_.get(), logits, largest, inverse_temperature);
    if (options_.top_k > 0 && options_.top_k < vocab_size_) total = KeepTopK(logits);
    if (options_.top_p < 1.0f) total = KeepTopP(logits, total);
    if (options_.min_p > 0.0f) {
      total = KeepIf([this](std::uint32_t token) { return weights_[token] >= options_.min_p; });
    }
    double rest = random_.Next() * total;
    std::uint32_t last = 0;
    for (std::uint32_t token = 0; token < vocab_size_; ++token) {
      if (weights_[token] == 0.0f) continue;
      last = token;
      rest -= weights_[token];
      if (rest < 0.0) break;
    }
    return last;
  }

  double KeepTopK(std::span<const float> logits) {
    const sampling::Better better{logits.data()};
    std::uint32_t* const best = candidates_.get();
    sampling::SelectTopK(best, logits, options_.top_k);
    const std::uint32_t worst = *std::max_element(best, best + options_.top_k, better);
    return KeepIf([&](std::uint32_t token) { return !better(worst, token); });
  }

  /// Keeps the shortest run of best tokens whose weight reaches top_p of `total`; at least one. Weights are summed by
  /// bins of nearly equal ones, so that only the bin in which the share is reached has to be sorted.
  double KeepTopP(std::span<const float> logits, double total) {
    std::fill_n(bins_.get(), kNumBins, 0.0);
    for (std::uint32_t token = 0; token < vocab_size_; ++token) bins_[BinOf(weights_[token])] += weights_[token];
    double missing = options_.top_p * total;
    std::uint32_t bin = kNumBins - 1;
    while (bin > 0 && bins_[bin] < missing) missing -= bins_[bin--];

    std::uint32_t* const in_bin = candidates_.get();
    std::uint32_t count = 0;
    for (std::uint32_t token = 0; token < vocab_size_; ++token) {
      if (BinOf(weights_[token]) == bin) in_bin[count++] = token;
    }
    const sampling::Better better{logits.data()};
    std::sort(in_bin, in_bin + count, better);
    std::uint32_t num_kept = 0;
    while (num_kept < count && missing > 0.0) missing -= weights_[in_bin[num_kept++]];
    if (num_kept == 0) return KeepIf([&](std::uint32_t token) { return BinOf(weights_[token]) > bin; });
    const std::uint32_t worst = in_bin[num_kept - 1];
    return KeepIf([&](std::uint32_t token) {
      const std::uint32_t other = BinOf(weights_[token]);
      return other > bin || (other == bin && !better(worst, token));
    });
  }

  /// Drops the tokens for which `keep` is false; the weight of the others.
  template <typename Predicate>
  double KeepIf(const Predicate& keep) {
    double kept = 0.0;
    for (std::uint32_t token = 0; token < vocab_size_; ++token) {
      if (!keep(token)) weights_[token] = 0.0f;
      kept += weights_[token];
    }
    return kept;
  }

  /// Weights are 0 to 1; their order is that of their bits: 8 of the exponent and 8 of the mantissa name the bin.
  static constexpr std::uint32_t kBinShift = 15;
  static constexpr std::uint32_t kNumBins = (std::bit_cast<std::uint32_t>(1.0f) >> kBinShift) + 2;
  static std::uint32_t BinOf(float weight) { return std::bit_cast<std::uint32_t>(weight) >> kBinShift; }

  const SamplerOptions options_;
  const std::uint32_t vocab_size_;
  sampling::Random random_;
  std::unordered_map<std::uint32_t, std::uint32_t> counts_;
  std::vector<std::uint32_t> mask_;              // (ceil(vocab_size / 32)): bits; empty: every token is allowed
  std::unique_ptr<float[]> adjusted_;            // (vocab_size)
  std::unique_ptr<float[]> weights_;             // (vocab_size), relative to the best token's 1
  std::unique_ptr<std::uint32_t[]> candidates_;  // (vocab_size)
  std::unique_ptr<double[]> bins_;               // (kNumBins): weight by bin
};

Status CheckNumber(const char* name, float value, float smallest, float largest) {
  if (value >= smallest && value <= largest) return {};  // false for NaN
  return {StatusCode::kInvalidArgument, std::string(name) + " is " + std::to_string(value) +
                                            "; it must be between " + std::to_string(smallest) + " and " +
                                            std::to_string(largest)};
}

Status CheckOptions(const SamplerOptions& options, std::uint32_t vocab_size) {
  constexpr float kSmallest = std::numeric_limits<float>::min();
  const Status checks[] = {
      CheckNumber("temperature", options.temperature, 0.0f, kLargestAdjustment),
      CheckNumber("top_p", options.top_p, kSmallest, 1.0f),
      CheckNumber("min_p", options.min_p, 0.0f, 1.0f),
      CheckNumber("repetition_penalty", options.repetition_penalty, 1.0f / kLargestAdjustment, kLargestAdjustment),
      CheckNumber("presence_penalty", options.presence_penalty, -kLargestAdjustment, kLargestAdjustment),
      CheckNumber("frequency_penalty", options.frequency_penalty, -kLargestAdjustment, kLargestAdjustment),
  };
  for (const Status& status : checks) {
    if (!status.ok()) return status;
  }
  std::unordered_set<std::uint32_t> forbidden;
  for (const auto& [token, bias] : options.logit_bias) {
    if (token >= vocab_size) {
      return {StatusCode::kInvalidArgument, "logit_bias names token " + std::to_string(token) +
                                                ", outside the vocabulary of " + std::to_string(vocab_size)};
    }
    if (bias == kForbidden) {
      forbidden.insert(token);
      continue;
    }
    if (Status status = CheckNumber("logit_bias", bias, -kLargestAdjustment, kLargestAdjustment); !status.ok()) {
      return status;
    }
  }
  if (vocab_size > 0 && forbidden.size() == vocab_size) {
    return {StatusCode::kInvalidArgument, "logit_bias forbids every token"};
  }
  if (vocab_size == 0) return {StatusCode::kInvalidArgument, "the vocabulary is empty"};
  return {};
}

}  // namespace

Status CreateSampler(const SamplerOptions& options, std::uint32_t vocab_size, std::unique_ptr<Sampler>* sampler) {
  if (Status status = CheckOptions(options, vocab_size); !status.ok()) return status;
  auto made = std::make_unique<SamplerImpl>(options, vocab_size);
  if (!made->Allocate()) {
    return {StatusCode::kInsufficientMemory,
            "no memory for a sampler over " + std::to_string(vocab_size) + " tokens"};
  }
  *sampler = std::move(made);
  return {};
}

}  // namespace codexpc
