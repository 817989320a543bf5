#include "place.h"

/* A diff's rows and columns add up to the shares before and after. */
static void
check_sums(const struct pn_place *old, const struct pn_place *new_, double slack)
{
    double moved[9], before[3], after[3];
    CHECK_EQ(pn_place_diff(old, new_, moved), PN_OK);
    CHECK_EQ(pn_place_share(old, before), PN_OK);
    CHECK_EQ(pn_place_share(new_, after), PN_OK);
    for (unsigned i = 0; i < 3; i++) {
        double row = 0, column = 0;
        for (unsigned k = 0; k < 3; k++) {
            row += moved[3 * i + k];
            column += moved[3 * k + i];
        }
        CHECK(row > before[i] - slack && row < before[i] + slack);
        CHECK(column > after[i] - slack && column < after[i] + slack);
    }
}

static void
test_diff(void)
{
    static const double weight[] = {3, 1, 4};
    static const char *const policies[] = {"hash_ring",        "libketama", "uhashring",
                                           "python-memcached", "slots",     "maglev"};
    for (unsigned i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        struct pn_place *equal = place_three(policies[i], false, NULL, NULL);
        struct pn_place *other = place_three(policies[i], false, weight, NULL);
        check_sums(equal, other, i < 4 ? 0.01 : 1e-9); /* counted, or slot by slot */
        check_sums(equal, equal, i < 4 ? 0.01 : 1e-9);
        pn_place_free(equal);
        pn_place_free(other);
    }
}

/* Counting 65536 keys and adding up arcs give the same shares. */
static void
test_arcs(void)
{
    struct pn_place *ring = place_three("libketama", false, NULL, NULL);
    double share[3], moved[9];
    CHECK_EQ(pn_place_share(ring, share), PN_OK);
    CHECK_EQ(pn_place_diff(ring, ring, moved), PN_OK);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(moved[4 * i] > share[i] - 0.01 && moved[4 * i] < share[i] + 0.01);
    }
    pn_place_free(ring);
}

static void
test_moves_of_others(void)
{
    struct pn_place *ring = place_three("libketama", false, NULL, NULL);
    struct pn_place *table = place_three("slots", false, NULL, NULL);
    CHECK_EQ(pn_place_moves(ring, ring, NULL, 0), PN_E_INVALID);
    CHECK_EQ(pn_place_moves(ring, table, NULL, 0), PN_E_INVALID);
    CHECK_EQ(pn_place_epoch(ring), 0);
    CHECK_EQ(pn_place_slot(ring, "foo", 3), PN_PLACE_NONE);
    CHECK_EQ(pn_place_points(table), 0);
    CHECK_EQ(pn_place_size(table), 3);
    pn_place_free(ring);
    pn_place_free(table);
}

/* Where a key falls, and the point that owns it. */
static void
test_find(void)
{
    struct pn_place *ring = place_three("libketama", false, NULL, NULL);
    struct pn_point at;
    size_t i = pn_place_find(ring, "foo", 3, &at);
    CHECK_EQ(at.low, 3675831724u);
    CHECK_EQ(at.owner + 1, 2);
    CHECK(pn_place_point(ring, i).low >= at.low);
    CHECK(pn_place_point(ring, i - 1).low < at.low);
    pn_place_free(ring);
    ring = place_three("uhashring", false, NULL, NULL);
    pn_place_find(ring, "foo", 3, &at);
    CHECK_EQ(at.high, 0xacbd18db4cc2f85cull); /* md5 of foo */
    CHECK_EQ(at.low, 0xedef654fccc4a4d8ull);
    pn_place_free(ring);
}

int
main(void)
{
    RUN(test_diff);
    RUN(test_arcs);
    RUN(test_moves_of_others);
    RUN(test_find);
    return harness_done();
}
