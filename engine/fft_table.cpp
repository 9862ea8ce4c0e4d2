#include <array>
#include <cassert>
#include <cmath>
#include <numbers>

#include "engine/fft.h"

namespace convscope {

namespace {

constexpr std::array kSizes = {16,  32,  48,   64,   96,   128,  192,  256,  384,
                               512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192};

}  // namespace

std::span<const int> fft_sizes() { return kSizes; }

template <class T>
FftTable<T>::FftTable(int length) : size(length) {
  int span = length;
  const auto add = [&](int radix) {
    Stage stage{radix, span, twiddles.size()};
    const int positions = span / radix;
    for (int j = 0; positions > 1 && j < positions; ++j) {
      for (int q = 1; q < radix; ++q) {
        const double angle = -2 * std::numbers::pi * q * j / span;
        twiddles.push_back(static_cast<T>(std::cos(angle)));
        twiddles.push_back(static_cast<T>(std::sin(angle)));
      }
    }
    stages.push_back(stage);
    span = positions;
  };
  if (span % 3 == 0) add(3);
  while (span > 8) add(4);
  add(span);
  assert(span == 1);
}

template struct FftTable<float>;
template struct FftTable<double>;

}  // namespace convscope
