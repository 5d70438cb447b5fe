#include "scaling/fleet/kubernetes_driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/text.h"

namespace shoal::scaling {
namespace {

namespace json = boost::json;

constexpr std::uint64_t k_file_limit = 64 << 10;
constexpr std::uint64_t k_answer_limit = 1 << 20;
constexpr std::size_t k_most_quoted = 300;
constexpr std::string_view k_cheap = "-100";
constexpr std::string_view k_dear = "100";

/// What Kubernetes names a pod, so that nothing else gets into a path: workers choose their names.
bool is_pod_name(std::string_view name) {
  constexpr std::size_t k_longest = 253;
  return !name.empty() && name.size() <= k_longest && !name.contains("..") &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

/// The message of a Status object, or the beginning of whatever came.
std::string said(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const json::object* const object = error ? nullptr : value.if_object();
  const json::value* const message = object == nullptr ? nullptr : object->if_contains("message");
  if (message != nullptr && message->is_string()) text = std::string_view(message->get_string());
  std::string line(text.substr(0, k_most_quoted));
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return line;
}

std::unexpected<Error> refused(int status, std::string_view what, std::string_view text) {
  const auto told = [&](ErrorCode code, std::string_view why) {
    return fail(
        code, fmt::format("Kubernetes answers {} with {}: {} ({})", what, status, why, said(text)));
  };
  switch (status) {
    case 401:
      return told(ErrorCode::unavailable, "the service account's token is not accepted");
    case 403:
      return told(ErrorCode::unavailable, "the service account may not do this; see its Role");
    case 404:
      return told(ErrorCode::unavailable, "there is no such thing; see namespace and deployment");
    case 409:
      return told(ErrorCode::busy, "somebody else changes it");
    default:
      return told(ErrorCode::unavailable, "that is no success");
  }
}

/// spec.replicas of a Scale.
Result<std::uint32_t> replicas_in(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  const json::object* const object = error ? nullptr : value.if_object();
  const json::value* const spec = object == nullptr ? nullptr : object->if_contains("spec");
  const json::object* const fields = spec == nullptr ? nullptr : spec->if_object();
  if (fields == nullptr) {
    return fail(ErrorCode::corrupt, fmt::format("Kubernetes' answer is no Scale: {}", said(text)));
  }
  // None is how 0 is written.
  const json::value* const replicas = fields->if_contains("replicas");
  if (replicas == nullptr) return 0;
  const std::int64_t* const number = replicas->if_int64();
  if (number == nullptr || *number < 0 || *number > KubernetesDriver::k_most) {
    return fail(ErrorCode::corrupt,
                fmt::format("Kubernetes says replicas: {}, which is no number "
                            "from 0 to {}",
                            said(json::serialize(*replicas)), KubernetesDriver::k_most));
  }
  return static_cast<std::uint32_t>(*number);
}

}  // namespace

KubernetesDriver::KubernetesDriver(KubernetesDriverConfig config, io::FileSystem& files,
                                   io::Offload& disk)
    : config_(std::move(config)),
      files_(files),
      disk_(disk),
      client_({.connect_timeout = config_.time_limit,
               .stall_timeout = config_.time_limit,
               .uses_proxy = false}) {}

io::Task<Result<std::string>> KubernetesDriver::read(std::string name) const {
  const std::string path = config_.credentials + "/" + name;
  auto text = co_await disk_.run(
      [&files = files_, path] { return io::read_whole(files, path, k_file_limit); });
  if (!text) {
    co_return fail(ErrorCode::unavailable,
                   fmt::format("no credentials of Kubernetes: {}", text.error().message));
  }
  co_return std::string(trim(*text));
}

io::Task<Result<KubernetesDriver::Answer>> KubernetesDriver::ask(std::string method,
                                                                 std::string path,
                                                                 std::string patch) const {
  CO_TRY(const std::string token, co_await read("token"));
  net::ClientRequest request;
  request.method = std::move(method);
  request.url = config_.api + path;
  request.headers.add("Authorization", "Bearer " + token);
  request.headers.add("Accept", "application/json");
  if (!patch.empty()) {
    request.headers.add("Content-Type", "application/merge-patch+json");
    request.body = net::text_body(std::move(patch));
  }
  request.deadline = config_.time_limit;
  if (config_.api.starts_with("https://")) request.ca_file = config_.credentials + "/ca.crt";
  auto answer = co_await client_.send(std::move(request));
  if (!answer) {
    co_return fail(ErrorCode::unavailable,
                   fmt::format("{} does not answer: {}", config_.api, answer.error().message));
  }
  auto text = co_await net::read_text(*answer->body, k_answer_limit);
  if (!text) {
    co_return fail(ErrorCode::unavailable, fmt::format("the answer of {} breaks off: {}",
                                                       config_.api, text.error().message));
  }
  co_return Answer{answer->status, *std::move(text)};
}

io::Task<Result<std::string>> KubernetesDriver::scale_path() const {
  std::string name_space = config_.name_space;
  if (name_space.empty()) {
    CO_TRY(name_space, co_await read("namespace"));
  }
  co_return fmt::format("/apis/apps/v1/namespaces/{}/deployments/{}/scale", name_space,
                        config_.deployment);
}

io::Task<Result<Inventory>> KubernetesDriver::look() {
  CO_TRY(const std::string path, co_await scale_path());
  CO_TRY(const Answer answer, co_await ask("GET", path, ""));
  if (answer.status != 200)
    co_return refused(answer.status, fmt::format("GET {}", path), answer.text);
  CO_TRY(const std::uint32_t replicas, replicas_in(answer.text));
  co_return Inventory{.count = replicas, .name_prefix = config_.deployment + "-"};
}

io::Task<Result<>> KubernetesDriver::mark(std::string pod, std::string_view cost) const {
  if (!is_pod_name(pod)) co_return Result<>{};
  std::string name_space = config_.name_space;
  if (name_space.empty()) {
    CO_TRY(name_space, co_await read("namespace"));
  }
  const std::string path = fmt::format("/api/v1/namespaces/{}/pods/{}", name_space, pod);
  const json::value patch = {
      {"metadata",
       {{"annotations", {{"controller.kubernetes.io/pod-deletion-cost", std::string(cost)}}}}}};
  CO_TRY(const Answer answer, co_await ask("PATCH", path, json::serialize(patch)));
  // One that is gone needs no mark.
  if (answer.status == 200 || answer.status == 404) co_return Result<>{};
  co_return refused(answer.status, fmt::format("PATCH {}", path), answer.text);
}

io::Task<Result<>> KubernetesDriver::apply(ScaleOrder order) {
  if (!order.drain.empty()) {
    for (std::string& pod : order.busy) CO_TRY_VOID(co_await mark(pod, k_dear));
    for (std::string& pod : order.drain) {
      if (std::ranges::find(order.busy, pod) == order.busy.end())
        CO_TRY_VOID(co_await mark(pod, k_cheap));
    }
  }
  CO_TRY(const std::string path, co_await scale_path());
  const json::value patch = {{"spec", {{"replicas", order.left()}}}};
  CO_TRY(const Answer answer, co_await ask("PATCH", path, json::serialize(patch)));
  if (answer.status != 200)
    co_return refused(answer.status, fmt::format("PATCH {}", path), answer.text);
  co_return Result<>{};
}

}  // namespace shoal::scaling
