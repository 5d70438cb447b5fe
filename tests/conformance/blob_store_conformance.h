#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>

#include "blob/blob_store.h"
#include "io/runtime.h"
#include "tests/support/temporary_directory.h"

namespace shoal::blob {

/// What every BlobStore does. A fixture has `store()`, and `source_files()` and `source_folder()`
/// where its put_file reads another file system than the machine's.
template <class Fixture>
class BlobStoreConformance : public testing::Test {
 protected:
  BlobStore& store() { return fixture.store(); }

  template <class T>
  T wait(io::Task<T> task) {
    std::optional<T> result;
    runtime.run_until_done([](io::Task<T> inner, std::optional<T>& out) -> io::Task<> {
      out.emplace(co_await std::move(inner));
    }(std::move(task), result));
    return std::move(*result);
  }

  Result<std::string> read(const std::string& key) {
    TRY(const auto reader, wait(store().open(key)));
    std::string text(reader->size() + 10, '?');
    TRY(const std::size_t got, wait(reader->read_at(0, std::as_writable_bytes(std::span(text)))));
    text.resize(got);
    return text;
  }

  io::Path file(std::string_view text) {
    const std::string name = std::to_string(++files);
    if constexpr (requires { fixture.source_files(); }) {
      const io::Path path = fixture.source_folder() / name;
      const auto out = fixture.source_files().open(path, io::OpenMode::create_new);
      EXPECT_TRUE((*out)->write_at(0, std::as_bytes(std::span(text))));
      return path;
    } else {
      const io::Path path = scratch.path() / name;
      std::ofstream(path, std::ios::binary) << text;
      return path;
    }
  }

  void overwrite(const io::Path& path, std::string_view text) {
    if constexpr (requires { fixture.source_files(); }) {
      const auto out = fixture.source_files().open(path, io::OpenMode::write);
      EXPECT_TRUE((*out)->write_at(0, std::as_bytes(std::span(text))));
    } else {
      std::fstream(path, std::ios::binary | std::ios::in | std::ios::out) << text;
    }
  }

  static ErrorCode code(const auto& result) {
    return result ? ErrorCode::internal : result.error().code;
  }

