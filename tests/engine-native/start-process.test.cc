// Programs as they find themselves when they begin, and what is heard of them when they do not begin or end.

#include "process/start-process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "check.h"
#include "folder.h"

namespace codexpc::process {
namespace {

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Pipe MakePipe() {
  std::array<int, 2> ends = {-1, -1};
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Until the other end closes.
std::string ReadAll(const Descriptor& fd) {
  std::string text;
  char bytes[4096];
  for (ssize_t length; (length = read(fd.get(), bytes, sizeof(bytes))) > 0;) {
    text.append(bytes, static_cast<std::size_t>(length));
  }
  return text;
}

std::size_t NumDescriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

ProcessOptions Shell(const std::string& script, int output = STDOUT_FILENO) {
  return {.files = {"/bin/sh"},
          .arguments = {"sh", "-c", script},
          .environment = {"PATH=/usr/bin:/bin"},
          .folder = "/",
          .descriptors = {output, output, output},
          .limits = {}};
}

struct Outcome {
  std::string output;
  ProcessEnd end = {-1, -1};
};

/// To its end, its output in between; `options.descriptors` are set.
Outcome Run(ProcessOptions options) {
  Pipe output = MakePipe();
  Pipe end = MakePipe();
  options.descriptors = {output.write.get(), output.write.get(), output.write.get()};
  const ProcessStart started = StartProcess(options, std::move(end.write));
  EXPECT_TRUE(started.failed_call == nullptr);
  output.write = Descriptor();
  Outcome outcome;
  outcome.output = ReadAll(output.read);
  const std::string told = ReadAll(end.read);
  EXPECT_EQ(told.size(), sizeof(ProcessEnd));
  if (told.size() == sizeof(ProcessEnd)) std::memcpy(&outcome.end, told.data(), sizeof(ProcessEnd));
  EXPECT_TRUE(waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD);  // it was collected
  return outcome;
}

void ExpectRefused(const ProcessOptions& options, const std::string& call, int error) {
  const std::size_t before = NumDescriptors();
  {
    Pipe end = MakePipe();
    const ProcessStart started = StartProcess(options, std::move(end.write));
    EXPECT_EQ(started.pid, -1);
    EXPECT_EQ(std::string(started.failed_call == nullptr ? "nothing" : started.failed_call), call);
    EXPECT_EQ(started.error, error);
    EXPECT_EQ(ReadAll(end.read), std::string());
  }
  EXPECT_EQ(NumDescriptors(), before);
  EXPECT_TRUE(waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD);
}

TEST(a_program_has_its_arguments_environment_and_folder) {
  ProcessOptions options = Shell(R"(echo "$0 $1 $NAME"; pwd; env | grep -c =; exit 7)");
  options.arguments.insert(options.arguments.end(), {"zero", "one two"});
  options.environment = {"PATH=/usr/bin:/bin", "NAME=a=b"};
  options.folder = "/usr";
  const Outcome outcome = Run(options);
  EXPECT_EQ(outcome.output, std::string("zero one two a=b\n/usr\n3\n"));  // PWD is the shell's own
  EXPECT_EQ(outcome.end.exit_code, 7);
  EXPECT_EQ(outcome.end.signal, 0);
}

TEST(a_signal_that_ends_a_program_is_told) {
  const Outcome outcome = Run(Shell("kill -SEGV $$"));
  EXPECT_EQ(outcome.end.exit_code, 0);
  EXPECT_EQ(outcome.end.signal, SIGSEGV);
}

TEST(a_program_has_no_descriptors_but_its_own) {
  const Descriptor leaky(open("/dev/null", O_RDONLY));  // as a library might have opened it
  // The last one reads the folder.
  EXPECT_EQ(Run(Shell("for fd in /proc/self/fd/*; do echo ${fd##*/}; done")).output, std::string("0\n1\n2\n3\n"));
}

TEST(descriptors_that_stand_in_each_others_places_change_them) {
  const Folder folder;
  const Descriptor a(open((folder.path() + "/a").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const Descriptor b(open((folder.path() + "/b").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  Pipe output = MakePipe();
  Pipe end = MakePipe();
  const auto place = [](const Descriptor& fd) { return " /proc/$$/fd/" + std::to_string(fd.get()); };
  ProcessOptions options = Shell("readlink" + place(a) + place(b), output.write.get());
  options.descriptors.resize(static_cast<std::size_t>(b.get()) + 1, output.write.get());
  options.descriptors[static_cast<std::size_t>(a.get())] = b.get();
  options.descriptors[static_cast<std::size_t>(b.get())] = a.get();
  EXPECT_TRUE(StartProcess(options, std::move(end.write)).pid > 0);
  output.write = Descriptor();
  EXPECT_EQ(ReadAll(output.read), folder.path() + "/b\n" + folder.path() + "/a\n");
  ReadAll(end.read);
}

TEST(a_program_neither_ignores_nor_blocks_what_is_ignored_and_blocked_here) {
  struct sigaction before = {};
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGUSR1, &ignore, &before);
  sigset_t blocked;
  sigset_t mask;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &mask);
  EXPECT_EQ(Run(Shell("grep -E 'Sig(Blk|Ign)' /proc/self/status | grep -vc '\t0000000000000000$'")).output,
            std::string("0\n"));
  // Here all is as it was.
  struct sigaction after = {};
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, &mask, &now);
  sigaction(SIGUSR1, &before, &after);
  EXPECT_TRUE(after.sa_handler == SIG_IGN);
  EXPECT_TRUE(sigismember(&now, SIGTERM) == 1 && sigismember(&now, SIGHUP) == 0);
}

TEST(limits_are_set_and_cut_to_what_may_be_set) {
  rlimit core = {};
  getrlimit(RLIMIT_CORE, &core);
  rlimit lower = core;
  lower.rlim_cur = lower.rlim_max = std::min<rlim_t>(core.rlim_max, 512 * 1024);
  setrlimit(RLIMIT_CORE, &lower);
  ProcessOptions options = Shell("ulimit -S -n; ulimit -H -n; ulimit -S -t; ulimit -H -t; ulimit -H -c");
  options.limits = {{RLIMIT_NOFILE, 20, 30}, {RLIMIT_CPU, 5, 6}, {RLIMIT_CORE, 1ULL << 40, 1ULL << 40}};
  EXPECT_EQ(Run(options).output, "20\n30\n5\n6\n" + std::to_string(lower.rlim_max / 512) + "\n");
}

TEST(the_first_file_that_can_be_run_is) {
  const Folder folder;
  const std::string plain = folder.path() + "/plain";
  std::ofstream(plain) << "echo no\n";
  ProcessOptions options = Shell("echo yes");
  options.files = {"/nowhere/sh", "/dev/null/sh", plain, "/bin/sh"};
  EXPECT_EQ(Run(options).output, std::string("yes\n"));
  options.files = {"/nowhere/sh", plain, "/dev/null/sh"};
  ExpectRefused(options, "execve", EACCES);
}

TEST(a_script_that_names_no_interpreter_is_the_shells) {
  const Folder folder;
  const std::string script = folder.path() + "/script";
  std::ofstream(script) << "echo \"$1\"\n";
  chmod(script.c_str(), 0700);
  ProcessOptions options = Shell("");
  options.files = {script};
  options.arguments = {"script", "argument"};
  EXPECT_EQ(Run(options).output, std::string("argument\n"));
}

TEST(what_cannot_begin_is_told_by_its_call_and_error) {
  ProcessOptions options = Shell("true");
  options.files = {"/nowhere/sh"};
  ExpectRefused(options, "execve", ENOENT);
  options.files = {};
  ExpectRefused(options, "execve", ENOENT);
  options.files = {"/bin"};
  ExpectRefused(options, "execve", EACCES);
  options = Shell(std::string(1 << 20, 'x'));
  ExpectRefused(options, "execve", E2BIG);
  options = Shell("true");
  options.folder = "/nowhere";
  ExpectRefused(options, "chdir", ENOENT);
  options = Shell("true", 1 << 20);
  ExpectRefused(options, "fcntl", EBADF);
  options = Shell("true");
  options.leash = 1 << 20;
  ExpectRefused(options, "fcntl(leash)", EBADF);
}

TEST(what_is_left_of_a_group_ends_with_its_program) {
  // The output ends when the last of them is gone.
  const Outcome outcome = Run(Shell("trap '' HUP; sleep 100000 & sleep 100000 & exit 3"));
  EXPECT_EQ(outcome.end.exit_code, 3);
}

TEST(a_leash_hears_of_a_group_before_it_begins_and_when_it_has_ended) {
  Pipe leash = MakePipe();
  ProcessOptions options = Shell("echo $$");
  options.leash = leash.write.get();
  const std::string group = Run(options).output;
  options.files = {"/nowhere"};
  ExpectRefused(options, "execve", ENOENT);
  options.leash = -1;
  leash.write = Descriptor();
  const std::string heard = ReadAll(leash.read);
  EXPECT_EQ(heard.substr(0, 2 * group.size() + 2), "+" + group + "-" + group);
  const std::string refused = heard.substr(2 * group.size() + 2);
  EXPECT_EQ(refused.substr(0, 1), std::string("+"));
  EXPECT_EQ("-" + refused.substr(1, refused.find('\n')), refused.substr(refused.find('\n') + 1));
}

TEST(nothing_begins_where_the_leash_is_gone) {
  Pipe leash = MakePipe();
  leash.read = Descriptor();
  ProcessOptions options = Shell("true");
  options.leash = leash.write.get();
  ExpectRefused(options, "write(leash)", EPIPE);
}

TEST(a_program_is_collected_although_nobody_asks) {
  Pipe input = MakePipe();
  Pipe end = MakePipe();
  ProcessOptions options = Shell("read line");
  options.descriptors[0] = input.read.get();
  const ProcessStart started = StartProcess(options, std::move(end.write));
  EXPECT_TRUE(started.pid > 0);
  end.read = Descriptor();
  input = Pipe();
  while (kill(started.pid, 0) == 0) usleep(1000);
  EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace codexpc::process

TEST_MAIN()
