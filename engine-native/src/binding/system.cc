#include "binding/system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "binding/errors.h"

namespace codexpc {
namespace {

constexpr int kFirstListenFd = 3;  // sd_listen_fds(3)

bool IsDescriptor(const Napi::CallbackInfo& info) {
  if (info.Length() == 1 && info[0].IsNumber() && info[0].As<Napi::Number>().Int32Value() >= 0) return true;
  Napi::TypeError::New(info.Env(), "expected a file descriptor").ThrowAsJavaScriptException();
  return false;
}

bool ReadPeerUid(int fd, uid_t* uid) {
#if defined(__linux__)
  struct ucred credentials = {};
  socklen_t length = sizeof(credentials);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return false;
  *uid = credentials.uid;
  return true;
#else
  gid_t gid = 0;  // LOCAL_PEERCRED, as getpeereid reads it
  return getpeereid(fd, uid, &gid) == 0;
#endif
}

// peerUid(fd): effective uid of the process at the other end when it connected.
Napi::Value PeerUid(const Napi::CallbackInfo& info) {
  if (!IsDescriptor(info)) return info.Env().Undefined();
  uid_t uid = 0;
  if (!ReadPeerUid(info[0].As<Napi::Number>().Int32Value(), &uid)) {
    return binding::ThrowErrno(info.Env(), "getsockopt(peer credentials)", errno);
  }
  return Napi::Number::New(info.Env(), uid);
}

// lockFile(fd): takes an exclusive lock that lasts as long as the descriptor; false when another process has it.
Napi::Value LockFile(const Napi::CallbackInfo& info) {
  if (!IsDescriptor(info)) return info.Env().Undefined();
  const int fd = info[0].As<Napi::Number>().Int32Value();
  int result = 0;
  do {
    result = flock(fd, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result != 0 && errno != EWOULDBLOCK) return binding::ThrowErrno(info.Env(), "flock", errno);
  return Napi::Boolean::New(info.Env(), result == 0);
}

// listenFds(): sockets that the service manager opened for this very process; none for its children.
Napi::Value ListenFds(const Napi::CallbackInfo& info) {
  Napi::Array fds = Napi::Array::New(info.Env());
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || std::strtol(pid, nullptr, 10) != static_cast<long>(getpid())) return fds;
  const long num_fds = std::strtol(count, nullptr, 10);
  for (long i = 0; i < num_fds && i < 64; ++i) {
    const int fd = kFirstListenFd + static_cast<int>(i);
    const int flags = fcntl(fd, F_GETFD);
    if (flags < 0) return binding::ThrowErrno(info.Env(), "fcntl(LISTEN_FDS)", errno);
    fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    fds.Set(static_cast<uint32_t>(i), Napi::Number::New(info.Env(), fd));
  }
  return fds;
}

// notifyService(address, state): one sd_notify(3) datagram. False when nothing listens there.
Napi::Value NotifyService(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() != 2 || !info[0].IsString() || !info[1].IsString()) {
    Napi::TypeError::New(env, "expected an address and a state").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  const std::string state = info[1].As<Napi::String>().Utf8Value();

  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return Napi::Boolean::New(env, false);
  std::memcpy(address.sun_path, path.data(), path.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // abstract namespace: the length counts, not a zero
  const socklen_t length = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + path.size());

  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0) return binding::ThrowErrno(env, "socket", errno);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  const ssize_t sent = sendto(fd, state.data(), state.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&address), length);
  close(fd);
  return Napi::Boolean::New(env, sent == static_cast<ssize_t>(state.size()));
}

// forbidCoreDumps(): neither this process nor one that it starts leaves an image of its memory when it crashes.
Napi::Value ForbidCoreDumps(const Napi::CallbackInfo& info) {
  rlimit limit = {};
  if (getrlimit(RLIMIT_CORE, &limit) != 0) return binding::ThrowErrno(info.Env(), "getrlimit(RLIMIT_CORE)", errno);
#if defined(__linux__)
  // Not 0: a program that core_pattern names gets the image whatever the limit, unless that is 1; and a file is not
  // written below a page (https://github.com/torvalds/linux/blob/v6.1/fs/coredump.c, do_coredump).
  constexpr rlim_t kNone = 1;
#else
  constexpr rlim_t kNone = 0;
#endif
  limit.rlim_cur = limit.rlim_max = std::min(kNone, limit.rlim_max);
  if (setrlimit(RLIMIT_CORE, &limit) != 0) return binding::ThrowErrno(info.Env(), "setrlimit(RLIMIT_CORE)", errno);
  return info.Env().Undefined();
}

}  // namespace

void RegisterSystem(Napi::Env env, Napi::Object exports) {
  exports.Set("peerUid", Napi::Function::New(env, PeerUid, "peerUid"));
  exports.Set("lockFile", Napi::Function::New(env, LockFile, "lockFile"));
  exports.Set("listenFds", Napi::Function::New(env, ListenFds, "listenFds"));
  exports.Set("forbidCoreDumps", Napi::Function::New(env, ForbidCoreDumps, "forbidCoreDumps"));
  exports.Set("notifyService", Napi::Function::New(env, NotifyService, "notifyService"));
}

}  // namespace codexpc