  io::Runtime runtime{1};
  tests::TemporaryDirectory scratch;
  int files = 0;
  Fixture fixture;
};

TYPED_TEST_SUITE_P(BlobStoreConformance);

TYPED_TEST_P(BlobStoreConformance, an_object_reads_back_as_it_was_put) {
  ASSERT_TRUE(this->wait(this->store().put_bytes("a/b.txt", "hello", {})));
  ASSERT_TRUE(this->wait(this->store().put_file("a/c.txt", this->file("from a file"), {})));
  EXPECT_EQ(this->read("a/b.txt"), "hello");
  EXPECT_EQ(this->read("a/c.txt"), "from a file");
  EXPECT_EQ(this->wait(this->store().status("a/b.txt"))->size, 5U);
}

TYPED_TEST_P(BlobStoreConformance, a_copied_file_stays_where_it_is) {
  const io::Path source = this->file("from a file");
  ASSERT_TRUE(this->wait(this->store().put_copy("a/b", source, {})));
  EXPECT_EQ(this->code(this->wait(this->store().put_copy("a/b", source, {}))), ErrorCode::conflict);
  ASSERT_TRUE(this->wait(this->store().put_copy("a/c", source, {})));
  // What happens to the file is nothing to its copies, and the other way round.
  this->overwrite(source, "FROM");
  ASSERT_TRUE(this->wait(this->store().remove("a/b")));
  EXPECT_EQ(this->read("a/c"), "from a file");
  ASSERT_TRUE(this->wait(this->store().put_file("a/d", source, {})));
  EXPECT_EQ(this->read("a/d"), "FROM a file");
  EXPECT_EQ(this->code(this->wait(this->store().put_copy("a/e", source, {}))),
            ErrorCode::not_found);
}

TYPED_TEST_P(BlobStoreConformance, an_object_gets_a_second_key_and_outlives_the_first) {
  ASSERT_TRUE(this->wait(this->store().put_bytes("a/first", "bytes", {})));
  ASSERT_TRUE(this->wait(this->store().copy("a/first", "b/second", {})));
  EXPECT_EQ(this->code(this->wait(this->store().copy("a/first", "b/second", {}))),
            ErrorCode::conflict);
  EXPECT_EQ(this->code(this->wait(this->store().copy("a/none", "b/third", {}))),
            ErrorCode::not_found);
  EXPECT_EQ(this->code(this->wait(this->store().status("b/third"))), ErrorCode::not_found);
  ASSERT_TRUE(this->wait(this->store().remove("a/first")));
  EXPECT_EQ(this->read("b/second"), "bytes");
}

TYPED_TEST_P(BlobStoreConformance, several_objects_become_one_and_stay) {
  const auto letters = [](char first, std::size_t size) {
    std::string text(size, first);
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(first + i % 7);
    return text;
  };
  // Both sides of what a part of an upload must have at least, and nothing at all.
  const std::vector<std::string> pieces{"head",   letters('a', 6 << 20),       "",
                                        "middle", letters('k', (5 << 20) + 1), "tail"};
  std::vector<std::string> keys;
  std::string whole;
  for (const std::string& piece : pieces) {
    keys.push_back("pieces/" + std::to_string(keys.size()));
    ASSERT_TRUE(this->wait(this->store().put_bytes(keys.back(), piece, {})));
    whole += piece;
  }
  const auto joined = this->wait(this->store().join(keys, "whole/one", {}));
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_TRUE(this->read("whole/one") == whole) << "other bytes than those of the pieces";
  EXPECT_EQ(this->read(keys.back()), "tail");
  EXPECT_EQ(this->code(this->wait(this->store().join(keys, "whole/one", {}))), ErrorCode::conflict);
  ASSERT_TRUE(this->wait(this->store().join({keys.front(), keys.back()}, "whole/small", {})));
  EXPECT_EQ(this->read("whole/small"), "headtail");
  EXPECT_EQ(this->code(this->wait(this->store().join({keys.front(), "none"}, "whole/two", {}))),
            ErrorCode::not_found);
  EXPECT_EQ(this->code(this->wait(this->store().join({keys[2]}, "whole/three", {}))),
            ErrorCode::invalid);
}

TYPED_TEST_P(BlobStoreConformance, a_key_is_never_written_twice) {
  ASSERT_TRUE(this->wait(this->store().put_bytes("k", "first", {})));
  EXPECT_EQ(this->code(this->wait(this->store().put_bytes("k", "second", {}))),
            ErrorCode::conflict);
  EXPECT_EQ(this->code(this->wait(this->store().put_file("k", this->file("third"), {}))),
            ErrorCode::conflict);
  EXPECT_EQ(this->read("k"), "first");
}

TYPED_TEST_P(BlobStoreConformance, what_is_not_there_is_not_found) {
  EXPECT_EQ(this->code(this->wait(this->store().open("no"))), ErrorCode::not_found);
  EXPECT_EQ(this->code(this->wait(this->store().status("no"))), ErrorCode::not_found);
  EXPECT_TRUE(this->wait(this->store().remove("no")));
}

TYPED_TEST_P(BlobStoreConformance,
             a_removed_object_is_gone_and_its_open_reader_reads_on_or_says_so) {
  ASSERT_TRUE(this->wait(this->store().put_bytes("k", "bytes", {})));
  auto reader = this->wait(this->store().open("k"));
  ASSERT_TRUE(reader);
  ASSERT_TRUE(this->wait(this->store().remove("k")));
  EXPECT_EQ(this->code(this->wait(this->store().open("k"))), ErrorCode::not_found);
  std::string text(5, '?');
  const auto got = this->wait((*reader)->read_at(0, std::as_writable_bytes(std::span(text))));
  if (got) {
    EXPECT_EQ(text, "bytes");
  } else {
    EXPECT_EQ(got.error().code, ErrorCode::not_found);
  }
}

TYPED_TEST_P(BlobStoreConformance, reads_are_short_only_at_the_end) {
  ASSERT_TRUE(this->wait(this->store().put_bytes("k", "0123456789", {})));
  auto reader = this->wait(this->store().open("k"));
  ASSERT_TRUE(reader);
  std::string text(4, '?');
  const auto out = std::as_writable_bytes(std::span(text));
  EXPECT_EQ(this->wait((*reader)->read_at(3, out)), 4U);
  EXPECT_EQ(text, "3456");
  EXPECT_EQ(this->wait((*reader)->read_at(8, out)), 2U);
  EXPECT_EQ(this->wait((*reader)->read_at(10, out)), 0U);
}

TYPED_TEST_P(BlobStoreConformance, a_stream_gives_its_range_in_order) {
  std::string bytes(3'000'000, '?');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>('a' + i * 7 / 5 % 26);
  ASSERT_TRUE(this->wait(this->store().put_bytes("k", bytes, {})));
  auto reader = this->wait(this->store().open("k"));
  ASSERT_TRUE(reader);
  for (const auto& [offset, length] :
       {std::pair{0, 3'000'000}, {1'234'567, 1'000'000}, {2'999'999, 1}, {5, 0}}) {
    // One task from the first byte to the last: a stream belongs to the loop that it began on.
    const auto whole = [](ObjectReader& from, std::uint64_t begin,
                          std::uint64_t count) -> io::Task<Result<std::string>> {
      CO_TRY(const auto stream, co_await from.stream(begin, count));
      std::string text;
      std::string buffer(70'000, '?');
      for (;;) {
        CO_TRY(const auto got, co_await stream->read(std::as_writable_bytes(std::span(buffer))));
        if (got == 0) co_return text;
        text.append(buffer, 0, got);
      }
    };
    EXPECT_TRUE(this->wait(whole(**reader, offset, length)) == bytes.substr(offset, length))
        << length << " bytes from " << offset;
  }
}

TYPED_TEST_P(BlobStoreConformance, lists_a_prefix_in_order_and_in_pages) {
  for (const auto* key : {"b/2", "a/1", "b/10", "b/1/x", "bb", "c"})
    ASSERT_TRUE(this->wait(this->store().put_bytes(key, "x", {})));
  using Keys = std::vector<std::string>;
  EXPECT_EQ(this->wait(this->store().list("b/", "", 100)), (Keys{"b/1/x", "b/10", "b/2"}));
  EXPECT_EQ(this->wait(this->store().list("b/", "", 2)), (Keys{"b/1/x", "b/10"}));
  EXPECT_EQ(this->wait(this->store().list("b/", "b/10", 2)), (Keys{"b/2"}));
  EXPECT_EQ(this->wait(this->store().list("", "b/2", 100)), (Keys{"bb", "c"}));
  EXPECT_EQ(this->wait(this->store().list("nothing", "", 100)), Keys{});
}

TYPED_TEST_P(BlobStoreConformance, a_key_that_could_leave_the_store_is_refused) {
  for (const auto* key :
       {"", "/a", "a//b", "../a", "a/../b", ".hidden", "a/.b", "a b", "a\\b", "ä"})
    EXPECT_EQ(this->code(this->wait(this->store().put_bytes(key, "x", {}))), ErrorCode::invalid)
        << key;
  EXPECT_EQ(this->code(this->wait(this->store().put_bytes(std::string(513, 'a'), "x", {}))),
            ErrorCode::invalid);
}

REGISTER_TYPED_TEST_SUITE_P(BlobStoreConformance, an_object_reads_back_as_it_was_put,
                            a_copied_file_stays_where_it_is,
                            an_object_gets_a_second_key_and_outlives_the_first,
                            several_objects_become_one_and_stay, a_key_is_never_written_twice,
                            what_is_not_there_is_not_found,
                            a_removed_object_is_gone_and_its_open_reader_reads_on_or_says_so,
                            reads_are_short_only_at_the_end, a_stream_gives_its_range_in_order,
                            lists_a_prefix_in_order_and_in_pages,
                            a_key_that_could_leave_the_store_is_refused);

}  // namespace shoal::blob
