// Serves the files of one folder through net::Server, with the headers that delivery sends: the
// program behind `./dev bench static` where the figure is about the server and not about a video.
// usage: bench_server FOLDER THREADS   (prints its port, ends with its standard input)
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <string>

#include "base/text.h"
#include "io/runtime.h"
#include "net/http/conditional.h"
#include "net/http/range.h"
#include "net/http/server.h"

namespace shoal {
namespace {

struct OpenObject {
  std::shared_ptr<io::File> file;
  std::uint64_t size = 0;
  UtcTime modified{};
  std::string etag;
};

using Objects = std::map<std::string, OpenObject, std::less<>>;

Objects open_all(const io::Path& folder) {
  io::PosixFileSystem files;
  Objects objects;
  for (const auto& name : files.list(folder).value_or(std::vector<std::string>())) {
    auto file = files.open(folder / name, io::OpenMode::read);
    const auto status = files.status(folder / name);
    if (!file || !status) continue;
    objects["/" + name] = {std::move(*file), status->size, status->modified,
                           fmt::format("\"{:x}-{:x}\"", to_millis(status->modified), status->size)};
  }
  return objects;
}

net::Response serve(const net::Request& request, const OpenObject& object) {
  net::Response response;
  auto& headers = response.headers;
  headers.add("Access-Control-Allow-Origin", "*");
  headers.add("Access-Control-Expose-Headers", "Content-Length, Content-Range, ETag, Date");
  headers.add("Content-Type", "video/mp4");
  headers.add("X-Content-Type-Options", "nosniff");
  headers.add("Cache-Control", "public, max-age=31536000, immutable");
  headers.add("ETag", object.etag);
  headers.add("Last-Modified", to_http_date(object.modified));
  headers.add("Accept-Ranges", "bytes");
  const net::Validators current{object.etag, object.modified};
  if (net::check_preconditions(request.headers, current) != net::Precondition::proceed) {
    response.status = 304;
    return response;
  }
  const auto header =
      net::if_range_holds(request.headers, current) ? request.headers.find("Range") : std::nullopt;
  const auto range = net::decide_range(header, object.size);
  net::ByteSpan span{0, object.size};
  if (range.outcome == net::RangeOutcome::partial) {
    response.status = 206;
    span = range.span;
    headers.add("Content-Range",
                fmt::format("bytes {}-{}/{}", span.begin, span.end - 1, object.size));
  }
  response.body = net::FileBody{object.file, span.begin, span.length()};
  return response;
}

io::Task<net::Response> handle(net::Request& request, const Objects& objects) {
  const auto found = objects.find(request.path);
  if (found == objects.end()) co_return net::Response::text(404, "not found", "text/plain");
  request.route = "/:file";
  co_return serve(request, found->second);
}

}  // namespace
}  // namespace shoal

int main(int count, char** arguments) {
  using namespace shoal;
  if (count != 3) return 2;
  const Objects objects = open_all(arguments[1]);
  io::Runtime runtime(static_cast<std::size_t>(std::atoi(arguments[2])));
  Metrics metrics;
  SystemClock clock;
  net::ServerConfig config;
  config.port = 0;
  config.max_connections_per_client = config.max_connections;
  net::Server server(
      runtime, config, [&objects](net::Request& request) { return handle(request, objects); },
      metrics, clock);
  if (const auto started = server.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().message.c_str());
    return 1;
  }
  std::printf("%u\n", server.port());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  runtime.run_until_done(server.stop());
  return 0;
}
