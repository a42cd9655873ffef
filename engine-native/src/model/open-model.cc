#include <string>
#include <utility>

#include "codexpc/model.h"
#include "model/mapped-file.h"
#include "model/parse-checkpoint.h"

namespace codexpc {
namespace {

class ModelBin final : public Model {
 public:
  ModelBin(MappedFile file, Checkpoint checkpoint) : file_(std::move(file)), checkpoint_(std::move(checkpoint)) {}

  const Config& config() const override { return checkpoint_.config; }
  const Weights& weights() const override { return checkpoint_.weights; }
  const TokenizerData& tokenizer() const override { return checkpoint_.tokenizer; }
  std::size_t weights_bytes() const override { return checkpoint_.weights_bytes; }
  std::string_view format() const override { return "model.bin"; }

 private:
  MappedFile file_;
  Checkpoint checkpoint_;  // views into file_
};

Status About(const std::string& path, const Status& status) {
  return {status.code(), "cannot use checkpoint \"" + path + "\": " + status.message()};
}

}  // namespace

Status OpenModel(const std::string& path, std::shared_ptr<const Model>* model) {
  MappedFile file;
  if (Status status = MappedFile::Open(path, &file); !status.ok()) return About(path, status);
  Checkpoint checkpoint;
  if (Status status = ParseCheckpoint(file.bytes(), &checkpoint); !status.ok()) return About(path, status);
  *model = std::make_shared<ModelBin>(std::move(file), std::move(checkpoint));
  return {};
}

}  // namespace codexpc
