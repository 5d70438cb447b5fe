#include "scaling/nodes/node_rows.h"

#include <fmt/format.h>

#include "scaling/nodes/duties.h"
#include "scaling/nodes/join_rule.h"

namespace shoal::scaling {
namespace {

/// Locks out other nodes that join until this transaction ends, and numbers this start. The row is
/// one of the leases', whose fences never repeat either.
std::int64_t next_fence(db::Session& session) {
  return session
      .query_one(
          "insert into lease (name, owner, fence, expires_at) values ('nodes', '', 1, 0)"
          " on conflict (name) do update set fence = lease.fence + 1 returning fence")
      ->integer(0);
}

Node read_node(const db::Row& row, UtcTime now) {
  Node node;
  node.profile = {.id = row.text(0),
                  .name = row.text(1),
                  .roles = row.text(2),
                  .region = row.text(3),
                  .labels = row.text(4),
                  .address = row.text(5),
                  .version = row.text(6),
                  .schema_version = row.integer(7),
                  .cores = row.integer(8),
                  .unshared = row.text(9)};
  node.state = static_cast<NodeState>(row.integer(10));
  node.load = {.running_jobs = row.integer(11),
               .requests_per_second = row.real(12),
               .bytes_per_second = row.real(13)};
  node.started_at = row.time(14);
  node.heartbeat_at = row.time(15);
  node.silent_for = now - node.heartbeat_at;
  node.has_duties = row.boolean(16);
  return node;
}

std::unexpected<Error> no_such_node(std::string_view name) {
  return fail(ErrorCode::not_found,
              fmt::format("there is no node '{}': `shoal node list` names them", name));
}

}  // namespace

std::string_view to_string(NodeState state) {
  return state == NodeState::up ? "up" : "draining";
}

Result<NodeKey> join(db::Session& session, const NodeProfile& who) {
  NodeKey key{who.id, next_fence(session)};
  TRY(const std::vector<std::string> gone, decide_join(who, list_nodes(session)));
  for (const std::string& id : gone) session.execute("delete from node where id = :id", {id});
  session.execute(
      "insert into node (id, fence, name, roles, region, labels, address, version, schema_version, "
      "cores,"
      " unshared, state, running_jobs, requests_per_second, bytes_per_second, started_at,"
      " heartbeat_at) values (:id, :fence, :name, :roles, :region, :labels, :address, :version, "
      ":schema,"
      " :cores, :unshared, :state, 0, 0, 0, :now, :now)",
      {key.id, key.fence, who.name, who.roles, who.region, who.labels, who.address, who.version,
       who.schema_version, who.cores, who.unshared, static_cast<int>(NodeState::up),
       session.now()});
  return key;
}

Result<Standing> beat(db::Session& session, const NodeKey& key, const NodeLoad& load) {
  const UtcTime now = session.now();
  const auto row = session.query_one(
      "update node set heartbeat_at = :now, running_jobs = :jobs, requests_per_second = :requests,"
      " bytes_per_second = :bytes where id = :id and fence = :fence returning state,"
      " (select count(*) from node other where other.id = :id or other.heartbeat_at >= :alive)",
      {now, load.running_jobs, load.requests_per_second, load.bytes_per_second, key.id, key.fence,
       now - k_alive_for});
  if (!row) return fail(ErrorCode::conflict, "this node was removed, or another took its place");
  return Standing{static_cast<NodeState>(row->integer(0)), row->integer(1)};
}

void leave(db::Session& session, const NodeKey& key) {
  session.execute("delete from node where id = :id and fence = :fence", {key.id, key.fence});
}

std::vector<Node> list_nodes(db::Session& session) {
  const UtcTime now = session.now();
  const db::Rows rows = session.query(
      "select id, name, roles, region, labels, address, version, schema_version, cores, unshared, "
      "state,"
      " running_jobs, requests_per_second, bytes_per_second, started_at, heartbeat_at,"
      " exists (select 1 from lease where lease.name = :duties and lease.owner = node.id"
      " and lease.expires_at > :now) from node order by name",
      {Duties::k_lease, now});
  std::vector<Node> nodes;
  nodes.reserve(rows.size());
  for (const db::Row& row : rows) nodes.push_back(read_node(row, now));
  return nodes;
}

Result<> set_state(db::Session& session, std::string_view name, NodeState state) {
  const auto changed = session.execute("update node set state = :state where name = :name",
                                       {static_cast<int>(state), name});
  if (changed == 0) return no_such_node(name);
  return {};
}

Result<> remove_node(db::Session& session, std::string_view name) {
  if (session.execute("delete from node where name = :name", {name}) == 0)
    return no_such_node(name);
  return {};
}

std::int64_t forget_silent(db::Session& session, Milliseconds silence) {
  return session.execute("delete from node where heartbeat_at < :before",
                         {session.now() - silence});
}

}  // namespace shoal::scaling
