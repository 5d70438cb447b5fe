#include "net/http/request_parser.h"

#include <algorithm>
#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "net/http/path.h"

namespace shoal::net {

namespace http = boost::beast::http;
using ErrorCodeOut = boost::system::error_code;

namespace {

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

Method to_method(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::head:
      return Method::head;
    case http::verb::post:
      return Method::post;
    case http::verb::put:
      return Method::put;
    case http::verb::patch:
      return Method::patch;
    case http::verb::delete_:
      return Method::del;
    case http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

bool is_fold(std::string_view raw) {
  for (auto at = raw.find('\n'); at != std::string_view::npos; at = raw.find('\n', at + 1))
    if (at + 1 < raw.size() && (raw[at + 1] == ' ' || raw[at + 1] == '\t')) return true;
  return false;
}

constexpr auto k_host_characters = [] {
  std::array<bool, 256> allowed{};
  for (const char c : std::string_view("0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._~:[]%"))
    allowed.at(static_cast<unsigned char>(c)) = true;
  return allowed;
}();

bool is_host(std::string_view host) {
  return host.size() <= 255 && std::ranges::all_of(host, [](char c) {
           return k_host_characters[static_cast<unsigned char>(c)];
         });
}

}  // namespace

/// Beast's push parser, writing straight into our Request instead of into its own fields.
class RequestParser::Beast final : public http::basic_parser<true> {
 public:
  Beast(Request& request, Framing& framing, std::size_t max_fields)
      : request_(request), framing_(framing), fields_left_(max_fields) {
    body_limit(boost::none);
  }

  bool too_many_fields = false;
  bool bad_length = false;
  bool bad_coding = false;
  bool bad_expectation = false;
  int hosts = 0;
  bool has_length = false;

  std::span<std::byte> out;
  std::size_t produced = 0;

 private:
  void on_request_impl(http::verb verb, boost::beast::string_view, boost::beast::string_view target,
                       int version, ErrorCodeOut&) override {
    request_.method = to_method(verb);
    request_.target = view(target);
    framing_.http11 = version == 11;
  }

