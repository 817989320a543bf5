#include "fleet.h"

/* Any node of the map may be asked, none that is down; seeds when all are. */
static void
test_who_is_asked(void)
{
    struct map map = map_of(8, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START;
    uint16_t dead = node_of(fleet, 3);
    unsigned seen[8] = {0}, replicas = 0;
    for (unsigned i = 0; i < 400; i++) {
        now += 10 * SEC;
        pn_fleet_trouble(fleet, dead, PN_TROUBLE_DIAL, now);
        struct pn_task task;
        now = next_task(fleet, now, SEC, &task);
        while (task.kind == PN_TASK_PROBE) {
            pn_fleet_task_failed(fleet, &task, now);
            task = pn_fleet_task(fleet, now);
        }
        unsigned number = server_number(fleet, task.node);
        replicas += number >= 100;
        seen[number % 100]++;
        learn(fleet, &task, &map, now);
    }
    CHECK(replicas > 150 && replicas < 260);
    for (unsigned i = 0; i < 8; i++) {
        CHECK(seen[i] > 10);
    }
    for (unsigned i = 0; i < 8; i++) { /* all down: the seeds' turn, all of them */
        pn_fleet_trouble(fleet, node_of(fleet, i), PN_TROUBLE_DIAL, now);
        pn_fleet_trouble(fleet, node_of(fleet, 100 + i), PN_TROUBLE_DIAL, now);
    }
    unsigned asked = 0;
    for (unsigned i = 0; i < 4000; i++, now += MS) {
        struct pn_task task = pn_fleet_task(fleet, now);
        if (task.kind == PN_TASK_SLOTS) {
            CHECK(server_number(fleet, task.node) < 3);
            CHECK_EQ(pn_fleet_dial(fleet, task.node, now), 0); /* though it is down */
            pn_fleet_trouble(fleet, task.node, PN_TROUBLE_DIAL, now);
            asked |= 1u << server_number(fleet, task.node);
        }
        if (task.kind != PN_TASK_NONE) {
            pn_fleet_task_failed(fleet, &task, now);
        }
    }
    CHECK_EQ(asked, 7);
    pn_fleet_free(fleet);
}

/* All nodes have moved, and look well until they are dialled: the seeds are asked long
 * before every one of them has failed. */
static void
test_seeds_in_between(void)
{
    struct map map = map_of(60, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    trigger(fleet, now);
    unsigned asked = 0;
    for (; asked < 100; asked++) {
        struct pn_task task;
        now = next_task(fleet, now, 10 * SEC, &task);
        if (task.kind == PN_TASK_PROBE) {
            pn_fleet_task_failed(fleet, &task, now);
            continue;
        }
        if (server_number(fleet, task.node) < 3) {
            break;
        }
        pn_fleet_trouble(fleet, task.node, PN_TROUBLE_DIAL, now);
        pn_fleet_task_failed(fleet, &task, now);
    }
    CHECK(asked < 12 && now < START + 15 * SEC);
    pn_fleet_free(fleet);
}

/* Nobody asks the first seed first because it is the first. */
static void
test_seeds_shuffled(void)
{
    unsigned first[3] = {0};
    for (unsigned run = 0; run < 300; run++) {
        struct pn_fleet_opts opts = {.seed_of_chance = run};
        struct pn_fleet *fleet = fleet_make(PN_FLEET_CLUSTER, 3, &opts);
        first[pn_fleet_task(fleet, START).node]++;
        pn_fleet_free(fleet);
    }
    CHECK(first[0] > 70 && first[1] > 70 && first[2] > 70);
}

/* While an owner is missed, who has lately answered a request is asked: one that is cut
 * off would not have. Else it is anybody's turn. */
static void
test_proven(void)
{
    struct map map = map_of(8, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    unsigned others = 0;
    for (unsigned i = 0; i < 60; i++) {
        struct pn_task task;
        now += 10 * SEC;
        pn_fleet_well(fleet, node_of(fleet, 5), now);
        trigger(fleet, now);
        now = next_task(fleet, now, SEC, &task);
        others += task.node != node_of(fleet, 5);
        learn(fleet, &task, &map, now);
    }
    CHECK(others > 40);
    pn_fleet_trouble(fleet, node_of(fleet, 1), PN_TROUBLE_DIAL, now);
    for (unsigned i = 0; i < 60; i++) {
        struct pn_task task;
        pn_fleet_well(fleet, node_of(fleet, 5), now);
        pn_fleet_well(fleet, node_of(fleet, 6), now);
        trigger(fleet, now);
        now = next_task(fleet, now, SEC, &task);
        if (task.kind == PN_TASK_PROBE) {
            pn_fleet_task_failed(fleet, &task, now);
            continue;
        }
        CHECK(task.node == node_of(fleet, 5) || task.node == node_of(fleet, 6));
        learn(fleet, &task, &map, now);
    }
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_who_is_asked);
    RUN(test_seeds_in_between);
    RUN(test_seeds_shuffled);
    RUN(test_proven);
    return harness_done();
}
