// engine-native/src/ipc over the stand-in: this process is the daemon, the client, or both; the other side is often a
// second process of this very program, which can be killed.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <string>
#include <vector>

#include "check.h"
#include "ipc/listener.h"

extern char** environ;

namespace codexpc::xpc {
namespace {

constexpr ConnectionLimits kLimits = {.max_frame_bytes = 16u << 20, .max_unread_bytes = 256u << 10, .max_unread_frames = 1024};

/// What a connection told.
class Log {
 public:
  ConnectionEvents Events(std::function<void(const Frame&)> onFrame = {}) {
    return {
        .received =
            [this, onFrame](Frame frame) {
              if (onFrame) onFrame(frame);
              Change([&] { frames_.emplace_back(frame.bytes.begin(), frame.bytes.end()); });
            },
        .acknowledged = [this](std::size_t bytes) { Change([&] { acknowledged_ += bytes; }); },
        .faulted = [this](std::string reason) { Change([&] { fault_ = std::move(reason); }); },
        .ended = [this](End end) { Change([&] { ends_.push_back(end); }); },
    };
  }

  bool AwaitFrames(std::size_t count) { return Await([&] { return frames_.size() >= count; }); }
  bool AwaitAcknowledged(std::size_t bytes) { return Await([&] { return acknowledged_ >= bytes; }); }
  bool AwaitFault() { return Await([&] { return !fault_.empty(); }); }
  bool AwaitEnd() { return Await([&] { return !ends_.empty(); }); }

  std::vector<std::string> frames() { return Read(frames_); }
  std::size_t acknowledged() { return Read(acknowledged_); }
  std::string fault() { return Read(fault_); }
  std::vector<End> ends() { return Read(ends_); }

