#pragma once

#include "api/core/context.h"
#include "app/config/config.h"
#include "app/data_directory.h"
#include "catalog/settings.h"
#include "db/database.h"
#include "net/http/server.h"
#include "processing/pipeline/pipeline.h"
#include "processing/plan.h"
#include "runners/coverage.h"

namespace shoal::app {

// The one configuration, cut into what each room takes. Pure.

net::ServerConfig server_config(const Config& config);
db::DatabaseConfig database_config(const Config& config, const std::filesystem::path& data);
catalog::RuntimeSettings runtime_defaults(const Config& config);
/// What the administrator wants of transcoding now: the file's values under the run-time settings.
processing::PlanConfig plan_config(const Config& config, const catalog::RuntimeSettings& settings);
/// By the names of kinds in the queue; only those that need something.
runners::KindNeeds job_needs(const Config& config);
processing::PipelineConfig pipeline_config(const Config& config, const DataDirectory& directory);
api::ApiConfig api_config(const Config& config, const DataDirectory& directory);

}  // namespace shoal::app
