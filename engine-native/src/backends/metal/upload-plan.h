#pragma once
// How weights go into Private storage: in chunks, so that what is staged at once stays small. C, for private-storage.m.

#include <stddef.h>

/* At most this much is staged at once: large enough for the copy to run at the speed of memory. */
#define CODEXPC_UPLOAD_CEILING_BYTES ((size_t)256 * 1024 * 1024)

/* A chunk as large as device, ceiling and page size allow; 0 when the device's limit is below a page. */
static inline size_t codexpc_upload_chunk_bytes(size_t max_buffer_bytes, size_t page_bytes) {
  size_t chunk = max_buffer_bytes < CODEXPC_UPLOAD_CEILING_BYTES ? max_buffer_bytes : CODEXPC_UPLOAD_CEILING_BYTES;
  return chunk - chunk % page_bytes;
}

static inline size_t codexpc_upload_num_chunks(size_t num_bytes, size_t chunk_bytes) {
  return num_bytes / chunk_bytes + (num_bytes % chunk_bytes != 0 ? 1 : 0);
}
