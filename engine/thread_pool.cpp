#include "engine/thread_pool.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <hwy/cache_control.h>

namespace convscope {

namespace {

constexpr int kMostThreads = 256;

/// Waits for a moment without going to sleep: to be woken takes the system longer than many a computation. At most
/// about 50 microseconds, so that an idle program stays idle.
template <class Condition>
void spin_until(const Condition& is_true) {
  static const int pauses = hardware_threads() > 1 ? 2000 : 0;
  for (int i = 0; i < pauses && !is_true(); ++i) hwy::Pause();
}

/// Neighbouring items that a thread does first: in call after call the same thread works on the same memory, which is
/// still in its cache. Who is done with its own helps the others.
struct alignas(64) Share {
  std::atomic<int64_t> next{0};
  int64_t end = 0;
};

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
    helpers = std::min(helpers, static_cast<int>(threads_.size()));
    body_ = &body;
    share_count_ = helpers + 1;
    int64_t begin = 0;
    for (int i = 0; i < share_count_; ++i) {
      Share& share = shares_[static_cast<size_t>(i)];
      share.next.store(begin, std::memory_order_relaxed);
      begin += items / share_count_ + (i < items % share_count_ ? 1 : 0);
      share.end = begin;
    }
    helpers_ = helpers;
    ++call_;
    const bool all_awake = sleepers_ == 0;
    lock.unlock();
    if (!all_awake) work_.notify_all();

    const Finish finish{*this};
    take_items(0);
  }

 private:
  /// Nobody uses the body any more once this is gone, also where an item of the calling thread has thrown.
  struct Finish {
    ThreadPool& pool;
    ~Finish() {
      for (int i = 0; i < pool.share_count_; ++i) {
        Share& share = pool.shares_[static_cast<size_t>(i)];
        share.next.store(share.end, std::memory_order_relaxed);
      }
      std::unique_lock lock(pool.mutex_);
      pool.helpers_ = 0;  // whoever has not woken up yet is too late: there is nothing left to take
      lock.unlock();
      spin_until([this] { return pool.busy_ == 0; });
      lock.lock();
      pool.done_.wait(lock, [this] { return pool.busy_ == 0; });
      pool.body_ = nullptr;
    }
  };

  void grow(int helpers) {
    while (static_cast<int>(threads_.size()) < helpers) {
      try {
        const int mine = static_cast<int>(threads_.size()) + 1;
        threads_.emplace_back([this, mine] { work(mine); });
      } catch (const std::system_error&) {
        return;  // fewer threads are slower, not wrong
      }
    }
  }

  void take_items(int mine) {
    const ItemBody& body = *body_;
    const int count = share_count_;
    for (int i = 0; i < count; ++i) {
      Share& share = shares_[static_cast<size_t>((mine + i) % count)];
      for (;;) {
        const int64_t item = share.next.fetch_add(1, std::memory_order_relaxed);
        if (item >= share.end) break;
        body(item);
      }
    }
  }

  void work(int mine) {
    uint64_t done = 0;  // the last call that this thread took part in
    const auto is_wanted = [&] { return stopping_ || (mine <= helpers_ && call_ != done); };
    for (;;) {
      spin_until(is_wanted);
      std::unique_lock lock(mutex_);
      ++sleepers_;
      work_.wait(lock, is_wanted);
      --sleepers_;
      if (stopping_) return;
      done = call_;
      ++busy_;
      lock.unlock();
      take_items(mine);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::vector<std::thread> threads_;
  const ItemBody* body_ = nullptr;
  int share_count_ = 0;
  std::array<Share, kMostThreads> shares_;
  // Changed under the mutex alone, but looked at by those who spin.
  alignas(64) std::atomic<int> helpers_ = 0;  // threads of these numbers or less are wanted
  std::atomic<uint64_t> call_ = 0;
  std::atomic<int> busy_ = 0;  // helpers at work
  std::atomic<bool> stopping_ = false;
  int sleepers_ = 0;  // helpers that have to be woken
};

}  // namespace

int hardware_threads() {
  static const int count = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return count;
}

int useful_threads(int threads, double work, double work_per_thread) {
  if (work < 2 * work_per_thread) return 1;
  if (threads <= 0) threads = hardware_threads();
  return static_cast<int>(std::clamp(work / work_per_thread, 1.0, static_cast<double>(threads)));
}

void parallel_for(int threads, int64_t items, const ItemBody& body) {
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
