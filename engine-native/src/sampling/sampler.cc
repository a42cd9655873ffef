// One sequence's sampler: adjusts a copy of the logits, narrows the candidates, draws one.

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>

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
    if (Adjusts() || Draws()) adjusted_.reset(new (std::nothrow) float[vocab_size_]);
    if (Draws()) {
      weights_.reset(new (std::nothrow) float[vocab_size_]);
      candidates_.reset(new (std::nothrow) std::uint32_t[vocab_size_]);
    }
    return (!(Adjusts() || Draws()) || adjusted_ != nullptr) &&
           (!Draws() || (weights_ != nullptr && candidates_ != nullptr));
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
    if (Adjusts()) {
      Adjust(logits);
      wanted = {adjusted_.get(), vocab_size_};
      if (Status status = sampling::LargestLogit(wanted, &largest); !status.ok()) return status;
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

 private:
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
  }

  static std::uint32_t FirstOf(std::span<const float> logits, float value) {
    return static_cast<std::uint32_t>(std::find(logits.begin(), logits.end(), value) - logits.begin());
  }

  std::uint32_t Draw(std::span<const float> logits, float largest) {
    double total = sampling::ExpWeights(weights_.get(), logits, largest, std::min(1.0f / options_.temperature, kLargestInverse));
    if (options_.top_k == 0 && options_.top_p == 1.0f && options_.min_p == 0.0f) return DrawFromAll(total);
    std::size_t count = vocab_size_;
    if (options_.top_k > 0 && options_.top_k < vocab_size_) {
      count = options_.top_k;
      sampling::SelectTopK(candidates_.get(), logits, count);
      total = WeightOf(count);
    } else {
      for (std::uint32_t token = 0; token < vocab_size_; ++token) candidates_[token] = token;
    }
    if (options_.top_p < 1.0f) count = KeepTopP(logits, count, total);
    if (options_.min_p > 0.0f) {
      count = KeepIf(count, [this](std::uint32_t token) { return weights_[token] >= options_.min_p; });
    }
    // In the order of ids the walk does not depend on how the candidates were found.
    std::sort(candidates_.get(), candidates_.get() + count);
    double rest = random_.Next() * WeightOf(count);
    std::uint32_t last = candidates_[0];
    for (std::size_t i = 0; i < count; ++i) {
      const float weight = weights_[candidates_[i]];
      if (weight == 0.0f) continue;
      last = candidates_[i];
      rest -= weight;
      if (rest < 0.0) break;
    }
    return last;
  }

  std::uint32_t DrawFromAll(double total) {
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

  /// The shortest run of best candidates whose weight reaches top_p of `total`; at least one.
  std::size_t KeepTopP(std::span<const float> logits, std::size_t count, double total) {
    // All candidates below this weight together miss the share that top_p cuts off, so none of them is kept.
    const double smallest = (1.0 - options_.top_p) * total / static_cast<double>(count);
    count = KeepIf(count, [this, smallest](std::uint32_t token) { return weights_[token] >= smallest; });
    const sampling::Better better{logits.data()};
    std::uint32_t* const begin = candidates_.get();
    double reached = 0.0;
    std::size_t kept = 0;
    for (std::size_t piece = 256; kept < count; piece *= 8) {
      const std::size_t sorted = std::min(kept + piece, count);
      if (sorted < count) std::nth_element(begin + kept, begin + sorted, begin + count, better);
      std::sort(begin + kept, begin + sorted, better);
      while (kept < sorted) {
        reached += weights_[begin[kept++]];
        if (reached >= options_.top_p * total) return kept;
      }
    }
    return kept;
  }

  template <typename Predicate>
  std::size_t KeepIf(std::size_t count, const Predicate& keep) {
    std::uint32_t* const begin = candidates_.get();
    return static_cast<std::size_t>(std::partition(begin, begin + count, keep) - begin);
  }

  double WeightOf(std::size_t count) const {
    double weight = 0.0;
    for (std::size_t i = 0; i < count; ++i) weight += weights_[candidates_[i]];
    return weight;
  }

  const SamplerOptions options_;
  const std::uint32_t vocab_size_;
  sampling::Random random_;
  std::unordered_map<std::uint32_t, std::uint32_t> counts_;
  std::unique_ptr<float[]> adjusted_;            // (vocab_size)
  std::unique_ptr<float[]> weights_;             // (vocab_size), relative to the best token's 1
  std::unique_ptr<std::uint32_t[]> candidates_;  // (vocab_size)
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
  for (const auto& [token, bias] : options.logit_bias) {
    if (token >= vocab_size) {
      return {StatusCode::kInvalidArgument, "logit_bias names token " + std::to_string(token) +
                                                ", outside the vocabulary of " + std::to_string(vocab_size)};
    }
    if (bias == kForbidden) continue;
    if (Status status = CheckNumber("logit_bias", bias, -kLargestAdjustment, kLargestAdjustment); !status.ok()) {
      return status;
    }
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
