#include "app/node_commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/admin_commands.h"
#include "app/admin_print.h"
#include "base/machine_labels.h"
#include "base/text.h"
#include "scaling/nodes/node_rows.h"

namespace shoal::app {
namespace {

namespace json = boost::json;
using scaling::Node;
using scaling::NodeState;

json::object to_json(const Node& node) {
  const scaling::NodeProfile& who = node.profile;
  return {{"id", who.id},
          {"name", who.name},
          {"state", scaling::to_string(node.state)},
          {"alive", node.is_alive()},
          {"duties", node.has_duties},
          {"roles", who.roles},
          {"region", who.region},
          {"labels", json::value_from(from_words(who.labels))},
          {"address", who.address},
          {"version", who.version},
          {"schemaVersion", who.schema_version},
          {"unshared", who.unshared},
          {"capacity", {{"cores", who.cores}}},
          {"load",
           {{"runningJobs", node.load.running_jobs},
            {"requestsPerSecond", node.load.requests_per_second},
            {"bytesPerSecond", node.load.bytes_per_second}}},
          {"startedAt", to_iso8601(node.started_at)},
          {"heartbeatAt", to_iso8601(node.heartbeat_at)}};
}

void print_node(const Node& node) {
  fmt::print(
      "{:<24} {:<9} {:<7} {:<10} {:>3} cores {:>3} jobs {:>7.1f} requests/s {:>9}/s  {}  {}\n",
      node.profile.name, node.is_alive() ? scaling::to_string(node.state) : "silent",
      node.has_duties ? "duties" : "", node.profile.region, node.profile.cores,
      node.load.running_jobs, node.load.requests_per_second,
      readable_bytes(static_cast<std::uint64_t>(node.load.bytes_per_second)),
      to_iso8601(node.heartbeat_at), node.profile.labels);
}

Result<> list_nodes(db::Database& database, bool as_json) {
  TRY(const auto nodes,
      database.read_blocking([](db::Session& session) -> Result<std::vector<Node>> {
        return scaling::list_nodes(session);
      }));
  if (as_json) {
    json::array data;
    for (const Node& node : nodes) data.push_back(to_json(node));
    fmt::print("{}\n", json::serialize(json::object{{"total", nodes.size()}, {"data", data}}));
    return {};
  }
  for (const Node& node : nodes) print_node(node);
  if (database.engine() == db::Engine::sqlite)
    fmt::print("a SQLite database has one server, which is in no list\n");
  return {};
}

Result<> wish(db::Database& database, const std::string& name, NodeState state) {
  TRY_VOID(database.write_blocking(
      [&](db::Session& session) { return scaling::set_state(session, name, state); }));
  fmt::print("{}: {}\n", name,
             state == NodeState::draining
                 ? "takes no new work from now on, and ends when it has done what it has"
                 : "takes work again");
  return {};
}

Result<> remove(db::Database& database, const std::string& name) {
  TRY_VOID(database.write_blocking(
      [&](db::Session& session) { return scaling::remove_node(session, name); }));
  fmt::print("{}: forgotten; should it live, it ends\n", name);
  return {};
}

}  // namespace

void NodeCommands::add_to(CLI::App& program, Chosen& chosen) {
  CLI::App* group = program.add_subcommand("node", "The servers that share a database");
  group->require_subcommand(1);
  using Work = Result<> (*)(db::Database&, const NodeCommands&);
  const auto add = [&](const char* word, const char* text, Work work) {
    CLI::App* command = group->add_subcommand(word, text);
    command->callback([this, &chosen, work] {
      chosen = [this, work](const Config& config) {
        return with_database(
            config, [this, work](db::Database& database) { return work(database, *this); });
      };
    });
    return command;
  };
  add("list", "All nodes, also those that died within a day",
      [](db::Database& database, const NodeCommands& asked) {
        return list_nodes(database, asked.as_json_);
      })
      ->add_flag("--json", as_json_, "one line of JSON, for scripts");
  const auto add_named = [&](const char* word, const char* text, Work work) {
    add(word, text, work)->add_option("name", name_, "as in `shoal node list`")->required();
  };
  add_named("drain", "Let a node finish what it has, take nothing new, and end",
            [](db::Database& database, const NodeCommands& asked) {
              return wish(database, asked.name_, NodeState::draining);
            });
  add_named("resume", "Call a drain off", [](db::Database& database, const NodeCommands& asked) {
    return wish(database, asked.name_, NodeState::up);
  });
  add_named("remove", "Forget a node; one that lives ends at once",
            [](db::Database& database, const NodeCommands& asked) {
              return remove(database, asked.name_);
            });
}

}  // namespace shoal::app
