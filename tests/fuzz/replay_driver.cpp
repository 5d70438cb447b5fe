// Runs a fuzz target over its corpus where libFuzzer is not linked: every file as it is, and then
// cut and with single bytes changed, the same ones each time.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int k_mutations = 300;

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void run(const std::string& input) {
  // An exact allocation, so that a sanitizer sees a read past the end.
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void run_mutations(const std::string& input) {
  std::mt19937 random(static_cast<unsigned>(input.size()));
  for (int i = 0; i < k_mutations && !input.empty(); ++i) {
    std::string changed = input;
    const auto changes = 1 + random() % 4;
    for (unsigned c = 0; c < changes; ++c) {
      changed[random() % changed.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) changed.resize(random() % changed.size());
    run(changed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t inputs = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      const std::string input = read(entry.path());
      run(input);
      run_mutations(input);
      ++inputs;
    }
  }
  std::printf("%zu inputs, %d mutations of each\n", inputs, k_mutations);
  return inputs > 0 ? 0 : 1;
}