  void on_field_impl(http::field field, boost::beast::string_view name,
                     boost::beast::string_view value, ErrorCodeOut& error) override {
    if (fields_left_-- == 0) {
      too_many_fields = true;
      error = http::error::header_limit;
      return;
    }
    switch (field) {
      case http::field::host:
        ++hosts;
        break;
      case http::field::content_length:
        if (has_length || value.empty() || !std::ranges::all_of(value, is_digit)) bad_length = true;
        has_length = true;
        break;
      case http::field::transfer_encoding:
        if (framing_.chunked || !iequals(view(value), "chunked")) bad_coding = true;
        framing_.chunked = true;
        break;
      case http::field::expect:
        framing_.expects_continue = iequals(view(value), "100-continue");
        if (!framing_.expects_continue) bad_expectation = true;
        break;
      default:
        break;
    }
    request_.headers.add_parsed(view(name), view(value));
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  void on_header_impl(ErrorCodeOut&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCodeOut&) override {}
  std::size_t on_body_impl(boost::beast::string_view, ErrorCodeOut&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, ErrorCodeOut&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view body,
                                 ErrorCodeOut& error) override {
    const auto count = std::min(body.size(), out.size() - produced);
    std::memcpy(out.data() + produced, body.data(), count);
    produced += count;
    if (count < body.size()) error = http::error::need_buffer;
    return count;
  }
  void on_finish_impl(ErrorCodeOut&) override {}
  // Required by later releases; this one never calls it.
  void on_response_impl(int, boost::beast::string_view, int, ErrorCodeOut&) override {}

  Request& request_;
  Framing& framing_;
  std::size_t fields_left_;
};

RequestParser::RequestParser(ParserLimits limits) : limits_(limits) {}
RequestParser::~RequestParser() = default;

void RequestParser::reset(Request& request) {
  request_ = &request;
  framing_ = {};
  refusal_ = {};
  // Beast's parsers serve one message each: a new one, in the place of the old one.
  if (beast_) {
    std::destroy_at(beast_.get());
    std::construct_at(beast_.get(), request, framing_, limits_.header_fields);
  } else {
    beast_ = std::make_unique<Beast>(request, framing_, limits_.header_fields);
  }
  beast_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
}

void RequestParser::refuse(int status, std::string_view reason) {
  if (refusal_.reason.empty()) refusal_ = {status, reason};
}

RequestParser::Step RequestParser::parse_head(std::string_view input) {
  Step step;
  if (!beast_->got_some()) {
    // RFC 9112 section 2.2: an empty line before the request line is ignored.
    while (input.starts_with("\r\n")) {
      input.remove_prefix(2);
      step.consumed += 2;
    }
    if (input.empty() || input == "\r") return step;
  }
  boost::system::error_code error;
  const auto used = beast_->put(boost::asio::const_buffer(input.data(), input.size()), error);
  step.consumed += used;
  if (is_fold(input.substr(0, used))) refuse(400, "a header field is folded over lines");
  if (error == http::error::need_more && refusal_.reason.empty()) {
    if (input.size() >= limits_.header_bytes) refuse(431, "the header is too large");
    step.progress = refusal_.reason.empty() ? Progress::more : Progress::refused;
    return step;
  }
  if (error) {
    const bool large = error == http::error::header_limit;
    const bool version = error == http::error::bad_version;
    if (beast_->too_many_fields) {
      refuse(431, "the request has too many header fields");
    } else if (large) {
      refuse(431, "the header is too large");
    } else if (version) {
      refuse(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    }
    refuse(400, "the request is malformed");
  } else if (beast_->is_header_done()) {
    finish_head();
  } else if (refusal_.reason.empty()) {
    return step;
  }
  step.progress = refusal_.reason.empty() ? Progress::complete : Progress::refused;
  return step;
}

void RequestParser::finish_head() {
  if (beast_->has_length && framing_.chunked)
    return refuse(400, "the request has a Content-Length and a Transfer-Encoding");
  if (beast_->bad_length) return refuse(400, "the Content-Length is not one decimal number");
  if (beast_->bad_coding) return refuse(501, "only the transfer coding 'chunked' is understood");
  if (framing_.chunked && !framing_.http11) return refuse(400, "HTTP/1.0 has no Transfer-Encoding");
  if (beast_->bad_expectation) return refuse(417, "only 'Expect: 100-continue' is understood");
  framing_.keep_alive = beast_->keep_alive();
  if (!framing_.chunked) framing_.content_length = beast_->content_length().value_or(0);
  if (!framing_.http11 || (!framing_.chunked && framing_.content_length == 0))
    framing_.expects_continue = false;

  const auto target = split_target(request_->target);
  if (!target) return refuse(400, "the request target is malformed");
  if (!target->authority.empty()) request_->headers.set("Host", target->authority);
  const auto host = request_->headers.find("Host");
  if (beast_->hosts > 1 || (framing_.http11 && beast_->hosts == 0) || (host && !is_host(*host)))
    return refuse(400, "the request needs exactly one valid Host");
  auto path = decode_path(target->path);
  if (!path) return refuse(400, "the path is malformed");
  request_->path = *std::move(path);
  if (target->query.empty()) return;
  auto query = Parameters::parse(target->query);
  if (!query) return refuse(400, "the query is not valid percent-encoded UTF-8");
  request_->query = *std::move(query);
}

RequestParser::BodyStep RequestParser::parse_chunks(std::string_view input,
                                                    std::span<std::byte> out) {
  BodyStep step;
  beast_->out = out;
  beast_->produced = 0;
  while (!beast_->is_done() && step.consumed < input.size() && beast_->produced < out.size()) {
    const auto rest = input.substr(step.consumed);
    boost::system::error_code error;
    const auto used = beast_->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    step.consumed += used;
    if (error == http::error::need_more || error == http::error::need_buffer) break;
    if (error) {
      refuse(400, "the chunked body is malformed");
      step.progress = Progress::refused;
      break;
    }
  }
  step.produced = beast_->produced;
  if (beast_->is_done()) step.progress = Progress::complete;
  return step;
}

}  // namespace shoal::net
