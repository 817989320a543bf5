#include "base/hash.h"
#include "fleet.h"

static unsigned char bytes[1 << 20];

static size_t
save(struct pn_fleet *fleet)
{
    size_t len = pn_fleet_save(fleet, bytes, sizeof bytes);
    CHECK(len <= sizeof bytes);
    return len;
}

/* A process that starts later has no need to ask: what a neighbour learnt will do,
 * unless it is older than the timer allows. */
static void
test_late_starter(void)
{
    struct map map = map_of(3, 1);
    struct pn_endpoint seed[3] = {server(0), server(1), server(2)};
    struct pn_fleet_opts opts = {.kind = PN_FLEET_CLUSTER, .seed = seed, .n_seeds = 3};
    struct pn_fleet *one = cluster_make(&map, NULL, START);
    size_t len = save(one);
    for (unsigned late = 0; late < 2; late++) {
        uint64_t now = START + (late == 0 ? 50 : 70) * SEC;
        struct pn_fleet *two = NULL;
        CHECK_EQ(pn_fleet_new(&opts, now, &two, NULL), PN_OK);
        struct pn_task task = pn_fleet_task(two, now);
        CHECK(pn_fleet_load(two, bytes, len, now));
        CHECK(!pn_fleet_task_stands(two, &task));
        CHECK_EQ(pn_fleet_task(two, now + SEC).kind,
                 late == 0 ? PN_TASK_NONE : PN_TASK_SLOTS);
        CHECK_EQ(route_slot(two, 1, 0, now).kind, PN_ROUTE_NODE);
        pn_fleet_free(two);
    }
    pn_fleet_free(one);
}

/* One process asked in vain: for the others it is as if they had, each in its turn, and
 * what they had begun meanwhile does not stand. */
static void
test_failure_is_shared(void)
{
    struct map map = map_of(3, 1);
    struct pn_fleet *one = cluster_make(&map, NULL, START);
    struct pn_fleet *two = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    for (unsigned i = 1; i <= 6; i++) { /* by turns; the cooldown grows for both */
        pn_fleet_trouble(one, 0, PN_TROUBLE_ROLE, now);
        pn_fleet_trouble(two, 0, PN_TROUBLE_ROLE, now);
        struct pn_task mine = pn_fleet_task(one, now), other;
        CHECK_EQ(mine.kind, PN_TASK_SLOTS);
        pn_fleet_task_failed(one, &mine, now + MS);
        uint64_t before = pn_fleet_counters(two)->refreshes;
        other = pn_fleet_task(two, now + 2 * MS);
        CHECK_EQ(other.kind, PN_TASK_SLOTS);
        CHECK(pn_fleet_load(two, bytes, save(one), now + 2 * MS));
        CHECK(!pn_fleet_task_stands(two, &other));
        uint64_t wait = i <= 3 ? 200 * MS : (UINT64_C(200) << (i - 3)) * MS;
        CHECK_EQ(pn_fleet_task(two, now + wait).kind, PN_TASK_NONE);
        uint64_t at = pn_fleet_wake(two);
        CHECK(at > now + wait && at <= now + MS + wait * 5 / 4);
        CHECK_EQ(pn_fleet_counters(two)->refreshes, before);
        now += 10 * SEC;
        struct pn_fleet *swap = one;
        one = i % 2 == 0 ? two : one;
        two = i % 2 == 0 ? swap : two;
    }
    /* What is older than an own answer says nothing. */
    struct pn_task task = pn_fleet_task(two, now);
    CHECK_EQ(task.kind, PN_TASK_SLOTS);
    pn_fleet_trouble(one, 0, PN_TROUBLE_ROLE, now);
    struct pn_task old = pn_fleet_task(one, now);
    pn_fleet_task_failed(one, &old, now + MS);
    learn(two, &task, &map, now + 2 * MS);
    CHECK(!pn_fleet_load(two, bytes, save(one), now + 3 * MS));
    CHECK_EQ(pn_fleet_wake(two) > now + 10 * SEC, true);
    pn_fleet_free(one);
    pn_fleet_free(two);
}

/* One process doubts what it was told. The others do not ask the same anew, each for
 * itself: they leave it the time for a second question, and a little more. */
static void
test_doubt_is_shared(void)
{
    struct map map = map_of(3, 1), moved = map;
    struct pn_fleet *one = cluster_make(&map, NULL, START);
    struct pn_fleet *two = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    struct pn_task task, other;
    moved.owner[1] = 101;
    trigger(one, now);
    CHECK_EQ(next_task(one, now, 0, &task), now);
    CHECK(learn(one, &task, &moved, now + MS));
    CHECK(pn_fleet_load(two, bytes, save(one), now + MS));
    now += 10 * SEC;
    trigger(one, now);
    trigger(two, now);
    CHECK_EQ(next_task(one, now, 0, &task), now);
    CHECK(!learn(one, &task, &map, now + MS)); /* a map that had given way */
    CHECK_EQ(next_task(two, now + 2 * MS, 0, &other), now + 2 * MS);
    CHECK(pn_fleet_load(two, bytes, save(one), now + 2 * MS));
    CHECK(!pn_fleet_task_stands(two, &other));
    uint64_t first = pn_fleet_wake(one), then = pn_fleet_wake(two);
    CHECK(first >= now + 200 * MS);
    CHECK(then >= now + MS + 300 * MS && then <= now + MS + 350 * MS);
    CHECK_EQ(next_task(one, first, 0, &task), first);
    learn(one, &task, &map, first + MS);
    CHECK_EQ(next_task(two, then, 0, &other), then); /* had nobody been heard of */
    pn_fleet_free(one);
    pn_fleet_free(two);
}

