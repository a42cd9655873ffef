#pragma once
// Vocabularies of tokenizer.json and GGUF spell each byte of a token as one character, as GPT-2's encoder does:
// https://github.com/openai/gpt-2/blob/master/src/encoder.py (bytes_to_unicode).

#include <cstdint>
#include <string_view>
#include <vector>

#include "codexpc/model.h"

namespace codexpc {

/// The pattern of o200k_base, which every gpt-oss checkpoint uses; containers other than model.bin do not carry it in
/// this form. The same text as O200K_PATTERN in src/harmony/split-o200k.ts.
extern const std::string_view kO200kPattern;

/// Appends the bytes that `spelled` (UTF-8) stands for. False when it is no such spelling.
bool AppendByteLevel(std::string_view spelled, std::vector<std::uint8_t>* bytes);

/// "<|start|>" is "start"; a reserved or unknown one is "".
std::string_view HarmonyTokenName(std::string_view content);

}  // namespace codexpc
