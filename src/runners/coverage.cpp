#include "runners/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "processing/pipeline/graph.h"

namespace shoal::runners {
namespace {

/// A worker whose heart has not beaten, or a runner that has not asked, for so long is away.
constexpr Seconds k_worker_silence{30};
constexpr Seconds k_runner_silence{60};

const MachineLabels& needs_of(const KindNeeds& needs, std::string_view kind) {
  static const MachineLabels k_none;
  const auto found = needs.find(kind);
  return found == needs.end() ? k_none : found->second;
}

/// Nothing: somebody lives who has not said what it does (a program of before).
std::optional<std::set<std::string, std::less<>>> find_kinds_done(db::Session& session,
                                                                  const KindNeeds& needs) {
  const UtcTime now = session.now();
  // Whole renditions that nobody takes are made in segments.
  std::set<std::string, std::less<>> kinds{std::string(processing::k_whole)};
  for (const db::Row& row :
       session.query("select distinct kinds from worker where heartbeat_at > :since",
                     {now - k_worker_silence})) {
    if (row.is_null(0)) return std::nullopt;
    for (const std::string_view kind : split(row.text(0), ' ')) kinds.emplace(kind);
  }
  for (const db::Row& row : session.query(
           "select distinct labels from runner where labels is not null and last_contact_at >"
           " :since",
           {now - k_runner_silence})) {
    if (has_all(from_words(row.text(0)), needs_of(needs, processing::k_encode)))
      kinds.emplace(processing::k_encode);
  }
  return kinds;
}

}  // namespace

bool may_do_segments(const Runner& runner, const KindNeeds& needs) {
  return has_all(runner.labels.value_or(MachineLabels{}), needs_of(needs, processing::k_encode));
}

std::vector<Stranded> find_stranded(db::Session& session, const KindNeeds& needs,
                                    Seconds patience) {
  std::vector<Stranded> stranded;
  const auto done = find_kinds_done(session, needs);
  if (!done) return stranded;
  const UtcTime before = session.now() - patience;
  for (const db::Row& row :
       session.query("select kind, count(*) from job where state = 1 and run_after <= :before"
                     " and created_at <= :before group by kind order by kind",
                     {before})) {
    if (!done->contains(row.text(0))) stranded.push_back({row.text(0), row.integer(1)});
  }
  return stranded;
}

std::string why_stranded(std::string_view kind, const KindNeeds& needs) {
  const MachineLabels& needed = needs_of(needs, kind);
  if (needed.empty()) return "nobody who lives does this kind";
  return fmt::format("nobody who lives does this kind, which needs the label{} {}",
                     needed.size() == 1 ? "" : "s", to_words(needed));
}

void explain_waits(db::Session& session, const KindNeeds& needs,
                   std::vector<jobs::ListedJob>& listed) {
  const auto waits = [](const jobs::ListedJob& job) {
    return job.state == jobs::ListState::waiting;
  };
  if (std::ranges::none_of(listed, waits)) return;
  const auto done = find_kinds_done(session, needs);
  if (!done) return;
  for (jobs::ListedJob& job : listed) {
    if (waits(job) && !done->contains(job.kind)) job.waits_for = why_stranded(job.kind, needs);
  }
}

}  // namespace shoal::runners
