#include "place/ring.h"

#include "../support/rng.h"
#include "place.h"

/* Against the plain definition: the first point at or behind, walking all of them. */
static void
check_ring(struct rng *rng, unsigned n, unsigned spread, bool is_strict, bool has_low)
{
    struct ring ring = {.is_strict = is_strict};
    CHECK_EQ(ring_reserve(&ring, n), PN_OK);
    for (unsigned i = 0; i < n; i++) {
        uint64_t value = rng_next(rng) >> spread;
        ring_add(&ring, value, has_low ? rng_below(rng, 4) : 0, rng_below(rng, 5));
    }
    CHECK_EQ(ring_seal(&ring), PN_OK);
    for (unsigned i = 0; i < 200; i++) {
        uint64_t value = i % 2 == 0 ? rng_next(rng) >> spread : ring.value[i % n];
        uint64_t low = has_low ? rng_below(rng, 4) : 0;
        size_t want = 0;
        while (want < n) {
            uint64_t v = ring.value[want], l = ring.low != NULL ? ring.low[want] : 0;
            bool is_equal = v == value && l == low;
            if (v > value || (v == value && l > low) || (is_equal && !is_strict)) {
                break;
            }
            want++;
        }
        CHECK_EQ(ring_find(&ring, value, low), want == n ? 0 : want);
    }
    ring_release(&ring);
}

static void
test_find(void)
{
    struct rng rng = {.state = 11};
    for (unsigned n = 1; n < 400; n += 1 + n / 7) {
        for (unsigned kind = 0; kind < 4; kind++) {
            check_ring(&rng, n, 0, (kind & 1) != 0, (kind & 2) != 0);
            check_ring(&rng, n, 58, (kind & 1) != 0,
                       (kind & 2) != 0); /* all in a cell */
        }
    }
}

/* Who owns a point that two nodes have. */
static void
test_ties(void)
{
    for (unsigned last = 0; last < 2; last++) {
        struct ring ring = {.is_last_win = last == 1};
        CHECK_EQ(ring_reserve(&ring, 3), PN_OK);
        ring_add(&ring, 7, 0, 2);
        ring_add(&ring, 7, 0, 1);
        ring_add(&ring, 9, 0, 0);
        CHECK_EQ(ring_seal(&ring), PN_OK);
        CHECK_EQ(ring.n, 3);
        CHECK_EQ(ring.pos[ring_find(&ring, 7, 0)], last == 1 ? 2 : 1);
        CHECK_EQ(ring.pos[0], ring.pos[1]);
        ring_release(&ring);
    }
}

static void
test_walk_and_share(void)
{
    struct ring ring = {.is_strict = false};
    static const struct {
        uint64_t value;
        uint32_t pos;
    } points[] = {{1ull << 62, 0}, {1ull << 63, 1}, {3ull << 62, 0}, {UINT64_MAX, 2}};
    CHECK_EQ(ring_reserve(&ring, 4), PN_OK);
    for (unsigned i = 0; i < 4; i++) {
        ring_add(&ring, points[i].value, 0, points[i].pos);
    }
    CHECK_EQ(ring_seal(&ring), PN_OK);
    uint32_t pos[3];
    CHECK_EQ(ring_walk(&ring, 2, 3, pos, 3), 3);
    CHECK_EQ(pos[0], 0);
    CHECK_EQ(pos[1], 2);
    CHECK_EQ(pos[2], 1);
    CHECK_EQ(ring_walk(&ring, 3, 3, pos, 1), 1);
    CHECK_EQ(pos[0], 2);
    double share[3] = {0};
    ring_share(&ring, share);
    CHECK(share[0] == 0.5 && share[1] == 0.25);
    CHECK(share[2] > 0.249 && share[2] <= 0.25);
    ring_release(&ring);
}

int
main(void)
{
    RUN(test_find);
    RUN(test_ties);
    RUN(test_walk_and_share);
    return harness_done();
}
