#include "model/yarn.h"

#include <cmath>
#include <numbers>

namespace codexpc {

void ApplyYarn(const YarnSettings& yarn, Config* config) {
  const double half = config->head_dim / 2.0;
  // The pair that turns `turns` times within the initial context.
  const auto pair_of = [&](double turns) {
    return half * std::log(yarn.initial_context_length / (turns * 2.0 * std::numbers::pi)) / std::log(yarn.theta);
  };
  const double low = pair_of(yarn.beta_fast);
  const double high = pair_of(yarn.beta_slow);
  config->rope_theta = static_cast<float>(yarn.theta);
  config->rope_interpolation_scale = static_cast<float>(1.0 / yarn.factor);
  config->rope_yarn_offset = static_cast<float>(-low / (high - low));
  config->rope_yarn_scale = static_cast<float>(1.0 / (high - low));
  config->rope_yarn_multiplier = static_cast<float>(0.1 * std::log(yarn.factor) + 1.0);
}

}  // namespace codexpc
