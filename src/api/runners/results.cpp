#include <set>

#include "api/core/body.h"
#include "api/core/reply.h"
#include "api/runners/held_job.h"
#include "api/runners/result_places.h"
#include "api/runners/routes.h"
#include "api/runners/source_file.h"
#include "base/log.h"
#include "net/http/multipart.h"
#include "processing/pipeline/graph.h"
#include "processing/pipeline/incoming.h"
#include "processing/pipeline/records.h"
#include "processing/pipeline/whole.h"
#include "runners/offers.h"

namespace shoal::api {
namespace {

constexpr std::size_t k_block = std::size_t{256} << 10;

Problem invalid_payload() {
  return Problem::bad_request("Payload is invalid");
}

/// The tokens come before the files: nothing of a stranger's is stored.
struct Received {
  net::Parameters parameters;
  FormText text{BodyLimits::of_anybody().text};
  std::optional<HeldJob> held;
  processing::Plan plan;
  std::unique_ptr<processing::Pipeline::Incoming> incoming;
  std::set<std::uint32_t> pieces;  ///< of which renditions
  bool has_playlist = false;       ///< of a whole one
};

io::Task<Answer<>> begin(Call& call, JobTokensText tokens, Received& received) {
  CO_TRY(ExpectedResult expected, co_await prove(call, std::move(tokens)));
  CO_TRY(received.incoming, call.context.runner_services->pipeline->receive(expected.held.job));
  received.held = std::move(expected.held);
  received.plan = std::move(expected.plan);
  co_return Answer<>{};
}

io::Task<Answer<>> begin_form(Call& call, Received& received) {
  Fields body = Fields::from(received.parameters, "body");
  JobTokensText tokens = read_tokens(body);
  CO_TRY_VOID(body.check());
  co_return co_await begin(call, std::move(tokens), received);
}

/// What is said of a result, not of this server.
bool blames_result(ErrorCode code) {
  switch (code) {
    case ErrorCode::corrupt:
    case ErrorCode::invalid:
    case ErrorCode::unsupported:
    case ErrorCode::too_large:
    case ErrorCode::timeout:
      return true;
    default:
      return false;
  }
}

/// The job goes to somebody else.
io::Task<Answer<>> refuse_result(Call& call, HeldJob held, Error why) {
  log::warn("the result of a runner was refused",
            {{"job", held.job.id.value}, {"runner", held.runner.name}, {"reason", why.message}});
  RunnerServices& services = *call.context.runner_services;
  CO_TRY_VOID(co_await call.context.database.write(
      [&services, held, why](db::Session& session) -> Result<> {
        const std::string message =
            fmt::format("the result of runner {} was refused: {}", held.runner.name, why.message);
        TRY_VOID(services.pipeline->fail_remote(session, held.job, {ErrorCode::internal, message},
                                                false));
        runners::note_failure(session, held.job.id, held.runner.id);
        return {};
      }));
  co_return refuse(Problem::bad_request("The result was refused: " + why.message)
                       .with_code("runner_job_result_refused"));
}

/// A file of a result: where it goes, and what it may take.
struct ResultFile {
  io::Path path;
  std::uint64_t limit = 0;
  std::string what;  ///< for the reason of a refusal
};

bool is_whole(const Received& received) {
  return received.held->job.kind == processing::k_whole;
}

/// Nothing when the job makes no such rendition, or it is there already.
std::optional<ResultFile> expect_piece(Received& received, std::uint32_t resolution) {
  const auto* rendition = find_encoded(received.plan, resolution);
  const std::size_t index = processing::payload_index(received.held->job);
  const bool is_ours = !is_whole(received) || resolution == index;
  if (rendition == nullptr || !is_ours || !received.pieces.insert(resolution).second)
    return std::nullopt;
  const std::size_t segment = is_whole(received) ? 0 : index;
  return ResultFile{processing::video_piece_path(received.incoming->folder(), *rendition, segment),
                    is_whole(received)
                        ? processing::largest_whole(received.plan, *rendition)
                        : processing::largest_piece(received.plan, *rendition, segment),
                    fmt::format("piece of {}p", resolution)};
}

/// Nothing for a field that is none of this job's, or has come before.
std::optional<ResultFile> expect_field(Received& received, std::string_view field) {
  auto resolution = runners::resolution_of_field(field);
  if (is_whole(received)) {
    if (field == runners::k_playlist_field && !std::exchange(received.has_playlist, true)) {
      return ResultFile{processing::whole_playlist_path(received.incoming->folder()),
                        media::m3u8::ParseLimits{}.bytes, "playlist"};
    }
    resolution.reset();
    if (field == runners::k_file_field)
      resolution = static_cast<std::uint32_t>(processing::payload_index(received.held->job));
  }
  return resolution ? expect_piece(received, *resolution) : std::nullopt;
}

using ReadMore = std::function<io::Task<Result<std::size_t>>(std::span<std::byte>)>;
/// What `read` gives becomes that file.
io::Task<Answer<>> take_file(Call& call, ResultFile wanted, const Received& received,
                             ReadMore read) {
  RunnerServices& services = *call.context.runner_services;
  io::FileSystem& files = *services.files;
  CO_TRY(std::shared_ptr<io::File> file, co_await services.bulk->run([&files, path = wanted.path] {
    return files.open(path, io::OpenMode::create_new);
  }));
  const auto block = std::make_shared<std::vector<std::byte>>(k_block);
  for (std::uint64_t at = 0;;) {
    CO_TRY(const std::size_t got, co_await read(*block));
    if (got == 0) co_return Answer<>{};
    if (got > wanted.limit - at) {
      co_return co_await refuse_result(
          call, *received.held,
          {ErrorCode::too_large,
           fmt::format("the {} is larger than {} bytes", wanted.what, wanted.limit)});
    }
    CO_TRY_VOID(co_await services.bulk->run(
        [file, block, at, got] { return file->write_at(at, std::span(*block).first(got)); }));
    at += got;
  }
}

io::Task<Answer<>> take_part(Call& call, net::MultipartReader& reader, std::string field,
                             Received& received) {
  auto wanted = expect_field(received, field);
  if (!wanted) co_return refuse(invalid_payload());
  co_return co_await take_file(call, *std::move(wanted), received,
                               [&reader](std::span<std::byte> into) { return reader.read(into); });
}

/// A piece that the runner says it has put where result-urls told it to.
io::Task<Answer<>> fetch_piece(Call& call, std::uint32_t resolution, Received& received) {
  if (is_whole(received)) co_return refuse(invalid_payload());
  auto wanted = expect_piece(received, resolution);
  if (!wanted) co_return refuse(invalid_payload());
  blob::BlobStore* const store = result_store(call);
  if (store == nullptr) co_return refuse(503, "The store of results is away.");
  auto opened = co_await store->open(result_key(call, received.held->job, resolution));
  if (!opened && opened.error().code == ErrorCode::not_found) {
    co_return co_await refuse_result(
        call, *received.held,
        {ErrorCode::invalid, fmt::format("the piece of {}p was not put", resolution)});
  }
  CO_TRY(const std::shared_ptr<blob::ObjectReader> object, std::move(opened));
  CO_TRY(const auto stream, co_await object->stream(0, object->size()));
  co_return co_await take_file(call, *std::move(wanted), received,
                               [&stream](std::span<std::byte> into) { return stream->read(into); });
}

io::Task<Answer<>> read_results(Call& call, Received& received) {
  auto opened = net::MultipartReader::open(call.request);
  if (!opened) co_return refuse(Problem(opened.error()));
  net::MultipartReader reader = *std::move(opened);
  while (true) {
    CO_TRY(auto part, co_await reader.next());
    if (!part) break;
    if (!part->is_file) {
      CO_TRY(std::string text, co_await received.text.read(reader, *part));
      received.parameters.add(part->name, std::move(text));
      continue;
    }
    if (!received.held) {
      CO_TRY_VOID(co_await begin_form(call, received));
    }
    CO_TRY_VOID(co_await take_part(call, reader, part->name, received));
  }
  if (!received.held) {
    CO_TRY_VOID(co_await begin_form(call, received));
  }
  co_return Answer<>{};
}

/// Each piece is an object in the store already.
io::Task<Answer<>> fetch_results(Call& call, Received& received) {
  CO_TRY(Fields body, co_await read_fields(call, BodyLimits::of_anybody()));
  JobTokensText tokens = read_tokens(body);
  auto payload = body.nested("payload");
  const auto put = payload ? payload->integers("putResolutions", k_most_pieces, 0,
                                               std::numeric_limits<std::int32_t>::max())
                           : std::nullopt;
  if (payload) body.merge(*payload);
  CO_TRY_VOID(body.check());
  CO_TRY_VOID(co_await begin(call, std::move(tokens), received));
  if (!put) co_return refuse(invalid_payload());
  for (const std::int64_t resolution : *put)
    CO_TRY_VOID(co_await fetch_piece(call, static_cast<std::uint32_t>(resolution), received));
  co_return Answer<>{};
}

/// All that was asked for; not what was left to whole jobs then, or has gone to one since.
io::Task<Answer<>> check_complete(Call& call, const Received& received) {
  if (is_whole(received)) {
    if (received.pieces.empty() || !received.has_playlist) co_return refuse(invalid_payload());
    co_return Answer<>{};
  }
  CO_TRY(const std::set<std::uint32_t> optional,
         co_await call.context.database.read(
             [video = *received.held->job.video, plan = received.plan,
              segment = processing::payload_index(received.held->job)](
                 db::Session& session) -> Result<std::set<std::uint32_t>> {
               return processing::find_optional(session, video, plan, segment);
             }));
  const bool complete = std::ranges::all_of(
      received.plan.renditions, [&](const processing::RenditionPlan& rendition) {
        return rendition.video != processing::StreamMode::encode ||
               received.pieces.contains(rendition.resolution) ||
               optional.contains(rendition.resolution);
      });
  if (!complete) co_return refuse(invalid_payload());
  co_return Answer<>{};
}

io::Task<Answer<>> record(Call& call, const Received& received) {
  RunnerServices& services = *call.context.runner_services;
  const HeldJob& held = *received.held;
  const auto recorded = is_whole(received)
                            ? co_await services.pipeline->record_whole(held.job, *received.incoming)
                            : co_await services.pipeline->record_encoded(
                                  held.job, *received.incoming, received.pieces);
  if (recorded) co_return Answer<>{};
  const Error& error = recorded.error();
  if (error.code == ErrorCode::conflict) co_return refuse(not_in_processing_state());
  if (blames_result(error.code)) co_return co_await refuse_result(call, held, error);
  co_return refuse(Problem(error));
}

bool is_form(const net::Request& request) {
  return request.headers.find("Content-Type").value_or("").starts_with("multipart/form-data");
}

io::Task<Reply> end_job(Call& call) {
  CO_TRY(RunnerServices* const services, runner_services(call));
  const bool brings = is_form(call.request);
  Received received;
  if (brings) {
    CO_TRY_VOID(co_await read_results(call, received));
  } else {
    CO_TRY_VOID(co_await fetch_results(call, received));
  }
  CO_TRY_VOID(co_await check_complete(call, received));
  CO_TRY_VOID(co_await record(call, received));
  if (!brings) {
    co_await forget_put(call, received.held->job, {received.pieces.begin(), received.pieces.end()});
  }
  if (services->progress != nullptr) services->progress->remove(received.held->job.id);
  co_return no_content();
}

io::Task<Reply> get_source(Call& call) {
  CO_TRY(Fields body, co_await read_fields(call, BodyLimits::of_anybody()));
  const JobTokensText tokens = read_tokens(body);
  CO_TRY_VOID(body.check());
  CO_TRY(RunnerServices* const services, runner_services(call));
  const Context& context = call.context;
  CO_TRY(
      const storage::StoredFile source,
      co_await call.context.database.read([&context, tokens,
                                           uuid = std::string(call.parameter("jobUUID")),
                                           video = std::string(call.parameter("videoId"))](
                                              db::Session& session) -> Answer<storage::StoredFile> {
        TRY(const HeldJob held, find_held(session, context, uuid, tokens.runner, tokens.job));
        TRY(const processing::VideoWork work, processing::find_work(session, *held.job.video));
        if (work.uuid.text() != video) return refuse(404, "Unknown video of this job");
        if (!work.source) return refuse(404, "The uploaded file of this video is gone");
        return *work.source;
      }));
  if (services->source_url) {
    if (const auto url = services->source_url(source.store, source.object_key))
      co_return redirect(303, *url);
  }
  co_return co_await source_response(call.request.headers, *services->stores, source);
}

}  // namespace

void add_runner_result_routes(Routes& routes) {
  routes.post("/api/v1/runners/jobs/:jobUUID/success", {.operation = "completeRunnerJob"}, end_job);
  routes.post("/api/v1/runners/jobs/:jobUUID/files/videos/:videoId/max-quality",
              {.operation = "getRunnerJobSource"}, get_source);
  // The original has both.
  routes.post("/api/v1/runners/jobs/:jobUUID/files/videos/:videoId/max-quality/audio",
              {.operation = "getRunnerJobSound"}, get_source);
}

}  // namespace shoal::api
