// OpenModel on what a path can name: regular files, and everything that must be refused without hanging.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "check.h"
#include "codexpc/model.h"
#include "folder.h"
#include "test-checkpoint.h"

using namespace codexpc;

namespace {

void ExpectRefused(const std::string& path, StatusCode code, const std::string& mention) {
  std::shared_ptr<const Model> model;
  const Status status = OpenModel(path, &model);
  EXPECT_TRUE(model == nullptr);
  EXPECT_EQ(static_cast<int>(status.code()), static_cast<int>(code));
  for (const std::string& part : {mention, std::string(path.c_str())}) {
    if (status.message().find(part) == std::string::npos) {
      check::fail(__FILE__, __LINE__, "expected \"" + part + "\" in: " + status.message());
    }
  }
}

void Touch(const std::string& path, const std::string& content = "") {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  std::fwrite(content.data(), 1, content.size(), file);
  std::fclose(file);
}

}  // namespace

TEST(opens_a_model) {
  const Folder folder;
  EXPECT_TRUE(WriteCheckpoint(TinyCheckpoint(), folder / "model.bin"));
  std::shared_ptr<const Model> model;
  EXPECT_EQ(OpenModel(folder / "model.bin", &model).message(), "");
  EXPECT_EQ(model->config().vocab_size, 320u);
  EXPECT_EQ(model->format(), "model.bin");
  EXPECT_EQ(model->weights_bytes(), std::filesystem::file_size(folder / "model.bin") - 16384);
  EXPECT_EQ(CheckTextTokenizer(model->tokenizer()).message(), "");
}

bf16 SixthOfUnembedding(const Model& model) { return static_cast<const bf16*>(model.weights().unembedding.data)[5]; }

TEST(stays_readable_when_the_file_is_replaced_or_deleted) {
  const Folder folder;
  EXPECT_TRUE(WriteCheckpoint(TinyCheckpoint(1), folder / "model.bin"));
  EXPECT_TRUE(WriteCheckpoint(TinyCheckpoint(2), folder / "new.bin"));
  std::shared_ptr<const Model> model;
  EXPECT_TRUE(OpenModel(folder / "model.bin", &model).ok());
  const bf16 before = SixthOfUnembedding(*model);
  std::filesystem::rename(folder / "new.bin", folder / "model.bin");
  EXPECT_EQ(SixthOfUnembedding(*model), before);
  std::shared_ptr<const Model> replacement;
  EXPECT_TRUE(OpenModel(folder / "model.bin", &replacement).ok());
  EXPECT_TRUE(SixthOfUnembedding(*replacement) != before);
}

/// Whether this system can say that a mapping is unreadable before somebody reads it.
bool CanPopulate() {
#ifdef __linux__
  const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* page = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const bool can = madvise(page, size, 22) == 0;  // MADV_POPULATE_READ
  munmap(page, size);
  return can;
#else
  return false;
#endif
}

/// Pages in from `offset` to the end with a budget that is spent at once, as a slow disk would spend it.
std::size_t CountSlices(const Model& model, std::size_t offset) {
  std::size_t slices = 0;
  for (; offset < model.file_bytes(); ++slices) {
    std::size_t next = 0;
    EXPECT_EQ(model.PageIn(offset, std::chrono::milliseconds(0), &next).message(), "");
    EXPECT_TRUE(next > offset);
    offset = next;
  }
  return slices;
}

