#include "fleet.h"

/* A task that nobody ends is given again, to another; its late answer is not taken. */
static void
test_deadline(void)
{
    struct map map = map_of(3, 0);
    struct pn_fleet *fleet = fleet_make(PN_FLEET_CLUSTER, 3, NULL);
    struct pn_task old = pn_fleet_task(fleet, START), task;
    CHECK_EQ(pn_fleet_wake(fleet), old.deadline);
    CHECK_EQ(old.deadline, START + SEC);
    task = pn_fleet_task(fleet, START + SEC);
    CHECK(task.kind == PN_TASK_SLOTS && task.node != old.node && task.id != old.id);
    CHECK(!pn_fleet_task_stands(fleet, &old) && pn_fleet_task_stands(fleet, &task));
    CHECK(!learn(fleet, &old, &map, START + SEC));
    pn_fleet_task_failed(fleet, &old, START + SEC);
    CHECK(learn(fleet, &task, &map, START + SEC));
    CHECK_EQ(pn_fleet_counters(fleet)->refreshes_failed, 1);
    pn_fleet_free(fleet);
}

/* Another process holds the lock: no failure, and again in 50 ms. */
static void
test_elsewhere(void)
{
    struct map map = map_of(3, 0);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    struct pn_task task;
    trigger(fleet, now);
    for (unsigned i = 0; i < 5; i++) {
        now = next_task(fleet, now, SEC, &task);
        pn_fleet_task_elsewhere(fleet, &task, now);
        CHECK_EQ(pn_fleet_wake(fleet), now + 50 * MS);
    }
    CHECK_EQ(pn_fleet_counters(fleet)->refreshes, 1);
    CHECK_EQ(pn_fleet_counters(fleet)->refreshes_failed, 0);
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_deadline);
    RUN(test_elsewhere);
    return harness_done();
}
