#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/session.h"
#include "scaling/nodes/node.h"

namespace shoal::scaling {

// The registry of nodes. All run inside the caller's transaction; all times are the database's.

/// Makes the node's row, by decide_join, whose errors it has. Nodes join one after another.
Result<NodeKey> join(db::Session& session, const NodeProfile& who);
/// It lives. conflict when its row was taken over or
/// removed: then its process must stop.
Result<Standing> beat(db::Session& session, const NodeKey& key, const NodeLoad& load);
/// Takes its row away; nothing happens when it was lost before.
void leave(db::Session& session, const NodeKey& key);

/// By name, the dead among them.
std::vector<Node> list_nodes(db::Session& session);
/// A living node does so within k_beat_every. Errors: not_found.
Result<> set_state(db::Session& session, std::string_view name, NodeState state);
/// Forgets a node; the process of one that lives stops. Errors: not_found.
Result<> remove_node(db::Session& session, std::string_view name);
/// Forgets those that were silent for so long; returns how many.
std::int64_t forget_silent(db::Session& session, Milliseconds silence);

}  // namespace shoal::scaling
