#include "app/runner_commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/admin_commands.h"
#include "app/admin_print.h"
#include "base/text.h"
#include "runners/registry.h"

namespace shoal::app {
namespace {

namespace json = boost::json;
using runners::RegistrationToken;
using runners::Runner;

/// More than anybody has.
constexpr runners::Slice k_all{.start = 0, .count = 100'000, .newest_first = false};

json::object to_json(const Runner& runner) {
  json::object out{{"id", runner.id.value},
                   {"name", runner.name},
                   {"description", nullptr},
                   {"ip", runner.ip},
                   {"lastContact", to_iso8601(runner.last_contact)},
                   {"createdAt", to_iso8601(runner.created_at)}};
  if (runner.description) out["description"] = *runner.description;
  return out;
}

json::object to_json(const RegistrationToken& token) {
  return {{"id", token.id.value},
          {"registrationToken", token.token},
          {"registeredRunnersCount", token.registered},
          {"createdAt", to_iso8601(token.created_at)}};
}

void print(const Runner& runner) {
  fmt::print("{:<32} {:<40} last asked {}  {}\n", runner.name, runner.ip,
             to_iso8601(runner.last_contact), runner.description.value_or(""));
}

void print(const RegistrationToken& token) {
  fmt::print("{:>5}  {}  {:>4} runners  {}\n", token.id.value, token.token, token.registered,
             to_iso8601(token.created_at));
}

template <class Item>
void print_all(const runners::Listed<Item>& list, bool as_json) {
  if (!as_json) {
    for (const Item& item : list.items) print(item);
    return;
  }
  json::array data;
  data.reserve(list.items.size());
  for (const Item& item : list.items) data.push_back(to_json(item));
  fmt::print("{}\n", json::serialize(json::object{{"total", list.total}, {"data", data}}));
}

template <class Item>
Result<> list(db::Database& database,
              runners::Listed<Item> (*find)(db::Session&, const runners::Slice&), bool as_json) {
  TRY(const auto found,
      database.read_blocking([find](db::Session& session) -> Result<runners::Listed<Item>> {
        return find(session, k_all);
      }));
  print_all(found, as_json);
  return {};
}

Result<> remove(db::Database& database, const std::string& name) {
  TRY_VOID(database.write_blocking([&](db::Session& session) -> Result<> {
    const auto runner = runners::find_named(session, name);
    if (!runner) return fail(ErrorCode::not_found, fmt::format("there is no runner '{}'", name));
    return runners::remove_runner(session, runner->id);
  }));
  fmt::print("{}: removed; what it was doing waits for others\n", name);
  return {};
}

Result<> create_token(db::Database& database, bool as_json) {
  TRY(const RegistrationToken made,
      database.write_blocking([](db::Session& session) -> Result<RegistrationToken> {
        SystemRandom random;
        runners::create_registration_token(session, random, session.now());
        return runners::list_registration_tokens(session, {.count = 1}).items.front();
      }));
  fmt::print("{}\n", as_json ? json::serialize(to_json(made)) : made.token);
  return {};
}

Result<> remove_token(db::Database& database, std::int64_t id) {
  TRY_VOID(database.write_blocking([id](db::Session& session) {
    return runners::delete_registration_token(session, runners::RegistrationTokenId{id});
  }));
  fmt::print("{}: removed, with the runners that came by it\n", id);
  return {};
}

}  // namespace

void RunnerCommands::add_to(CLI::App& program, Chosen& chosen) {
  using Work = Result<> (*)(db::Database&, const RunnerCommands&);
  const auto add = [&](CLI::App* group, const char* word, const char* text, Work work) {
    CLI::App* command = group->add_subcommand(word, text);
    command->callback([this, &chosen, work] {
      chosen = [this, work](const Config& config) {
        return with_database(
            config, [this, work](db::Database& database) { return work(database, *this); });
      };
    });
    return command;
  };
  const auto add_with_json = [&](CLI::App* group, const char* word, const char* text, Work work) {
    add(group, word, text, work)->add_flag("--json", as_json_, "one line of JSON, for scripts");
  };
  CLI::App* group = program.add_subcommand("runner", "Machines elsewhere that take jobs");
  group->require_subcommand(1);
  add_with_json(group, "list", "All that are registered",
                [](db::Database& database, const RunnerCommands& asked) {
                  return list(database, runners::list_runners, asked.as_json_);
                });
  add(group, "remove", "Forget one; what it was doing waits for others",
      [](db::Database& database, const RunnerCommands& asked) {
        return remove(database, asked.name_);
      })
      ->add_option("name", name_, "as in `shoal runner list`")
      ->required();
  CLI::App* tokens = group->add_subcommand("token", "What machines register with");
  tokens->require_subcommand(1);
  add_with_json(tokens, "list", "All registration tokens",
                [](db::Database& database, const RunnerCommands& asked) {
                  return list(database, runners::list_registration_tokens, asked.as_json_);
                });
  add_with_json(tokens, "create", "Make one, and print it",
                [](db::Database& database, const RunnerCommands& asked) {
                  return create_token(database, asked.as_json_);
                });
  add(tokens, "remove", "Delete one, with the runners that came by it",
      [](db::Database& database, const RunnerCommands& asked) {
        return remove_token(database, asked.token_);
      })
      ->add_option("id", token_, "as in `shoal runner token list`")
      ->required();
}

}  // namespace shoal::app
