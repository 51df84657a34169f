#include "tactus/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tactus {
namespace {

thread_local bool inside_body = false;

struct Job {
  const std::function<void(std::size_t, std::size_t)>* body = nullptr;
  std::size_t count = 0;
  std::size_t piece = 1;
  std::size_t piece_count = 0;
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr error;
  std::mutex error_mutex;

  void work() {
    const bool nested = inside_body;
    inside_body = true;
    for (;;) {
      const std::size_t i = next.fetch_add(1);
      if (i >= piece_count || failed.load(std::memory_order_relaxed)) break;
      try {
        (*body)(i * piece, std::min(count, (i + 1) * piece));
      } catch (...) {
        const std::scoped_lock lock(error_mutex);
        if (!error) error = std::current_exception();
        failed = true;
      }
    }
    inside_body = nested;
  }
};

class Pool {
 public:
  explicit Pool(int workers) {
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { loop(); });
  }
  ~Pool() {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  void run(const std::shared_ptr<Job>& job) {
    // One job owns the workers; a second caller (another stage on another thread) works alone meanwhile.
    std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
    if (!owner.owns_lock() || threads_.empty()) {
      job->work();
      return;
    }
    {
      const std::scoped_lock lock(mutex_);
      job_ = job;
      ++generation_;
    }
    wake_.notify_all();
    job->work();
    std::unique_lock<std::mutex> lock(mutex_);
    job_.reset();
    idle_.wait(lock, [this] { return busy_ == 0; });
  }

 private:
  void loop() {
    std::size_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return ending_ || (job_ && generation_ != seen); });
      if (ending_) return;
      seen = generation_;
      const std::shared_ptr<Job> job = job_;
      ++busy_;
      lock.unlock();
      job->work();
      lock.lock();
      --busy_;
      if (busy_ == 0) idle_.notify_all();
    }
  }

  std::vector<std::thread> threads_;
  std::mutex owner_, mutex_;
  std::condition_variable wake_, idle_;
  std::shared_ptr<Job> job_;
  std::size_t generation_ = 0;
  int busy_ = 0;
  bool ending_ = false;
};

}  // namespace

int thread_count() {
  static const int count = [] {
    if (const char* text = std::getenv("TACTUS_THREADS")) {
      const int wanted = std::atoi(text);
      if (wanted > 0) return std::min(wanted, 256);
    }
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }();
  return count;
}

void parallel_for(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t, std::size_t)>& body) {
  if (count == 0) return;
  const auto job = std::make_shared<Job>();
  job->body = &body;
  job->count = count;
  job->piece = std::max<std::size_t>(1, grain);
  job->piece_count = (count + job->piece - 1) / job->piece;
  if (inside_body || job->piece_count == 1) {
    job->work();
  } else {
    static Pool pool(thread_count() - 1);
    pool.run(job);
  }
  if (job->error) std::rethrow_exception(job->error);
}

}  // namespace tactus
