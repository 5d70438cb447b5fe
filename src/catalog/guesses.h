#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "db/session.h"

namespace shoal::catalog {

/// After `free` failures in a row under one key each next try waits twice as long as the one
/// before, 1 s first, `longest` at most. Without a try for `memory` the failures are forgotten.
struct GuessRules {
  std::int64_t free = 5;
  Seconds longest{60};
  Seconds memory{900};
};

// Rows that all nodes share, under the database's clock. Keys say nothing of whom they are about.

/// How long this key must still wait, or nothing: then the try counts as a failure until
/// forget_guesses() or forgive_guess(). The row is locked: tries at the same moment, on any node,
/// do not slip through together. In a write transaction.
std::optional<Seconds> try_guess(db::Session& session, const std::string& key,
                                 const GuessRules& rules);
/// Failures under the key that still count.
std::int64_t count_guesses(db::Session& session, const std::string& key, Seconds memory);
/// Counts one more.
void add_guess(db::Session& session, const std::string& key, Seconds memory);
/// Takes one back.
void forgive_guess(db::Session& session, const std::string& key);
void forget_guesses(db::Session& session, const std::string& key);

/// Remembers that somebody was let in under this key, and whether they were.
void note_known(db::Session& session, const std::string& key);
bool is_known(db::Session& session, const std::string& key);

/// Rows that say nothing any more: failures not tried again for a day, who was not seen for 90.
void prune_guesses(db::Session& session);

}  // namespace shoal::catalog
