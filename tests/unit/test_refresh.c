#include "fleet.h"

static void
trigger(struct pn_fleet *fleet, uint64_t now)
{
    pn_fleet_trouble(fleet, node_of(fleet, 0), PN_TROUBLE_ROLE, now);
}

/* The time of the next task from NOW on, looking every millisecond; 0: none in
 * LIMIT. */
static uint64_t
next_task(struct pn_fleet *fleet, uint64_t now, uint64_t limit, struct pn_task *task)
{
    for (uint64_t at = now; at <= now + limit; at += MS) {
        *task = pn_fleet_task(fleet, at);
        if (task->kind != PN_TASK_NONE) {
            return at;
        }
    }
    return 0;
}

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
    RUN(test_forced);
    RUN(test_doubling);
    RUN(test_urgent);
    RUN(test_redirect_storm);
    RUN(test_unforced);
    RUN(test_cut_off);
    RUN(test_proven);
    RUN(test_periodic);
    RUN(test_who_is_asked);
    RUN(test_seeds_in_between);
    RUN(test_seeds_shuffled);
    RUN(test_deadline);
    RUN(test_elsewhere);
    RUN(test_no_flapping);
    RUN(test_strangers);
    RUN(test_only_one_answers);
    return harness_done();
}
