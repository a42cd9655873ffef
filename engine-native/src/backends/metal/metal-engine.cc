#include "backends/metal/metal-engine.h"

#include <utility>

#include "backends/metal/metal-context.h"

namespace codexpc::metal {
namespace {

class MetalEngine final : public Engine {
 public:
  explicit MetalEngine(std::shared_ptr<const ModelHandle> model) : model_(std::move(model)) {}

  std::string_view backend() const override { return "metal"; }
  std::string_view kernels() const override { return "gpt-oss"; }
  std::uint32_t num_threads() const override { return 1; }
  Capabilities capabilities() const override {
    return {.logits = false,
            .parallel_sequences = false,
            .prefix_reuse = true,
            .snapshots = false,
            .maps_weights = false};
  }
  const Model& model() const override { return *model_->model; }
  Status CreateContext(const ContextOptions& options, std::unique_ptr<Context>* context) override {
    return MetalContext::Create(model_, options, context);
  }
  MemoryUse Predict(const ContextOptions& options) const override { return PredictMemory(*model_->model, options); }

 private:
  const std::shared_ptr<const ModelHandle> model_;
};

}  // namespace

Status CreateMetalEngine(std::shared_ptr<const Model> model, const std::string& path, std::unique_ptr<Engine>* engine) {
  if (Status status = CheckLibrarySupports(model->config()); !status.ok()) return status;
  auto handle = std::make_shared<ModelHandle>();
  handle->model = std::move(model);
  const gptoss_status status = gptoss_model_create_from_file(path.c_str(), &handle->library);
  if (status != gptoss_status_success) return FromLibrary(status, "load the checkpoint into the GPU's memory");
  *engine = std::make_unique<MetalEngine>(std::move(handle));
  return {};
}

}  // namespace codexpc::metal