/// In memory and in this process' page table: a read of it does not fault.
std::size_t ResidentBytes() {
  long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
  if (file != nullptr) std::fclose(file);
  return static_cast<std::size_t>(pages) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Of several slices.
TestCheckpoint LargeVocabulary() {
  TestCheckpoint checkpoint = TinyCheckpoint();
  checkpoint.num_text_tokens = 16000;
  return checkpoint;
}

TEST(pages_in_a_checkpoint_slice_by_slice) {
  const Folder folder;
  EXPECT_TRUE(WriteCheckpoint(LargeVocabulary(), folder / "model.bin"));
  std::shared_ptr<const Model> model;
  EXPECT_EQ(OpenModel(folder / "model.bin", &model).message(), "");
  EXPECT_EQ(model->file_bytes(), std::filesystem::file_size(folder / "model.bin"));
  const std::size_t before = ResidentBytes();
  const std::size_t mebibytes = (model->file_bytes() + (1 << 20) - 1) >> 20;
  EXPECT_TRUE(mebibytes > 2);
  EXPECT_EQ(CountSlices(*model, 0), mebibytes);
  if (before > 0) EXPECT_TRUE(ResidentBytes() - before > model->file_bytes() / 2);
  EXPECT_EQ(CountSlices(*model, 12345), mebibytes);  // from the middle of a slice
  std::size_t next = 0;
  EXPECT_TRUE(model->PageIn(0, std::chrono::milliseconds(60000), &next).ok());
  EXPECT_EQ(next, model->file_bytes());
  EXPECT_TRUE(model->PageIn(next, std::chrono::milliseconds(0), &next).ok());
  EXPECT_EQ(next, model->file_bytes());
  EXPECT_TRUE(!model->PageIn(next + 1, std::chrono::milliseconds(0), &next).ok());
}

TEST(says_that_a_file_was_cut_short_when_it_pages_in) {
  const Folder folder;
  EXPECT_TRUE(WriteCheckpoint(LargeVocabulary(), folder / "model.bin"));
  std::shared_ptr<const Model> model;
  EXPECT_TRUE(OpenModel(folder / "model.bin", &model).ok());
  std::size_t next = 0;
  std::filesystem::resize_file(folder / "model.bin", 1 << 20);
  if (!CanPopulate()) return;
  const Status status = model->PageIn(0, std::chrono::milliseconds(60000), &next);
  EXPECT_EQ(static_cast<int>(status.code()), static_cast<int>(StatusCode::kIoError));
  EXPECT_TRUE(status.message().find("cut short") != std::string::npos);
}

TEST(gives_descriptor_and_mapping_back) {
  const Folder folder;
  EXPECT_TRUE(WriteCheckpoint(TinyCheckpoint(), folder / "model.bin"));
  Touch(folder / "broken.bin", "GPT-OSS v1.0");
  const auto next_descriptor = [] {
    const int descriptor = open("/dev/null", O_RDONLY);
    close(descriptor);
    return descriptor;
  };
  const int before = next_descriptor();
  for (int i = 0; i < 50; ++i) {
    std::shared_ptr<const Model> model;
    EXPECT_TRUE(OpenModel(folder / "model.bin", &model).ok());
    EXPECT_TRUE(!OpenModel(folder / "broken.bin", &model).ok());
  }
  EXPECT_EQ(next_descriptor(), before);
}

TEST(says_that_a_path_names_nothing) {
  const Folder folder;
  ExpectRefused(folder / "nothing.bin", StatusCode::kIoError, "no such file");
  Touch(folder / "file");
  ExpectRefused(folder / "file/model.bin", StatusCode::kIoError, "no such file");
  ExpectRefused("", StatusCode::kIoError, "the path is empty");
  ExpectRefused(std::string("model.bin\0x", 11), StatusCode::kIoError, "NUL byte");
  ExpectRefused(folder / std::string(300, 'x'), StatusCode::kIoError, "cannot be opened");
  std::filesystem::create_symlink(folder / "loop", folder / "loop");
  ExpectRefused(folder / "loop", StatusCode::kIoError, "cannot be opened");
}

TEST(names_the_model_inside_a_directory) {
  const Folder folder;
  ExpectRefused(folder.path(), StatusCode::kIoError, "a directory without a checkpoint in it");
  std::filesystem::create_directory(folder / "metal");
  Touch(folder / "metal/model.bin");
  ExpectRefused(folder.path(), StatusCode::kIoError, folder / "metal/model.bin");
}

TEST(refuses_devices_fifos_and_sockets_without_waiting) {
  const Folder folder;
  ExpectRefused("/dev/zero", StatusCode::kIoError, "device");
  ExpectRefused("/dev/null", StatusCode::kIoError, "device");
  ExpectRefused("/dev/tty", StatusCode::kIoError, "");
  EXPECT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  ExpectRefused(folder / "fifo", StatusCode::kIoError, "FIFO");

  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder / "socket").c_str(), sizeof address.sun_path - 1);
  EXPECT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ExpectRefused(folder / "socket", StatusCode::kIoError, "socket");
  close(listener);
}

TEST(says_what_to_do_about_missing_permission) {
  if (geteuid() == 0) return;  // root reads everything
  const Folder folder;
  Touch(folder / "secret.bin", "GPT-OSS v1.0");
  chmod((folder / "secret.bin").c_str(), 0);
  ExpectRefused(folder / "secret.bin", StatusCode::kIoError, "chmod u+r");
}

TEST(refuses_empty_and_foreign_files) {
  const Folder folder;
  Touch(folder / "empty.bin");
  ExpectRefused(folder / "empty.bin", StatusCode::kInvalidArgument, "empty");
  Touch(folder / "model.gguf", std::string("GGUF\x03\0\0\0", 8));
  ExpectRefused(folder / "model.gguf", StatusCode::kInvalidArgument, "the file ends inside its header");
  Touch(folder / "random.bin", std::string(1 << 20, 'r'));
  ExpectRefused(folder / "random.bin", StatusCode::kInvalidArgument, "magic");
}

TEST_MAIN()
