#include "model/mapped-file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace codexpc {
namespace {

bool IsRegularFile(const std::string& path) {
  struct stat about;
  return stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode);
}

Status Io(std::string message) { return {StatusCode::kIoError, std::move(message)}; }

Status CannotOpen(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Io("there is no such file: check the path");
    case EACCES:
    case EPERM:
      return Io("permission denied: make the file readable for this user (chmod u+r) and its folders searchable");
    case EMFILE:
    case ENFILE:
      return {StatusCode::kInsufficientResources, "too many open files: close some or raise the limit (ulimit -n)"};
    default:
      return Io(std::string("it cannot be opened: ") + std::strerror(error));
  }
}

Status DirectoryInsteadOfFile(const std::string& path) {
  for (const char* inside : {"/model.bin", "/metal/model.bin"}) {
    if (IsRegularFile(path + inside)) return Io("this is a directory: name the file in it, " + path + inside);
  }
  return Io("this is a directory without a checkpoint in it: neither config.json with safetensors files nor model.bin");
}

Status CheckKind(const std::string& path, const struct stat& about) {
  switch (about.st_mode & S_IFMT) {
    case S_IFREG:
      return {};
    case S_IFDIR:
      return DirectoryInsteadOfFile(path);
    case S_IFIFO:
      return Io("this is a FIFO: name a regular file");
    case S_IFCHR:
    case S_IFBLK:
      return Io("this is a device: name a regular file");
    case S_IFSOCK:
      return Io("this is a socket: name a regular file");
    default:
      return Io("this is no regular file");
  }
}

}  // namespace

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::uint8_t*>(data_), size_);
  if (descriptor_ >= 0) close(descriptor_);
}

Status MappedFile::Open(const std::string& path, MappedFile* file) {
  if (path.empty()) return Io("the path is empty: name a checkpoint");
  if (path.find('\0') != std::string::npos) return Io("the path has a NUL byte in it");

  // Before opening: opening some devices has effects of its own. After it: what was looked at may have been replaced.
  struct stat about;
  if (stat(path.c_str(), &about) != 0) return CannotOpen(errno);
  if (Status status = CheckKind(path, about); !status.ok()) return status;

  MappedFile opened;
  opened.descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (opened.descriptor_ < 0) return CannotOpen(errno);
  if (fstat(opened.descriptor_, &about) != 0) return CannotOpen(errno);
  if (Status status = CheckKind(path, about); !status.ok()) return status;

  if (about.st_size > 0) {
    const auto size = static_cast<std::size_t>(about.st_size);
    void* mapping = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, opened.descriptor_, 0);
    if (mapping == MAP_FAILED) {
      if (errno == ENOMEM) {
        return {StatusCode::kInsufficientMemory, "there is no address space to map its " + std::to_string(size) +
                                                     " bytes: raise the limit (ulimit -v)"};
      }
      return Io(std::string("it cannot be mapped into memory: ") + std::strerror(errno));
    }
    opened.data_ = static_cast<const std::uint8_t*>(mapping);
    opened.size_ = size;
  }
  *file = std::move(opened);
  return {};
}

}  // namespace codexpc
