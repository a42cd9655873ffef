// Connections over Unix sockets. A thread for each: it connects or accepts, sends and receives, and hands events to the
// connection's queue. What launchd does is played by files: a service is registered when $XPC_STAND_IN_DIR/NAME
// exists (by default /tmp/codexpc-launchd-UID/NAME).
//   XPC_STAND_IN_EUID       the user that this process claims to be
//   XPC_STAND_IN_SIGNATURE  this process's code signature; a requirement is satisfied by the same text
//   XPC_STAND_IN_REORDER    replies are held back, and overtake each other and messages

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "objects.h"

extern "C" void* _Block_copy(const void* block);
extern "C" void _Block_release(const void* block);

namespace {

using stand_in::Dictionary;
using stand_in::Misuse;
using stand_in::Object;

struct Hello {
  uid_t euid;
  pid_t pid;
  char signature[64];
};

Hello OurHello() {
  Hello hello = {geteuid(), getpid(), {}};
  if (const char* euid = std::getenv("XPC_STAND_IN_EUID")) hello.euid = static_cast<uid_t>(std::atoi(euid));
  if (const char* signature = std::getenv("XPC_STAND_IN_SIGNATURE"))
    std::strncpy(hello.signature, signature, sizeof(hello.signature) - 1);
  return hello;
}

std::string PathOf(const std::string& service) {
  const char* folder = std::getenv("XPC_STAND_IN_DIR");
  return (folder == nullptr ? "/tmp/codexpc-launchd-" + std::to_string(geteuid()) : folder) + "/" + service;
}

sockaddr_un AddressOf(const std::string& service) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = PathOf(service) + ".sock";
  if (path.size() >= sizeof(address.sun_path)) Misuse("XPC_STAND_IN_DIR is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

bool IsRegistered(const std::string& service) { return access(PathOf(service).c_str(), F_OK) == 0; }

int ConnectTo(const std::string& service) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = AddressOf(service);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

template <typename Value>
void Put(std::vector<std::uint8_t>* bytes, const Value& value) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(&value);
  bytes->insert(bytes->end(), begin, begin + sizeof(value));
}

enum class Kind : std::uint64_t { kHello, kMessage, kMessageWithReply, kReply };

struct Header {
  Kind kind;
  std::uint64_t id;
  std::uint64_t length;
};

std::vector<std::uint8_t> Pack(Kind kind, std::uint64_t id, const void* body, std::size_t length) {
  std::vector<std::uint8_t> bytes;
  Put(&bytes, Header{kind, id, length});
  const auto* begin = static_cast<const std::uint8_t*>(body);
  bytes.insert(bytes.end(), begin, begin + length);
  return bytes;
}

/// A block to call with an object, once.
struct Reply {
  dispatch_queue_t queue;
  xpc_handler_t handler;
};

}  // namespace

struct _xpc_connection_s final : Object {
  enum class Role { kListener, kClient, kPeer };

  _xpc_connection_s(Role the_role, std::string service) : Object(XPC_TYPE_CONNECTION), role(the_role), name(std::move(service)) {}
  ~_xpc_connection_s() override {
    if (fd >= 0) close(fd);
    close(wake);
    if (handler != nullptr) _Block_release((const void*)handler);
    dispatch_release(queue);
  }
  void CheckRelease() const override {
    if (role != Role::kPeer && !is_active) Misuse("release of a connection that never was active");
    if (is_active && !has_ended) Misuse("release of a connection that was not cancelled");
  }

  void Activate();
  void Cancel();
  void Post(Kind kind, std::uint64_t id, const Dictionary& body);
  void PostWithReply(const Dictionary& message, Reply reply);

  const Role role;
  const std::string name;
  dispatch_queue_t queue = dispatch_queue_create("stand-in", nullptr);
  xpc_handler_t handler = nullptr;
  std::string requirement;
  Hello peer = {};
  int fd = -1;  // of the thread, once there is one

 private:
  void Run();
  void RunListener();
  bool RunSession();
  bool Connect();
  void Take(int accepted);
  bool Receive(std::vector<std::uint8_t>* inbox);
  void Deliver(const Header& header, std::vector<std::uint8_t> body);
  void DeliverEvent(xpc_object_t event, bool is_last);
  void DeliverReply(Reply reply, xpc_object_t value);
  void ReleaseHeldReplies();
  void FailReplies(xpc_object_t error);
  void End();
  void Wake();

