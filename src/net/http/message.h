#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/file_system.h"
#include "io/task.h"

namespace shoal::net {

enum class Method { get, head, post, put, patch, del, options, other };
std::string_view to_string(Method method);

/// Header fields in order; names compare without case (RFC 9110 section 5.1). Value. They lie in
/// one string as they are sent, so that a message costs two allocations and one copy however many
/// fields it has.
class Headers {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  /// What would end the line in a value becomes a space.
  void add(std::string_view name, std::string_view value);
  /// The same for a value that cannot hold such a thing: one of a parsed message.
  void add_parsed(std::string_view name, std::string_view value);
  /// All fields of `other`.
  void add(const Headers& other);
  /// Replaces every field of that name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  void clear();
  /// The first value, or nothing.
  std::optional<std::string_view> find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).has_value(); }
  /// Views that hold until the next change.
  auto fields() const {
    return spans_ | std::views::transform([this](const Span& span) { return field(span); });
  }
  /// "Name: value\r\n" of every field (RFC 9112 section 5).
  std::string_view lines() const { return lines_; }

 private:
  /// The line of a field.
  struct Span {
    std::size_t size() const;
    std::uint32_t begin;
    std::uint32_t name_size;
    std::uint32_t value_size;
  };
  Field field(const Span& span) const;
  void reserve_usual();

  std::string lines_;
  std::vector<Span> spans_;
};

/// A decoded query string or form body, in order. `a[]=1&a[]=2`, `a[0]=1` and `a=1&a=2` all answer
/// to values("a"), as PeerTube's clients write arrays in each of these ways.
class Parameters {
 public:
  /// Broken escapes are an error (invalid).
  static Result<Parameters> parse(std::string_view text);
  void add(std::string name, std::string value);
  void clear() { items_.clear(); }
  std::optional<std::string_view> find(std::string_view name) const;
  std::vector<std::string_view> values(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

/// A body that is pulled. One executor; must be dropped before its connection.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Up to out.size() bytes; 0 is the end. Errors: too_large (over the limit given to the reader),
  /// timeout (the peer sends too slowly), unavailable (the peer is gone), invalid (bad framing).
  virtual io::Task<Result<std::size_t>> read(std::span<std::byte> out) = 0;
  /// Content-Length where it is known.
  virtual std::optional<std::uint64_t> length() const = 0;
};

struct Request {
  Method method = Method::get;
  std::string target;  ///< as sent: path and query
  std::string path;  ///< decoded; starts with '/'; never holds "..", NUL or an empty segment trick
  Parameters query;
  Headers headers;
  /// Filled by the router: `/videos/:id` gives {"id", "…"}. Views of the router's and `path`'s.
  std::vector<std::pair<std::string_view, std::string_view>> path_parameters;
  /// The pattern that matched, set by the router, empty where none did: a bounded label for
  /// metrics. Lives as long as the router.
  std::string_view route;
  /// The client as trust_proxy sees it, without port; and whether it came over TLS.
  std::string client_address;
  bool secure = false;
  std::string id;                    ///< for the log and X-Request-Id
  std::shared_ptr<BodySource> body;  ///< never null

  std::string_view path_parameter(std::string_view name) const;
  /// A request without anything, which keeps the memory of its texts.
  void clear();
};

/// Reads a whole body of at most `limit` bytes; more is ErrorCode::too_large.
io::Task<Result<std::string>> read_body(Request& request, std::uint64_t limit);

/// Part of an open file, sent with sendfile(2) where the connection allows it.
struct FileBody {
  std::shared_ptr<io::File> file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct Response {
  int status = 200;
  Headers headers;
  /// A shared string is a cached answer that is sent without a copy.
  std::variant<std::string, std::shared_ptr<const std::string>, FileBody,
               std::unique_ptr<BodySource>>
      body = std::string();

  static Response text(int status, std::string body, std::string_view content_type);
};

}  // namespace shoal::net
