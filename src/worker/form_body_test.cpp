#include "worker/form_body.h"

#include <gtest/gtest.h>

#include "io/runtime.h"
#include "net/http/multipart.h"
#include "tests/support/temporary_directory.h"

namespace shoal::worker {
namespace {

class FormBodyTest : public testing::Test {
 protected:
  std::shared_ptr<io::File> file_of(const std::string& bytes) {
    auto opened = files.open(folder.path() / "piece", io::OpenMode::create);
    std::shared_ptr<io::File> file = *std::move(opened);
    EXPECT_TRUE(file->write_at(0, std::as_bytes(std::span(bytes))));
    return file;
  }
  /// All of it, read in steps of `step` bytes.
  Result<std::string> read_all(FormBody& form, std::size_t step) {
    Result<std::string> out;
    runtime.run_until_done(
        [](FormBody& from, std::size_t size, Result<std::string>& into) -> io::Task<> {
          std::string text;
          std::vector<std::byte> block(size);
          while (true) {
            const auto got = co_await from.read(block);
            if (!got) {
              into = std::unexpected(got.error());
              co_return;
            }
            if (*got == 0) break;
            for (std::size_t i = 0; i < *got; ++i) text += static_cast<char>(block[i]);
          }
          into = text;
        }(form, step, out));
    return out;
  }

  tests::TemporaryDirectory folder;
  io::PosixFileSystem files;
  io::Offload disk{"disk", 1, 16};
  io::Runtime runtime{1};
};

TEST_F(FormBodyTest, is_read_back_as_it_was_written_in_steps_of_any_size) {
  const std::string bytes = "line\r\n--not a boundary\r\n" + std::string(70'000, 'x');
  for (const std::size_t step : {std::size_t{1000}, std::size_t{100'000}}) {
    FormBody form(disk);
    form.add_field("runnerToken", "a token");
    form.add_file("payload[videoFiles][720]", file_of(bytes), bytes.size());
    form.finish();
    const auto text = read_all(form, step);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(text->size(), form.length());
    const auto boundary = net::form_boundary(form.content_type());
    ASSERT_TRUE(boundary);
    net::MultipartParser parser(*boundary, {});
    std::map<std::string, std::string> parts;
    std::string_view left = *text;
    while (true) {
      const auto read = parser.step(left);
      ASSERT_NE(read.event, net::MultipartParser::Event::bad) << parser.reason();
      if (read.event == net::MultipartParser::Event::end) break;
      if (read.event == net::MultipartParser::Event::data) parts[parser.part().name] += read.data;
      left.remove_prefix(read.consumed);
    }
    EXPECT_EQ(parts["runnerToken"], "a token");
    EXPECT_EQ(parts["payload[videoFiles][720]"], bytes);
  }
}

TEST_F(FormBodyTest, a_file_that_became_shorter_is_an_error) {
  FormBody form(disk);
  form.add_file("piece", file_of("short"), 100);
  form.finish();
  EXPECT_EQ(read_all(form, 1000).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace shoal::worker
