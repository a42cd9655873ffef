#pragma once
// Programs as Node cannot start them: process/start-process.h.

#include <napi.h>

namespace codexpc::binding {

/// Adds startProcess to the module, where the system is one that it is written for. See src/actors/system-calls.ts.
void RegisterProcesses(Napi::Env env, Napi::Object exports);

}  // namespace codexpc::binding
