#include "binding/processes.h"

#if defined(__linux__)

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "binding/arguments.h"
#include "binding/errors.h"
#include "process/descriptor.h"
#include "process/start-process.h"

namespace codexpc::binding {
namespace {

using process::Descriptor;

struct NamedResource {
  const char* name;
  int resource;
};
constexpr NamedResource kResources[] = {
    {"cpuSeconds", RLIMIT_CPU}, {"addressSpaceBytes", RLIMIT_AS}, {"openFiles", RLIMIT_NOFILE},
    {"fileBytes", RLIMIT_FSIZE}, {"coreBytes", RLIMIT_CORE},
};

/// The ends of a pipe; neither is open when the system refuses one.
struct Pipe {
  Descriptor read;
  Descriptor write;
};

Pipe OpenPipe() {
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

bool ReadArray(const Napi::Object& object, const char* name, Napi::Array* array) {
  Napi::Value value;
  if (!ReadValue(object, name, &value)) return false;
  if (value.IsArray()) {
    *array = value.As<Napi::Array>();
    return true;
  }
  Throw(object.Env(), "invalid_request", std::string(name) + " must be an array");
  return false;
}

/// Calls `read(value)` for each; false as soon as that is.
template <typename Reader>
bool ReadEach(const Napi::Object& object, const char* name, Reader read) {
  Napi::Array array;
  if (!ReadArray(object, name, &array)) return false;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    Napi::Value value;
    if (!array.Get(i).UnwrapTo(&value) || !read(value)) return false;
  }
  return true;
}

bool ReadStrings(const Napi::Object& object, const char* name, std::vector<std::string>* texts) {
  return ReadEach(object, name, [&](const Napi::Value& value) {
    std::string text;
    if (!ToString(value, name, &text)) return false;
    texts->push_back(std::move(text));
    return true;
  });
}

bool ReadLimits(const Napi::Object& object, std::vector<process::ResourceLimit>* limits) {
  Napi::Value value;
  Napi::Object wanted;
  if (!ReadValue(object, "limits", &value) || !ToObject(value, "limits", &wanted)) return false;
  for (const auto& [name, resource] : kResources) {
    if (!ReadValue(wanted, name, &value)) return false;
    if (value.IsUndefined()) continue;
    Napi::Object pair;
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
    if (!ToObject(value, name, &pair) || !ReadUint64(pair, "soft", &soft) ||
        !ReadUint64(pair, "hard", &hard))
      return false;
    limits->push_back({resource, soft, hard});
  }
  return true;
}

/// A descriptor of the program, and what this side has of it.
struct Place {
  Descriptor theirs;  // not open: it is borrowed
  Descriptor ours;    // not open: there is none
  int fd = -1;
};

/// False with an error: the system refused, or it is none of 'null', 'read', 'write' and a number.
bool ReadPlace(const Napi::Value& value, Place* place) {
  if (value.IsNumber()) {
    std::uint32_t fd = 0;
    if (!ToUint32(value, "descriptor", &fd)) return false;
    place->fd = static_cast<int>(fd);
    return true;
  }
  std::string kind;
  if (!ToString(value, "descriptor", &kind)) return false;
  const char* call = "pipe2";
  if (kind == "null") {
    call = "open(/dev/null)";
    place->theirs = Descriptor(open("/dev/null", O_RDWR | O_CLOEXEC));
  } else if (kind == "read" || kind == "write") {
    Pipe pipe = OpenPipe();
    place->theirs = std::move(kind == "read" ? pipe.read : pipe.write);
    place->ours = std::move(kind == "read" ? pipe.write : pipe.read);
  } else {
    Throw(value.Env(), "invalid_request", "descriptor must be null, read, write or a number");
    return false;
  }
  place->fd = place->theirs.get();
  if (place->theirs.is_open()) return true;
  ThrowErrno(value.Env(), call, errno);
  return false;
}

// startProcess(options): the program's process, our ends of its descriptors, and where its end will be read.
Napi::Value StartProcess(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Object wanted;
  if (!ToObject(info[0], "options", &wanted)) return {};
  process::ProcessOptions options;
  std::vector<Place> places;
  Napi::Value leash;
  if (!ReadStrings(wanted, "files", &options.files) || !ReadStrings(wanted, "arguments", &options.arguments) ||
      !ReadStrings(wanted, "environment", &options.environment) || !ReadString(wanted, "folder", &options.folder) ||
      !ReadLimits(wanted, &options.limits) || !ReadValue(wanted, "leash", &leash) ||
      !ReadEach(wanted, "descriptors",
                [&](const Napi::Value& value) { return ReadPlace(value, &places.emplace_back()); }))
    return {};
  if (leash.IsNumber()) options.leash = leash.As<Napi::Number>().Int32Value();
  for (const Place& place : places) options.descriptors.push_back(place.fd);
  Pipe end = OpenPipe();
  if (!end.read.is_open()) return ThrowErrno(env, "pipe2", errno);

  const process::ProcessStart started = process::StartProcess(options, std::move(end.write));
  if (started.failed_call != nullptr) return ThrowErrno(env, started.failed_call, started.error);
  Napi::Array ours = Napi::Array::New(env, places.size());
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    Descriptor& fd = places[i].ours;
    ours.Set(i, fd.is_open() ? Napi::Number::New(env, fd.Release()) : env.Null());
  }
  Napi::Object process = Napi::Object::New(env);
  process.Set("pid", Napi::Number::New(env, started.pid));
  process.Set("descriptors", ours);
  process.Set("end", Napi::Number::New(env, end.read.Release()));
  return process;
}

}  // namespace

void RegisterProcesses(Napi::Env env, Napi::Object exports) {
  exports.Set("startProcess", Napi::Function::New(env, StartProcess, "startProcess"));
}

}  // namespace codexpc::binding

#else

namespace codexpc::binding {

void RegisterProcesses(Napi::Env, Napi::Object) {}  // elsewhere Node itself starts them without a fork

}  // namespace codexpc::binding

#endif
