#pragma once
// The calls of the GPT-OSS Metal library that the adapter makes: names and signatures of its public headers
// (https://github.com/openai/gpt-oss, gpt_oss/metal/include/gpt-oss). Where its sources are given, its own headers are
// used, and a difference is a compile error.

#ifdef CODEXPC_GPTOSS_HEADERS
extern "C" {
#include <gpt-oss.h>
}
#else

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum gptoss_status {
  gptoss_status_success = 0,
  gptoss_status_invalid_argument = 1,
  gptoss_status_unsupported_argument = 2,
  gptoss_status_invalid_state = 3,
  gptoss_status_io_error = 4,
  gptoss_status_insufficient_memory = 5,
  gptoss_status_insufficient_resources = 6,
  gptoss_status_unsupported_system = 7,
  gptoss_status_context_overflow = 8,
};

typedef struct gptoss_model* gptoss_model_t;
typedef struct gptoss_context* gptoss_context_t;

enum gptoss_status gptoss_model_create_from_file(const char* path, gptoss_model_t* model_out);
enum gptoss_status gptoss_model_release(gptoss_model_t model);
enum gptoss_status gptoss_context_create(gptoss_model_t model, size_t context_length, size_t max_batch_tokens,
                                         gptoss_context_t* context_out);
enum gptoss_status gptoss_context_append_tokens(gptoss_context_t context, size_t num_tokens, const uint32_t* tokens);
enum gptoss_status gptoss_context_process(gptoss_context_t context);
enum gptoss_status gptoss_context_sample(gptoss_context_t context, float temperature, uint64_t seed, size_t max_tokens,
                                         uint32_t* tokens_out, size_t* num_tokens_out);
enum gptoss_status gptoss_context_reset(gptoss_context_t context);
enum gptoss_status gptoss_context_release(gptoss_context_t context);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif
