#include "api/core/reply.h"
#include "api/instance/routes.h"
#include "base/machine_labels.h"
#include "scaling/nodes/node_rows.h"

namespace shoal::api {
namespace {

using scaling::Node;

void write_node(JsonWriter& json, const Node& node) {
  const scaling::NodeProfile& who = node.profile;
  json.object([&] {
    json.field("id", who.id).field("name", who.name);
    json.field("state", scaling::to_string(node.state)).field("alive", node.is_alive());
    json.field("duties", node.has_duties);
    json.field("roles", who.roles).field("region", who.region).field("address", who.address);
    json.key("labels").array(from_words(who.labels),
                             [&](const std::string& label) { json.value(label); });
    json.field("version", who.version).field("schemaVersion", who.schema_version);
    json.field("unshared", who.unshared);
    json.key("capacity").object([&] { json.field("cores", who.cores); });
    json.key("load").object([&] {
      json.field("runningJobs", node.load.running_jobs);
      json.field("requestsPerSecond", node.load.requests_per_second);
      json.field("bytesPerSecond", node.load.bytes_per_second);
    });
    json.field("startedAt", node.started_at).field("heartbeatAt", node.heartbeat_at);
  });
}

io::Task<Reply> get_nodes(Call& call) {
  CO_TRY(const auto nodes,
         co_await call.context.database.read([](db::Session& session) -> Result<std::vector<Node>> {
           return scaling::list_nodes(session);
         }));
  co_return list_response(static_cast<std::int64_t>(nodes.size()), nodes, write_node);
}

}  // namespace

void add_node_routes(Routes& routes) {
  routes.get("/api/v1/server/nodes", {.operation = "getNodes", .access = Access::administrator},
             get_nodes);
}

}  // namespace shoal::api
