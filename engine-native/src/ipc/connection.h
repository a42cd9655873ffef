#pragma once
// One XPC connection as the protocol uses it: each message carries one frame, and the reply to it says that the frame was
// read. Replies are all the flow control there is: whoever has too much unanswered waits. Knows nothing of Node.
// (Not in a folder called xpc: on the include path it would hide the headers of the system.)

#include <dispatch/dispatch.h>
#include <xpc/xpc.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

namespace codexpc::xpc {

/// Keeps an XPC object; copying is cheap.
class Object {
 public:
  Object() = default;
  static Object Retain(xpc_object_t object) { return Object(xpc_retain(object)); }
  /// For an object that is ours already.
  static Object Adopt(xpc_object_t object) { return Object(object); }
  Object(const Object& other) : object_(other.object_ == nullptr ? nullptr : xpc_retain(other.object_)) {}
  Object(Object&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Object& operator=(Object other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Object() {
    if (object_ != nullptr) xpc_release(object_);
  }
  xpc_object_t get() const { return object_; }

 private:
  explicit Object(xpc_object_t object) : object_(object) {}
  xpc_object_t object_ = nullptr;
};

/// The bytes of a message that was received; valid as long as the frame.
struct Frame {
  Object message;
  std::span<const std::uint8_t> bytes;
};

enum class End {
  kClosed,       // the peer is gone, the service does not exist, or this side cancelled
  kInterrupted,  // the service's process ended; launchd starts it again for the next connection
};

struct ConnectionLimits {
  std::size_t max_frame_bytes;
  /// Frames that may wait to be read, in bytes and in number: what a peer may have unanswered, and one frame more.
  std::size_t max_unread_bytes;
  std::size_t max_unread_frames;
};

/// What a connection tells. Called on a queue of libdispatch, one call at a time.
struct ConnectionEvents {
  std::function<void(Frame)> received;
  /// The peer has read a frame of this many bytes.
  std::function<void(std::size_t)> acknowledged;
  /// The peer broke the protocol. Nothing more is received; sending still works.
  std::function<void(std::string)> faulted;
  /// Once, and the last.
  std::function<void(End)> ended;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// A service that does not exist ends the connection as soon as it starts. `requirement`: what the
  /// service's code signature has to satisfy; empty: nothing. Null when the requirement cannot be understood.
  static std::shared_ptr<Connection> Connect(const std::string& service, const std::string& requirement,
                                             const ConnectionLimits& limits, ConnectionEvents events);
  /// A connection that a listener received. Same requirement, of the client's signature.
  static std::shared_ptr<Connection> Accept(xpc_connection_t peer, const std::string& requirement,
                                            const ConnectionLimits& limits, ConnectionEvents events);

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Events come from here on.
  void Start();
  /// Any thread. After the end nothing happens.
  void Send(std::span<const std::uint8_t> bytes);
  /// Answers the oldest frame that was received and not answered yet.
  void Acknowledge();
  /// Ends the connection; what was not sent yet is lost. `ended` comes when nothing else will. Twice is harmless.
  void Cancel();

 private:
  Connection(Object connection, const ConnectionLimits& limits, ConnectionEvents events);
  bool Require(const std::string& requirement);
  void Handle(xpc_object_t event);
  void HandleError(xpc_object_t error);
  void HandleMessage(xpc_object_t message);
  bool Keep(xpc_object_t message, std::size_t num_bytes);
  void Fault(std::string reason);
  bool HasEnded();
  void HandleEnd(End end);
  xpc_connection_t get() const { return static_cast<xpc_connection_t>(connection_.get()); }

  struct Unread {
    Object message;
    std::size_t num_bytes;
  };

  const Object connection_;
  const dispatch_queue_t queue_;  // serial: events and replies, one at a time
  const ConnectionLimits limits_;
  const ConnectionEvents events_;

  std::mutex mutex_;
  std::deque<Unread> unread_;
  std::size_t unread_bytes_ = 0;
  bool ended_ = false;
  // Touched on the connection's queue alone.
  bool faulted_ = false;
  End end_ = End::kClosed;
  // The event handler holds no reference, so that it makes no cycle: the connection keeps itself until its last event.
  std::shared_ptr<Connection> self_;
};

}  // namespace codexpc::xpc
