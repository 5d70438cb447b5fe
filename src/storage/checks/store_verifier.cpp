#include "storage/checks/store_verifier.h"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cmath>

namespace shoal::storage {
namespace {

/// Copies that are listed, and at most recorded, at once.
constexpr std::size_t k_page = 100;
constexpr std::chrono::seconds k_before_second_try{2};
/// More that are there and cannot be read are the store's trouble and not theirs.
constexpr int k_most_unreadable = 5;

}  // namespace

io::Task<Result<std::optional<std::string>>> look_at_copy(blob::BlobStore& store, RecordedCopy copy,
                                                          VerifyDepth depth, io::Offload& offload,
                                                          Pace pace) {
  using Found = std::optional<std::string>;
  constexpr const char* k_missing = "there is no such object";
  const auto there = co_await store.status(copy.object_key);
  if (!there && there.error().code == ErrorCode::not_found) co_return Found(k_missing);
  if (!there) co_return std::unexpected(there.error());
  if (there->size != copy.file.size) {
    co_return Found(fmt::format("it has {} bytes instead of {}", there->size, copy.file.size));
  }
  if (depth == VerifyDepth::size) co_return std::nullopt;
  const auto sum = co_await checksum_of_object(store, copy.object_key, offload, std::move(pace));
  if (!sum && sum.error().code == ErrorCode::not_found) co_return Found(k_missing);
  if (!sum && sum.error().code == ErrorCode::corrupt) co_return Found(sum.error().message);
  if (!sum) co_return std::unexpected(sum.error());
  if (sum->size == copy.file.size && sum->sha256 == copy.file.sha256) co_return std::nullopt;
  co_return Found("its SHA-256 is " + sum->sha256);
}

io::Task<> StoreVerifier::wait(Milliseconds time) {
  if (services_.wait_for) {
    co_await services_.wait_for(time);
    co_return;
  }
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, time);
  co_await timer.async_wait(io::use_awaitable);
}

io::Task<> StoreVerifier::hold(std::uint64_t rate_limit, std::uint64_t bytes) {
  const Milliseconds time = pace_.book(bytes, rate_limit, services_.clock.steady_now());
  if (time > Milliseconds{0}) co_await wait(time);
}

io::Task<Result<std::optional<std::string>>> StoreVerifier::look(const VerifyOrder& order,
                                                                 const RecordedCopy& copy) {
  blob::BlobStore* const store = services_.stores(order.store);
  if (store == nullptr)
    co_return fail(ErrorCode::unavailable, fmt::format("store {} is away", order.store));
  Pace pace;
  if (order.rate_limit > 0) {
    pace = [this, rate = order.rate_limit](std::uint64_t bytes) { return hold(rate, bytes); };
  }
  auto found = co_await look_at_copy(*store, copy, order.depth, services_.offload, pace);
  if (!found) {
    co_await wait(k_before_second_try);
    found = co_await look_at_copy(*store, copy, order.depth, services_.offload, pace);
  }
  if (found) {
    unreadable_in_a_row_ = 0;
    co_return found;
  }
  // A bad sector under this one copy, or a store that is ill as a whole?
  const auto there = co_await store->status(copy.object_key);
  if (!there || ++unreadable_in_a_row_ > k_most_unreadable)
    co_return std::unexpected(found.error());
  co_return std::optional("it cannot be read: " + found.error().message);
}

io::Task<Result<>> StoreVerifier::flush(const VerifyOrder& order) {
  if (good_.empty()) co_return Result<>{};
  std::vector<PlacementId> good = std::exchange(good_, {});
  // A look at sizes alone verifies no content.
  if (!order.records || order.depth == VerifyDepth::size) co_return Result<>{};
  co_return co_await services_.database.write(
      [good = std::move(good), now = services_.clock.now()](db::Session& session) -> Result<> {
        record_verified(session, good, now);
        return {};
      });
}

io::Task<Result<>> StoreVerifier::settle(const VerifyOrder& order, const RecordedCopy& copy,
                                         std::optional<std::string> problem, VerifyReport& report) {
  const UtcTime now = services_.clock.now();
  if (!problem && !copy.problem) {
    good_.push_back(copy.id);
    co_return Result<>{};
  }
  if (!problem) {
    if (order.depth == VerifyDepth::size) co_return Result<>{};
    ++report.cured;
    if (!order.records) co_return Result<>{};
    co_return co_await services_.database.write([copy, now](db::Session& session) -> Result<> {
      record_cured(session, copy, now);
      return {};
    });
  }
  BadCopyFate fate = BadCopyFate::only_copy;
  if (order.records) {
    CO_TRY(fate, co_await services_.database.write(
                     [copy, text = *problem, now](db::Session& session) -> Result<BadCopyFate> {
                       return record_bad(session, copy, text, now);
                     }));
  } else {
    CO_TRY(fate,
           co_await services_.database.read([copy](db::Session& session) -> Result<BadCopyFate> {
             return fate_of(session, copy);
           }));
  }
  if (fate == BadCopyFate::gone) co_return Result<>{};
  ++report.bad;
  if (fate == BadCopyFate::only_copy) ++report.hopeless;
  if (services_.on_bad) services_.on_bad(copy, *problem, fate);
  co_return Result<>{};
}

io::Task<Result<>> StoreVerifier::verify_page(const VerifyOrder& order, Copies page,
                                              VerifyReport& report) {
  for (const RecordedCopy& copy : page) {
    auto problem = co_await look(order, copy);
    if (!problem) {
      report.stopped = problem.error();
      break;
    }
    ++report.looked;
    if (order.depth == VerifyDepth::content) report.read += copy.file.size;
    CO_TRY_VOID(co_await settle(order, copy, *std::move(problem), report));
    if (services_.on_progress) services_.on_progress(report);
  }
  co_return co_await flush(order);
}

io::Task<Result<VerifyReport>> StoreVerifier::verify(VerifyOrder order) {
  if (services_.stores(order.store) == nullptr)
    co_return fail(ErrorCode::unavailable, fmt::format("store {} is away", order.store));
  CopyRange range{
      .store = order.store, .verified_before = services_.clock.now(), .only_bad = order.only_bad};
  if (order.verified_before)
    range.verified_before = std::min(*order.verified_before, range.verified_before);
  VerifyReport report;
  CO_TRY(const std::int64_t all,
         co_await services_.database.read([range](db::Session& session) -> Result<std::int64_t> {
           return count_copies(session, range);
         }));
  report.asked = static_cast<std::int64_t>(
      std::ceil(static_cast<double>(all) * std::clamp(order.percent, 0.0, 100.0) / 100));
  while (report.looked < report.asked && !report.stopped) {
    const std::size_t wanted =
        std::min<std::size_t>(k_page, static_cast<std::size_t>(report.asked - report.looked));
    CO_TRY(Copies page, co_await services_.database.read(
                            [range, wanted](db::Session& session) -> Result<Copies> {
                              return list_copies(session, range, wanted);
                            }));
    if (page.empty()) break;
    range.after_time = page.back().verified_at;
    range.after_id = page.back().id;
    CO_TRY_VOID(co_await verify_page(order, std::move(page), report));
  }
  co_return report;
}

}  // namespace shoal::storage
