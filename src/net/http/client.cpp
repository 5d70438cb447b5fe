#include "net/http/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstring>

#include "net/http/curl_loop.h"
#include "net/http/curl_transfer.h"

namespace shoal::net {
namespace {

class TextBody final : public BodySource {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    const std::size_t got = std::min(out.size(), text_.size() - taken_);
    std::memcpy(out.data(), text_.data() + taken_, got);
    taken_ += got;
    co_return got;
  }
  std::optional<std::uint64_t> length() const override { return text_.size(); }

 private:
  std::string text_;
  std::size_t taken_ = 0;
};

class AnswerBody final : public BodySource {
 public:
  explicit AnswerBody(std::unique_ptr<CurlTransfer> transfer) : transfer_(std::move(transfer)) {}
  io::Task<Result<std::size_t>> read(std::span<std::byte> out) override {
    return transfer_->read(out);
  }
  std::optional<std::uint64_t> length() const override { return transfer_->content_length(); }

 private:
  std::unique_ptr<CurlTransfer> transfer_;
};

}  // namespace

std::shared_ptr<BodySource> text_body(std::string text) {
  return std::make_shared<TextBody>(std::move(text));
}

io::Task<Result<ClientResponse>> HttpClient::send(ClientRequest request) const {
  const auto executor = co_await boost::asio::this_coro::executor;
  auto& loop = boost::asio::use_service<CurlLoop>(executor.context());
  auto transfer = std::make_unique<CurlTransfer>(loop.multi(), executor, std::move(request));
  CO_TRY_VOID(co_await transfer->run_to_head(config_));
  ClientResponse response;
  response.status = transfer->status();
  response.headers = transfer->take_headers();
  response.body = std::make_unique<AnswerBody>(std::move(transfer));
  co_return response;
}

io::Task<Result<std::string>> read_text(BodySource& body, std::uint64_t limit) {
  constexpr std::size_t k_step = 16 << 10;
  std::string text;
  for (;;) {
    const std::size_t had = text.size();
    text.resize(had + k_step);
    CO_TRY(const std::size_t got,
           co_await body.read(std::as_writable_bytes(std::span(text)).subspan(had)));
    text.resize(had + got);
    if (got == 0) co_return text;
    if (text.size() > limit) co_return fail(ErrorCode::too_large, "the answer is too long");
  }
}

}  // namespace shoal::net
