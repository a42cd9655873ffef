#include "model/special-tokens.h"

namespace codexpc {
namespace {

struct NamedUuid {
  std::string_view name;
  std::string_view uuid;
};

constexpr NamedUuid kSpecialTokens[] = {
    {"start", "55a77c2f-8a01-4c54-8ac2-313bfc7e208d"},
    {"message", "16e40431-f47f-4b22-b59b-8b278fc30a54"},
    {"end", "fcac2f6d-4705-4f6b-b228-642accac7238"},
    {"return", "f799ff69-1992-43c4-a3d8-d831f475dc75"},
    {"refusal", "e15ba702-28c4-4292-ab8f-ffa434709128"},
    {"constrain", "c0bb14c7-6022-49da-ad08-792d67e8b470"},
    {"channel", "fd3dda11-c8ab-4033-876e-d93deb172c93"},
    {"call", "1220f796-e388-4de5-b487-fe2eb5fe03c0"},
    {"untrusted", "07d7da55-b346-4cff-8b37-7cefacf8a3e8"},
    {"end_untrusted", "f265bd9c-c717-469e-a447-920687d65d90"},
};

}  // namespace

std::string_view SpecialTokenName(const Uuid& uuid) {
  const std::string text = FormatUuid(uuid);
  for (const NamedUuid& known : kSpecialTokens) {
    if (known.uuid == text) return known.name;
  }
  return {};
}

std::string FormatUuid(const Uuid& uuid) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[uuid[i] >> 4];
    text += kDigits[uuid[i] & 15];
  }
  return text;
}

}  // namespace codexpc
