#pragma once
// One item of a step: read from JavaScript, and what is sampled after it.

#include <napi.h>

#include <memory>
#include <vector>

#include "binding/handles.h"
#include "codexpc/engine.h"

namespace codexpc::binding {

/// Copied out of JavaScript.
struct StepItem {
  std::uint32_t slot;
  std::vector<std::uint32_t> tokens;
  std::shared_ptr<Sampler> sampler;                       // null: no logits wanted
  std::shared_ptr<const SamplerOptions> sampler_options;  // of the same
  std::uint32_t top_logprobs;
  std::uint32_t num_drafts;
};

/// False with a pending exception on failure.
bool ReadItem(const Napi::Value& value, const ContextState& state, std::uint32_t max_tokens, StepItem* item);
bool ReadItems(const Napi::Value& value, const ContextState& state, std::vector<StepItem>* items);

/// A view: the item must outlive it.
BatchItem ToBatchItem(const StepItem& item);

/// Null for an item without a sampler; empty with a pending exception on failure. As long as what is drawn is what was
/// drafted, the next is drawn from the logits after the draft: the sampler sees exactly what it would without drafts.
Napi::Value SampleItem(Napi::Env env, const ContextState& state, const StepItem& item);

}  // namespace codexpc::binding
