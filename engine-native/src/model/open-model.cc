#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "codexpc/model.h"
#include "model/gguf.h"
#include "model/mapped-file.h"
#include "model/open-directory.h"
#include "model/page-in.h"
#include "model/parse-checkpoint.h"
#include "model/tensor-checkpoint.h"

namespace codexpc {
namespace {

class FileModel final : public Model {
 public:
  FileModel(std::string_view format, std::vector<MappedFile> files, Checkpoint checkpoint)
      : format_(format), files_(std::move(files)), checkpoint_(std::move(checkpoint)) {}

  const Config& config() const override { return checkpoint_.config; }
  const Weights& weights() const override { return checkpoint_.weights; }
  const TokenizerData& tokenizer() const override { return checkpoint_.tokenizer; }
  std::size_t weights_bytes() const override { return checkpoint_.weights_bytes; }
  std::string_view format() const override { return format_; }

  std::size_t file_bytes() const override {
    std::size_t sum = 0;
    for (const MappedFile& file : files_) sum += file.bytes().size();
    return sum;
  }

  Status PageIn(std::size_t offset, std::chrono::milliseconds budget, std::size_t* next) const override {
    if (offset > file_bytes()) {
      return {StatusCode::kInvalidArgument, "offset " + std::to_string(offset) + " lies behind the checkpoint's " +
                                                std::to_string(file_bytes()) + " bytes"};
    }
    const auto until = std::chrono::steady_clock::now() + budget;
    std::size_t start = 0;  // of the file
    for (const MappedFile& file : files_) {
      const std::size_t end = start + file.bytes().size();
      if (offset < end) {
        std::size_t within = offset - start;
        if (Status status = codexpc::PageIn(file.bytes(), until, &within); !status.ok()) return status;
        offset = start + within;
        if (offset < end || std::chrono::steady_clock::now() >= until) break;
      }
      start = end;
    }
    *next = offset;
    return {};
  }

 private:
  const std::string_view format_;
  const std::vector<MappedFile> files_;
  const Checkpoint checkpoint_;  // views into files_
};

Status OpenGguf(const std::string& path, std::vector<MappedFile>* files, Checkpoint* checkpoint) {
  GgufContents contents;
  if (Status status = ReadGguf(files->front().bytes(), &contents); !status.ok()) return status;
  checkpoint->weights_bytes = files->front().bytes().size();
  for (std::uint32_t index = 1; index < contents.num_files; ++index) {
    const std::string part = GgufShardPath(path, index, contents.num_files);
    if (part.empty()) {
      return {StatusCode::kInvalidArgument, "it is the first of " + std::to_string(contents.num_files) +
                                                " files, but its name does not end in -00001-of-….gguf"};
    }
    MappedFile file;
    Status status = MappedFile::Open(part, &file);
    if (status.ok()) status = ReadGgufShard(file.bytes(), index, &contents.tensors);
    if (!status.ok()) return {status.code(), std::filesystem::path(part).filename().string() + ": " + status.message()};
    checkpoint->weights_bytes += file.bytes().size();
    files->push_back(std::move(file));
  }
  checkpoint->config = contents.config;
  checkpoint->tokenizer = std::move(contents.tokenizer);
  return ViewGguf(checkpoint->config, contents.is_ollama, &contents.tensors, &checkpoint->weights);
}

bool IsGguf(const MappedFile& file) {
  return std::string_view(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()).starts_with("GGUF");
}

/// A directory is one checkpoint in safetensors files when it holds config.json and such files.
bool IsCheckpointDirectory(const std::string& path) {
  std::error_code ignored;
  std::vector<std::string> files;
  return std::filesystem::is_regular_file(path + "/config.json", ignored) && FindSafetensors(path, &files).ok() && !files.empty();
}

Status Open(const std::string& path, std::string_view* format, std::vector<MappedFile>* files, Checkpoint* checkpoint) {
  if (path.find('\0') == std::string::npos && IsCheckpointDirectory(path)) {
    *format = "safetensors";
    return OpenDirectory(path, files, checkpoint);
  }
  files->emplace_back();
  if (Status status = MappedFile::Open(path, &files->front()); !status.ok()) return status;
  *format = IsGguf(files->front()) ? "gguf" : "model.bin";
  return *format == "gguf" ? OpenGguf(path, files, checkpoint) : ParseCheckpoint(files->front().bytes(), checkpoint);
}

}  // namespace

Status OpenModel(const std::string& path, std::shared_ptr<const Model>* model) {
  std::string_view format;
  std::vector<MappedFile> files;
  Checkpoint checkpoint;
  if (Status status = Open(path, &format, &files, &checkpoint); !status.ok()) {
    return {status.code(), "cannot use checkpoint \"" + path + "\": " + status.message()};
  }
  *model = std::make_shared<FileModel>(format, std::move(files), std::move(checkpoint));
  return {};
}

}  // namespace codexpc
