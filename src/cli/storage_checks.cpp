#include "cli/storage_checks.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "base/config/units.h"
#include "storage/checks/file_repairer.h"
#include "storage/files.h"
#include "storage/store_ledger.h"

namespace shoal::cli {
namespace {

constexpr std::size_t k_page = 500;
constexpr std::size_t k_shown_hopeless = 1000;
constexpr std::size_t k_shown_trash = 10'000;
/// What is read of a store when nothing is said: twenty such runs read all of it.
constexpr double k_usual_sample = 5;

std::unexpected<Error> unreadable(std::string_view option, std::string_view text,
                                  std::string_view example) {
  return fail(ErrorCode::invalid,
              fmt::format("--{} {} cannot be read: write it as {}", option, text, example));
}

Result<double> read_percent(std::string_view text) {
  std::string_view digits = text;
  if (digits.ends_with('%')) digits.remove_suffix(1);
  double percent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), percent);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!whole || !(percent > 0) || percent > 100) return unreadable("sample", text, "5%");
  return percent;
}

/// Nothing where nothing was said.
Result<std::optional<Milliseconds>> read_duration(std::string_view option, std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto duration = config::parse_duration(text);
  if (!duration) return unreadable(option, text, "30d");
  return *duration;
}

using Payloads = std::set<std::string>;

Payloads repairs_on_their_way(db::Session& session) {
  Payloads payloads;
  for (const db::Row& row :
       session.query("select payload from job where kind = :kind", {storage::k_repair_file}))
    payloads.insert(row.text(0));
  return payloads;
}

}  // namespace

Result<std::vector<std::string>> registered_stores(db::Database& database,
                                                   const std::string& name) {
  return database.read_blocking([&](db::Session& session) -> Result<std::vector<std::string>> {
    std::vector<std::string> names;
    for (const db::Row& row : session.query(
             "select name from store where :name = '' or name = :name order by name", {name}))
      names.push_back(row.text(0));
    if (!names.empty() || name.empty()) return names;
    return fail(ErrorCode::not_found,
                fmt::format("there is no store '{}': `shoal storage list` names them", name));
  });
}

Result<storage::VerifyOrder> plan_verify(const VerifyOptions& options, UtcTime now) {
  storage::VerifyOrder order;
  order.depth = options.is_quick ? storage::VerifyDepth::size : storage::VerifyDepth::content;
  order.only_bad = options.only_bad;
  const bool is_all = options.is_full || options.is_quick || options.only_bad;
  order.percent = is_all ? 100 : k_usual_sample;
  if (!options.sample.empty()) {
    TRY(order.percent, read_percent(options.sample));
  }
  TRY(const auto age, read_duration("older-than", options.older_than));
  if (age) order.verified_before = now - *age;
  if (!options.limit_rate.empty()) {
    const auto rate = config::parse_bytes(options.limit_rate);
    if (!rate || rate->value == 0) return unreadable("limit-rate", options.limit_rate, "20MB");
    order.rate_limit = rate->value;
  }
  return order;
}

Result<RepairPlan> repair_copies(db::Database& database, const std::string& store,
                                 bool is_dry_run) {
  RepairPlan plan;
  TRY(Payloads known, database.read_blocking([](db::Session& session) -> Result<Payloads> {
    return repairs_on_their_way(session);
  }));
  plan.running = static_cast<std::int64_t>(known.size());
  storage::PlacementId after;
  for (bool more = true; more;) {
    TRY(const auto page,
        database.read_blocking([&](db::Session& session) -> Result<std::vector<storage::BadCopy>> {
          return storage::list_bad_copies(session, store, after, k_page);
        }));
    more = page.size() == k_page;
    std::vector<storage::FileRepair> repairs;
    for (const storage::BadCopy& copy : page) {
      after = copy.id;
      const storage::FileRepair repair{copy.file, copy.store};
      if (!copy.has_good) {
        ++plan.hopeless;
        if (plan.examples.size() < k_shown_hopeless) plan.examples.push_back(copy);
      } else if (known.insert(storage::write_repair(repair)).second) {
        ++plan.queued;
        plan.bytes += copy.size;
        repairs.push_back(repair);
      }
    }
    if (is_dry_run || repairs.empty()) continue;
    TRY_VOID(database.write_blocking([&](db::Session& session) -> Result<> {
      for (const storage::FileRepair& repair : repairs) storage::enqueue_repair(session, repair);
      return {};
    }));
  }
  return plan;
}

Result<storage::OrphanOrder> plan_gc(const GcOptions& options) {
  storage::OrphanOrder order;
  order.schedules = options.deletes;
  TRY(const auto age, read_duration("older-than", options.older_than));
  if (age) order.older_than = *age;
  TRY(const auto kept, read_duration("keep-for", options.keep_for));
  if (kept) order.kept_for = *kept;
  // What is announced may wait so long for its row.
  if (order.older_than < storage::k_unrecorded_for)
    return fail(ErrorCode::invalid, "--older-than is a day at least: younger objects may be new");
  if (order.kept_for < std::chrono::hours{1})
    return fail(ErrorCode::invalid, "--keep-for is an hour at least");
  return order;
}

Result<std::vector<storage::TrashedOrphan>> list_trash(db::Database& database,
                                                       const std::string& store) {
  return database.read_blocking(
      [&](db::Session& session) -> Result<std::vector<storage::TrashedOrphan>> {
        return storage::list_trashed_orphans(session, store, k_shown_trash);
      });
}

Result<std::int64_t> take_back(db::Database& database, const std::string& store,
                               const std::vector<std::string>& keys) {
  TRY(const std::int64_t taken,
      database.write_blocking([&](db::Session& session) -> Result<std::int64_t> {
        return storage::take_back_orphans(session, store, keys);
      }));
  if (taken > 0) return taken;
  return fail(ErrorCode::not_found,
              fmt::format("no such object of store '{}' is in the trash: see `shoal storage trash`",
                          store));
}

Result<> confirm_store(db::Database& database, const std::string& store) {
  return database.write_blocking(
      [&](db::Session& session) -> Result<> { return storage::confirm_store(session, store); });
}

}  // namespace shoal::cli
