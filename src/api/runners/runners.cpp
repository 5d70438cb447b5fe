#include "api/core/body.h"
#include "api/core/paging.h"
#include "api/core/reply.h"
#include "api/runners/held_job.h"
#include "api/runners/routes.h"
#include "base/text.h"

namespace shoal::api {
namespace {

runners::Slice read_slice(Fields& query) {
  const Page page = read_page(query);
  const Sort sort = read_sort(query, {"createdAt"}, "-createdAt");
  return {.start = page.start, .count = page.count, .newest_first = sort.descending};
}

io::Task<Reply> register_runner(Call& call) {
  CO_TRY(Fields body, co_await read_fields(call, BodyLimits::of_anybody()));
  runners::NewRunner runner;
  runner.registration_token =
      body.required_text("registrationToken", {1, 1000, "Should have a valid registration token"});
  runner.name = body.required_text("name", {1, 100, "Should have a valid name"});
  runner.description = body.text("description", {1, 1000, "Should have a valid description"});
  CO_TRY_VOID(body.check());
  runner.ip = call.request.client_address;
  Context& context = call.context;
  CO_TRY(const auto made,
         co_await context.database.write(
             [&context, runner](db::Session& session) -> Answer<runners::Registered> {
               auto registered =
                   runners::register_runner(session, context.random, runner, context.clock.now());
               if (registered) return *std::move(registered);
               if (registered.error().code == ErrorCode::conflict)
                 return refuse(400, registered.error().message);
               return refuse(Problem(std::move(registered).error()));
             }));
  JsonWriter json;
  json.object([&] { json.field("id", made.id.value).field("runnerToken", made.token); });
  co_return json_response(json);
}

io::Task<Reply> unregister_runner(Call& call) {
  CO_TRY(Fields body, co_await read_fields(call, BodyLimits::of_anybody()));
  const std::string token = body.required_text("runnerToken", k_runner_token);
  CO_TRY_VOID(body.check());
  CO_TRY_VOID(co_await call.context.database.write([token](db::Session& session) -> Answer<> {
    TRY(const runners::Runner runner, find_caller(session, token));
    TRY_VOID(runners::remove_runner(session, runner.id));
    return {};
  }));
  co_return no_content();
}

io::Task<Reply> list_runners(Call& call) {
  Fields query = Fields::from(call.request.query, "query");
  const runners::Slice slice = read_slice(query);
  CO_TRY_VOID(query.check());
  CO_TRY(const auto page,
         co_await call.context.database.read(
             [slice](db::Session& session) -> Result<runners::Listed<runners::Runner>> {
               return runners::list_runners(session, slice);
             }));
  co_return list_response(
      page.total, page.items, [](JsonWriter& json, const runners::Runner& item) {
        json.object([&] {
          json.field("id", item.id.value).field("name", item.name);
          json.field("description", item.description).field("ip", item.ip);
          json.field("lastContact", item.last_contact).field("createdAt", item.created_at);
          json.field("updatedAt", item.last_contact);
          json.key("labels").array(item.labels.value_or(MachineLabels{}),
                                   [&](const std::string& label) { json.value(label); });
        });
      });
}

io::Task<Reply> delete_runner(Call& call) {
  const auto id = parse_int(call.parameter("runnerId"));
  if (!id) co_return refuse(404, "Runner not found");
  CO_TRY_VOID(co_await call.context.database.write([id = *id](db::Session& session) {
    return runners::remove_runner(session, runners::RunnerId{id});
  }));
  co_return no_content();
}

io::Task<Reply> add_registration_token(Call& call) {
  Context& context = call.context;
  CO_TRY_VOID(co_await context.database.write([&context](db::Session& session) -> Result<> {
    runners::create_registration_token(session, context.random, context.clock.now());
    return {};
  }));
  co_return no_content();
}

io::Task<Reply> list_registration_tokens(Call& call) {
  Fields query = Fields::from(call.request.query, "query");
  const runners::Slice slice = read_slice(query);
  CO_TRY_VOID(query.check());
  using Tokens = runners::Listed<runners::RegistrationToken>;
  CO_TRY(const auto page,
         co_await call.context.database.read([slice](db::Session& session) -> Result<Tokens> {
           return runners::list_registration_tokens(session, slice);
         }));
  co_return list_response(
      page.total, page.items, [](JsonWriter& json, const runners::RegistrationToken& item) {
        json.object([&] {
          json.field("id", item.id.value).field("registrationToken", item.token);
          json.field("createdAt", item.created_at);
          json.field("updatedAt", item.created_at);
          json.field("registeredRunnersCount", item.registered);
        });
      });
}

io::Task<Reply> delete_registration_token(Call& call) {
  const auto id = parse_int(call.parameter("id"));
  if (!id) co_return refuse(404, "Registration token not found");
  CO_TRY_VOID(co_await call.context.database.write([id = *id](db::Session& session) {
    return runners::delete_registration_token(session, runners::RegistrationTokenId{id});
  }));
  co_return no_content();
}

}  // namespace

void add_runner_routes(Routes& routes) {
  constexpr Access k_admin = Access::administrator;
  constexpr std::string_view k_tokens = "/api/v1/runners/registration-tokens";
  routes.post("/api/v1/runners/register", {.operation = "registerRunner"}, register_runner);
  routes.post("/api/v1/runners/unregister", {.operation = "unregisterRunner"}, unregister_runner);
  routes.get("/api/v1/runners", {.operation = "listRunners", .access = k_admin}, list_runners);
  routes.del("/api/v1/runners/:runnerId", {.operation = "deleteRunner", .access = k_admin},
             delete_runner);
  routes.get(k_tokens, {.operation = "listRegistrationTokens", .access = k_admin},
             list_registration_tokens);
  routes.post("/api/v1/runners/registration-tokens/generate",
              {.operation = "generateRegistrationToken", .access = k_admin},
              add_registration_token);
  routes.del("/api/v1/runners/registration-tokens/:id",
             {.operation = "deleteRegistrationToken", .access = k_admin},
             delete_registration_token);
}

}  // namespace shoal::api
