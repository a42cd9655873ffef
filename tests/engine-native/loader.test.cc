#include <unistd.h>

#include <memory>

#include "check.h"
#include "codexpc/model.h"
#include "test-checkpoint.h"

using namespace codexpc;

TEST(opens_a_checkpoint) {
  const std::string path = "/tmp/codexpc-loader-test-" + std::to_string(getpid());
  EXPECT_TRUE(WriteCheckpoint(TinyCheckpoint(), path));
  std::shared_ptr<const Model> model;
  const Status status = OpenModel(path, &model);
  unlink(path.c_str());
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(model->config().vocab_size, 320u);
  EXPECT_EQ(CheckTextTokenizer(model->tokenizer()).message(), "");
}

TEST_MAIN()
