#include <string>

#include "api/core/reply.h"
#include "api/videos/routes.h"
#include "catalog/constants.h"
#include "catalog/languages.h"

namespace shoal::api {
namespace {

using Text = std::shared_ptr<const std::string>;

Text render(std::span<const catalog::Choice> choices) {
  JsonWriter json;
  json.object([&] {
    for (const auto& choice : choices) json.field(std::to_string(choice.id), choice.label);
  });
  return std::make_shared<const std::string>(json.take());
}

io::Task<Reply> get_categories(Call&) {
  static const Text body = render(catalog::categories());
  co_return json_response(body);
}

io::Task<Reply> get_licences(Call&) {
  static const Text body = render(catalog::licences());
  co_return json_response(body);
}

io::Task<Reply> get_privacies(Call&) {
  static const Text body = render(catalog::privacies());
  co_return json_response(body);
}

io::Task<Reply> get_languages(Call&) {
  static const Text body = [] {
    JsonWriter json(8192);
    json.object([&] {
      for (const auto& language : catalog::languages()) json.field(language.code, language.label);
    });
    return std::make_shared<const std::string>(json.take());
  }();
  co_return json_response(body);
}

}  // namespace

void add_video_constant_routes(Routes& routes) {
  routes.get("/api/v1/videos/categories", {.operation = "getCategories"}, get_categories);
  routes.get("/api/v1/videos/licences", {.operation = "getLicences"}, get_licences);
  routes.get("/api/v1/videos/languages", {.operation = "getLanguages"}, get_languages);
  routes.get("/api/v1/videos/privacies", {.operation = "getVideoPrivacyPolicies"}, get_privacies);
}

}  // namespace shoal::api
