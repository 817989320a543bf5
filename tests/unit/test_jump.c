#include "place/jump.h"

#include "place.h"

static void
test_vectors(void)
{
    static const uint32_t n[8] = {1, 2, 3, 5, 10, 100, 1000, 16384};
    static const struct {
        uint64_t key;
        uint32_t bucket[8];
    } rows[] = {
        {0, {0, 0, 0, 0, 0, 0, 0, 0}},
        {1, {0, 0, 0, 0, 6, 55, 549, 8421}},
        {2, {0, 0, 0, 3, 6, 62, 338, 3927}},
        {10, {0, 1, 2, 2, 7, 73, 751, 10591}},
        {123456789, {0, 0, 0, 0, 7, 34, 294, 8303}},
        {3735928559u, {0, 1, 2, 3, 5, 87, 285, 10857}},
        {9223372036854775808ull, {0, 1, 1, 4, 5, 84, 453, 14577}},
        {18446744073709551615ull, {0, 1, 2, 2, 9, 92, 313, 13242}},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned k = 0; k < 8; k++) {
            CHECK_EQ(pn_jump(rows[i].key, n[k]), rows[i].bucket[k]);
        }
    }
}

static void
test_published(void)
{
    CHECK_EQ(pn_jump(42, 57), 43);
    CHECK_EQ(pn_jump(0xdead10cc, 666), 361);
    CHECK_EQ(pn_jump(256, 1024), 520);
    CHECK_EQ(pn_jump(10863919174838991ull, 11), 6);
    CHECK_EQ(pn_jump(UINT64_MAX, 128), 92);
    CHECK_EQ(pn_jump(0xdeadbeef, 1000000000), 212786410);
}

/* One more node takes keys from all and gives none to those that were there. */
static void
test_growth(void)
{
    for (uint64_t key = 0; key < 5000; key++) {
        uint32_t before = pn_jump(key * 0x9e3779b97f4a7c15ull, 9);
        uint32_t after = pn_jump(key * 0x9e3779b97f4a7c15ull, 10);
        CHECK(after == before || after == 9);
    }
}

static void
test_seed(void)
{
    struct pn_place_opts opts = {.seed = 7};
    struct pn_place *plain = place_three("jump", false, NULL, NULL);
    struct pn_place *seeded = place_three("jump", false, NULL, &opts);
    unsigned moved = 0;
    for (unsigned i = 0; i < 3000; i++) {
        char key[24];
        size_t len = number_key(key, "", i);
        moved += pn_place_owner(plain, key, len) != pn_place_owner(seeded, key, len);
    }
    CHECK(moved > 1800 && moved < 2200); /* two thirds */
    pn_place_free(plain);
    pn_place_free(seeded);
}

int
main(void)
{
    RUN(test_vectors);
    RUN(test_published);
    RUN(test_growth);
    RUN(test_seed);
    return harness_done();
}
