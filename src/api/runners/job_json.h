#pragma once

#include <string>
#include <string_view>

#include "api/core/context.h"
#include "api/core/json_writer.h"
#include "db/session.h"
#include "processing/plan.h"
#include "runners/offers.h"
#include "runners/registry.h"

namespace shoal::api {

/// A job as PeerTube's RunnerJob; `payload` is JSON.
struct ShownJob {
  runners::RunnerJob job;
  std::string payload = "{}";
  std::optional<runners::Runner> runner;
  std::optional<double> progress;
};

/// Of an HLS job; nothing where its video has no such rendition any more.
std::optional<processing::RenditionPlan> find_rendition(db::Session& session,
                                                        const runners::RunnerJob& job);

/// What `job` is now, with an offer's payload. For lists: a video that is gone has an empty one.
ShownJob show_job(db::Session& session, const Context& context, runners::RunnerJob job);

/// The members of a job, within an object.
void write_job_members(JsonWriter& json, const ShownJob& shown);

}  // namespace shoal::api
