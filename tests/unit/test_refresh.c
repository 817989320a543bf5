#include "fleet.h"

/* At once; one at a time; then not before the cooldown, once for all that came. */
static void
test_forced(void)
{
    struct map map = map_of(3, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    struct pn_task task, none;
    CHECK_EQ(pn_fleet_task(fleet, now).kind, PN_TASK_NONE);
    trigger(fleet, now);
    CHECK_EQ(next_task(fleet, now, SEC, &task), now);
    CHECK_EQ(task.kind, PN_TASK_SLOTS);
    for (unsigned i = 0; i < 100; i++) {
        trigger(fleet, now);
    }
    CHECK_EQ(next_task(fleet, now, 900 * MS, &none), 0); /* one is under way */
    now += 900 * MS;
    map.owner[1] = 101; /* changed: no doubling */
    CHECK(learn(fleet, &task, &map, now));
    uint64_t at = next_task(fleet, now, SEC, &task);
    CHECK(at >= now + 200 * MS && at <= now + 251 * MS);
    learn(fleet, &task, &map, at);
    CHECK_EQ(next_task(fleet, at, 10 * SEC, &none), 0); /* all triggers are served */
    CHECK_EQ(pn_fleet_counters(fleet)->refreshes_forced, 3);
    pn_fleet_free(fleet);
}

/* Unchanged maps double the cooldown: 200 ms ... 5 s; a changed one resets it. */
static void
test_doubling(void)
{
    static const uint64_t wait[] = {400, 800, 1600, 3200, 5000, 5000};
    struct map map = map_of(3, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    struct pn_task task;
    for (unsigned i = 0; i < 6; i++) {
        trigger(fleet, now);
        now = next_task(fleet, now, 10 * SEC, &task);
        CHECK(!learn(fleet, &task, &map, now));
        trigger(fleet, now);
        uint64_t at = pn_fleet_wake(fleet);
        CHECK(at >= now + wait[i] * MS && at <= now + wait[i] * MS * 5 / 4);
    }
    now = next_task(fleet, now, 10 * SEC, &task);
    map.owner[2] = 102;
    CHECK(learn(fleet, &task, &map, now));
    trigger(fleet, now);
    CHECK(pn_fleet_wake(fleet) <= now + 250 * MS);
    CHECK_EQ(pn_fleet_counters(fleet)->refreshes_unchanged, 6);
    pn_fleet_free(fleet);
}

/* While an owner is down its promotion is waited for: no cooldown above 500 ms. */
static void
test_urgent(void)
{
    struct map map = map_of(3, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    struct pn_task task;
    for (unsigned i = 0; i < 6; i++) {
        trigger(fleet, now);
        now = next_task(fleet, now, 10 * SEC, &task);
        learn(fleet, &task, &map, now);
    }
    trigger(fleet, now);
    CHECK(pn_fleet_wake(fleet) >= now + 5 * SEC);
    uint16_t dead = node_of(fleet, 1);
    pn_fleet_trouble(fleet, dead, PN_TROUBLE_DIAL, now + 250 * MS);
    CHECK(pn_fleet_wake(fleet) <= now + 250 * MS); /* the doubling is forgotten */
    uint64_t last = 0;
    for (unsigned i = 0; i < 10; i++) {
        now = pn_fleet_wake(fleet) > now ? pn_fleet_wake(fleet) : now;
        task = pn_fleet_task(fleet, now);
        if (task.kind == PN_TASK_PROBE) {
            pn_fleet_task_failed(fleet, &task, now);
            continue;
        }
        CHECK(task.kind != PN_TASK_SLOTS || task.node != dead);
        CHECK(last == 0 || (now >= last + 200 * MS && now <= last + 501 * MS));
        last = now;
        learn(fleet, &task, &map, now);
        CHECK_EQ(route_slot(fleet, shard_slot(&map, 1), 0, now).kind, PN_ROUTE_WAIT);
    }
    pn_fleet_free(fleet);
}

/* 1000 MOVED in a second, each of another slot: at most five refreshes. */
static void
test_redirect_storm(void)
{
    struct map map = map_of(8, 0);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    unsigned refreshes = 0;
    struct pn_endpoint to = server(9);
    for (unsigned i = 0; i < 1000; i++, now += MS) {
        pn_fleet_moved(fleet, 0, i * 16, &to, now);
        struct pn_task task = pn_fleet_task(fleet, now);
        if (task.kind == PN_TASK_SLOTS) {
            refreshes++;
            map.owner[refreshes % 8] = 10 + refreshes; /* always another map */
            CHECK(learn(fleet, &task, &map, now));
        }
    }
    CHECK(refreshes >= 2 && refreshes <= 5);
    pn_fleet_free(fleet);
}

/* CLUSTERDOWN: once in a while, spread over 15 s and a bit. */
static void
test_unforced(void)
{
    uint64_t least = PN_NEVER, most = 0;
    for (unsigned run = 0; run < 200; run++) {
        struct map map = map_of(3, 0);
        struct pn_fleet_opts opts = {.seed_of_chance = run};
        struct pn_fleet *fleet = cluster_make(&map, &opts, START);
        struct pn_task task;
        for (unsigned i = 0; i < 50; i++) {
            pn_fleet_trouble(fleet, 0, PN_TROUBLE_DOWN, START + 200 * MS);
        }
        uint64_t at = next_task(fleet, START, 17 * SEC, &task);
        CHECK(at >= START + SEC && at <= START + 17 * SEC);
        least = at < least ? at : least;
        most = at > most ? at : most;
        learn(fleet, &task, &map, at);
        CHECK_EQ(pn_fleet_counters(fleet)->refreshes_forced, 1); /* the first of all */
        CHECK_EQ(next_task(fleet, at, SEC, &task), 0);
        pn_fleet_free(fleet);
    }
    CHECK(least < START + 2 * SEC && most > START + 15 * SEC);
}

/* One that is planned while another is under way comes a second after that, too. */
static void
test_unforced_meanwhile(void)
{
    for (unsigned run = 0; run < 200; run++) {
        struct map map = map_of(3, 0);
        struct pn_fleet_opts opts = {.seed_of_chance = run};
        struct pn_fleet *fleet = cluster_make(&map, &opts, START);
        uint64_t now = START + 10 * SEC;
        struct pn_task task, next;
        trigger(fleet, now);
        CHECK_EQ(next_task(fleet, now, SEC, &task), now);
        pn_fleet_trouble(fleet, 0, PN_TROUBLE_DOWN, now + MS);
        learn(fleet, &task, &map, now + 2 * MS);
        CHECK_EQ(next_task(fleet, now + 2 * MS, 998 * MS, &next), 0);
        pn_fleet_free(fleet);
    }
}

/* CLUSTERDOWN of one node, while others answer: it is cut off, and what was its own has
 * another owner soon. It is not asked itself. */
static void
test_cut_off(void)
{
    struct map map = map_of(8, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    uint16_t alone = node_of(fleet, 3);
    pn_fleet_trouble(fleet, alone, PN_TROUBLE_DOWN, now);
    CHECK(pn_fleet_wake(fleet) > now); /* perhaps it is all of them */
    pn_fleet_well(fleet, node_of(fleet, 5), now + 10 * MS);
    for (unsigned i = 0; i < 60; i++) {
        struct pn_task task;
        pn_fleet_trouble(fleet, alone, PN_TROUBLE_DOWN, now + 20 * MS);
        uint64_t at = next_task(fleet, now + 20 * MS, 500 * MS, &task);
        if (CHECK(at != 0)) {
            CHECK(task.kind == PN_TASK_SLOTS && task.node != alone);
            learn(fleet, &task, &map, at);
            now = at;
        }
    }
    pn_fleet_well(fleet, alone, now); /* it is back, and one among others */
    pn_fleet_trouble(fleet, node_of(fleet, 1), PN_TROUBLE_DOWN, now + 5 * SEC);
    CHECK(pn_fleet_wake(fleet) > now + 5 * SEC);
    pn_fleet_free(fleet);
}

static void
test_periodic(void)
{
    uint64_t least = PN_NEVER, most = 0;
    for (unsigned run = 0; run < 100; run++) {
        struct map map = map_of(3, 0);
        struct pn_fleet_opts opts = {.seed_of_chance = run};
        struct pn_fleet *fleet = cluster_make(&map, &opts, START);
        uint64_t at = pn_fleet_wake(fleet);
        least = at < least ? at : least;
        most = at > most ? at : most;
        CHECK_EQ(pn_fleet_task(fleet, at).kind, PN_TASK_SLOTS);
        pn_fleet_free(fleet);
    }
    CHECK(least >= START + 45 * SEC && least < START + 48 * SEC);
    CHECK(most <= START + 75 * SEC && most > START + 72 * SEC);
    struct map map = map_of(3, 0);
    struct pn_fleet_opts opts = {.refresh_period = PN_NEVER};
    struct pn_fleet *fleet = cluster_make(&map, &opts, START);
    CHECK_EQ(pn_fleet_wake(fleet), PN_NEVER);
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_forced);
    RUN(test_doubling);
    RUN(test_urgent);
    RUN(test_redirect_storm);
    RUN(test_unforced);
    RUN(test_unforced_meanwhile);
    RUN(test_cut_off);
    RUN(test_periodic);
    return harness_done();
}
