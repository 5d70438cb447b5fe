#include "storage/store_ledger.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"

namespace shoal::storage {
namespace {

constexpr std::chrono::hours k_count_every{1};
constexpr std::size_t k_page = 100;

/// Of one length, so that a list gives them by their numbers.
std::string mark_of(std::int64_t number) {
  return fmt::format("{}{:012}", k_ledger_prefix, number);
}

std::unexpected<Error> held(std::string_view store, std::string_view reason) {
  return fail(ErrorCode::conflict,
              fmt::format("nothing is deleted in store {}: {}. If this database is the right one, "
                          "run `shoal storage confirm {}`.",
                          store, reason, store));
}

/// All marks; one, and after a crash a few.
io::Task<Result<std::vector<std::string>>> list_marks(blob::BlobStore& store) {
  std::vector<std::string> marks;
  for (bool more = true; more;) {
    std::string after = marks.empty() ? "" : marks.back();
    CO_TRY(std::vector<std::string> page,
           co_await store.list(std::string(k_ledger_prefix), std::move(after), k_page));
    more = page.size() == k_page;
    std::ranges::move(page, std::back_inserter(marks));
  }
  co_return marks;
}

std::int64_t highest(const std::vector<std::string>& marks) {
  if (marks.empty()) return 0;
  const auto number = parse_int(std::string_view(marks.back()).substr(k_ledger_prefix.size()));
  return number ? *number : 0;
}

}  // namespace

io::Task<Result<std::optional<std::int64_t>>> StoreLedger::compare(std::string store,
                                                                   std::int64_t found,
                                                                   bool counts) {
  struct Seen {
    std::optional<std::int64_t> number;
    std::optional<std::string> hold;
  };
  CO_TRY(Seen seen, co_await database_.write([store, found,
                                              counts](db::Session& session) -> Result<Seen> {
    const auto row =
        session.query_one("select ledger, hold from store where name = :name", {store});
    if (!row) return Seen{};
    Seen now{row->optional_integer(0).value_or(found), row->optional_text(1)};
    if (!now.hold && found > *now.number) {
      now.hold = "the database is older than what is in the store, as after a restore";
      hold_deletions(session, store, *now.hold);
    }
    if (now.hold || !counts) return now;
    ++*now.number;
    session.execute("update store set ledger = :number where name = :name", {*now.number, store});
    return now;
  }));
  if (seen.hold) co_return held(store, *seen.hold);
  co_return seen.number;
}

io::Task<Result<>> StoreLedger::check(blob::BlobStore& store) {
  // The store is read first: another node may count on meanwhile.
  CO_TRY(const std::vector<std::string> marks, co_await list_marks(store));
  CO_TRY_VOID(co_await compare(store.name(), highest(marks), false));
  co_return Result<>{};
}

io::Task<Result<>> StoreLedger::tend(blob::BlobStore& store) {
  if (is_tended(store.name())) co_return Result<>{};
  CO_TRY(const std::vector<std::string> marks, co_await list_marks(store));
  CO_TRY(const std::optional<std::int64_t> number,
         co_await compare(store.name(), highest(marks), true));
  if (number) {
    // After the commit: a kill in between leaves a store that knows less, which is no matter.
    const auto put = co_await store.put_bytes(mark_of(*number), fmt::format("{}\n", *number), {});
    if (!put && put.error().code != ErrorCode::conflict) co_return put;
    for (const std::string& mark : marks) {
      if (mark < mark_of(*number)) CO_TRY_VOID(co_await store.remove(mark));
    }
  }
  const std::scoped_lock lock(mutex_);
  tended_[store.name()] = clock_.steady_now();
  co_return Result<>{};
}

bool StoreLedger::is_tended(std::string_view store) const {
  const std::scoped_lock lock(mutex_);
  const auto found = tended_.find(store);
  return found != tended_.end() && clock_.steady_now() - found->second < k_count_every;
}

void hold_deletions(db::Session& session, std::string_view store, std::string_view reason) {
  session.execute("update store set hold = :reason where :name = '' or name = :name",
                  {reason, store});
}

Result<> confirm_store(db::Session& session, std::string_view store) {
  const auto changed = session.execute(
      "update store set hold = null, ledger = null where :name = '' or name = :name", {store});
  if (changed > 0 || store.empty()) return {};
  return fail(ErrorCode::not_found,
              fmt::format("there is no store '{}': `shoal storage list` names them", store));
}

std::optional<std::string> find_hold(db::Session& session, std::string_view store) {
  const auto row = session.query_one("select hold from store where name = :name", {store});
  return row ? row->optional_text(0) : std::nullopt;
}

}  // namespace shoal::storage
