#include "engine/algorithm.h"

#include <array>

namespace convscope {

namespace {

constexpr std::array kAlgorithms = {
    Algorithm::automatic, Algorithm::naive,    Algorithm::slices, Algorithm::loops,    Algorithm::im2col_per_channel,
    Algorithm::im2col,    Algorithm::toeplitz, Algorithm::direct, Algorithm::winograd, Algorithm::fft};
constexpr std::array kOfOtherOperations = {Algorithm::automatic, Algorithm::naive, Algorithm::im2col};

}  // namespace

const char* name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::automatic:
      return "auto";
    case Algorithm::naive:
      return "naive";
    case Algorithm::slices:
      return "slices";
    case Algorithm::loops:
      return "loops";
    case Algorithm::im2col_per_channel:
      return "im2col_per_channel";
    case Algorithm::im2col:
      return "im2col";
    case Algorithm::direct:
      return "direct";
    case Algorithm::toeplitz:
      return "toeplitz";
    case Algorithm::winograd:
      return "winograd";
    case Algorithm::fft:
      return "fft";
  }
  return "";
}

std::optional<Algorithm> algorithm_from_name(std::string_view name) {
  for (Algorithm algorithm : kAlgorithms) {
    if (name == name_of(algorithm)) return algorithm;
  }
  return std::nullopt;
}

std::span<const Algorithm> algorithms() { return kAlgorithms; }

std::span<const Algorithm> algorithms_of_other_operations() { return kOfOtherOperations; }

std::string names_of(std::span<const Algorithm> algorithms) {
  std::string names;
  for (Algorithm algorithm : algorithms) names += (names.empty() ? "" : ", ") + std::string(name_of(algorithm));
  return names;
}

}  // namespace convscope