  std::mutex mutex;
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  bool is_active = false;
  bool is_cancelled = false;
  bool has_ended = false;
  std::deque<std::vector<std::uint8_t>> outbox;
  std::map<std::uint64_t, Reply> replies;
  std::uint64_t next_id = 1;
  std::vector<std::pair<Reply, xpc_object_t>> held;  // of the thread
};

namespace {
using Connection = _xpc_connection_s;
Connection* Of(xpc_object_t object) { return static_cast<Connection*>(static_cast<Object*>(object)); }
}  // namespace

void Connection::Activate() {
  {
    const std::lock_guard lock(mutex);
    if (is_active) return;
    if (handler == nullptr) Misuse("a connection without an event handler was activated");
    is_active = true;
  }
  xpc_retain(static_cast<Object*>(this));
  std::thread([this] { Run(); }).detach();
}

void Connection::Cancel() {
  bool dispose = false;
  {
    const std::lock_guard lock(mutex);
    if (is_cancelled) return;
    is_cancelled = true;
    dispose = role == Role::kPeer && !is_active;
  }
  if (dispose) {
    shutdown(fd, SHUT_RDWR);
    xpc_release(static_cast<Object*>(this));  // libxpc's own
  }
  else Wake();
}

void Connection::Wake() {
  const std::uint64_t one = 1;
  (void)!write(wake, &one, sizeof(one));
}

void Connection::Post(Kind kind, std::uint64_t id, const Dictionary& body) {
  const std::vector<std::uint8_t> bytes = stand_in::Serialize(body);
  const std::lock_guard lock(mutex);
  if (is_cancelled || has_ended) return;
  outbox.push_back(Pack(kind, id, bytes.data(), bytes.size()));
  Wake();
}

void Connection::PostWithReply(const Dictionary& message, Reply reply) {
  const std::vector<std::uint8_t> bytes = stand_in::Serialize(message);
  {
    const std::lock_guard lock(mutex);
    if (!is_cancelled && !has_ended) {
      const std::uint64_t id = next_id++;
      replies[id] = reply;
      outbox.push_back(Pack(Kind::kMessageWithReply, id, bytes.data(), bytes.size()));
      Wake();
      return;
    }
  }
  DeliverReply(reply, XPC_ERROR_CONNECTION_INVALID);
}

void Connection::Run() {
  if (role == Role::kListener) {
    RunListener();
  } else {
    while (RunSession()) {
    }
  }
  End();
  xpc_release(static_cast<Object*>(this));
}

void Connection::End() {
  {
    const std::lock_guard lock(mutex);
    has_ended = true;
    outbox.clear();
  }
  if (fd >= 0) close(fd);
  fd = -1;
  ReleaseHeldReplies();
  FailReplies(XPC_ERROR_CONNECTION_INVALID);
  DeliverEvent(XPC_ERROR_CONNECTION_INVALID, true);
}

/// The event block keeps the connection; after the last event libxpc lets go of a peer's. A peer that
/// arrives at a listener cancelled meanwhile is turned away, since nobody else will ever hold it.
void Connection::DeliverEvent(xpc_object_t event, bool is_last) {
  xpc_retain(event);
  xpc_retain(static_cast<Object*>(this));
  dispatch_async(queue, ^{
    bool drop = false;
    {
      const std::lock_guard lock(mutex);
      drop = is_cancelled && !is_last;
    }
    if (!drop) handler(event);
    else if (xpc_get_type(event) == XPC_TYPE_CONNECTION) Of(event)->Cancel();
    xpc_release(event);
    if (is_last && role == Role::kPeer) xpc_release(static_cast<Object*>(this));
    xpc_release(static_cast<Object*>(this));
  });
}

void Connection::DeliverReply(Reply reply, xpc_object_t value) {
  xpc_retain(value);
  dispatch_async(reply.queue, ^{
    reply.handler(value);
    xpc_release(value);
    _Block_release((const void*)reply.handler);
    dispatch_release(reply.queue);
  });
}

void Connection::ReleaseHeldReplies() {
  while (!held.empty()) {
    DeliverReply(held.back().first, held.back().second);
    xpc_release(held.back().second);
    held.pop_back();
  }
}

