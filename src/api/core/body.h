#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/core/fields.h"
#include "base/units.h"
#include "io/task.h"
#include "net/http/message.h"

namespace shoal::net {
class MultipartReader;
struct FormPart;
}  // namespace shoal::net

namespace shoal::api {

struct Call;

/// The small files of a form (pictures, captions), in memory.
struct FormFile {
  std::string field;
  std::string filename;
  std::string content_type;
  std::string bytes;
};

struct BodyLimits {
  ByteCount text = 512_KiB;  ///< of a JSON or urlencoded body, and of all text fields of a form
  ByteCount file = 4_MiB;    ///< of one file
  std::size_t max_files = 2;
  /// What anybody may send without an account holds a few short fields.
  static BodyLimits of_anybody() { return {.text = 16_KiB, .file = 0_KiB, .max_files = 0}; }
};

/// Reads the text fields of one form within a limit for all of them together, names included. One
/// executor.
class FormText {
 public:
  explicit FormText(ByteCount limit) : left_(limit.value) {}

  /// The current part, which `part` is the head of. Errors: too_large once the form's text is used
  /// up; invalid where it is not UTF-8; those of the body.
  io::Task<Result<std::string>> read(net::MultipartReader& reader, const net::FormPart& part);

 private:
  std::uint64_t left_;
};

struct Body {
  Fields fields;
  std::vector<FormFile> files;
  const FormFile* file(std::string_view field) const;
};

/// Reads a body by its Content-Type: JSON object (depth at most 32), urlencoded or multipart form;
/// an absent body is an empty object. Errors: 400 for broken syntax or UTF-8, 408 when it takes
/// longer than 30 s and what its limits take at 64 KiB/s, 413 over a limit, 415 for another type.
io::Task<Answer<Body>> read_body(Call& call, BodyLimits limits = {});
/// The same where no file is expected.
io::Task<Answer<Fields>> read_fields(Call& call,
                                     BodyLimits limits = {.file = 0_KiB, .max_files = 0});

/// Parses one JSON value with the bounds above. 400 with code SyntaxError, as PeerTube's.
Answer<boost::json::value> parse_json(std::string_view text);

}  // namespace shoal::api
