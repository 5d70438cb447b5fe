#include "worker/server_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "runners/offers.h"
#include "worker/form_body.h"

namespace shoal::worker {
namespace {

namespace json = boost::json;

constexpr std::uint64_t k_answer_limit = std::uint64_t{16} << 20;
constexpr Milliseconds k_call_deadline{15'000};
constexpr net::ClientConfig k_patient{.stall_timeout = Milliseconds{180'000}};
constexpr const char* k_json = "application/json";

/// What a member of an answer says, or "".
std::string text_in(std::string_view answer, std::string_view member) {
  boost::system::error_code error;
  const json::value value = json::parse(answer, error);
  const json::object* object = error ? nullptr : value.if_object();
  const json::value* found = object == nullptr ? nullptr : object->if_contains(member);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

/// What an answer that is no success means to us.
Error error_of(int status, std::string_view answer) {
  const std::string code = text_in(answer, "code");
  std::string detail = text_in(answer, "detail");
  if (detail.empty()) detail = fmt::format("the server answered {}", status);
  if (code == "unknown_runner_token") return {ErrorCode::unauthorized, std::move(detail)};
  if (code == "runner_job_not_in_processing_state" || code == "runner_job_not_in_pending_state" ||
      status == 409)
    return {ErrorCode::conflict, std::move(detail)};
  if (status == 404) return {ErrorCode::not_found, std::move(detail)};
  if (status == 429 || status == 503) return {ErrorCode::busy, std::move(detail)};
  // Also 502 and 504 of a proxy whose server restarts.
  if (status >= 500) return {ErrorCode::unavailable, std::move(detail)};
  return {ErrorCode::invalid, std::move(detail)};
}

/// A job that is gone is one that is not ours.
Error job_error(Error error) {
  if (error.code == ErrorCode::not_found) error.code = ErrorCode::conflict;
  return error;
}

io::Task<Result<std::string>> read_answer(net::ClientResponse response) {
  CO_TRY(std::string text, co_await net::read_text(*response.body, k_answer_limit));
  if (response.status >= 200 && response.status < 300) co_return text;
  co_return std::unexpected(error_of(response.status, text));
}

net::ClientRequest json_request(std::string url, std::string body) {
  net::ClientRequest request{.method = "POST", .url = std::move(url)};
  request.headers.add("Content-Type", k_json);
  request.body = net::text_body(std::move(body));
  return request;
}

json::object to_json(const ServerLink::Proof& proof) {
  return {{"runnerToken", proof.runner_token}, {"jobToken", proof.job_token}};
}

std::string job_path(const std::string& job, std::string_view what) {
  return fmt::format("/api/v1/runners/jobs/{}/{}", job, what);
}

/// Nothing, or what is wrong with an answer that should begin at `from`.
Result<> check_begin(const net::ClientResponse& response, std::uint64_t from) {
  if (from == 0) return {};
  const auto range = response.headers.find("Content-Range").value_or("");
  if (response.status == 206 && range.starts_with(fmt::format("bytes {}-", from))) return {};
  return fail(ErrorCode::corrupt, "the source was not given from where it was asked for");
}

}  // namespace

ServerLink::ServerLink(std::string server, io::FileSystem& files, io::Offload& disk)
    : server_(std::move(server)), files_(files), disk_(disk), patient_client_(k_patient) {}

io::Task<Result<std::string>> ServerLink::post(std::string path, std::string body) const {
  net::ClientRequest request = json_request(server_ + path, std::move(body));
  request.deadline = k_call_deadline;
  CO_TRY(net::ClientResponse response, co_await client_.send(std::move(request)));
  co_return co_await read_answer(std::move(response));
}

io::Task<Result<std::string>> ServerLink::enter(std::string registration_token,
                                                std::string name) const {
  CO_TRY(const std::string answer,
         co_await post("/api/v1/runners/register",
                       json::serialize(json::object{{"registrationToken", registration_token},
                                                    {"name", name},
                                                    {"description", "shoal worker"}})));
  std::string token = text_in(answer, "runnerToken");
  if (token.empty()) co_return fail(ErrorCode::invalid, "the server gave no token");
  co_return token;
}

io::Task<Result<std::vector<std::string>>> ServerLink::request(std::string runner_token,
                                                               MachineLabels labels,
                                                               Seconds patience) const {
  CO_TRY(const std::string answer,
         co_await post("/api/v1/runners/jobs/request",
                       json::serialize(json::object{
                           {"runnerToken", runner_token},
                           {"waitSeconds", patience.count()},
                           {"labels", json::value_from(labels)},
                           {"jobTypes", json::array{json::string(runners::k_segment_type)}}})));
  co_return runners::parse_offers(answer);
}

io::Task<Result<runners::Assignment>> ServerLink::accept(std::string runner_token,
                                                         std::string job) const {
  auto answer = co_await post(job_path(job, "accept"),
                              json::serialize(json::object{{"runnerToken", runner_token}}));
  if (!answer) co_return std::unexpected(job_error(std::move(answer).error()));
  co_return runners::parse_assignment(*answer);
}

io::Task<Result<>> ServerLink::tell(Proof proof, std::string_view what, std::string_view name,
                                    std::string value) const {
  json::object body = to_json(proof);
  body[name] = value;
  const auto answer = co_await post(job_path(proof.job, what), json::serialize(body));
  if (!answer) co_return std::unexpected(job_error(answer.error()));
  co_return Result<>{};
}

io::Task<Result<>> ServerLink::update(Proof proof, int progress) const {
  return tell(std::move(proof), "update", "progress", std::to_string(progress));
}

io::Task<Result<>> ServerLink::abort(Proof proof) const {
  return tell(std::move(proof), "abort", "reason", "the worker stops");
}

io::Task<Result<>> ServerLink::fail_job(Proof proof, std::string message) const {
  return tell(std::move(proof), "error", "message", std::move(message));
}

io::Task<Result<>> ServerLink::deliver(Proof proof, std::vector<Piece> pieces) const {
  auto form = std::make_shared<FormBody>(disk_);
  form->add_field("runnerToken", proof.runner_token);
  form->add_field("jobToken", proof.job_token);
  for (const Piece& piece : pieces) {
    CO_TRY(std::shared_ptr<io::File> file, co_await disk_.run([&files = files_, path = piece.path] {
      return files.open(path, io::OpenMode::read);
    }));
    form->add_file(runners::piece_field(piece.resolution), std::move(file), piece.size);
  }
  form->finish();
  net::ClientRequest request{.method = "POST", .url = server_ + job_path(proof.job, "success")};
  request.headers.add("Content-Type", form->content_type());
  request.body = std::move(form);
  CO_TRY(net::ClientResponse response, co_await patient_client_.send(std::move(request)));
  const auto answer = co_await read_answer(std::move(response));
  if (!answer) co_return std::unexpected(job_error(answer.error()));
  co_return Result<>{};
}

io::Task<Result<std::vector<runners::ResultUrl>>> ServerLink::result_urls(
    Proof proof, const std::vector<Piece>& pieces) const {
  json::object body = to_json(proof);
  json::array sizes;
  for (const Piece& piece : pieces)
    sizes.push_back({{"resolution", piece.resolution}, {"size", piece.size}});
  body["pieces"] = std::move(sizes);
  const auto answer = co_await post(job_path(proof.job, "result-urls"), json::serialize(body));
  if (!answer) co_return std::unexpected(job_error(answer.error()));
  co_return runners::parse_result_urls(*answer);
}

io::Task<Result<>> ServerLink::put(std::string url, Piece piece) const {
  CO_TRY(std::shared_ptr<io::File> file, co_await disk_.run([&files = files_, path = piece.path] {
    return files.open(path, io::OpenMode::read);
  }));
  auto body = std::make_shared<PartsBody>(disk_);
  body->append(std::move(file), piece.size);
  net::ClientRequest request{.method = "PUT", .url = std::move(url), .body = std::move(body)};
  CO_TRY(net::ClientResponse response, co_await client_.send(std::move(request)));
  CO_TRY(const std::string text, co_await net::read_text(*response.body, k_answer_limit));
  if (response.status >= 200 && response.status < 300) co_return Result<>{};
  co_return fail(ErrorCode::unavailable,
                 fmt::format("the store answered {}: {}", response.status, text.substr(0, 200)));
}

io::Task<Result<>> ServerLink::deliver_by_store(Proof proof, std::vector<Piece> pieces) const {
  CO_TRY(const std::vector<runners::ResultUrl> urls, co_await result_urls(proof, pieces));
  json::array put_there;
  for (const Piece& piece : pieces) {
    const auto place = std::ranges::find(urls, piece.resolution, &runners::ResultUrl::resolution);
    if (place == urls.end())
      co_return fail(ErrorCode::unsupported, "the store takes no results from elsewhere");
    const auto done = co_await put(place->url, piece);
    if (!done) co_return fail(ErrorCode::unavailable, done.error().message);
    put_there.push_back(piece.resolution);
  }
  json::object body = to_json(proof);
  body["payload"] = json::object{{"putResolutions", std::move(put_there)}};
  CO_TRY(net::ClientResponse response,
         co_await patient_client_.send(
             json_request(server_ + job_path(proof.job, "success"), json::serialize(body))));
  const auto answer = co_await read_answer(std::move(response));
  if (!answer) co_return std::unexpected(job_error(answer.error()));
  co_return Result<>{};
}

io::Task<Result<std::unique_ptr<net::BodySource>>> ServerLink::open_source(
    Proof proof, std::string url, std::uint64_t from) const {
  // Its path only: a server may be reached under another name than the one it gives itself.
  const std::size_t path = url.find('/', url.find("://") + 3);
  if (path == std::string::npos) co_return fail(ErrorCode::invalid, "the source has no address");
  net::ClientRequest request =
      json_request(server_ + url.substr(path), json::serialize(to_json(proof)));
  const std::string range = fmt::format("bytes={}-", from);
  if (from > 0) request.headers.add("Range", range);
  CO_TRY(net::ClientResponse response, co_await client_.send(std::move(request)));
  if (response.status == 303) {
    net::ClientRequest elsewhere{.url =
                                     std::string(response.headers.find("Location").value_or(""))};
    if (from > 0) elsewhere.headers.add("Range", range);
    CO_TRY(response, co_await client_.send(std::move(elsewhere)));
  }
  if (response.status < 200 || response.status >= 300) {
    const auto refused = co_await read_answer(std::move(response));
    co_return std::unexpected(job_error(refused.error()));
  }
  CO_TRY_VOID(check_begin(response, from));
  co_return std::move(response.body);
}

}  // namespace shoal::worker
