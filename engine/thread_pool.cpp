#include "engine/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace convscope {

namespace {

class ThreadPool {
 public:
  ~ThreadPool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void run(int helpers, int64_t items, const ItemBody& body) {
    std::unique_lock lock(mutex_);
    grow(helpers);
    body_ = &body;
    items_ = items;
    next_.store(0, std::memory_order_relaxed);
    places_ = std::min(helpers, static_cast<int>(threads_.size()));
    lock.unlock();
    work_.notify_all();

    const Finish finish{*this, items};
    take_items(body, items);
  }

 private:
  /// Nobody uses the body any more once this is gone, also where an item of the calling thread has thrown.
  struct Finish {
    ThreadPool& pool;
    int64_t items;
    ~Finish() {
      pool.next_.store(items, std::memory_order_relaxed);
      std::unique_lock lock(pool.mutex_);
      pool.places_ = 0;  // whoever has not woken up yet is too late: there is nothing left to take
      pool.done_.wait(lock, [this] { return pool.busy_ == 0; });
      pool.body_ = nullptr;
    }
  };

  void grow(int helpers) {
    while (static_cast<int>(threads_.size()) < helpers) {
      try {
        threads_.emplace_back([this] { work(); });
      } catch (const std::system_error&) {
        return;  // fewer threads are slower, not wrong
      }
    }
  }

  void take_items(const ItemBody& body, int64_t items) {
    for (;;) {
      const int64_t item = next_.fetch_add(1, std::memory_order_relaxed);
      if (item >= items) return;
      body(item);
    }
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      work_.wait(lock, [this] { return stopping_ || places_ > 0; });
      if (stopping_) return;
      --places_;
      ++busy_;
      const ItemBody& body = *body_;
      const int64_t items = items_;
      lock.unlock();
      take_items(body, items);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::vector<std::thread> threads_;
  const ItemBody* body_ = nullptr;
  int64_t items_ = 0;
  alignas(64) std::atomic<int64_t> next_{0};  // all threads write it: nothing that they read lies beside it
  alignas(64) int places_ = 0;  // helpers still wanted
  int busy_ = 0;    // helpers at work
  bool stopping_ = false;
};

}  // namespace

int hardware_threads() {
  static const int count = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return count;
}

void parallel_for(int threads, int64_t items, const ItemBody& body) {
  constexpr int kMostThreads = 256;
  const auto useful = static_cast<int>(std::min<int64_t>({threads, items, kMostThreads}));
  if (useful > 1) {
    static ThreadPool pool;
    static std::atomic_flag in_use;  // no mutex: an item may ask again on the thread that already holds it
    if (!in_use.test_and_set(std::memory_order_acquire)) {
      const struct Release {
        ~Release() { in_use.clear(std::memory_order_release); }
      } release;
      pool.run(useful - 1, items, body);
      return;
    }
  }
  for (int64_t item = 0; item < items; ++item) body(item);
}

}  // namespace convscope
