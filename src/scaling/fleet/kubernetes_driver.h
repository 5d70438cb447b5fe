#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "io/file_system.h"
#include "io/offload.h"
#include "net/http/client.h"
#include "scaling/fleet/scale_driver.h"

namespace shoal::scaling {

struct KubernetesDriverConfig {
  std::string api;                  ///< without a slash at the end
  std::string name_space{};         ///< empty: that of the credentials
  std::string deployment;           ///< of workers that register with their pods' names
  std::string credentials;          ///< folder with token, ca.crt and namespace, as a pod has it
  Milliseconds time_limit{10'000};  ///< of each request
};

/// Workers as the pods of a Deployment, by its scale subresource. Which pods go is Kubernetes'
/// choice; before it may choose, the idle ones are marked as cheap to delete and the busy ones as
/// dear (controller.kubernetes.io/pod-deletion-cost), and it is never asked for fewer than are
/// busy. The token is read again for each request, since Kubernetes replaces it.
class KubernetesDriver final : public ScaleDriver {
 public:
  static constexpr std::int64_t k_most = 100'000;

  KubernetesDriver(KubernetesDriverConfig config, io::FileSystem& files, io::Offload& disk);

  io::Task<Result<Inventory>> look() override;
  io::Task<Result<>> apply(ScaleOrder order) override;

 private:
  struct Answer {
    int status = 0;
    std::string text;
  };
  io::Task<Result<std::string>> read(std::string name) const;
  io::Task<Result<Answer>> ask(std::string method, std::string path, std::string patch) const;
  io::Task<Result<std::string>> scale_path() const;
  io::Task<Result<>> mark(std::string pod, std::string_view cost) const;

  const KubernetesDriverConfig config_;
  io::FileSystem& files_;
  io::Offload& disk_;
  const net::HttpClient client_;
};

}  // namespace shoal::scaling
