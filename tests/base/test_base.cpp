#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

#include "tactus/parallel.h"
#include "tactus/progress.h"
#include "tactus/random.h"

namespace tactus {
namespace {

TEST(Random, RepeatsAndKeepsItsNumbers) {
  Random a(42), b(42), c(43);
  std::vector<std::uint32_t> first;
  for (int i = 0; i < 5; ++i) first.push_back(a.next());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(b.next(), first[static_cast<std::size_t>(i)]);
  EXPECT_NE(c.next(), first[0]);
  // The first output of the reference implementation's demo for seed 42, stream 54.
  EXPECT_EQ(first[0], 0xa15c02b7U);
}

TEST(Random, NormalHasTheRightMoments) {
  Random random(7);
  double sum = 0, squares = 0;
  constexpr int count = 20000;
  for (int i = 0; i < count; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / count, 0.0, 0.03);
  EXPECT_NEAR(squares / count, 1.0, 0.05);
}

TEST(ParallelFor, CoversEveryIndexOnce) {
  std::vector<std::atomic<int>> hits(1001);
  parallel_for(hits.size(), 7, [&](std::size_t begin, std::size_t end) {
    EXPECT_LE(end - begin, 7U);
    for (std::size_t i = begin; i < end; ++i) ++hits[i];
  });
  for (const auto& h : hits) EXPECT_EQ(h.load(), 1);
}

TEST(ParallelFor, RethrowsAndStaysUsable) {
  EXPECT_THROW(parallel_for(100, 1,
                            [](std::size_t begin, std::size_t) {
                              if (begin == 50) throw bad_input("fifty");
                            }),
               Error);
  std::atomic<int> count{0};
  parallel_for(10, 1, [&](std::size_t, std::size_t) { ++count; });
  EXPECT_EQ(count.load(), 10);
}

TEST(ParallelFor, NestsAndServesTwoCallers) {
  std::atomic<int> count{0};
  const auto work = [&] {
    for (int repeat = 0; repeat < 50; ++repeat)
      parallel_for(4, 1, [&](std::size_t, std::size_t) {
        parallel_for(4, 1, [&](std::size_t, std::size_t) { ++count; });
      });
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(count.load(), 2 * 50 * 16);
}

TEST(Progress, PartsNestInsideTheWhole) {
  double last = -1;
  std::string stage;
  const Progress whole([&](double fraction, std::string_view name, std::string_view) {
    last = fraction;
    stage = name;
  });
  whole.part(0.5, 1.0, "Fit").part(0.0, 0.5).report(1.0);
  EXPECT_DOUBLE_EQ(last, 0.75);
  EXPECT_EQ(stage, "Fit");
}

TEST(Progress, CheckThrowsOnceStopped) {
  std::stop_source source;
  const Progress progress({}, source.get_token());
  EXPECT_NO_THROW(progress.check());
  source.request_stop();
  try {
    progress.part(0, 1).check();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cancelled);
  }
}

}  // namespace
}  // namespace tactus
