#include "catalog/guesses.h"

#include <algorithm>

#include "db/clock.h"

namespace shoal::catalog {
namespace {

constexpr std::chrono::hours k_failures_kept{24};
constexpr std::chrono::days k_known_kept{90};
/// 2^20 s is more than any bound.
constexpr std::int64_t k_most_doublings = 20;

struct Guesses {
  std::int64_t failures = 0;
  UtcTime last{};
};

/// The row, made where there is none, and locked until the transaction ends.
Guesses lock_row(db::Session& session, const std::string& key, Seconds memory) {
  const UtcTime now = db::now(session);
  const auto row = session
                       .query_one(
                           "insert into guess (key, failures, last_at) values (:key, 0, :now)"
                           " on conflict (key) do update set failures = guess.failures returning "
                           "failures, last_at",
                           {key, now})
                       .value();
  const Guesses found{row.integer(0), row.time(1)};
  return found.last + memory > now ? found : Guesses{.last = now};
}

void write_row(db::Session& session, const std::string& key, std::int64_t failures) {
  session.execute("update guess set failures = :failures, last_at = :now where key = :key",
                  {failures, db::now(session), key});
}

}  // namespace

std::optional<Seconds> try_guess(db::Session& session, const std::string& key,
                                 const GuessRules& rules) {
  const Guesses found = lock_row(session, key, rules.memory);
  if (found.failures >= rules.free) {
    const auto doublings = std::min(found.failures - rules.free, k_most_doublings);
    const Seconds delay = std::min(Seconds{std::int64_t{1} << doublings}, rules.longest);
    const auto left = found.last + delay - db::now(session);
    if (left > left.zero()) return std::chrono::ceil<Seconds>(left);
  }
  write_row(session, key, found.failures + 1);
  return std::nullopt;
}

std::int64_t count_guesses(db::Session& session, const std::string& key, Seconds memory) {
  const auto row =
      session.query_one("select failures from guess where key = :key and last_at > :since",
                        {key, db::now(session) - memory});
  return row ? row->integer(0) : 0;
}

void add_guess(db::Session& session, const std::string& key, Seconds memory) {
  const Guesses found = lock_row(session, key, memory);
  write_row(session, key, found.failures + 1);
}

void forgive_guess(db::Session& session, const std::string& key) {
  session.execute("update guess set failures = failures - 1 where key = :key and failures > 0",
                  {key});
}

void forget_guesses(db::Session& session, const std::string& key) {
  session.execute("delete from guess where key = :key", {key});
}

void note_known(db::Session& session, const std::string& key) {
  session.execute(
      "insert into guess (key, failures, last_at) values (:key, 0, :now)"
      " on conflict (key) do update set last_at = excluded.last_at",
      {key, db::now(session)});
}

bool is_known(db::Session& session, const std::string& key) {
  return session.query_one("select 1 from guess where key = :key", {key}).has_value();
}

void prune_guesses(db::Session& session) {
  const UtcTime now = db::now(session);
  session.execute(
      "delete from guess where last_at < :failed and (failures > 0 or last_at < :known)",
      {now - k_failures_kept, now - k_known_kept});
}

}  // namespace shoal::catalog