 private:
  template <typename Value>
  Value Read(const Value& value) {
    const std::lock_guard lock(mutex_);
    return value;
  }
  void Change(const std::function<void()>& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  bool Await(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> frames_;
  std::size_t acknowledged_ = 0;
  std::string fault_;
  std::vector<End> ends_;
};

/// A listener whose connections answer each frame with itself, and reply to it unless told otherwise.
class Echo {
 public:
  explicit Echo(const std::string& service, ListenerOptions options = {}, bool replies = true) {
    options.service = service;
    if (options.euid == 0) options.euid = geteuid();
    options.limits = kLimits;
    listener_ = Listener::Listen(options, {
        .accepting = [this, replies] { return Accepting(replies); },
        .connected = [this](std::shared_ptr<Connection> connection, Peer) { Keep(std::move(connection)); },
        .refused = [this](Peer) { Change([this] { ++refused_; }); },
        .ended = [this] { Change([this] { ended_ = true; }); },
    });
  }
  ~Echo() {
    listener_->Cancel();
    EXPECT_TRUE(Await([this] { return ended_; }));
    for (const auto& connection : Connections()) connection->Cancel();
    EXPECT_TRUE(Await([this] { return num_ended_ == num_accepted_; }));
  }

  void Cancel() { listener_->Cancel(); }
  bool AwaitEnded() { return Await([this] { return ended_; }); }
  bool AwaitRefused() { return Await([this] { return refused_ > 0; }); }
  bool AwaitPeers(std::size_t count) { return Await([this, count] { return connections_.size() >= count; }); }
  bool AwaitPeersEnded(int count) { return Await([this, count] { return num_ended_ >= count; }); }
  int num_ended() {
    const std::lock_guard lock(mutex_);
    return num_ended_;
  }
  std::vector<std::shared_ptr<Connection>> Connections() {
    const std::lock_guard lock(mutex_);
    return connections_;
  }
  Log log;

 private:
  ConnectionEvents Accepting(bool replies) {
    auto cell = std::make_shared<std::weak_ptr<Connection>>();
    {
      const std::lock_guard lock(mutex_);
      accepting_ = cell;
    }
    ConnectionEvents events = log.Events([cell, replies](const Frame& frame) {
      const std::shared_ptr<Connection> connection = cell->lock();
      if (connection == nullptr) return;
      connection->Send(frame.bytes);
      if (replies) connection->Acknowledge();
    });
    events.ended = [this, then = events.ended](End end) {
      then(end);
      Change([this] { ++num_ended_; });
    };
    return events;
  }
  void Keep(std::shared_ptr<Connection> connection) {
    const std::lock_guard lock(mutex_);
    ++num_accepted_;
    *accepting_ = connection;
    connections_.push_back(std::move(connection));
    changed_.notify_all();
  }
  void Change(const std::function<void()>& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  bool Await(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<std::weak_ptr<Connection>> accepting_;
  std::vector<std::shared_ptr<Connection>> connections_;
  int num_accepted_ = 0;
  int num_ended_ = 0;
  int refused_ = 0;
  bool ended_ = false;
  std::shared_ptr<Listener> listener_;
};

std::span<const std::uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// A client that replies to everything it receives.
class Client {
 public:
  explicit Client(const std::string& service, const std::string& requirement = "") {
    connection_ = Connection::Connect(service, requirement, kLimits, log.Events([this](const Frame&) {
      std::shared_ptr<Connection> self;
      {
        const std::lock_guard lock(mutex_);
        self = connection_;
      }
      if (self != nullptr) self->Acknowledge();
    }));
    if (connection_ != nullptr) connection_->Start();
  }
  ~Client() {
    if (connection_ != nullptr) connection_->Cancel();
    EXPECT_TRUE(log.AwaitEnd());
    EXPECT_EQ(log.ends().size(), 1u);
  }
  void Send(const std::string& text) { connection_->Send(Bytes(text)); }
  bool is_open() const { return connection_ != nullptr; }
  Log log;

 private:
  std::mutex mutex_;
  std::shared_ptr<Connection> connection_;
};

/// The services that launchd knows are the files of this folder.
std::string Register(const std::string& service) {
  const std::string path = std::string(std::getenv("XPC_STAND_IN_DIR")) + "/" + service;
  close(open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  return service;
}

/// This program in another process and another role.
class Process {
 public:
  Process(const char* role, const std::string& service, const char* variable = nullptr) {
    std::vector<char*> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
    if (variable != nullptr) environment.push_back(const_cast<char*>(variable));
    environment.push_back(nullptr);
    char* const arguments[] = {const_cast<char*>("xpc_test"), const_cast<char*>(role),
                               const_cast<char*>(service.c_str()), nullptr};
    if (posix_spawn(&pid_, "/proc/self/exe", nullptr, nullptr, arguments, environment.data()) != 0) std::abort();
  }
  ~Process() { Kill(); }
  void Kill() {
    if (pid_ == 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
};

TEST(frames_go_both_ways_in_order_and_are_acknowledged) {
  const std::string service = Register("both-ways");
  const Process daemon("--echo", service);
  Client client(service);
  std::size_t sent = 0;
  for (int i = 0; i < 200; ++i) {
    client.Send(std::to_string(i));
    sent += std::to_string(i).size();
  }
  EXPECT_TRUE(client.log.AwaitFrames(200));
  EXPECT_TRUE(client.log.AwaitAcknowledged(sent));
  const std::vector<std::string> frames = client.log.frames();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(frames[static_cast<std::size_t>(i)], std::to_string(i));
  EXPECT_EQ(client.log.acknowledged(), sent);
}

TEST(a_frame_of_3_mib_arrives_whole) {
  const std::string service = Register("large");
  const Process daemon("--echo", service);
  Client client(service);
  std::string large(3u << 20, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 2654435761u >> 16);
  client.Send(large);
  client.Send("");
  EXPECT_TRUE(client.log.AwaitFrames(2));
  EXPECT_TRUE(client.log.frames()[0] == large);
  EXPECT_EQ(client.log.frames()[1], std::string());
}

TEST(replies_and_frames_may_overtake_each_other) {
  const std::string service = Register("reorder");
  const Process daemon("--echo", service, "XPC_STAND_IN_REORDER=1");
  setenv("XPC_STAND_IN_REORDER", "1", 1);
  {
    Client client(service);
    for (int i = 0; i < 100; ++i) client.Send(std::string(1, static_cast<char>('a' + i % 26)));
    EXPECT_TRUE(client.log.AwaitFrames(100));
    EXPECT_TRUE(client.log.AwaitAcknowledged(100));
    for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(client.log.frames()[i][0], static_cast<char>('a' + i % 26));
  }
  unsetenv("XPC_STAND_IN_REORDER");
}

TEST(a_killed_daemon_interrupts_its_clients_and_the_next_connection_reaches_its_successor) {
  const std::string service = Register("killed-daemon");
  Process daemon("--echo", service);
  Client client(service);
  client.Send("one");
  EXPECT_TRUE(client.log.AwaitFrames(1));
  daemon.Kill();
  EXPECT_TRUE(client.log.AwaitEnd());
  EXPECT_TRUE(client.log.ends() == std::vector<End>{End::kInterrupted});
  client.Send("after the end nothing happens");

  const Process successor("--echo", service);
  Client next(service);
  next.Send("two");
  EXPECT_TRUE(next.log.AwaitFrames(1));
}

TEST(a_killed_client_ends_its_own_connection_alone) {
  const std::string service = Register("killed-client");
  Echo echo(service, {}, false);
  Client other(service);
  other.Send("hello");
  EXPECT_TRUE(echo.log.AwaitFrames(1));
  {
    Process client("--chatter", service);
    EXPECT_TRUE(echo.log.AwaitFrames(20));
  }
  EXPECT_TRUE(echo.AwaitPeersEnded(1));
  EXPECT_EQ(echo.num_ended(), 1);
  other.Send("still here");
  EXPECT_TRUE(other.log.AwaitFrames(2));
}

TEST(a_listener_is_cancelled_with_peers_open) {
  const std::string service = Register("cancelled");
  Echo echo(service);
  Client client(service);
  client.Send("one");
  EXPECT_TRUE(client.log.AwaitFrames(1));
  echo.Cancel();
  EXPECT_TRUE(echo.AwaitEnded());
  client.Send("two");
  EXPECT_TRUE(client.log.AwaitFrames(2));
  for (const auto& connection : echo.Connections()) connection->Cancel();
  EXPECT_TRUE(client.log.AwaitEnd());
}

TEST(an_unknown_service_ends_both_sides_at_once) {
  Client client("nobody");
  EXPECT_TRUE(client.log.AwaitEnd());
  EXPECT_TRUE(client.log.ends() == std::vector<End>{End::kClosed});
  Echo echo("nobody");
  EXPECT_TRUE(echo.AwaitEnded());
}

TEST(a_client_may_come_before_the_daemon) {
  const std::string service = Register("on-demand");
  Client client(service);
  client.Send("early");
  const Process daemon("--echo", service);
  EXPECT_TRUE(client.log.AwaitFrames(1));
}

TEST(another_user_is_refused) {
  const std::string service = Register("other-user");
  Echo echo(service);
  const Process stranger("--chatter", service, "XPC_STAND_IN_EUID=12345");
  EXPECT_TRUE(echo.AwaitRefused());
  EXPECT_EQ(echo.Connections().size(), 0u);
  Client client(service);
  client.Send("ours");
  EXPECT_TRUE(client.log.AwaitFrames(1));
  EXPECT_EQ(echo.Connections().size(), 1u);
}

TEST(a_client_must_carry_the_required_signature) {
  const std::string service = Register("signed");
  Echo echo(service, {.service = {}, .requirement = "anchor ours", .euid = 0, .limits = {}});
  const Process unsigned_client("--chatter", service);
  EXPECT_TRUE(echo.AwaitPeers(1));
  const Process signed_client("--chatter", service, "XPC_STAND_IN_SIGNATURE=anchor ours");
  EXPECT_TRUE(echo.log.AwaitFrames(20));
  for (const std::string& frame : echo.log.frames()) EXPECT_EQ(frame.substr(0, 11), std::string("anchor ours"));
}

TEST(a_requirement_that_cannot_be_understood_lets_nobody_in) {
  const std::string service = Register("misspelt");
  Echo echo(service, {.service = {}, .requirement = "!", .euid = 0, .limits = {}});
  Client client(service);
  client.Send("hello");
  EXPECT_TRUE(echo.AwaitRefused());
  EXPECT_EQ(echo.log.frames().size(), 0u);
  EXPECT_TRUE(!Client(service, "!").is_open());
}

TEST(a_peer_that_does_not_wait_for_replies_is_not_listened_to) {
  const std::string service = Register("flood");
  Echo echo(service, {}, false);
  Client client(service);
  const std::string piece(64u << 10, 'x');
  for (int i = 0; i < 10; ++i) client.Send(piece);
  EXPECT_TRUE(echo.log.AwaitFault());
  EXPECT_TRUE(echo.log.fault().find("without waiting") != std::string::npos);
  EXPECT_EQ(echo.log.frames().size(), 5u);
  echo.Connections()[0]->Send(Bytes("why"));  // the peer is still told
  EXPECT_TRUE(client.log.AwaitFrames(6));
  EXPECT_EQ(client.log.frames()[5], std::string("why"));
}

TEST(an_oversized_frame_is_a_fault) {
  const std::string service = Register("oversized");
  Echo echo(service);
  Client client(service);
  client.Send(std::string(kLimits.max_frame_bytes + 1, 'x'));
  EXPECT_TRUE(echo.log.AwaitFault());
  EXPECT_EQ(echo.log.frames().size(), 0u);
}

TEST(a_message_without_a_frame_is_a_fault) {
  const std::string service = Register("no-frame");
  Echo echo(service);
  const Process stranger("--frameless", service);
  EXPECT_TRUE(echo.log.AwaitFault());
}

TEST(connections_come_and_go_while_frames_are_under_way) {
  const std::string service = Register("churn");
  Echo echo(service);
  for (int round = 0; round < 50; ++round) {
    Client client(service);
    for (int i = 0; i < 5; ++i) client.Send("frame");
    if (round % 2 == 0) EXPECT_TRUE(client.log.AwaitFrames(1));
  }
}

int RunEcho(const char* service) {
  Echo echo(service);
  pause();
  return 0;
}

/// Sends its signature and a number, again and again, and replies to nothing.
int RunChatter(const char* service) {
  Log log;
  const auto connection = Connection::Connect(service, "", kLimits, log.Events());
  connection->Start();
  const char* const signature = std::getenv("XPC_STAND_IN_SIGNATURE");
  for (int i = 0; i < 100; ++i) {
    connection->Send(Bytes((signature == nullptr ? "" : signature) + std::to_string(i)));
  }
  log.AwaitEnd();
  pause();
  return 0;
}

int RunFrameless(const char* service) {
  const dispatch_queue_t queue = dispatch_queue_create("frameless", nullptr);
  const xpc_connection_t connection = xpc_connection_create_mach_service(service, queue, 0);
  xpc_connection_set_event_handler(connection, ^(xpc_object_t) {
  });
  xpc_connection_resume(connection);
  xpc_connection_send_message(connection, xpc_dictionary_create(nullptr, nullptr, 0));
  pause();
  return 0;
}

}  // namespace
}  // namespace codexpc::xpc

int main(int argc, char** argv) {
  using namespace codexpc::xpc;
  if (argc == 3 && std::strcmp(argv[1], "--echo") == 0) return RunEcho(argv[2]);
  if (argc == 3 && std::strcmp(argv[1], "--chatter") == 0) return RunChatter(argv[2]);
  if (argc == 3 && std::strcmp(argv[1], "--frameless") == 0) return RunFrameless(argv[2]);
  char folder[] = "/tmp/codexpc-xpc-XXXXXX";
  if (mkdtemp(folder) == nullptr) return 1;
  setenv("XPC_STAND_IN_DIR", folder, 1);
  const int code = check::run_all(argc, argv);
  std::string remove = std::string("rm -r ") + folder;
  (void)!std::system(remove.c_str());
  return code;
}