void Connection::FailReplies(xpc_object_t error) {
  std::map<std::uint64_t, Reply> pending;
  {
    const std::lock_guard lock(mutex);
    pending.swap(replies);
  }
  for (const auto& [id, reply] : pending) DeliverReply(reply, error);
}

void Connection::RunListener() {
  if (!IsRegistered(name)) return;
  if (const int other = ConnectTo(name); other >= 0) {  // launchd lets one process have it
    close(other);
    return;
  }
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = AddressOf(name);
  unlink(address.sun_path);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 || listen(fd, 64) != 0) return;
  for (;;) {
    pollfd fds[] = {{fd, POLLIN, 0}, {wake, POLLIN, 0}};
    poll(fds, 2, -1);
    if ((fds[1].revents & POLLIN) != 0) break;
    Take(accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
  }
  unlink(address.sun_path);
}

void Connection::Take(int accepted) {
  if (accepted < 0) return;
  const Hello ours = OurHello();
  Hello theirs = {};
  if (send(accepted, &ours, sizeof(ours), MSG_NOSIGNAL) != sizeof(ours) ||
      recv(accepted, &theirs, sizeof(theirs), MSG_WAITALL) != sizeof(theirs)) {
    close(accepted);  // somebody who looked whether there is a listener
    return;
  }
  auto* const connection = new Connection(Role::kPeer, name);
  connection->fd = accepted;
  connection->peer = theirs;
  DeliverEvent(static_cast<Object*>(connection), false);
}

bool Connection::Connect() {
  while (fd < 0) {
    if (!IsRegistered(name)) return false;
    fd = ConnectTo(name);
    if (fd >= 0) {
      const Hello ours = OurHello();
      if (send(fd, &ours, sizeof(ours), MSG_NOSIGNAL) == sizeof(ours) &&
          recv(fd, &peer, sizeof(peer), MSG_WAITALL) == sizeof(peer)) {
        return true;
      }
      close(fd);
      fd = -1;
    }
    pollfd waiting = {wake, POLLIN, 0};  // launchd would be starting the service
    poll(&waiting, 1, 2);
    const std::lock_guard lock(mutex);
    if (is_cancelled) return false;
  }
  return true;
}

/// Until the peer is gone or the connection is cancelled. True when a client may connect again.
bool Connection::RunSession() {
  if (role == Role::kClient && !Connect()) return false;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  std::vector<std::uint8_t> inbox;
  std::vector<std::uint8_t> sending;
  std::size_t sent = 0;
  for (;;) {
    if (sent == sending.size()) {
      const std::lock_guard lock(mutex);
      sending.clear();
      sent = 0;
      if (!outbox.empty()) {
        sending = std::move(outbox.front());
        outbox.pop_front();
      }
    }
    const short events = static_cast<short>(POLLIN | (sending.empty() ? 0 : POLLOUT));
    pollfd fds[] = {{fd, events, 0}, {wake, POLLIN, 0}};
    const int ready = poll(fds, 2, held.empty() ? -1 : 1);
    if (ready == 0) ReleaseHeldReplies();
    std::uint64_t count = 0;
    (void)!read(wake, &count, sizeof(count));
    {
      const std::lock_guard lock(mutex);
      if (is_cancelled) return false;
    }
    if ((fds[0].revents & POLLOUT) != 0) {
      const ssize_t size = send(fd, sending.data() + sent, sending.size() - sent, MSG_NOSIGNAL);
      if (size > 0) sent += static_cast<std::size_t>(size);
    }
    if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !Receive(&inbox)) break;
  }
  if (role == Role::kPeer) return false;
  close(fd);
  fd = -1;
  {
    const std::lock_guard lock(mutex);
    outbox.clear();
  }
  ReleaseHeldReplies();
  FailReplies(XPC_ERROR_CONNECTION_INTERRUPTED);
  DeliverEvent(XPC_ERROR_CONNECTION_INTERRUPTED, false);
  for (;;) {  // the next message makes it connect again
    {
      const std::lock_guard lock(mutex);
      if (is_cancelled) return false;
      if (!outbox.empty()) return true;
    }
    pollfd waiting = {wake, POLLIN, 0};
    poll(&waiting, 1, -1);
    std::uint64_t count = 0;
    (void)!read(wake, &count, sizeof(count));
  }
}

