#include "simulation/event_queue.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace shoal::simulation {
namespace {

Event event_at(std::int64_t micros) {
  Event event;
  event.at = Microseconds(micros);
  event.action = [] {};
  return event;
}

TEST(EventQueue, gives_events_in_order_of_time_whatever_the_order_of_pushing) {
  SeededRandom random(3);
  EventQueue queue;
  std::vector<std::int64_t> times;
  for (int i = 0; i < 10'000; ++i) {
    times.push_back(static_cast<std::int64_t>(random.below(1000)));
    queue.push(event_at(times.back()));
  }
  std::ranges::sort(times);
  for (const std::int64_t time : times) {
    EXPECT_EQ(queue.next_at(), Microseconds(time));
    EXPECT_EQ(queue.pop().at, Microseconds(time));
  }
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, events_of_one_time_come_in_the_order_of_pushing) {
  EventQueue queue;
  for (int i = 0; i < 1000; ++i) queue.push(event_at(i % 2 == 0 ? 7 : 5));
  std::uint64_t before = 0;
  for (int i = 0; i < 1000; ++i) {
    const Event event = queue.pop();
    EXPECT_EQ(event.at, Microseconds(i < 500 ? 5 : 7));
    if (i % 500 != 0) {
      EXPECT_GT(event.number, before);
    }
    before = event.number;
  }
}

TEST(EventQueue, an_action_stays_with_its_event_when_places_are_used_again) {
  EventQueue queue;
  std::vector<int> done;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 3; ++i) {
      Event event = event_at(10 * round + 3 - i);
      event.action = [&done, id = 10 * round + 3 - i] { done.push_back(id); };
      queue.push(std::move(event));
    }
    for (int i = 0; i < 3; ++i) queue.pop().action();
  }
  EXPECT_EQ(done.size(), 300U);
  EXPECT_TRUE(std::ranges::is_sorted(done));
}

}  // namespace
}  // namespace shoal::simulation
