#include "api/core/reply.h"

namespace shoal::api {

net::Response json_response(std::string body, int status) {
  return net::Response::text(status, std::move(body), k_json_type);
}

net::Response json_response(std::shared_ptr<const std::string> body) {
  net::Response response;
  response.headers.set("Content-Type", k_json_type);
  response.body = std::move(body);
  return response;
}

net::Response no_content() {
  net::Response response;
  response.status = 204;
  return response;
}

net::Response redirect(int status, std::string_view location) {
  net::Response response;
  response.status = status;
  response.headers.set("Location", location);
  return response;
}

}  // namespace shoal::api