/// False when the peer is gone.
bool Connection::Receive(std::vector<std::uint8_t>* inbox) {
  std::uint8_t buffer[64 * 1024];
  const ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
  if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return false;
  if (size > 0) inbox->insert(inbox->end(), buffer, buffer + size);
  std::size_t at = 0;
  for (;;) {
    Header header;
    if (inbox->size() - at < sizeof(header)) break;
    std::memcpy(&header, inbox->data() + at, sizeof(header));
    if (inbox->size() - at - sizeof(header) < header.length) break;
    const std::uint8_t* body = inbox->data() + at + sizeof(header);
    Deliver(header, std::vector<std::uint8_t>(body, body + header.length));
    at += sizeof(header) + header.length;
  }
  inbox->erase(inbox->begin(), inbox->begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

void Connection::Deliver(const Header& header, std::vector<std::uint8_t> body) {
  const bool trusted = requirement.empty() || requirement == peer.signature;
  Dictionary* const dictionary = stand_in::Parse(body);
  const xpc_object_t object = static_cast<Object*>(dictionary);
  if (header.kind == Kind::kReply) {
    Reply reply = {};
    {
      const std::lock_guard lock(mutex);
      const auto found = replies.find(header.id);
      if (found != replies.end()) {
        reply = found->second;
        replies.erase(found);
      }
    }
    if (reply.handler != nullptr && std::getenv("XPC_STAND_IN_REORDER") != nullptr) {
      held.emplace_back(reply, xpc_retain(object));
    } else if (reply.handler != nullptr) {
      DeliverReply(reply, trusted ? object : XPC_ERROR_CONNECTION_INVALID);
    }
  } else if (trusted) {
    dictionary->id = header.id;
    dictionary->wants_reply = header.kind == Kind::kMessageWithReply;
    dictionary->connection = xpc_retain(static_cast<Object*>(this));
    DeliverEvent(object, false);
  }
  xpc_release(object);
}

xpc_connection_t xpc_connection_create_mach_service(const char* name, dispatch_queue_t target, uint64_t flags) {
  const bool listens = (flags & XPC_CONNECTION_MACH_SERVICE_LISTENER) != 0;
  auto* const connection = new Connection(listens ? Connection::Role::kListener : Connection::Role::kClient, name);
  if (target != nullptr) xpc_connection_set_target_queue(connection, target);
  return connection;
}

void xpc_connection_set_target_queue(xpc_connection_t connection, dispatch_queue_t target) {
  dispatch_retain(target);
  dispatch_release(connection->queue);
  connection->queue = target;
}

void xpc_connection_set_event_handler(xpc_connection_t connection, xpc_handler_t handler) {
  connection->handler = (xpc_handler_t)_Block_copy((const void*)handler);
}

int xpc_connection_set_peer_code_signing_requirement(xpc_connection_t connection, const char* requirement) {
  if (!connection->requirement.empty()) Misuse("a second code signing requirement");
  if (requirement[0] == '!') return EINVAL;  // what no compiler of requirements takes
  connection->requirement = requirement;
  return 0;
}

void xpc_connection_resume(xpc_connection_t connection) { connection->Activate(); }
void xpc_connection_cancel(xpc_connection_t connection) { connection->Cancel(); }
uid_t xpc_connection_get_euid(xpc_connection_t connection) { return connection->peer.euid; }
pid_t xpc_connection_get_pid(xpc_connection_t connection) { return connection->peer.pid; }

void xpc_connection_send_message(xpc_connection_t connection, xpc_object_t message) {
  const auto* const dictionary = static_cast<Dictionary*>(static_cast<Object*>(message));
  if (!dictionary->is_reply) connection->Post(Kind::kMessage, 0, *dictionary);
  else Of(dictionary->connection)->Post(Kind::kReply, dictionary->id, *dictionary);
}

void xpc_connection_send_message_with_reply(xpc_connection_t connection, xpc_object_t message, dispatch_queue_t queue,
                                            xpc_handler_t handler) {
  if (queue == nullptr) Misuse("a reply without a queue is not supported here");
  dispatch_retain(queue);
  const auto copy = (xpc_handler_t)_Block_copy((const void*)handler);
  connection->PostWithReply(*static_cast<Dictionary*>(static_cast<Object*>(message)), {queue, copy});
}
