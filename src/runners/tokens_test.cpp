#include "runners/tokens.h"

#include <gtest/gtest.h>

namespace shoal::runners {
namespace {

const ProvedLease k_lease{{JobId{7}, 3}, from_millis(1'700'000'000'000)};
const JobTokens k_tokens(std::string(64, 's'));

TEST(JobTokens, prove_one_lease_of_one_job_to_one_runner) {
  const std::string token = k_tokens.sign(k_lease, RunnerId{1});
  EXPECT_TRUE(token.starts_with("ptrjt-"));
  EXPECT_EQ(k_tokens.verify(token, JobId{7}, RunnerId{1}), k_lease);
  EXPECT_FALSE(k_tokens.verify(token, JobId{8}, RunnerId{1}));
  EXPECT_FALSE(k_tokens.verify(token, JobId{7}, RunnerId{2}));
  EXPECT_FALSE(JobTokens(std::string(64, 't')).verify(token, JobId{7}, RunnerId{1}));
}

TEST(JobTokens, a_fence_cannot_be_raised_by_who_holds_an_older_one) {
  std::string token = k_tokens.sign(k_lease, RunnerId{1});
  token.replace(token.find("-3-"), 3, "-4-");
  EXPECT_FALSE(k_tokens.verify(token, JobId{7}, RunnerId{1}));
}

TEST(JobTokens, the_end_of_a_lease_cannot_be_put_off_by_who_holds_it) {
  std::string token = k_tokens.sign(k_lease, RunnerId{1});
  token.replace(token.find("-17"), 3, "-18");
  EXPECT_FALSE(k_tokens.verify(token, JobId{7}, RunnerId{1}));
}

TEST(JobTokens, what_is_no_token_is_refused) {
  for (const char* text : {"", "ptrjt-", "ptrjt-3", "ptrjt-3-", "ptrjt--", "ptrjt-x-aa", "3-aa",
                           "ptrjt-3-aa", "ptrjt-3-4", "ptrjt-3--", "ptrjt-3-x-aa", "ptrjt-3-4-aa",
                           "ptrjt-00000000-0000-4000-8000-000000000000"})
    EXPECT_FALSE(k_tokens.verify(text, JobId{7}, RunnerId{1})) << text;
}

TEST(JobTokens, results_of_each_lease_and_rendition_have_a_place_of_their_own) {
  const std::string key = k_tokens.result_key(k_lease.key, 720);
  EXPECT_EQ(key, k_tokens.result_key(k_lease.key, 720));
  EXPECT_EQ(key.size(), std::string_view("results/").size() + 64);
  EXPECT_NE(key, k_tokens.result_key(k_lease.key, 480));
  EXPECT_NE(key, k_tokens.result_key({k_lease.key.id, k_lease.key.fence + 1}, 720));
  EXPECT_NE(key, JobTokens(std::string(64, 't')).result_key(k_lease.key, 720));
}

TEST(JobUuid, is_the_number_and_back) {
  for (const std::int64_t id : {std::int64_t{1}, std::int64_t{255}, std::int64_t{1} << 40}) {
    const std::string uuid = uuid_of(JobId{id});
    EXPECT_TRUE(Uuid::parse(uuid)) << uuid;
    EXPECT_EQ(job_of(uuid), JobId{id});
  }
  for (const char* text :
       {"", "7", "00000000-0000-4000-8000-00000000000", "00000000-0000-4000-8000-000000000000",
        "00000000-0000-4000-8000-00000000000g", "10000000-0000-4000-8000-000000000001",
        "00000000-0000-4000-8000--00000000001"})
    EXPECT_FALSE(job_of(text)) << text;
}

}  // namespace
}  // namespace shoal::runners
