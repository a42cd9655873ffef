#include "model/config-json.h"

#include <cmath>
#include <string>
#include <utility>

#include "model/config-limits.h"
#include "model/json-reader.h"
#include "model/yarn.h"

namespace codexpc {
namespace {

constexpr ConfigNames kNames = {"max_position_embeddings", "num_hidden_layers", "num_experts",         "experts_per_token", "hidden_size",
                                "intermediate_size",       "head_dim",          "num_attention_heads", "num_key_value_heads",
                                "sliding_window"};

Status Invalid(std::string message) { return {StatusCode::kInvalidArgument, std::move(message)}; }

struct Found {
  Config config{};
  YarnSettings yarn;
  std::string model_type;
  bool alternates = true;  // sliding, full, sliding, …
};

std::uint32_t Size(JsonReader& json) { return static_cast<std::uint32_t>(std::min<std::uint64_t>(json.Unsigned(), UINT32_MAX)); }

/// `rope_scaling`, or `rope_parameters` as newer versions of transformers write it. Null where there is no scaling.
void ReadRope(JsonReader& json, Found* found) {
  if (json.Peek() != JsonReader::Kind::kObject) return json.Skip();
  std::string key;
  json.BeginObject();
  while (json.NextMember(&key)) {
    if (key == "factor") {
      found->yarn.factor = json.Number();
    } else if (key == "beta_fast") {
      found->yarn.beta_fast = json.Number();
    } else if (key == "beta_slow") {
      found->yarn.beta_slow = json.Number();
    } else if (key == "original_max_position_embeddings") {
      found->yarn.initial_context_length = json.Number();
    } else if (key == "rope_theta") {
      found->yarn.theta = json.Number();
    } else {
      json.Skip();
    }
  }
}

void ReadLayerTypes(JsonReader& json, Found* found) {
  json.BeginArray();
  for (std::size_t layer = 0; json.NextElement(); ++layer) {
    const bool is_sliding = json.String() == "sliding_attention";
    if (is_sliding != (layer % 2 == 0)) found->alternates = false;
  }
}

void ReadMember(JsonReader& json, const std::string& key, Found* found) {
  Config& config = found->config;
  const bool is_null = json.Peek() == JsonReader::Kind::kNull;
  if (is_null) return json.Skip();
  if (key == "num_hidden_layers") config.num_hidden_layers = Size(json);
  else if (key == "num_experts" || key == "num_local_experts") config.num_experts = Size(json);
  else if (key == "experts_per_token" || key == "num_experts_per_tok") config.experts_per_token = Size(json);
  else if (key == "vocab_size") config.vocab_size = Size(json);
  else if (key == "hidden_size") config.hidden_size = Size(json);
  else if (key == "intermediate_size") config.intermediate_size = Size(json);
  else if (key == "head_dim") config.head_dim = Size(json);
  else if (key == "num_attention_heads") config.num_attention_heads = Size(json);
  else if (key == "num_key_value_heads") config.num_key_value_heads = Size(json);
  else if (key == "sliding_window") config.sliding_window = Size(json);
  else if (key == "max_position_embeddings") config.context_length = Size(json);
  else if (key == "swiglu_limit") config.swiglu_limit = static_cast<float>(json.Number());
  else if (key == "rms_norm_eps") config.rms_norm_eps = static_cast<float>(json.Number());
  else if (key == "initial_context_length") found->yarn.initial_context_length = json.Number();
  else if (key == "rope_theta") found->yarn.theta = json.Number();
  else if (key == "rope_scaling_factor") found->yarn.factor = json.Number();
  else if (key == "rope_ntk_beta") found->yarn.beta_fast = json.Number();
  else if (key == "rope_ntk_alpha") found->yarn.beta_slow = json.Number();
  else if (key == "rope_scaling" || key == "rope_parameters") ReadRope(json, found);
  else if (key == "layer_types") ReadLayerTypes(json, found);
  else if (key == "model_type") found->model_type = json.String();
  else json.Skip();
}

Status CheckNumbers(const Found& found) {
  const YarnSettings& yarn = found.yarn;
  const auto within = [](double value, double min, double max) { return value >= min && value <= max; };
  if (!within(yarn.theta, 2, 1e30)) return Invalid("rope_theta is out of range");
  if (!within(yarn.factor, 1, 1e6)) return Invalid("the rope scaling factor is out of range");
  if (!within(yarn.initial_context_length, 64, kMaxContextLength)) return Invalid("the initial context length is out of range");
  if (!within(yarn.beta_slow, 1e-3, 1e6) || !within(yarn.beta_fast, 1e-3, 1e6) || yarn.beta_slow >= yarn.beta_fast) {
    return Invalid("the ends of the YaRN ramp (beta_slow, beta_fast) are out of range");
  }
  if (!within(found.config.swiglu_limit, 1e-30, 1e30)) return Invalid("swiglu_limit is out of range");
  if (!within(found.config.rms_norm_eps, 0, 1)) return Invalid("rms_norm_eps is out of range");
  if (found.config.vocab_size < 1 || found.config.vocab_size > kMaxTextTokens) return Invalid("vocab_size is out of range");
  return {};
}

}  // namespace

Status ReadConfigJson(std::string_view text, Config* config) {
  Found found;
  found.config.swiglu_limit = 7.0f;  // original/ of the first release does not state it
  found.config.rms_norm_eps = 1e-5f;
  JsonReader json(text);
  std::string key;
  json.BeginObject();
  while (json.NextMember(&key)) ReadMember(json, key, &found);
  json.Finish();
  if (!json.ok()) return Invalid("it is not valid JSON: " + json.fault());
  if (!found.model_type.empty() && found.model_type != "gpt_oss") {
    return {StatusCode::kUnsupportedArgument, "model_type is \"" + found.model_type + "\"; this build runs gpt_oss models"};
  }
  if (!found.alternates) {
    return {StatusCode::kUnsupportedArgument, "layer_types does not alternate sliding and full attention, as gpt-oss does"};
  }
  if (Status status = CheckNumbers(found); !status.ok()) return status;
  if (found.config.context_length == 0) {
    found.config.context_length = static_cast<std::uint32_t>(
        std::min(found.yarn.initial_context_length * found.yarn.factor, double{kMaxContextLength}));
  }
  if (Status status = CheckSizes(found.config, kNames); !status.ok()) return status;
  ApplyYarn(found.yarn, &found.config);
  *config = found.config;
  return {};
}

}  // namespace codexpc
