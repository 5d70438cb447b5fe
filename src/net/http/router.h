#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/task.h"
#include "net/http/message.h"

namespace shoal::net {

using Handler = std::function<io::Task<Response>(Request&)>;

/// Maps method and path to a handler. Patterns: literal segments, `:name` (one segment) and a last
/// `*name` (the rest). A literal beats a name at the same place. Built once, then immutable.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  /// Aborts on a pattern that is there already: two owners of one route are a defect.
  void add(Method method, std::string_view pattern, Handler handler);

  struct Match {
    const Handler* handler = nullptr;
    std::string_view pattern;     ///< for metrics: a bounded label
    std::vector<Method> allowed;  ///< when the path exists but not for this method
  };
  /// Fills request.path_parameters. A HEAD request falls back to the GET handler.
  Match match(Request& request) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
};

}  // namespace shoal::net
