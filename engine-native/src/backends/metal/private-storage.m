// Weights in Private storage. The library wraps its mapping of the checkpoint in Shared buffers, one of them larger than
// any other; under launchd that fails where a process of a terminal succeeds. So metal.m is compiled with its own
// gptoss_metal_buffer_wrap renamed, and this one copies the weights into the GPU's own memory, chunk by chunk, and lets
// the mapping's pages go behind it. Only model.c calls it, and nothing reads `ptr` of a weight buffer.
//
// mlock and munlock of model.c are renamed too: there is nothing left that would have to stay in memory.

#import <Foundation/Foundation.h>
#import <Metal/Metal.h>

#include <gpt-oss/types.h>
#include <internal/metal.h>

#include <mach-o/getsect.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "upload-plan.h"

int codexpc_no_mlock(const void* address, size_t length);
int codexpc_no_munlock(const void* address, size_t length);

extern const struct mach_header_64 __dso_handle;

/// Once for each load: the blocks' buffers follow the first one.
static void announce(const void* data, size_t size, size_t chunk) {
  static atomic_uintptr_t last_end;
  const uintptr_t previous = atomic_exchange(&last_end, (uintptr_t)data + size);
  if (previous == (uintptr_t)data) return;
  fprintf(stderr, "Warning: using Private storage upload (chunks of %zu MiB)\n", chunk >> 20);
  unsigned long num_bytes = 0; // where metal.m looks first
  if (getsectiondata(&__dso_handle, "__METAL", "__shaders", &num_bytes) != NULL)
    fprintf(stderr, "codexpc: Metal kernels from the addon (%lu bytes of default.metallib)\n", num_bytes);
  else
    fprintf(stderr, "codexpc: Metal kernels from the default library of the main program; the addon brings none\n");
}

static enum gptoss_status copy_chunk(id<MTLDevice> device, id<MTLCommandQueue> queue, id<MTLBuffer> to, size_t at,
                                     const void* bytes, size_t num_bytes) {
  @autoreleasepool {
    id<MTLBuffer> staged = [device newBufferWithBytes:bytes length:num_bytes options:MTLResourceStorageModeShared];
    if (staged == nil) return gptoss_status_insufficient_memory;
    id<MTLCommandBuffer> commands = [queue commandBuffer];
    id<MTLBlitCommandEncoder> blit = [commands blitCommandEncoder];
    if (blit == nil) return gptoss_status_insufficient_resources;
    [blit copyFromBuffer:staged sourceOffset:0 toBuffer:to destinationOffset:at size:num_bytes];
    [blit endEncoding];
    [commands commit];
    [commands waitUntilCompleted];
    if (commands.status != MTLCommandBufferStatusCompleted) {
      fprintf(stderr, "codexpc: uploading weights failed: %s\n", commands.error.localizedDescription.UTF8String);
      return gptoss_status_insufficient_memory;
    }
  }
  return gptoss_status_success;
}

static enum gptoss_status upload(id<MTLDevice> device, id<MTLBuffer> to, const char* data, size_t size, size_t chunk) {
  id<MTLCommandQueue> queue = [device newCommandQueue];
  if (queue == nil) return gptoss_status_insufficient_resources;
  for (size_t at = 0; at < size; at += chunk) {
    const size_t num_bytes = size - at < chunk ? size - at : chunk;
    const enum gptoss_status status = copy_chunk(device, queue, to, at, data + at, num_bytes);
    if (status != gptoss_status_success) return status;
    // Read, and not needed again: without this the file would stay in memory beside its copy.
    madvise((void*)(data + at), num_bytes, MADV_DONTNEED);
  }
  return gptoss_status_success;
}

enum gptoss_status gptoss_metal_buffer_wrap(const struct gptoss_metal_device* device, size_t size, const void* data,
                                            struct gptoss_metal_buffer* buffer_out) {
  id<MTLDevice> device_object = (__bridge id<MTLDevice>)device->object;
  const size_t chunk = codexpc_upload_chunk_bytes(device_object.maxBufferLength, (size_t)getpagesize());
  if (chunk == 0) return gptoss_status_unsupported_system;
  announce(data, size, chunk);
  id<MTLBuffer> buffer = [device_object newBufferWithLength:size options:MTLResourceStorageModePrivate];
  if (buffer == nil) {
    fprintf(stderr, "codexpc: the GPU has no room for %zu bytes of weights\n", size);
    return gptoss_status_insufficient_memory;
  }
  const enum gptoss_status status = upload(device_object, buffer, data, size, chunk);
  if (status != gptoss_status_success) return status;
  memset(buffer_out, 0, sizeof(*buffer_out));
  buffer_out->object = (void*)CFBridgingRetain(buffer);
  buffer_out->size = size;
  return gptoss_status_success;
}

int codexpc_no_mlock(const void* address, size_t length) {
  (void)address;
  (void)length;
  return 0;
}

int codexpc_no_munlock(const void* address, size_t length) {
  (void)address;
  (void)length;
  return 0;
}
