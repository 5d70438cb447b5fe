#pragma once

#include <string>
#include <string_view>

#include "api/core/context.h"
#include "api/core/fields.h"
#include "api/core/problem.h"
#include "api/core/routes.h"
#include "api/runners/services.h"
#include "db/session.h"
#include "jobs/queue.h"
#include "runners/assignment.h"
#include "runners/registry.h"

namespace shoal::api {

inline constexpr TextRule k_runner_token{.min = 1, .max = 1000};

/// 404 with `unknown_runner_token` for a token that is nobody's.
Answer<runners::Runner> find_caller(db::Session& session, std::string_view runner_token);

/// A lease that a request has proved.
struct HeldJob {
  runners::Runner runner;
  jobs::LeasedJob job;
  UtcTime last{};  ///< the lease ends then, however often it is extended
};
/// 404 for tokens that prove nothing, 400 with `runner_job_not_in_processing_state` once the lease
/// is over.
Answer<HeldJob> find_held(db::Session& session, const Context& context, std::string_view uuid,
                          std::string_view runner_token, std::string_view job_token);

/// A job that was leased once, but not now.
Problem not_in_processing_state();

/// What the two tokens in a body say.
struct JobTokensText {
  std::string runner;
  std::string job;
};
JobTokensText read_tokens(Fields& body);

/// Of the video that a job works on, as its payload tells it. Errors: not_found.
Result<runners::SegmentInput> find_input(db::Session& session, const Context& context, JobId job,
                                         VideoId video);

/// 503 in a program that processes nothing.
Answer<RunnerServices*> runner_services(const Call& call);

}  // namespace shoal::api
