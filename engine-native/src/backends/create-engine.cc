// Which backend runs a checkpoint. Compiled into the addon, which knows what it is linked with.

#include "codexpc/engine.h"
#ifdef CODEXPC_METAL
#include "backends/metal/metal-engine.h"
#endif

namespace codexpc {
namespace {

Status CreateMetal([[maybe_unused]] const std::shared_ptr<const Model>& model, [[maybe_unused]] const std::string& path,
                   [[maybe_unused]] std::unique_ptr<Engine>* engine) {
#ifdef CODEXPC_METAL
  return metal::CreateMetalEngine(model, path, engine);
#else
  return {StatusCode::kUnsupportedSystem,
          "this build has no Metal backend; on macOS install with packaging/install-agent.sh, or set engine.backend to \"cpu\""};
#endif
}

}  // namespace

Status CreateEngine(const std::string& path, const std::string& backend, const EngineOptions& options,
                    std::unique_ptr<Engine>* engine) {
  if (backend != "auto" && backend != "cpu" && backend != "metal") {
    return {StatusCode::kUnsupportedArgument, "backend is \"" + backend + "\"; expected auto, cpu or metal"};
  }
  std::shared_ptr<const Model> model;
  if (Status status = OpenModel(path, &model); !status.ok()) return status;
  if (backend == "metal" && options.dense_weights != DenseWeights::kStored) {
    return {StatusCode::kUnsupportedArgument, "the Metal backend computes with dense weights as they are stored: leave weights.dense as it is, or use the CPU backend"};
  }
  if (backend == "metal") return CreateMetal(model, path, engine);
#ifdef CODEXPC_METAL
  // A model that the kernels cannot run goes to the CPU, as does one whose weights are to be converted; a GPU without room for one that they can is an error to see.
  if (backend == "auto" && options.dense_weights == DenseWeights::kStored && metal::CheckLibrarySupports(model->config()).ok()) return CreateMetal(model, path, engine);
#endif
  return CreateCpuEngine(std::move(model), options, engine);
}

}  // namespace codexpc
