#pragma once
// What Node lacks to run a service on a Unix socket: who connected, locks, core dumps, and the service manager.

#include <napi.h>

namespace codexpc {

/// Adds peerUid, lockFile, listenFds, forbidCoreDumps and notifyService to the module. See src/actors/system-calls.ts.
void RegisterSystem(Napi::Env env, Napi::Object exports);

}  // namespace codexpc
