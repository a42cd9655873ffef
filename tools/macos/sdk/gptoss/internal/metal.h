// Check build only: see ../../README.md. What private-storage.m uses of the library's inner header of this name.
#pragma once

#include <gpt-oss/types.h>
#include <stddef.h>

struct gptoss_metal_device {
  void* object;  // id<MTLDevice>
  size_t num_cores;
  size_t max_buffer_size;
  size_t max_threadgroup_memory;
  size_t max_threadgroup_threads_x;
  size_t max_threadgroup_threads_y;
  size_t max_threadgroup_threads_z;
};

struct gptoss_metal_buffer {
  void* object;  // id<MTLBuffer>
  size_t size;
  void* ptr;
};

enum gptoss_status gptoss_metal_buffer_wrap(const struct gptoss_metal_device* device, size_t size, const void* data,
                                            struct gptoss_metal_buffer* buffer_out);
