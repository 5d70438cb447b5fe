#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/machine_labels.h"
#include "db/session.h"
#include "jobs/list.h"
#include "runners/registry.h"

/// Which kinds of jobs somebody who lives does: workers of this cluster say it (jobs::introduce),
/// and runners take segments if they have the labels. Functions over the caller's transaction.
namespace shoal::runners {

/// Labels that kinds of jobs need; kinds that are not there need none.
using KindNeeds = std::map<std::string, MachineLabels, std::less<>>;

/// Whether a runner may take segments.
bool may_do_segments(const Runner& runner, const KindNeeds& needs);

/// A kind of which jobs are due for longer than `patience`, and that nobody does.
struct Stranded {
  std::string kind;
  std::int64_t jobs = 0;
};
/// One pass over what waits.
std::vector<Stranded> find_stranded(db::Session& session, const KindNeeds& needs, Seconds patience);

/// "nobody who lives does this kind, which needs the labels av1 gpu".
std::string why_stranded(std::string_view kind, const KindNeeds& needs);

/// Writes down why jobs wait that nobody does.
void explain_waits(db::Session& session, const KindNeeds& needs,
                   std::vector<jobs::ListedJob>& listed);

}  // namespace shoal::runners
