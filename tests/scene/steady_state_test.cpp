// A frame allocates nothing that it allocated in the last frame. This program counts what operator new hands out.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "app/session/presets.h"
#include "tests/scene/scenes.h"

namespace {
std::atomic<int64_t> allocations{0};

void* counted(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* counted(std::size_t size, std::align_val_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  const auto a = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(a, (size + a - 1) / a * a)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, std::align_val_t alignment) { return counted(size, alignment); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return counted(size, alignment); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace convscope {
namespace {

TEST(build_scene, allocates_nothing_in_the_steady_state) {
  for (const char* name :
       {"padding_strides", "tutorial_6_2_1", "grouped", "photo_1080p", "resnet_stem", "tutorial_7_2"}) {
    const ComputationPtr numbers = preset_numbers(name);
    ASSERT_TRUE(numbers);
    for (Lens lens : {Lens::sliding, Lens::im2col}) {
      SceneRequest request = request_of(numbers, lens, 1);
      request.caption = true;
      request.language = Language::zh;
      request.hovered = CellRef{TensorId::output, 0, 0, 0, 1};
      Scene scene;
      for (int i = 0; i < 3; ++i) build_scene(request, scene);
      const int64_t before = allocations.load();
      build_scene(request, scene);
      EXPECT_EQ(allocations.load() - before, 0) << name << " " << name_of(lens);
    }
  }
}

}  // namespace
}  // namespace convscope
