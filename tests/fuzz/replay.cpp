// Runs a fuzz target without libFuzzer: every file of the folders named, then as many mutations of them as asked for,
// the same ones each time. `check` runs this; tests/fuzz/run_fuzzers.sh searches on with libFuzzer.
//
// Usage: replay_TARGET MUTATIONS FOLDER...
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Input = std::vector<uint8_t>;
constexpr size_t kLargest = 1 << 14;

/// One to eight changes: bits, bytes, pieces dropped, doubled, or taken from another input.
Input mutated(const std::vector<Input>& inputs, std::mt19937_64& random) {
  const auto below = [&](size_t n) { return n == 0 ? 0 : static_cast<size_t>(random() % n); };
  Input input = inputs[below(inputs.size())];
  for (size_t changes = 1 + below(8); changes > 0; --changes) {
    const size_t at = below(input.size());
    const auto here = input.begin() + static_cast<std::ptrdiff_t>(at);
    const size_t count = std::min(1 + below(16), input.size() - at);
    const auto end = here + static_cast<std::ptrdiff_t>(count);
    switch (below(6)) {
      case 0:
        if (!input.empty()) *here ^= static_cast<uint8_t>(1u << below(8));
        break;
      case 1:
        if (!input.empty()) *here = static_cast<uint8_t>(random());
        break;
      case 2:
        input.erase(here, end);
        break;
      case 3: {
        const Input piece(here, end);
        input.insert(here, piece.begin(), piece.end());
        break;
      }
      case 4: {
        const Input& other = inputs[below(inputs.size())];
        const size_t from = below(other.size());
        const size_t length = std::min(1 + below(64), other.size() - from);
        input.insert(here, other.begin() + static_cast<std::ptrdiff_t>(from),
                     other.begin() + static_cast<std::ptrdiff_t>(from + length));
        break;
      }
      default:
        input.insert(here, static_cast<uint8_t>(random()));
    }
  }
  if (input.size() > kLargest) input.resize(kLargest);
  return input;
}

/// Left behind when the program is stopped: the bytes that did it.
void keep(const Input& input, const std::string& path) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s MUTATIONS FOLDER...\n", argv[0]);
    return 2;
  }
  const long mutations = std::atol(argv[1]);
  std::vector<std::filesystem::path> files;
  for (int i = 2; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<Input> inputs;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  if (inputs.empty()) {
    std::fprintf(stderr, "there is no file to begin with\n");
    return 1;
  }
  const std::string last = (std::filesystem::temp_directory_path() /
                            ("convscope-" + std::filesystem::path(argv[0]).filename().string() + ".last"))
                               .string();
  std::mt19937_64 random(20261128);
  const size_t given = inputs.size();
  for (size_t i = 0; i < given + static_cast<size_t>(mutations); ++i) {
    const Input input = i < given ? inputs[i] : mutated(inputs, random);
    keep(input, last);
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::filesystem::remove(last);
  std::printf("%zu files and %ld mutations of them\n", given, mutations);
  return 0;
}
