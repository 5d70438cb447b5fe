#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/http/message.h"

namespace shoal::net {

struct ParserLimits {
  std::size_t header_bytes = std::size_t{16} * 1024;
  std::size_t header_fields = 100;
};

/// What the head of a request says about its connection (RFC 9112 sections 6 and 9).
struct Framing {
  bool http11 = true;
  bool keep_alive = true;
  bool chunked = false;
  bool expects_continue = false;
  std::uint64_t content_length = 0;
};

/// What is wrong with a request, as an answer: the connection is closed after it.
struct RequestRefusal {
  int status = 400;
  std::string_view reason;
};

/// Bytes to a Request: head first, then the payload of a chunked body. Pure; one request per
/// reset(). Stricter than RFC 9112 where leniency is what request smuggling lives on: refuses
/// Content-Length beside Transfer-Encoding, repeated or listed lengths, folded fields, any transfer
/// coding but chunked, and a missing or second Host.
class RequestParser {
 public:
  explicit RequestParser(ParserLimits limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  /// Forgets everything and begins to fill `request`, which must outlive the parse.
  void reset(Request& request);

  enum class Progress { more, complete, refused };
  struct Step {
    Progress progress = Progress::more;
    std::size_t consumed = 0;
  };
  /// Consumes a part of `input`; what is left must be at the start of the next call's input. With
  /// `more` and nothing consumed, `input` must grow.
  Step parse_head(std::string_view input);
  const Framing& framing() const { return framing_; }
  const RequestRefusal& refusal() const { return refusal_; }

  struct BodyStep {
    Progress progress = Progress::more;
    std::size_t consumed = 0;
    std::size_t produced = 0;
  };
  /// Decodes chunks of `input` into `out` until either is used up or the body is complete.
  BodyStep parse_chunks(std::string_view input, std::span<std::byte> out);

 private:
  class Beast;
  void finish_head();
  void refuse(int status, std::string_view reason);

  const ParserLimits limits_;
  Request* request_ = nullptr;
  Framing framing_;
  RequestRefusal refusal_;
  std::unique_ptr<Beast> beast_;
};

}  // namespace shoal::net
