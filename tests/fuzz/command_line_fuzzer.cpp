// The command line: any words give status 0, 1 or 2, and what is refused is refused in one line.
//
// Words are taken from a table, so that most lines get beyond the parser; what would write a file writes into a folder
// of its own. Commands that draw or compute for long are left to other tests.
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "app/main/command_line.h"
#include "tests/fuzz/fuzz.h"

using namespace convscope;

namespace {

constexpr std::array kCommands = {"size", "compute", "random", "slice", "receptive-field", "solve", "presets", "check"};
constexpr std::array kWords = {
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "max_pool2d",
    "avg_pool3d",
    "unfold",
    "fold",
    "conv2d_backward",
    "same",
    "valid",
    "reflect",
    "circular",
    "replicate",
    "true",
    "false",
    "float64",
    "float16",
    "1",
    "3",
    "5,5",
    "1,3,8,8",
    "1,1,5,5",
    "3,3",
    "2",
    "-1",
    "0",
    "9223372036854775807",
    "4611686018427387904",
    "nan",
    "",
    "randn:2,3",
    "conv2d:2,1,3,3",
    "tutorial_5_2",
    "vgg16",
    "x[0, :, ::2]",
    "x.shape",
    "[[1, 2], [3, 4]]",
    "[[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]]",
    "--algorithm",
    "--bias",
    "--ceil-mode",
    "--count-include-pad",
    "--cross-check",
    "--dilation",
    "--divisor-override",
    "--draw",
    "--dtype",
    "--groups",
    "--help",
    "--in-channels",
    "--input",
    "--input-shape",
    "--input-size",
    "--json",
    "--kernel-size",
    "--keep",
    "--layer",
    "--limit",
    "--max-kernel-size",
    "--min-stride",
    "--out-channels",
    "--output-indices",
    "--output-padding",
    "--output-size",
    "--padding",
    "--padding-mode",
    "--pads",
    "--print",
    "--seed",
    "--shape",
    "--stride",
    "--threads",
    "--version",
    "--weight",
};
constexpr const char* kTarget = "written.npy";

void enter_own_folder() {
  static const bool entered = [] {
    std::string folder = "/tmp/convscope-fuzz-XXXXXX";
    FUZZ_REQUIRE(mkdtemp(folder.data()) != nullptr && chdir(folder.c_str()) == 0);
    // What is printed is nobody's to read here.
    FUZZ_REQUIRE(std::freopen("/dev/null", "w", stdout) != nullptr);
    return true;
  }();
  static_cast<void>(entered);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  enter_own_folder();
  fuzz::Bytes bytes(data, size);
  std::vector<std::string> words{"convscope", kCommands[static_cast<size_t>(bytes.choice(std::ssize(kCommands)))]};
  while (!bytes.empty() && words.size() < 24) {
    const uint8_t kind = bytes.byte();
    if (kind < 200) {
      words.emplace_back(kWords[kind % kWords.size()]);
    } else if (kind < 210) {
      words.emplace_back("-o");
      words.emplace_back(kTarget);
    } else {
      // A word of its own, without a way out of the folder.
      std::string word;
      for (int64_t length = bytes.choice(12); length > 0; --length) {
        const char letter = static_cast<char>(bytes.byte());
        if (letter != '\0' && letter != '/') word += letter;
      }
      words.push_back(word);
    }
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  const int status = run_command_line(static_cast<int>(arguments.size()), arguments.data());
  FUZZ_REQUIRE(status >= 0 && status <= 2);
  unlink(kTarget);
  return 0;
}
