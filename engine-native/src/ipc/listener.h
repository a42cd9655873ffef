#pragma once
// Takes connections at a Mach service that launchd keeps for this process.

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "ipc/connection.h"

namespace codexpc::xpc {

struct Peer {
  uid_t euid;
  pid_t pid;
};

struct ListenerEvents {
  /// Where a new connection is to tell its events.
  std::function<ConnectionEvents()> accepting;
  /// A connection whose peer was checked. Its events come after this.
  std::function<void(std::shared_ptr<Connection>, Peer)> connected;
  /// Another user's connection; it was cancelled without an answer.
  std::function<void(Peer)> refused;
  /// Once, and the last: this side cancelled, or launchd does not keep this service for this process.
  std::function<void()> ended;
};

struct ListenerOptions {
  std::string service;
  std::string requirement;  // of the clients' code signatures; empty: none
  uid_t euid;               // of the only user who may connect
  ConnectionLimits limits;
};

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  static std::shared_ptr<Listener> Listen(const ListenerOptions& options, ListenerEvents events);

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  /// Takes no more connections; open ones go on. Twice is harmless.
  void Cancel();

 private:
  Listener(const ListenerOptions& options, ListenerEvents events);
  void Resume();
  void Handle(xpc_object_t event);
  void Take(xpc_connection_t peer);
  xpc_connection_t get() const { return static_cast<xpc_connection_t>(connection_.get()); }

  const ListenerOptions options_;
  const ListenerEvents events_;
  const dispatch_queue_t queue_;
  const Object connection_;
  std::shared_ptr<Listener> self_;  // until the last event
};

}  // namespace codexpc::xpc
