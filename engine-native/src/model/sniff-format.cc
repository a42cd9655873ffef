#include "model/sniff-format.h"

#include <cstring>
#include <string>
#include <string_view>

namespace codexpc {
namespace {

struct KnownPrefix {
  std::string_view prefix;
  const char* what;  // continues "this is "
};

constexpr KnownPrefix kKnownPrefixes[] = {
    {"GPT-OSS v", "a gpt-oss file of another version than 1.0"},
    {"version https://git-lfs", "a Git LFS pointer, not the weights (fetch them with `git lfs pull`)"},
    {"PK\x03\x04", "a ZIP or PyTorch archive"},
    {"\x1f\x8b", "a gzip archive"},
    {"<!DOCTYPE", "an HTML page, probably a failed download"},
    {"<html", "an HTML page, probably a failed download"},
    {"{", "a JSON file"},
};

bool LooksLikeSafetensors(std::span<const std::uint8_t> file) {
  std::uint64_t header_bytes = 0;
  if (file.size() <= sizeof header_bytes) return false;
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  return file[sizeof header_bytes] == '{' && header_bytes <= file.size() - sizeof header_bytes;
}

}  // namespace

Status DescribeForeignFile(std::span<const std::uint8_t> file) {
  constexpr std::string_view kWanted =
      "; this build reads gpt-oss as model.bin (OpenAI's folder metal/), as GGUF, or as a directory of safetensors files";
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  for (const KnownPrefix& known : kKnownPrefixes) {
    if (text.substr(0, known.prefix.size()) == known.prefix) {
      return {StatusCode::kUnsupportedArgument, "this is " + std::string(known.what) + std::string(kWanted)};
    }
  }
  if (LooksLikeSafetensors(file)) {
    return {StatusCode::kUnsupportedArgument, "this is one safetensors file: name the directory that holds it, config.json and tokenizer.json"};
  }
  return {StatusCode::kInvalidArgument, "the magic is not \"GPT-OSS v1.0\"" + std::string(kWanted)};
}

}  // namespace codexpc
