#include "net/http/multipart.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/runtime.h"

namespace shoal::net {
namespace {

/// A body that arrives in pieces of a given size.
class Pieces final : public BodySource {
 public:
  Pieces(std::string text, std::size_t piece) : text_(std::move(text)), piece_(piece) {}
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    const auto count = std::min({out.size(), piece_, text_.size() - at_});
    std::ranges::copy(std::as_bytes(std::span(text_)).subspan(at_, count), out.begin());
    at_ += count;
    co_return count;
  }
  std::optional<std::uint64_t> length() const override { return text_.size(); }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

struct ReadPart {
  FormPart head;
  std::string content;
};

io::Task<> read_form(Request& request, std::vector<ReadPart>& parts, Result<>& outcome) {
  auto reader = MultipartReader::open(request);
  if (!reader) {
    outcome = std::unexpected(reader.error());
    co_return;
  }
  for (;;) {
    auto part = co_await reader->next();
    if (!part) outcome = std::unexpected(part.error());
    if (!part || !*part) co_return;
    parts.push_back({**part, {}});
    std::array<std::byte, 1000> buffer;
    for (;;) {
      const auto got = co_await reader->read(buffer);
      if (!got) outcome = std::unexpected(got.error());
      if (!got || *got == 0) break;
      parts.back().content.append(reinterpret_cast<const char*>(buffer.data()), *got);
    }
    if (!outcome) co_return;
  }
}

Result<std::vector<ReadPart>> read_form(std::string body, std::size_t piece = 100'000) {
  io::Runtime runtime(1);
  Request request;
  request.headers.add("Content-Type", "multipart/form-data; boundary=B");
  request.body = std::make_shared<Pieces>(std::move(body), piece);
  std::vector<ReadPart> parts;
  Result<> outcome;
  runtime.run_until_done(read_form(request, parts, outcome));
  if (!outcome) return std::unexpected(outcome.error());
  return parts;
}

const std::string k_two_parts =
    "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA title\r\n"
    "--B\r\ncontent-disposition: form-data; filename=\"C:\\dir\\v.mp4\"; name=videofile\r\n"
    "Content-Type: video/mp4\r\n\r\n\r\n--A\r\n-\r\n--\r\r\n--B--\r\nepilogue";

TEST(Multipart, parts_are_the_same_however_the_bytes_arrive) {
  for (std::size_t piece = 1; piece < k_two_parts.size() + 1; ++piece) {
    const auto parts = read_form(k_two_parts, piece);
    ASSERT_TRUE(parts) << parts.error().message;
    ASSERT_EQ(parts->size(), 2U);
    EXPECT_EQ(parts->at(0).head.name, "title");
    EXPECT_FALSE(parts->at(0).head.is_file);
    EXPECT_EQ(parts->at(0).content, "A title");
    EXPECT_EQ(parts->at(1).head.name, "videofile");
    EXPECT_EQ(parts->at(1).head.filename, "v.mp4");
    EXPECT_EQ(parts->at(1).head.content_type, "video/mp4");
    EXPECT_EQ(parts->at(1).content, "\r\n--A\r\n-\r\n--\r");
  }
}

TEST(Multipart, large_files_pass_through) {
  std::string content(3'000'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i)
    content[i] = "\r\n-B x"[(i * 2654435761U >> 13) % 6];
  // The delimiter itself must not be in there.
  for (auto at = content.find("\r\n--B"); at != std::string::npos; at = content.find("\r\n--B"))
    content[at] = 'x';
  const auto parts = read_form(
      "--B\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\n" + content + "\r\n--B--",
      7777);
  ASSERT_TRUE(parts) << parts.error().message;
  EXPECT_EQ(parts->at(0).content, content);
}

TEST(Multipart, empty_forms_and_empty_parts_are_fine) {
  EXPECT_EQ(read_form("--B--")->size(), 0U);
  EXPECT_EQ(read_form("preamble\r\n--B--\r\n")->size(), 0U);
  const auto parts =
      read_form("--B \t\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n--B--");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->at(0).content, "");
}

TEST(Multipart, broken_forms_are_invalid) {
  const std::string head = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n";
  for (const std::string& bad :
       {std::string(), std::string("no delimiter"), head + "cut short", head + "x\r\n--Bx",
        std::string("--B\r\nContent-Type: a/b\r\n\r\nx\r\n--B--"),
        std::string("--B\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--B--"),
        std::string("--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--"),
        std::string("--B\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--B--"),
        std::string("--B\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\nx\r\n--B--"),
        std::string("--B\r\nContent-Disposition: form-data; name=a\r\n folded\r\n\r\nx\r\n--B--"),
        "--B\r\nX: " + std::string(20'000, 'x') + "\r\n\r\nx\r\n--B--"}) {
    const auto parts = read_form(bad);
    EXPECT_FALSE(parts) << bad.substr(0, 100);
    if (!parts) EXPECT_EQ(parts.error().code, ErrorCode::invalid);
  }
}

TEST(Multipart, the_number_of_parts_is_bounded) {
  std::string form;
  for (int i = 0; i < 300; ++i)
    form += "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
  EXPECT_FALSE(read_form(form + "--B--"));
}

TEST(Multipart, file_names_are_decoded_and_lose_their_folders) {
  const auto name_of = [](std::string_view parameters) {
    const auto part = parse_part_head(
        fmt::format("Content-Disposition: form-data; name=a; {}\r\n\r\n", parameters));
    return part ? part->filename : "(" + part.error().message + ")";
  };
  EXPECT_EQ(name_of("filename=\"a \\\"b\\\".mp4\""), "a \"b\".mp4");
  EXPECT_EQ(name_of("filename=\"../../etc/passwd\""), "passwd");
  EXPECT_EQ(name_of("filename=\"x\"; filename*=UTF-8''%E8%A7%86.mp4"), "视.mp4");
  EXPECT_EQ(name_of("filename*=UTF-8''..%2F..%2Fx"), "x");
}

TEST(Multipart, the_boundary_is_checked) {
  EXPECT_EQ(form_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(form_boundary("Multipart/Form-Data; charset=utf-8; boundary=\"a b\""), "a b");
  EXPECT_EQ(form_boundary("application/json").error().code, ErrorCode::unsupported);
  EXPECT_EQ(form_boundary("multipart/form-data").error().code, ErrorCode::invalid);
  EXPECT_EQ(form_boundary("multipart/form-data; boundary=" + std::string(71, 'a')).error().code,
            ErrorCode::invalid);
}

io::Task<> read_first_text(Request& request, Result<std::string>& text) {
  auto reader = MultipartReader::open(request);
  std::ignore = co_await reader->next();
  text = co_await reader->read_text(ByteCount{4});
}

TEST(Multipart, text_fields_are_bounded_and_utf8) {
  const auto text_of = [](const std::string& value) {
    io::Runtime runtime(1);
    Request request;
    request.headers.add("Content-Type", "multipart/form-data; boundary=B");
    request.body = std::make_shared<Pieces>(
        "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n" + value + "\r\n--B--", 10);
    Result<std::string> text;
    runtime.run_until_done(read_first_text(request, text));
    return text;
  };
  EXPECT_EQ(text_of("1234"), "1234");
  EXPECT_EQ(text_of("12345").error().code, ErrorCode::too_large);
  EXPECT_EQ(text_of("\xff").error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace shoal::net
