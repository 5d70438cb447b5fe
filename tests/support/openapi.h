#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::tests {

/// docs/api/openapi.yaml, read once. What it says of an operation and whether an answer is as said.
class OpenApi {
 public:
  static const OpenApi& instance();

  struct Operation {
    std::string method;  ///< lower case
    std::string path;    ///< with {name}
    std::string id;
  };
  const std::vector<Operation>& operations() const { return operations_; }

  /// Everything that is not as documented: the status, the content type, the body's fields. A
  /// property that the schema does not name is a difference too.
  std::vector<std::string> differences(std::string_view id, int status,
                                       std::string_view content_type, std::string_view body) const;

 private:
  explicit OpenApi(boost::json::value document);
  const boost::json::value& resolve(const boost::json::value& value) const;
  void check(const std::string& at, const boost::json::value& schema,
             const boost::json::value& value, std::vector<std::string>& out) const;
  void check_object(const std::string& at, const boost::json::object& schema,
                    const boost::json::object& value, std::vector<std::string>& out) const;

  boost::json::value document_;
  std::vector<Operation> operations_;
};

}  // namespace shoal::tests
