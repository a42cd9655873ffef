#include "model/open-directory.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "model/config-json.h"
#include "model/safetensors.h"
#include "model/tensor-checkpoint.h"
#include "model/tokenizer-json.h"

namespace codexpc {
namespace {

constexpr std::size_t kMaxFiles = 1000;

/// "config.json: what is wrong"
Status InFile(const std::string& path, const Status& status) {
  return {status.code(), std::filesystem::path(path).filename().string() + ": " + status.message()};
}

std::string_view TextOf(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

Status ReadConfigFile(const std::string& path, Config* config) {
  MappedFile file;
  if (Status status = MappedFile::Open(path, &file); !status.ok()) return InFile(path, status);
  if (Status status = ReadConfigJson(TextOf(file), config); !status.ok()) return InFile(path, status);
  return {};
}

Status ReadTokenizerFile(const std::string& directory, std::uint32_t vocab_size, TokenizerData* tokenizer) {
  std::error_code ignored;
  std::string path = directory + "/tokenizer.json";
  if (!std::filesystem::exists(path, ignored)) path = directory + "/../tokenizer.json";
  MappedFile file;
  if (Status status = MappedFile::Open(path, &file); !status.ok()) {
    return {status.code(), "tokenizer.json: " + status.message() + "; it belongs beside the weights or one folder above"};
  }
  if (Status status = ReadTokenizerJson(TextOf(file), vocab_size, tokenizer); !status.ok()) return InFile(path, status);
  return {};
}

}  // namespace

Status FindSafetensors(const std::string& directory, std::vector<std::string>* paths) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".safetensors") paths->push_back(entry->path().string());
    if (paths->size() > kMaxFiles) return {StatusCode::kIoError, "the directory holds too many safetensors files"};
  }
  if (error) return {StatusCode::kIoError, "the directory cannot be listed: " + error.message()};
  std::sort(paths->begin(), paths->end());
  return {};
}

Status OpenDirectory(const std::string& directory, std::vector<MappedFile>* files, Checkpoint* checkpoint) {
  if (Status status = ReadConfigFile(directory + "/config.json", &checkpoint->config); !status.ok()) return status;
  std::vector<std::string> paths;
  if (Status status = FindSafetensors(directory, &paths); !status.ok()) return status;
  TensorMap tensors;
  checkpoint->weights_bytes = 0;
  for (const std::string& path : paths) {
    MappedFile file;
    if (Status status = MappedFile::Open(path, &file); !status.ok()) return InFile(path, status);
    if (Status status = ReadSafetensors(file.bytes(), &tensors); !status.ok()) return InFile(path, status);
    checkpoint->weights_bytes += file.bytes().size();
    files->push_back(std::move(file));
  }
  if (Status status = ViewSafetensors(checkpoint->config, &tensors, &checkpoint->weights); !status.ok()) return status;
  return ReadTokenizerFile(directory, checkpoint->config.vocab_size, &checkpoint->tokenizer);
}

}  // namespace codexpc
