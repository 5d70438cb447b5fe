#include "tests/support/volatile_file_system.h"

#include <gtest/gtest.h>

#include "tests/conformance/file_system_conformance.h"

namespace shoal::io {
namespace {

using tests::VolatileFileSystem;

struct VolatileFixture {
  VolatileFileSystem files;
  Path root() const { return files.root(); }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Volatile, FileSystemConformance, VolatileFixture);

class VolatileTest : public testing::Test {
 protected:
  Path at(std::string_view name) const { return files.root() / name; }

  void write(std::string_view name, std::string_view text, bool sync) {
    auto file = files.open(at(name), OpenMode::create);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write_at(0, std::as_bytes(std::span(text))));
    if (sync) ASSERT_TRUE((*file)->sync());
  }
  std::string read(std::string_view name) {
    return read_whole(files, at(name), 1 << 20).value_or("(none)");
  }

  VolatileFileSystem files;
};

TEST_F(VolatileTest, a_file_needs_its_own_sync_and_its_folders) {
  write("both", "data", true);
  write("no_data", "data", false);
  ASSERT_TRUE(files.sync_directory(files.root()));
  write("no_name", "data", true);
  files.restart();
  EXPECT_EQ(read("both"), "data");
  EXPECT_EQ(read("no_data"), "");
  EXPECT_EQ(read("no_name"), "(none)");
}

TEST_F(VolatileTest, a_rename_is_undone_until_the_folder_is_synced) {
  write("new", "new", true);
  write("name", "old", true);
  ASSERT_TRUE(files.sync_directory(files.root()));
  ASSERT_TRUE(files.rename(at("new"), at("name")));
  EXPECT_EQ(read("name"), "new");
  files.restart();
  EXPECT_EQ(read("name"), "old");
  EXPECT_EQ(read("new"), "new");
  ASSERT_TRUE(files.rename(at("new"), at("name")));
  ASSERT_TRUE(files.sync_directory(files.root()));
  files.restart();
  EXPECT_EQ(read("name"), "new");
  EXPECT_EQ(read("new"), "(none)");
}

TEST_F(VolatileTest, unsynced_writes_are_torn_at_sectors) {
  const std::string old_text(4096, 'a');
  const std::string new_text(4096, 'b');
  write("file", old_text, true);
  ASSERT_TRUE(files.sync_directory(files.root()));
  write("file", new_text, false);
  SeededRandom random(3);
  files.restart(&random);
  const auto text = read("file");
  ASSERT_EQ(text.size(), 4096U);
  EXPECT_NE(text, old_text);
  EXPECT_NE(text, new_text);
  for (std::size_t i = 0; i < text.size(); ++i) EXPECT_EQ(text[i], text[i - i % 512]);
}

TEST_F(VolatileTest, a_failed_sync_loses_the_bytes_although_they_still_read) {
  auto file = files.open(at("file"), OpenMode::create_new);
  ASSERT_TRUE(file);
  ASSERT_TRUE(files.sync_directory(files.root()));
  const std::string_view text = "data";
  ASSERT_TRUE((*file)->write_at(0, std::as_bytes(std::span(text))));
  files.fail_operation(1, ErrorCode::unavailable);
  EXPECT_FALSE((*file)->sync());
  EXPECT_EQ(read("file"), "data");
  EXPECT_TRUE((*file)->sync());
  files.restart();
  EXPECT_EQ(read("file"), "");
}

TEST_F(VolatileTest, open_files_end_with_the_power) {
  auto file = files.open(at("file"), OpenMode::create_new);
  ASSERT_TRUE(file);
  files.cut_power_at(1);
  EXPECT_FALSE((*file)->truncate(1));
  EXPECT_TRUE(files.power_is_off());
  EXPECT_FALSE(files.list(files.root()));
  files.restart();
  EXPECT_TRUE(files.list(files.root()));
  EXPECT_EQ((*file)->sync().error().code, ErrorCode::unavailable);
}

TEST_F(VolatileTest, a_full_and_a_read_only_disk_refuse) {
  files.set_capacity(10);
  auto file = files.open(at("file"), OpenMode::create_new);
  const std::string_view text = "12345678";
  ASSERT_TRUE((*file)->write_at(0, std::as_bytes(std::span(text))));
  EXPECT_EQ((*file)->write_at(8, std::as_bytes(std::span(text))).error().code,
            ErrorCode::unavailable);
  EXPECT_EQ(files.free_bytes(files.root()), 2U);
  files.set_read_only(true);
  EXPECT_EQ((*file)->write_at(0, std::as_bytes(std::span(text))).error().code,
            ErrorCode::unavailable);
  EXPECT_EQ(read("file"), text);
}

// The sweep that every durable writer gets: the old or the new content, never another.
TEST(WriteDurably, is_atomic_and_durable_at_every_power_cut) {
  const auto write = [](VolatileFileSystem& files, std::string_view text) {
    return write_durably(files, files.root() / "state", std::as_bytes(std::span(text)));
  };
  VolatileFileSystem dry;
  ASSERT_TRUE(write(dry, "old"));
  const auto before = dry.operations();
  ASSERT_TRUE(write(dry, "the new one"));
  const auto steps = dry.operations() - before;
  ASSERT_GE(steps, 5U);
  int seen_old = 0;
  int seen_new = 0;
  for (std::uint64_t step = 1; step <= steps + 1; ++step) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      VolatileFileSystem files;
      ASSERT_TRUE(write(files, "old"));
      files.cut_power_at(step);
      const bool acknowledged = write(files, "the new one").has_value();
      SeededRandom random(seed);
      files.restart(seed == 0 ? nullptr : &random);
      const auto text = read_whole(files, files.root() / "state", 100).value_or("(none)");
      EXPECT_TRUE(text == "the new one" || (text == "old" && !acknowledged))
          << text << " after a cut at " << step << " with seed " << seed;
      (text == "old" ? seen_old : seen_new) += 1;
    }
  }
  EXPECT_GT(seen_old, 0);
  EXPECT_GT(seen_new, 0);
}

}  // namespace
}  // namespace shoal::io
