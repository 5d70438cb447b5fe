#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>

#include "io/file_system.h"

namespace shoal::io {

/// What every FileSystem does. A fixture has `files` and `root()`, an existing empty folder.
template <class Fixture>
class FileSystemConformance : public testing::Test {
 protected:
  Path at(std::string_view name) const { return fixture.root() / name; }

  void write(std::string_view name, std::string_view text) {
    auto file = fixture.files.open(at(name), OpenMode::create);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE((*file)->truncate(0));
    ASSERT_TRUE((*file)->write_at(0, std::as_bytes(std::span(text))));
  }

  std::string read(std::string_view name) {
    return read_whole(fixture.files, at(name), 1 << 20).value_or("(none)");
  }

  static ErrorCode code(const auto& result) {
    return result ? ErrorCode::internal : result.error().code;
  }

  Fixture fixture;
};

TYPED_TEST_SUITE_P(FileSystemConformance);

TYPED_TEST_P(FileSystemConformance, open_modes_are_kept) {
  auto& files = this->fixture.files;
  EXPECT_EQ(this->code(files.open(this->at("a"), OpenMode::read)), ErrorCode::not_found);
  EXPECT_EQ(this->code(files.open(this->at("a"), OpenMode::write)), ErrorCode::not_found);
  EXPECT_TRUE(files.open(this->at("a"), OpenMode::create_new));
  EXPECT_EQ(this->code(files.open(this->at("a"), OpenMode::create_new)), ErrorCode::conflict);
  EXPECT_TRUE(files.open(this->at("a"), OpenMode::create));
  EXPECT_EQ(this->code(files.open(this->at("no/a"), OpenMode::create)), ErrorCode::not_found);
}

TYPED_TEST_P(FileSystemConformance, reads_are_short_only_at_the_end) {
  this->write("a", "0123456789");
  auto file = this->fixture.files.open(this->at("a"), OpenMode::read);
  ASSERT_TRUE(file);
  std::string buffer(8, '.');
  const auto out = std::as_writable_bytes(std::span(buffer));
  EXPECT_EQ((*file)->read_at(0, out), 8U);
  EXPECT_EQ(buffer, "01234567");
  EXPECT_EQ((*file)->read_at(6, out), 4U);
  EXPECT_EQ(buffer.substr(0, 4), "6789");
  EXPECT_EQ((*file)->read_at(10, out), 0U);
  EXPECT_EQ((*file)->read_at(1000, out), 0U);
  EXPECT_EQ((*file)->size(), 10U);
}

TYPED_TEST_P(FileSystemConformance, a_gap_reads_as_zeros) {
  auto file = this->fixture.files.open(this->at("a"), OpenMode::create_new);
  ASSERT_TRUE(file);
  const std::string_view text = "x";
  ASSERT_TRUE((*file)->write_at(3, std::as_bytes(std::span(text))));
  EXPECT_EQ(this->read("a"), std::string("\0\0\0x", 4));
  ASSERT_TRUE((*file)->truncate(2));
  EXPECT_EQ((*file)->size(), 2U);
  ASSERT_TRUE((*file)->truncate(4));
  EXPECT_EQ(this->read("a"), std::string(4, '\0'));
}

TYPED_TEST_P(FileSystemConformance, rename_replaces_the_target) {
  auto& files = this->fixture.files;
  this->write("a", "new");
  this->write("b", "old");
  ASSERT_TRUE(files.rename(this->at("a"), this->at("b")));
  EXPECT_EQ(this->read("b"), "new");
  EXPECT_EQ(this->code(files.status(this->at("a"))), ErrorCode::not_found);
  EXPECT_EQ(this->code(files.rename(this->at("a"), this->at("c"))), ErrorCode::not_found);
}

TYPED_TEST_P(FileSystemConformance, an_open_file_outlives_its_name) {
  auto& files = this->fixture.files;
  this->write("a", "kept");
  auto file = files.open(this->at("a"), OpenMode::read);
  ASSERT_TRUE(file);
  ASSERT_TRUE(files.remove(this->at("a")));
  std::string buffer(4, '.');
  EXPECT_EQ((*file)->read_at(0, std::as_writable_bytes(std::span(buffer))), 4U);
  EXPECT_EQ(buffer, "kept");
  EXPECT_EQ(this->code(files.remove(this->at("a"))), ErrorCode::not_found);
}

TYPED_TEST_P(FileSystemConformance, link_is_a_second_name) {
  auto& files = this->fixture.files;
  this->write("a", "bytes");
  this->write("c", "other");
  ASSERT_TRUE(files.link(this->at("a"), this->at("b")));
  EXPECT_EQ(this->code(files.link(this->at("a"), this->at("c"))), ErrorCode::conflict);
  EXPECT_EQ(this->code(files.link(this->at("no"), this->at("d"))), ErrorCode::not_found);
  ASSERT_TRUE(files.remove(this->at("a")));
  EXPECT_EQ(this->read("b"), "bytes");
}

TYPED_TEST_P(FileSystemConformance, folders_are_made_listed_and_removed) {
  auto& files = this->fixture.files;
  ASSERT_TRUE(files.create_directories(this->at("x/y")));
  ASSERT_TRUE(files.create_directories(this->at("x/y")));
  this->write("x/b", "1");
  EXPECT_EQ(this->code(files.create_directories(this->at("x/b"))), ErrorCode::conflict);
  this->write("x/a", "2");
  EXPECT_EQ(files.list(this->at("x")), (std::vector<std::string>{"a", "b", "y"}));
  EXPECT_TRUE(files.status(this->at("x"))->is_directory);
  EXPECT_FALSE(files.status(this->at("x/a"))->is_directory);
  EXPECT_EQ(files.status(this->at("x/a"))->size, 1U);
  EXPECT_EQ(this->code(files.list(this->at("no"))), ErrorCode::not_found);
  EXPECT_TRUE(files.sync_directory(this->at("x")));
  EXPECT_EQ(this->code(files.remove(this->at("x"))), ErrorCode::conflict);
  EXPECT_TRUE(files.remove(this->at("x/y")));
  EXPECT_TRUE(files.remove_all(this->at("x")));
  EXPECT_TRUE(files.remove_all(this->at("x")));
  EXPECT_EQ(this->code(files.status(this->at("x"))), ErrorCode::not_found);
}

TYPED_TEST_P(FileSystemConformance, tells_the_free_space) {
  EXPECT_GT(this->fixture.files.free_bytes(this->fixture.root()).value_or(0), 0U);
}

REGISTER_TYPED_TEST_SUITE_P(FileSystemConformance, open_modes_are_kept,
                            reads_are_short_only_at_the_end, a_gap_reads_as_zeros,
                            rename_replaces_the_target, an_open_file_outlives_its_name,
                            link_is_a_second_name, folders_are_made_listed_and_removed,
                            tells_the_free_space);

}  // namespace shoal::io
