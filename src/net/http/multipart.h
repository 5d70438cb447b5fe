#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "io/task.h"
#include "net/http/message.h"

namespace shoal::net {

struct MultipartLimits {
  std::size_t max_parts = 200;
  std::size_t header_bytes = 8 * 1024;  ///< of one part
};

/// The head of one part of a form (RFC 7578).
struct FormPart {
  std::string name;
  /// The last component of what the client sent, so that it never names a folder; empty for a
  /// field that is no file.
  std::string filename;
  bool is_file = false;
  std::string content_type = "text/plain";
};

/// The boundary parameter of a multipart/form-data Content-Type. Errors: unsupported for another
/// type, invalid for a missing or impossible boundary (RFC 2046 section 5.1.1).
Result<std::string> form_boundary(std::string_view content_type);

/// Parses the header block of a part, ending with its empty line. Pure. Errors: invalid.
Result<FormPart> parse_part_head(std::string_view block);

/// Finds the parts in a stream of bytes. Pure; no byte of a file is copied.
class MultipartParser {
 public:
  MultipartParser(std::string_view boundary, MultipartLimits limits);

  enum class Event {
    more,      ///< the input must grow (or, at the end of the body, is cut short)
    part,      ///< `part()` begins
    data,      ///< `data` are its next bytes
    part_end,  ///< its last byte was given
    end,       ///< the form is complete; what follows does not matter
    bad,       ///< `reason` says what is wrong
  };
  struct Step {
    Event event = Event::more;
    std::size_t consumed = 0;
    std::string_view data;
  };
  /// Consumes a part of `input`; what is left must be at the start of the next call's input.
  Step step(std::string_view input);
  const FormPart& part() const { return part_; }
  const std::string& reason() const { return reason_; }
  /// Input of this size never answers `more` without consuming.
  std::size_t window() const { return limits_.header_bytes + delimiter_.size() + 4; }

 private:
  enum class State { start, preamble, after_delimiter, head, data, ended };
  Step in_preamble(std::string_view input);
  Step after_delimiter(std::string_view input);
  Step in_head(std::string_view input);
  Step in_data(std::string_view input);
  Step bad(std::string reason);
  /// How many bytes at the end of `input` may be the beginning of a delimiter.
  std::size_t held_back(std::string_view input) const;

  const std::string delimiter_;  ///< CR LF "--" boundary
  const MultipartLimits limits_;
  State state_ = State::start;
  std::size_t parts_ = 0;
  FormPart part_;
  std::string reason_;
};

/// Pulls the parts of a request's form one after the other, in constant memory. One executor; must
/// end before the request does. Errors: invalid (broken form), too_large (over a limit), and those
/// of the body.
class MultipartReader {
 public:
  static Result<MultipartReader> open(Request& request, MultipartLimits limits = {});

  /// The next part, or nothing at the end. Skips what was not read of the one before.
  io::Task<Result<std::optional<FormPart>>> next();
  /// Up to out.size() bytes of the current part; 0 at its end.
  io::Task<Result<std::size_t>> read(std::span<std::byte> out);
  /// The rest of the current part as text of at most `limit` bytes; more is too_large. Errors also:
  /// invalid where it is not UTF-8.
  io::Task<Result<std::string>> read_text(ByteCount limit);

 private:
  MultipartReader(std::shared_ptr<BodySource> body, std::string_view boundary,
                  MultipartLimits limits);
  /// The next event that is not `more`.
  io::Task<Result<MultipartParser::Step>> advance();

  std::shared_ptr<BodySource> body_;
  std::unique_ptr<MultipartParser> parser_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string_view data_;  ///< found, but not yet read
  bool in_part_ = false;
  bool ended_ = false;
};

}  // namespace shoal::net
