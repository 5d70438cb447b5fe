#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/machine_labels.h"
#include "base/random.h"
#include "base/result.h"
#include "db/session.h"
#include "runners/tokens.h"

/// Which machines elsewhere may do jobs, and who let them in. Functions over the caller's
/// transaction.
namespace shoal::runners {

struct RegistrationToken {
  RegistrationTokenId id;
  std::string token;
  UtcTime created_at{};
  std::int64_t registered = 0;  ///< runners that came by it
};

struct Runner {
  RunnerId id;
  std::string name;
  std::optional<std::string> description;
  std::string ip;
  UtcTime last_contact{};
  UtcTime created_at{};
  /// What it said when it asked for segments last; nothing: it never did.
  std::optional<MachineLabels> labels{};

  /// The holder of its leases in the queue.
  std::string worker() const { return worker_name(id); }
  static std::string worker_name(RunnerId id) { return "runner:" + std::to_string(id.value); }
};

template <class Item>
struct Listed {
  std::int64_t total = 0;
  std::vector<Item> items;
};
struct Slice {
  std::int64_t start = 0;
  std::int64_t count = 15;
  bool newest_first = true;
};

void create_registration_token(db::Session& session, Random& random, UtcTime now);
Listed<RegistrationToken> list_registration_tokens(db::Session& session, const Slice& slice);
/// With all runners that came by it. Errors: not_found.
Result<> delete_registration_token(db::Session& session, RegistrationTokenId id);

struct NewRunner {
  std::string registration_token;
  std::string name;
  std::optional<std::string> description;
  std::string ip;
};
struct Registered {
  RunnerId id;
  std::string token;  ///< shown this once
};
/// Errors: not_found (no such registration token), conflict (the name is taken).
Result<Registered> register_runner(db::Session& session, Random& random, const NewRunner& runner,
                                   UtcTime now);

/// By its token.
std::optional<Runner> find_runner(db::Session& session, std::string_view runner_token);
std::optional<Runner> find_named(db::Session& session, std::string_view name);
/// By what holds a lease ("runner:7"); nothing for a worker of this cluster.
std::optional<Runner> find_holder(db::Session& session, std::string_view worker);
Listed<Runner> list_runners(db::Session& session, const Slice& slice);

/// It has just asked. Written every ten seconds at the most: is_contact_due() says without writing
/// whether it would be.
bool is_contact_due(const Runner& runner, UtcTime now);
void note_contact(db::Session& session, const Runner& runner, std::string_view ip, UtcTime now);

/// What it has, when it asks for segments.
void note_labels(db::Session& session, RunnerId runner, const MachineLabels& labels);

/// What it was doing waits for others. Errors: not_found.
Result<> remove_runner(db::Session& session, RunnerId id);

}  // namespace shoal::runners
