// DenseWeights::kQ8: which weights are converted, to what, when, and what a token is computed with.

#include <chrono>
#include <cmath>

#include "check.h"
#include "kernels/number-types.h"
#include "reference.h"
#include "test-engine.h"

namespace codexpc {
namespace {

constexpr std::chrono::milliseconds kNoTime{0};

/// All of it, in as many calls as there are; their number.
std::size_t PageInAll(const Model& model) {
  std::size_t calls = 0;
  for (std::size_t at = 0; at < model.file_bytes(); ++calls) {
    std::size_t next = 0;
    const Status status = model.PageIn(at, kNoTime, &next);
    EXPECT_TRUE(status.ok() && next > at && next <= model.file_bytes());
    if (!status.ok() || next <= at) break;
    at = next;
  }
  return calls;
}

std::vector<double> Numbers(const MatrixView& view, std::size_t count) {
  const auto* bytes = static_cast<const std::uint8_t*>(view.data);
  return kernels::testing::NumbersOf(view.type, {bytes, bytes + BytesOf(view.type, count)}, count);
}

/// Half a step of 8 bits, and a scale's own rounding to float16.
void ExpectRounded(const MatrixView& stored, const MatrixView& converted, std::size_t count) {
  EXPECT_TRUE(stored.type == NumberType::kBf16 && converted.type == NumberType::kQ8_0);
  const std::vector<double> expected = Numbers(stored, count);
  const std::vector<double> actual = Numbers(converted, count);
  std::size_t num_off = 0;
  for (std::size_t begin = 0; begin < count; begin += 32) {
    double largest = 0.0;
    for (std::size_t i = begin; i < begin + 32; ++i) largest = std::max(largest, std::abs(expected[i]));
    for (std::size_t i = begin; i < begin + 32; ++i) {
      if (std::abs(actual[i] - expected[i]) > largest * (0.5001 / 127 + 0x1p-11)) ++num_off;
    }
  }
  EXPECT_EQ(num_off, 0u);
}

TEST(weights_become_eight_bits_as_the_model_is_paged_in) {
  const auto model = OpenTestModel(TinyCheckpoint(5));
  const Config& config = model->config();
  for (const std::string& isa : SupportedTables()) {
    const auto engine = MakeQuantized(model, isa);
    const Model& quantized = engine->model();
    EXPECT_TRUE(quantized.file_bytes() > model->file_bytes());
    EXPECT_TRUE(quantized.weights_bytes() < model->weights_bytes());
    EXPECT_TRUE(quantized.weights().unembedding.data == model->weights().unembedding.data);
    EXPECT_TRUE(PageInAll(quantized) > 2 * config.num_hidden_layers);  // progress is seen between matrices
    for (std::size_t i = 0; i < config.num_hidden_layers; ++i) {
      const LayerView& stored = model->weights().layers[i];
      const LayerView& converted = quantized.weights().layers[i];
      for (std::size_t part = 0; part < stored.qkv.size(); ++part) {
        ExpectRounded(stored.qkv[part].weight, converted.qkv[part].weight, std::size_t{stored.qkv[part].num_rows} * config.hidden_size);
      }
      ExpectRounded(stored.attn_out, converted.attn_out, std::size_t{config.hidden_size} * config.q_size());
      EXPECT_TRUE(stored.router_weight.data == converted.router_weight.data);
    }
    ExpectRounded(model->weights().unembedding, quantized.weights().unembedding, std::size_t{config.vocab_size} * config.hidden_size);
    EXPECT_TRUE(quantized.weights().embedding.data == model->weights().embedding.data);
    std::size_t next = 0;
    EXPECT_TRUE(!quantized.PageIn(quantized.file_bytes() + 1, kNoTime, &next).ok());
  }
}

TEST(every_token_is_computed_with_the_converted_weights) {
  const auto model = OpenTestModel(TinyCheckpoint(5));
  const std::vector<std::uint32_t> tokens = RandomTokens(40, model->config().vocab_size, 5);
  const auto paged_in = MakeQuantized(model);
  PageInAll(paged_in->model());
  const ReferenceResult reference = ReferenceLogits(paged_in->model(), tokens);
  for (const std::string& isa : ExactTables()) {
    const auto engine = MakeQuantized(model, isa);  // nobody pages it in
    const auto context = MakeContext(*engine, {.num_slots = 1, .context_length = 64, .max_batch_tokens = 16});
    const std::vector<float> logits = Feed(*context, 0, tokens, 7);
    const std::vector<double>& expected = reference.logits.back();
    const double error = RelativeError(logits, expected);
    std::printf("  %-11s max error %.1e over max logit\n", isa.c_str(), error);
    EXPECT_TRUE(error <= 4e-5);
  }
}

TEST(a_matrix_whose_rows_are_no_whole_blocks_stays) {
  TestCheckpoint checkpoint = TinyCheckpoint(6);
  checkpoint.config.head_dim = 16;
  checkpoint.config.num_attention_heads = 5;  // attn_out has 80 columns
  checkpoint.config.num_key_value_heads = 1;
  const auto model = OpenTestModel(checkpoint);
  const auto engine = MakeQuantized(model);
  PageInAll(engine->model());
  const LayerView& layer = engine->model().weights().layers[0];
  EXPECT_TRUE(layer.attn_out.type == NumberType::kBf16);
  EXPECT_TRUE(layer.qkv[0].weight.type == NumberType::kQ8_0);
}

}  // namespace
}  // namespace codexpc

TEST_MAIN()
