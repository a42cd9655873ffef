#include "ipc/connection.h"

#include <utility>

namespace codexpc::xpc {
namespace {

constexpr const char* kFrameKey = "frame";

}  // namespace

Connection::Connection(Object connection, const ConnectionLimits& limits, ConnectionEvents events)
    : connection_(std::move(connection)),
      queue_(dispatch_queue_create("codexpc.connection", nullptr)),
      limits_(limits),
      events_(std::move(events)) {}

Connection::~Connection() { dispatch_release(queue_); }

std::shared_ptr<Connection> Connection::Connect(const std::string& service, const std::string& requirement,
                                                const ConnectionLimits& limits, ConnectionEvents events) {
  Object object = Object::Adopt(xpc_connection_create_mach_service(service.c_str(), nullptr, 0));
  std::shared_ptr<Connection> connection(new Connection(std::move(object), limits, std::move(events)));
  if (connection->Require(requirement)) return connection;
  connection->Start();  // one that never was active must not be released
  connection->Cancel();
  return nullptr;
}

std::shared_ptr<Connection> Connection::Accept(xpc_connection_t peer, const std::string& requirement,
                                               const ConnectionLimits& limits, ConnectionEvents events) {
  std::shared_ptr<Connection> connection(new Connection(Object::Retain(peer), limits, std::move(events)));
  if (connection->Require(requirement)) return connection;
  connection->Cancel();  // libxpc disposes of a connection that was never accepted
  return nullptr;
}

bool Connection::Require(const std::string& requirement) {
  if (requirement.empty()) return true;
  if (xpc_connection_set_peer_code_signing_requirement(get(), requirement.c_str()) == 0) return true;
  faulted_ = true;  // nothing of an unchecked peer is listened to
  return false;
}

void Connection::Start() {
  self_ = shared_from_this();
  Connection* const self = this;
  xpc_connection_set_target_queue(get(), queue_);
  xpc_connection_set_event_handler(get(), ^(xpc_object_t event) {
    self->Handle(event);
  });
  xpc_connection_resume(get());
}

void Connection::Handle(xpc_object_t event) {
  const xpc_type_t type = xpc_get_type(event);
  if (type == XPC_TYPE_ERROR) {
    HandleError(event);
  } else if (type == XPC_TYPE_DICTIONARY && !faulted_) {
    HandleMessage(event);
  }
}

void Connection::HandleError(xpc_object_t error) {
  if (error == XPC_ERROR_CONNECTION_INVALID) {
    HandleEnd(end_);
  } else if (error == XPC_ERROR_CONNECTION_INTERRUPTED) {
    // The service's state is gone, its greeting included: this connection ends, and the next one starts afresh.
    end_ = End::kInterrupted;
    Cancel();
  }
  // Termination imminent comes to processes that libxpc manages itself; ours is told by SIGTERM.
}

void Connection::HandleMessage(xpc_object_t message) {
  std::size_t num_bytes = 0;
  const void* const data = xpc_dictionary_get_data(message, kFrameKey, &num_bytes);
  if (data == nullptr) return Fault("a message without a frame came");
  if (num_bytes > limits_.max_frame_bytes) {
    return Fault("a frame of " + std::to_string(num_bytes) + " bytes is over the limit of " +
                 std::to_string(limits_.max_frame_bytes));
  }
  if (!Keep(message, num_bytes)) return Fault("frames were sent without waiting for the replies to earlier ones");
  events_.received({Object::Retain(message), {static_cast<const std::uint8_t*>(data), num_bytes}});
}

bool Connection::Keep(xpc_object_t message, std::size_t num_bytes) {
  const std::lock_guard lock(mutex_);
  if (unread_bytes_ > limits_.max_unread_bytes || unread_.size() > limits_.max_unread_frames) return false;
  unread_.push_back({Object::Retain(message), num_bytes});
  unread_bytes_ += num_bytes;
  return true;
}

void Connection::Fault(std::string reason) {
  faulted_ = true;
  events_.faulted(std::move(reason));
}

void Connection::HandleEnd(End end) {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    unread_.clear();
  }
  const std::shared_ptr<Connection> last = std::move(self_);
  events_.ended(end);
}

bool Connection::HasEnded() {
  const std::lock_guard lock(mutex_);
  return ended_;
}

void Connection::Send(std::span<const std::uint8_t> bytes) {
  if (HasEnded()) return;
  const Object message = Object::Adopt(xpc_dictionary_create(nullptr, nullptr, 0));
  xpc_dictionary_set_data(message.get(), kFrameKey, bytes.data(), bytes.size());
  const std::shared_ptr<Connection> self = shared_from_this();
  const std::size_t num_bytes = bytes.size();
  // Replies may overtake each other and the peer's own frames: each says only that its frame was read.
  xpc_connection_send_message_with_reply(get(), message.get(), queue_, ^(xpc_object_t reply) {
    if (xpc_get_type(reply) == XPC_TYPE_DICTIONARY && !self->HasEnded()) self->events_.acknowledged(num_bytes);
  });
}

void Connection::Acknowledge() {
  Object message;
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || unread_.empty()) return;
    message = std::move(unread_.front().message);
    unread_bytes_ -= unread_.front().num_bytes;
    unread_.pop_front();
  }
  const Object reply = Object::Adopt(xpc_dictionary_create_reply(message.get()));
  if (reply.get() != nullptr) xpc_connection_send_message(get(), reply.get());
}

void Connection::Cancel() { xpc_connection_cancel(get()); }

}  // namespace codexpc::xpc
