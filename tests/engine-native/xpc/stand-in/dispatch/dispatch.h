#pragma once
// The part of libdispatch that engine-native/src/ipc uses, for tests on Linux. See ../README.md.

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dispatch_queue_s* dispatch_queue_t;
typedef void (^dispatch_block_t)(void);

/// A serial queue; `attributes` must be null.
dispatch_queue_t dispatch_queue_create(const char* label, void* attributes);
void dispatch_async(dispatch_queue_t queue, dispatch_block_t block);
void dispatch_retain(dispatch_queue_t queue);
void dispatch_release(dispatch_queue_t queue);

#ifdef __cplusplus
}
#endif
