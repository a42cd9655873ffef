#pragma once
// The part of libxpc that engine-native/src/ipc uses, for tests on Linux. Names and signatures are those of the macOS 13
// headers. See ../README.md.

#include <dispatch/dispatch.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void* xpc_object_t;
typedef struct _xpc_connection_s* xpc_connection_t;
typedef const struct _xpc_type_s* xpc_type_t;
typedef void (^xpc_handler_t)(xpc_object_t object);

struct _xpc_type_s {
  const char* name;
};
extern const struct _xpc_type_s _xpc_type_connection, _xpc_type_dictionary, _xpc_type_error;
#define XPC_TYPE_CONNECTION (&_xpc_type_connection)
#define XPC_TYPE_DICTIONARY (&_xpc_type_dictionary)
#define XPC_TYPE_ERROR (&_xpc_type_error)

extern void* const _xpc_error_connection_interrupted;
extern void* const _xpc_error_connection_invalid;
#define XPC_ERROR_CONNECTION_INTERRUPTED (_xpc_error_connection_interrupted)
#define XPC_ERROR_CONNECTION_INVALID (_xpc_error_connection_invalid)

#define XPC_CONNECTION_MACH_SERVICE_LISTENER (1 << 0)

xpc_object_t xpc_retain(xpc_object_t object);
void xpc_release(xpc_object_t object);
xpc_type_t xpc_get_type(xpc_object_t object);

xpc_object_t xpc_dictionary_create(const char* const* keys, const xpc_object_t* values, size_t count);
xpc_object_t xpc_dictionary_create_reply(xpc_object_t original);
void xpc_dictionary_set_data(xpc_object_t dictionary, const char* key, const void* bytes, size_t length);
const void* xpc_dictionary_get_data(xpc_object_t dictionary, const char* key, size_t* length);

xpc_connection_t xpc_connection_create_mach_service(const char* name, dispatch_queue_t target, uint64_t flags);
void xpc_connection_set_target_queue(xpc_connection_t connection, dispatch_queue_t target);
void xpc_connection_set_event_handler(xpc_connection_t connection, xpc_handler_t handler);
int xpc_connection_set_peer_code_signing_requirement(xpc_connection_t connection, const char* requirement);
void xpc_connection_resume(xpc_connection_t connection);
void xpc_connection_cancel(xpc_connection_t connection);
void xpc_connection_send_message(xpc_connection_t connection, xpc_object_t message);
void xpc_connection_send_message_with_reply(xpc_connection_t connection, xpc_object_t message, dispatch_queue_t queue,
                                            xpc_handler_t handler);
uid_t xpc_connection_get_euid(xpc_connection_t connection);
pid_t xpc_connection_get_pid(xpc_connection_t connection);

#ifdef __cplusplus
}
#endif
