#include "api/runners/result_places.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/core/body.h"
#include "api/core/reply.h"
#include "api/runners/routes.h"
#include "base/log.h"
#include "processing/packaging.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/records.h"
#include "storage/files.h"

namespace shoal::api {
namespace {

constexpr auto k_kind = storage::FileKind::running_work;

struct Place {
  std::uint32_t resolution = 0;
  std::string key;
  std::string url;
};

/// Places for what a runner is about to put, or none where the store takes nothing from elsewhere.
Answer<std::vector<Place>> find_places(const Call& call, const ExpectedResult& expected,
                                       std::vector<Fields>& pieces) {
  const RunnerServices& services = *call.context.runner_services;
  if (expected.held.job.kind != processing::k_encode)
    return refuse(400, "The result of this job comes with its success");
  const std::size_t segment = processing::payload_index(expected.held.job);
  std::vector<Place> places;
  places.reserve(pieces.size());
  for (Fields& piece : pieces) {
    const auto resolution = piece.required_integer("resolution", 0, 1 << 20);
    const auto size = piece.required_integer("size", 1, std::numeric_limits<std::int64_t>::max());
    TRY_VOID(piece.check());
    const auto* rendition = find_encoded(expected.plan, resolution);
    if (rendition == nullptr)
      return refuse(400, fmt::format("This job makes no rendition of {}p", resolution));
    const std::uint64_t limit = processing::largest_piece(expected.plan, *rendition, segment);
    if (std::cmp_greater(size, limit)) {
      return refuse(400, fmt::format("The piece of {}p may have {} bytes at the most, not {}",
                                     resolution, limit, size));
    }
    Place place{.resolution = rendition->resolution,
                .key = result_key(call, expected.held.job, rendition->resolution),
                .url = {}};
    auto url = services.result_url
                   ? services.result_url(services.stores->home_name(k_kind), place.key,
                                         static_cast<std::uint64_t>(size))
                   : std::nullopt;
    if (!url) return std::vector<Place>();
    place.url = *std::move(url);
    places.push_back(std::move(place));
  }
  return places;
}

io::Task<Reply> give_result_urls(Call& call) {
  CO_TRY(Fields body, co_await read_fields(call, BodyLimits::of_anybody()));
  JobTokensText tokens = read_tokens(body);
  auto pieces = body.nested_array("pieces", k_most_pieces);
  if (!pieces) body.refuse("pieces", "is an array of {resolution, size}");
  CO_TRY_VOID(body.check());
  CO_TRY(RunnerServices* const services, runner_services(call));
  CO_TRY(const ExpectedResult expected, co_await prove(call, std::move(tokens)));
  CO_TRY(const std::vector<Place> places, find_places(call, expected, *pieces));
  CO_TRY_VOID(co_await call.context.database.write(
      [&places, store = services->stores->home_name(k_kind),
       now = call.context.clock.now()](db::Session& session) -> Result<> {
        for (const Place& place : places)
          TRY_VOID(storage::announce_object(session, store, place.key, now));
        return {};
      }));
  JsonWriter json;
  json.object([&] {
    json.key("urls").array(places, [&](const Place& place) {
      json.object([&] {
        json.field("resolution", std::int64_t{place.resolution}).field("url", place.url);
      });
    });
  });
  co_return json_response(json);
}

}  // namespace

io::Task<Answer<ExpectedResult>> prove(Call& call, JobTokensText tokens) {
  const Context& context = call.context;
  co_return co_await call.context.database.read(
      [&context, tokens, uuid = std::string(call.parameter("jobUUID"))](
          db::Session& session) -> Answer<ExpectedResult> {
        TRY(HeldJob held, find_held(session, context, uuid, tokens.runner, tokens.job));
        TRY(processing::Plan plan, processing::find_plan(session, *held.job.video));
        return ExpectedResult{std::move(held), std::move(plan)};
      });
}

const processing::RenditionPlan* find_encoded(const processing::Plan& plan,
                                              std::int64_t resolution) {
  const auto found = std::ranges::find_if(
      plan.renditions, [resolution](const processing::RenditionPlan& rendition) {
        return rendition.resolution == resolution &&
               rendition.video == processing::StreamMode::encode;
      });
  return found == plan.renditions.end() ? nullptr : &*found;
}

blob::BlobStore* result_store(const Call& call) {
  return call.context.runner_services->stores->home(k_kind);
}

std::string result_key(const Call& call, const jobs::LeasedJob& job, std::uint32_t resolution) {
  return runners::JobTokens(call.context.config.identity.secret)
      .result_key({job.id, job.fence}, resolution);
}

io::Task<> forget_put(Call& call, jobs::LeasedJob job, std::vector<std::uint32_t> resolutions) {
  std::vector<std::string> keys;
  keys.reserve(resolutions.size());
  for (const std::uint32_t resolution : resolutions)
    keys.push_back(result_key(call, job, resolution));
  const std::string store = call.context.runner_services->stores->home_name(k_kind);
  const auto given_up = co_await call.context.database.write(
      [keys, store,
       due = call.context.clock.now() + k_result_url_life](db::Session& session) -> Result<> {
        for (const std::string& key : keys) storage::give_up_object(session, store, key, due);
        return {};
      });
  // Then they go a day after they were announced.
  if (!given_up) log::warn("put results stay for a day", {{"reason", given_up.error().message}});
}

void add_runner_result_place_routes(Routes& routes) {
  routes.post("/api/v1/runners/jobs/:jobUUID/result-urls", {.operation = "getRunnerResultUrls"},
              give_result_urls);
}

}  // namespace shoal::api