/* A probe that has begun is claimed: the others, whose turn it is too, leave it until
 * its deadline, when whoever began it may be dead. */
static void
test_probe_is_claimed(void)
{
    struct pn_fleet *one = fleet_make(PN_FLEET_HASH, 3, NULL);
    struct pn_fleet *two = fleet_make(PN_FLEET_HASH, 3, NULL);
    pn_fleet_trouble(one, 0, PN_TROUBLE_DIAL, START);
    CHECK(pn_fleet_load(two, bytes, save(one), START));
    uint64_t now = START + 10 * SEC;
    struct pn_task mine = pn_fleet_task(one, now);
    struct pn_task other = pn_fleet_task(two, now + MS);
    CHECK(mine.kind == PN_TASK_PROBE && other.kind == PN_TASK_PROBE);
    CHECK(!pn_fleet_load(two, bytes, save(one), now + MS)); /* not claimed yet */
    pn_fleet_task_begun(one, &mine, now + 2 * MS);
    CHECK(pn_fleet_load(two, bytes, save(one), now + 3 * MS));
    CHECK(!pn_fleet_task_stands(two, &other));
    CHECK(pn_fleet_task_stands(one, &mine));
    CHECK_EQ(pn_fleet_wake(two), mine.deadline);
    CHECK(pn_fleet_dial(two, 0, now + 3 * MS) != 0); /* it was for the probe */
    CHECK_EQ(pn_fleet_task(two, mine.deadline).kind, PN_TASK_PROBE);
    pn_fleet_probed(one, &mine, now + 4 * MS);
    CHECK(pn_fleet_load(two, bytes, save(one), now + 5 * MS));
    CHECK_EQ(pn_fleet_node(two, 0)->health, PN_NODE_UP);
    pn_fleet_free(one);
    pn_fleet_free(two);
}

/* The same bytes are read once. */
static void
test_seen_before(void)
{
    struct map map = map_of(3, 1);
    struct pn_fleet *one = cluster_make(&map, NULL, START);
    struct pn_fleet *two = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    pn_fleet_trouble(one, 0, PN_TROUBLE_DIAL, now);
    size_t len = save(one);
    CHECK(pn_fleet_load(two, bytes, len, now));
    CHECK_EQ(pn_fleet_node(two, 0)->health, PN_NODE_DOWN);
    CHECK(!pn_fleet_load(two, bytes, len, now));
    pn_fleet_connected(one, 0, now + SEC);
    CHECK(pn_fleet_load(two, bytes, save(one), now + SEC)); /* other bytes */
    CHECK_EQ(pn_fleet_node(two, 0)->health, PN_NODE_UP);
    pn_fleet_free(one);
    pn_fleet_free(two);
}

static void
reseal(size_t len)
{
    uint64_t sum = pn_checksum(bytes + 16, len - 16);
    memcpy(bytes + 8, &sum, 8);
}

/* Another fleet's, from the future, cut, damaged: nothing is taken, nothing changes. */
static void
test_refused(void)
{
    struct map map = map_of(3, 1);
    struct pn_fleet *one = cluster_make(&map, NULL, START + SEC);
    struct pn_fleet *two = fleet_make(PN_FLEET_CLUSTER, 3, NULL);
    struct pn_fleet *other = fleet_make(PN_FLEET_CLUSTER, 2, NULL);
    struct pn_fleet *kind = fleet_make(PN_FLEET_SENTINEL, 3, NULL);
    size_t len = save(one);
    CHECK(!pn_fleet_load(other, bytes, len, START + 2 * SEC));
    CHECK(!pn_fleet_load(kind, bytes, len, START + 2 * SEC));
    CHECK(!pn_fleet_load(two, bytes, len, START)); /* learnt in a second */
    for (size_t cut = 0; cut < len; cut++) {
        CHECK(!pn_fleet_load(two, bytes, cut, START + 2 * SEC));
    }
    unsigned taken = 0;
    for (size_t i = 0; i < len * 8; i++) {
        bytes[i / 8] ^= (unsigned char)(1 << i % 8);
        taken += pn_fleet_load(two, bytes, len, START + 2 * SEC);
        bytes[i / 8] ^= (unsigned char)(1 << i % 8);
    }
    CHECK_EQ(taken, 0);
    CHECK_EQ(pn_fleet_epoch(two), 0);
    CHECK_EQ(pn_fleet_nodes(two), 3);
    /* A damage with a good checksum is taken or not, and never more than that. */
    for (size_t i = 16; i < len; i++) {
        unsigned char was = bytes[i];
        for (unsigned v = 0; v < 256; v += 51) {
            bytes[i] = (unsigned char)v;
            reseal(len);
            pn_fleet_load(two, bytes, len, START + 2 * SEC);
        }
        bytes[i] = was;
    }
    reseal(len);
    for (uint32_t slot = 0; slot < PN_FLEET_SLOTS; slot += 7) {
        route_slot(two, slot, PN_ROUTE_READ, START + 3 * SEC);
    }
    pn_fleet_free(one);
    pn_fleet_free(two);
    pn_fleet_free(other);
    pn_fleet_free(kind);
}

int
main(void)
{
    RUN(test_late_starter);
    RUN(test_failure_is_shared);
    RUN(test_doubt_is_shared);
    RUN(test_probe_is_claimed);
    RUN(test_seen_before);
    RUN(test_refused);
    return harness_done();
}
