#include "catalog/password.h"

#include <argon2.h>
#include <gtest/gtest.h>

#include <array>

namespace shoal::catalog {
namespace {

TEST(Password, is_verified_by_its_own_hash_only) {
  SystemRandom random;
  const auto hash = hash_password("correct horse", random);
  ASSERT_TRUE(hash.has_value());
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  EXPECT_TRUE(verify_password("correct horse", *hash));
  EXPECT_FALSE(verify_password("correct horsf", *hash));
  EXPECT_FALSE(verify_password("", *hash));
  EXPECT_NE(*hash, *hash_password("correct horse", random)) << "each has a salt of its own";
}

TEST(Password, speaks_the_reference_implementations_format) {
  SystemRandom random;
  const auto ours = hash_password("pässword", random);
  EXPECT_EQ(argon2id_verify(ours->c_str(), "pässword", std::string("pässword").size()), ARGON2_OK);
  std::array<char, 256> theirs{};
  ASSERT_EQ(argon2id_hash_encoded(3, 1024, 2, "secret", 6, "saltsaltsalt", 12, 24, theirs.data(),
                                  theirs.size()),
            ARGON2_OK);
  EXPECT_TRUE(verify_password("secret", theirs.data()));
  EXPECT_FALSE(verify_password("Secret", theirs.data()));
}

TEST(Password, damaged_or_greedy_hashes_verify_nothing) {
  for (const char* hash :
       {"", "$", "plain", "$argon2id$v=19$m=19456,t=2,p=1$$", "$argon2i$v=19$m=1024,t=1,p=1$a$b",
        "$argon2id$v=19$m=4294967295,t=2,p=1$c2hvYWwtbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=19456,t=99999,p=1$c2hvYWwtbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=-1,t=2,p=1$c2hvYWwtbm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    EXPECT_FALSE(verify_password("", hash)) << hash;
  }
}

}  // namespace
}  // namespace shoal::catalog
