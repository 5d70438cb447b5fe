#include "net/http/router.h"

#include <boost/container/small_vector.hpp>
#include <map>

#include "base/check.h"

namespace shoal::net {

namespace {

/// A pattern's end: its handlers and the names of its parameters in order.
struct Leaf {
  std::string pattern;
  std::vector<std::string> names;
  std::vector<std::pair<Method, Handler>> handlers;

  const Handler* find(Method method) const {
    for (const auto& [key, handler] : handlers)
      if (key == method) return &handler;
    if (method == Method::head) return find(Method::get);
    return nullptr;
  }
};

/// Deeper paths cost an allocation.
constexpr std::size_t k_usual_depth = 8;
using Segments = boost::container::small_vector<std::string_view, k_usual_depth>;

/// The segments of a path; a '/' at the end makes no segment.
Segments segments_of(std::string_view path) {
  Segments segments;
  for (std::size_t start = 1; start < path.size();) {
    const auto end = std::min(path.find('/', start), path.size());
    segments.push_back(path.substr(start, end - start));
    start = end + 1;
  }
  return segments;
}

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> name;
  std::unique_ptr<Leaf> leaf;
  std::unique_ptr<Leaf> rest;
};

namespace {

/// Depth first, literals before names before rests; the first leaf that knows the method wins.
struct Search {
  Method method;
  std::string_view path;
  Segments segments;
  Segments values;
  const Leaf* found = nullptr;
  const Handler* handler = nullptr;
  std::vector<const Leaf*> others;

  bool take(const Leaf* leaf) {
    if (leaf == nullptr) return false;
    handler = leaf->find(method);
    if (handler != nullptr) {
      found = leaf;
      return true;
    }
    others.push_back(leaf);
    return false;
  }

  template <class Node>
  bool visit(const Node& node, std::size_t index) {
    if (index == segments.size()) return take(node.leaf.get());
    const auto literal = node.literals.find(segments[index]);
    if (literal != node.literals.end() && visit(*literal->second, index + 1)) return true;
    values.push_back(segments[index]);
    if (node.name && visit(*node.name, index + 1)) return true;
    values.pop_back();
    if (!node.rest) return false;
    const auto offset = static_cast<std::size_t>(segments[index].data() - path.data());
    values.push_back(path.substr(offset));
    if (take(node.rest.get())) return true;
    values.pop_back();
    return false;
  }
};

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Method method, std::string_view pattern, Handler handler) {
  SHOAL_CHECK(pattern.starts_with('/'));
  Node* node = root_.get();
  std::unique_ptr<Leaf>* place = nullptr;
  std::vector<std::string> names;
  for (const auto segment : segments_of(pattern)) {
    SHOAL_CHECK(place == nullptr);  // nothing follows a rest
    if (segment.starts_with('*')) {
      names.emplace_back(segment.substr(1));
      place = &node->rest;
      continue;
    }
    const bool named = segment.starts_with(':');
    if (named) names.emplace_back(segment.substr(1));
    auto& child = named ? node->name : node->literals[std::string(segment)];
    if (!child) child = std::make_unique<Node>();
    node = child.get();
  }
  if (place == nullptr) place = &node->leaf;
  if (!*place) {
    *place = std::make_unique<Leaf>();
    (*place)->pattern = pattern;
    (*place)->names = names;
  }
  // Two methods of one route share its names, or a handler would look for the other's.
  SHOAL_CHECK((*place)->names == names);
  for (const auto& [taken, unused] : (*place)->handlers) SHOAL_CHECK(taken != method);
  (*place)->handlers.emplace_back(method, std::move(handler));
}

Router::Match Router::match(Request& request) const {
  Search search{.method = request.method,
                .path = request.path,
                .segments = segments_of(request.path),
                .values = {},
                .others = {}};
  Match match;
  request.path_parameters.clear();
  request.route = {};
  if (!search.visit(*root_, 0)) {
    for (const auto* leaf : search.others)
      for (const auto& [method, unused] : leaf->handlers)
        if (std::ranges::find(match.allowed, method) == match.allowed.end())
          match.allowed.push_back(method);
    return match;
  }
  const Leaf& leaf = *search.found;
  match.handler = search.handler;
  match.pattern = leaf.pattern;
  request.route = leaf.pattern;
  for (std::size_t i = 0; i < leaf.names.size(); ++i)
    request.path_parameters.emplace_back(leaf.names[i], search.values[i]);
  return match;
}

}  // namespace shoal::net
