#include "fleet.h"

/* Two nodes with different maps: without a second word we would follow each in turn. */
static void
test_no_flapping(void)
{
    struct map map = map_of(8, 1), stale = map;
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START;
    struct pn_task task;
    map.owner[1] = 101;
    trigger(fleet, now += SEC);
    now = next_task(fleet, now, SEC, &task);
    CHECK(learn(fleet, &task, &map, now));
    uint64_t epoch = pn_fleet_epoch(fleet);
    uint16_t liar = node_of(fleet, 7);
    unsigned lies = 0;
    for (unsigned i = 0; i < 300; i++) {
        trigger(fleet, now += 6 * SEC);
        now = next_task(fleet, now, 10 * SEC, &task);
        lies += task.node == liar;
        learn(fleet, &task, task.node == liar ? &stale : &map, now);
        CHECK_EQ(server_number(fleet,
                               route_slot(fleet, shard_slot(&map, 1), 0, now).node),
                 101);
    }
    CHECK(lies > 5);
    CHECK_EQ(pn_fleet_epoch(fleet), epoch);
    /* It is true after all: two say so. */
    for (unsigned i = 0; i < 10; i++) {
        trigger(fleet, now += 6 * SEC);
        now = next_task(fleet, now, 10 * SEC, &task);
        learn(fleet, &task, &stale, now);
    }
    CHECK_EQ(server_number(fleet, route_slot(fleet, shard_slot(&map, 1), 0, now).node),
             1);
    pn_fleet_free(fleet);
}

/* An address that now belongs to a node of another cluster, or to one that was
 * reset. */
static void
test_strangers(void)
{
    struct map map = map_of(8, 1), other = map_of(8, 0), empty = map_of(8, 0);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + SEC;
    struct pn_task task;
    for (unsigned i = 0; i < 8; i++) {
        other.owner[i] = 400 + i;
    }
    empty.has_hole = true;
    empty.last_hole = PN_FLEET_SLOTS - 2;
    trigger(fleet, now);
    now = next_task(fleet, now, SEC, &task);
    CHECK(!learn(fleet, &task, &other, now));
    now = next_task(fleet, now, SEC, &task); /* asked at once, without a trigger */
    CHECK(!learn(fleet, &task, &empty, now));
    now = next_task(fleet, now, SEC, &task);
    learn(fleet, &task, &map, now);
    CHECK_EQ(server_number(fleet, route_slot(fleet, 0, 0, now).node), 0);
    pn_fleet_free(fleet);
}

/* A cluster of one node is believed when it insists. */
static void
test_only_one_answers(void)
{
    struct map map = map_of(1, 0);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + SEC;
    struct pn_task task;
    map.has_hole = true;
    map.last_hole = 99;
    trigger(fleet, now);
    unsigned n = 0;
    for (bool is_taken = false; !is_taken && n < 10; n++) {
        now = next_task(fleet, now, SEC, &task);
        is_taken = learn(fleet, &task, &map, now);
    }
    CHECK_EQ(n, 3);
    CHECK_EQ(pn_fleet_counters(fleet)->slots_empty, 100);
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_no_flapping);
    RUN(test_strangers);
    RUN(test_only_one_answers);
    return harness_done();
}
