#include "fleet.h"

/* Sentinels are servers 0, 1, 2; the primary and its replicas have numbers from 10. */
static struct pn_fleet *
make(unsigned n, uint64_t chance)
{
    struct pn_fleet_opts opts = {.service = "mymaster",
                                 .seed_of_chance = chance,
                                 .read_from = PN_READ_PREFER_REPLICA};
    return fleet_make(PN_FLEET_SENTINEL, n, &opts);
}

static bool
names(struct pn_fleet *fleet, const struct pn_task *task, unsigned primary,
      unsigned replica, uint64_t now)
{
    struct pn_endpoint endpoint[2] = {server(primary), server(replica)};
    return pn_fleet_learn_primary(fleet, task, endpoint, replica != 0 ? 2 : 1, now);
}

static struct pn_task
task_at(struct pn_fleet *fleet, uint64_t *now)
{
    uint64_t wake = pn_fleet_wake(fleet);
    *now = wake > *now ? wake : *now;
    return pn_fleet_task(fleet, *now);
}

/* It says that it is a primary. */
static void
connect(struct pn_fleet *fleet, unsigned primary, uint64_t now)
{
    CHECK_EQ(pn_fleet_dial(fleet, node_of(fleet, primary), now), 0);
    pn_fleet_connected(fleet, node_of(fleet, primary), now);
}

static void
test_learnt(void)
{
    struct pn_fleet *fleet = make(3, 0);
    CHECK_EQ(route_key(fleet, "k", 0, START).kind, PN_ROUTE_WAIT);
    struct pn_task task = pn_fleet_task(fleet, START);
    CHECK_EQ(task.kind, PN_TASK_SENTINEL);
    CHECK_EQ(pn_fleet_node(fleet, task.node)->role, PN_ROLE_SENTINEL);
    CHECK_EQ(pn_fleet_dial(fleet, task.node, START), 0);
    CHECK(names(fleet, &task, 10, 11, START));
    struct pn_route route = route_key(fleet, "k", 0, START);
    CHECK(route.kind == PN_ROUTE_NODE && server_number(fleet, route.node) == 10);
    route = route_key(fleet, "k", PN_ROUTE_READ, START);
    CHECK_EQ(server_number(fleet, route.node), 11);
    CHECK(!route.needs_readonly); /* READONLY is a cluster's */
    CHECK_EQ(pn_fleet_epoch(fleet), 1);
    pn_fleet_free(fleet);
}

/* One that is dead or does not know the service: the next at once; who answers is asked
 * first from then on. */
static void
test_next_one(void)
{
    struct pn_fleet *fleet = make(3, 1);
    uint64_t now = START;
    struct pn_task a = task_at(fleet, &now);
    pn_fleet_task_failed(fleet, &a, now);
    struct pn_task b = task_at(fleet, &now);
    CHECK(b.node != a.node && now == START);
    CHECK(!pn_fleet_learn_primary(fleet, &b, NULL, 0, now));
    struct pn_task c = task_at(fleet, &now);
    CHECK(c.node != a.node && c.node != b.node && now == START);
    CHECK(names(fleet, &c, 10, 0, now));
    connect(fleet, 10, now);
    now += 10 * SEC;
    pn_fleet_trouble(fleet, node_of(fleet, 10), PN_TROUBLE_ROLE, now);
    struct pn_task d = task_at(fleet, &now);
    CHECK_EQ(d.node, c.node);
    pn_fleet_free(fleet);
}

/* All are dead: a round, then a pause; after two rounds callers are told. */
static void
test_all_dead(void)
{
    struct pn_fleet *fleet = make(3, 2);
    uint64_t now = START;
    for (unsigned i = 0; i < 6; i++) {
        CHECK_EQ(route_key(fleet, "k", 0, now).kind, PN_ROUTE_WAIT);
        struct pn_task task = task_at(fleet, &now);
        CHECK_EQ(task.kind, PN_TASK_SENTINEL);
        CHECK((now == START) == (i < 3));
        pn_fleet_task_failed(fleet, &task, now);
    }
    CHECK_EQ(route_key(fleet, "k", 0, now).kind, PN_ROUTE_DOWN);
    pn_fleet_free(fleet);
}

static void
test_unknown_service(void)
{
    struct pn_fleet *fleet = make(3, 3);
    uint64_t now = START;
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(route_key(fleet, "k", 0, now).kind, PN_ROUTE_WAIT);
        struct pn_task task = task_at(fleet, &now);
        CHECK(!pn_fleet_learn_primary(fleet, &task, NULL, 0, now));
    }
    CHECK_EQ(route_key(fleet, "k", 0, now).kind, PN_ROUTE_EMPTY);
    struct pn_task task = task_at(fleet,
                                  &now); /* it is asked on, and then there is one */
    CHECK(names(fleet, &task, 10, 0, now));
    CHECK_EQ(route_key(fleet, "k", 0, now).kind, PN_ROUTE_NODE);
    pn_fleet_free(fleet);
}

/* Before a primary is dialled anew the sentinels are asked; if none answers, it is
 * dialled all the same. */
static void
test_asked_before_a_reconnect(void)
{
    struct pn_fleet *fleet = make(3, 4);
    uint64_t now = START;
    struct pn_task task = task_at(fleet, &now);
    names(fleet, &task, 10, 11, now);
    uint16_t primary = node_of(fleet, 10);
    now += 10 * SEC;
    CHECK_EQ(pn_fleet_dial(fleet, primary, now), 0);
    pn_fleet_connected(fleet, primary, now);
    pn_fleet_trouble(fleet, primary, PN_TROUBLE_LOST, now);
    CHECK(pn_fleet_dial(fleet, primary, now + 100 * MS) != 0);
    task = task_at(fleet, &now);
    CHECK(!names(fleet, &task, 10, 11, now));
    CHECK_EQ(pn_fleet_dial(fleet, primary, now + 100 * MS), 0);
    pn_fleet_connected(fleet, primary, now);
    pn_fleet_trouble(fleet, primary, PN_TROUBLE_LOST, now);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(pn_fleet_dial(fleet, primary, now + SEC) != 0);
        task = task_at(fleet, &now);
        CHECK_EQ(task.kind, PN_TASK_SENTINEL);
        pn_fleet_task_failed(fleet, &task, now);
    }
    CHECK_EQ(pn_fleet_dial(fleet, primary, now + SEC), 0);
    pn_fleet_free(fleet);
}

/* The old primary is forgotten at once, so that its connections are closed. */
static void
test_switch(void)
{
    struct pn_fleet *fleet = make(3, 5);
    uint64_t now = START;
    struct pn_task task = task_at(fleet, &now);
    names(fleet, &task, 10, 11, now);
    uint16_t old = node_of(fleet, 10);
    uint32_t born = pn_fleet_node(fleet, old)->born;
    now += 10 * SEC;
    pn_fleet_trouble(fleet, old, PN_TROUBLE_ROLE, now);
    task = task_at(fleet, &now);
    CHECK(names(fleet, &task, 11, 0, now));
    CHECK(pn_fleet_node(fleet, old) == NULL || pn_fleet_node(fleet, old)->born != born);
    CHECK_EQ(server_number(fleet, route_key(fleet, "k", 0, now).node), 11);
    CHECK_EQ(server_number(fleet, route_key(fleet, "k", PN_ROUTE_READ, now).node), 11);
    CHECK_EQ(pn_fleet_counters(fleet)->failovers, 1);
    pn_fleet_free(fleet);
}

/* A sentinel that was cut off names the old primary: not taken on its word alone. */
static void
test_stale_sentinel(void)
{
    struct pn_fleet *fleet = make(3, 6);
    uint64_t now = START;
    struct pn_task task = task_at(fleet, &now);
    names(fleet, &task, 10, 11, now);
    pn_fleet_trouble(fleet, node_of(fleet, 10), PN_TROUBLE_ROLE, now);
    task = task_at(fleet, &now);
    CHECK(names(fleet, &task, 11, 0, now));
    connect(fleet, 11, now);
    pn_fleet_trouble(fleet, node_of(fleet, 11), PN_TROUBLE_ROLE, now);
    task = task_at(fleet, &now);
    uint16_t first = task.node;
    CHECK(!names(fleet, &task, 10, 11, now));
    CHECK_EQ(server_number(fleet, route_key(fleet, "k", 0, now).node), 11);
    task = task_at(fleet, &now);
    CHECK(task.node != first);
    CHECK(names(fleet, &task, 10, 11, now));
    CHECK_EQ(server_number(fleet, route_key(fleet, "k", 0, now).node), 10);
    pn_fleet_free(fleet);
}

/* One names what is no primary, or is not there: the next is asked at once, and the
 * liar last from then on. The name that it drove out needs no second word. */
static void
test_liar(void)
{
    static const enum pn_trouble trouble[] = {PN_TROUBLE_ROLE, PN_TROUBLE_DIAL};
    for (unsigned i = 0; i < 2; i++) {
        struct pn_fleet *fleet = make(3, 8 + i);
        uint64_t now = START;
        struct pn_task task = task_at(fleet, &now);
        uint16_t liar = task.node;
        names(fleet, &task, 10, 11, now);
        connect(fleet, 10, now);
        now += 10 * SEC;
        pn_fleet_trouble(fleet, node_of(fleet, 10), PN_TROUBLE_LOST, now);
        task = task_at(fleet, &now);
        CHECK_EQ(task.node, liar);
        CHECK(names(fleet, &task, 11, 10, now));
        CHECK_EQ(pn_fleet_dial(fleet, node_of(fleet, 11), now), 0);
        uint64_t then = now;
        pn_fleet_trouble(fleet, node_of(fleet, 11), trouble[i], now);
        task = task_at(fleet, &now);
        CHECK(task.node != liar && now == then);
        CHECK(names(fleet, &task, 10, 11, now));
        for (unsigned j = 0; j < 2; j++) { /* the other two, who agree, and then it */
            now += 10 * SEC;
            pn_fleet_trouble(fleet, node_of(fleet, 10), PN_TROUBLE_DIAL, now);
            task = task_at(fleet, &now);
            CHECK_EQ(task.node == liar, j == 1);
            names(fleet, &task, 10, 11, now);
        }
        pn_fleet_free(fleet);
    }
}

/* All name what is not there, each another: a round of them at once, then a pause. */
static void
test_liars(void)
{
    struct pn_fleet *fleet = make(3, 10);
    uint64_t now = START, asked[9];
    for (unsigned i = 0; i < 9; i++) {
        struct pn_task task = task_at(fleet, &now);
        asked[i] = now;
        names(fleet, &task, 10 + i, 0, now);
        CHECK_EQ(pn_fleet_dial(fleet, node_of(fleet, 10 + i), now), 0);
        pn_fleet_trouble(fleet, node_of(fleet, 10 + i), PN_TROUBLE_DIAL, now);
    }
    for (unsigned i = 3; i < 9; i++) {
        CHECK(asked[i] >= asked[i - 3] + 200 * MS);
    }
    CHECK(asked[0] == asked[2] && asked[2] != asked[3] && asked[3] == asked[5]);
    pn_fleet_free(fleet);
}

/* What a liar names is known to be down: not dialled, and yet no answer. */
static void
test_named_but_down(void)
{
    struct pn_fleet *fleet = make(3, 11);
    uint64_t now = START;
    struct pn_task task = task_at(fleet, &now);
    names(fleet, &task, 10, 11, now);
    connect(fleet, 10, now);
    pn_fleet_trouble(fleet, node_of(fleet, 11), PN_TROUBLE_DIAL, now);
    CHECK_EQ(pn_fleet_node(fleet, node_of(fleet, 11))->health, PN_NODE_DOWN);
    now += 10 * SEC;
    pn_fleet_trouble(fleet, node_of(fleet, 10), PN_TROUBLE_LOST, now);
    while ((task = task_at(fleet, &now)).kind == PN_TASK_PROBE) {
        pn_fleet_task_failed(fleet, &task, now);
    }
    uint16_t liar = task.node;
    CHECK(names(fleet, &task, 11, 10, now));
    uint64_t then = now;
    while ((task = task_at(fleet, &now)).kind == PN_TASK_PROBE) {
        pn_fleet_task_failed(fleet, &task, now);
    }
    CHECK(task.node != liar && now == then);
    CHECK(names(fleet, &task, 10, 11, now));
    CHECK_EQ(pn_fleet_dial(fleet, node_of(fleet, 10), now + SEC), 0);
    pn_fleet_free(fleet);
}

/* A primary that is not yet counted as down, with callers who wait: they are asked
 * twice a second from the beginning, for the promotion may come at any moment. */
static void
test_asked_on(void)
{
    struct pn_fleet *fleet = make(3, 12);
    uint64_t now = START;
    struct pn_task task = task_at(fleet, &now);
    names(fleet, &task, 10, 11, now);
    connect(fleet, 10, now);
    now += 10 * SEC;
    pn_fleet_trouble(fleet, node_of(fleet, 10), PN_TROUBLE_LOST, now);
    for (unsigned i = 0; i < 5; i++) {
        uint64_t before = now;
        task = task_at(fleet, &now);
        CHECK(task.kind == PN_TASK_SENTINEL && now <= before + 500 * MS);
        names(fleet, &task, 10, 11, now);
        pn_fleet_trouble(fleet, node_of(fleet, 10), PN_TROUBLE_DIAL, now);
    }
    CHECK_EQ(pn_fleet_node(fleet, node_of(fleet, 10))->health, PN_NODE_UP);
    for (unsigned i = 0; i < 20; i++) { /* nor are dead sentinels a reason to wait */
        uint64_t before = now;
        task = task_at(fleet, &now);
        CHECK(task.kind == PN_TASK_SENTINEL && now <= before + 500 * MS);
        pn_fleet_task_failed(fleet, &task, now);
        pn_fleet_trouble(fleet, node_of(fleet, 10), PN_TROUBLE_ROLE, now);
    }
    pn_fleet_free(fleet);
}

/* A replica that says it is none: read elsewhere for a while, and sentinels are asked;
 * once it is the primary it is used at once. */
static void
test_misplaced(void)
{
    struct pn_fleet *fleet = make(3, 13);
    uint64_t now = START;
    struct pn_task task = task_at(fleet, &now);
    names(fleet, &task, 10, 11, now);
    connect(fleet, 10, now);
    now += 10 * SEC;
    uint16_t replica = node_of(fleet, 11);
    CHECK_EQ(route_key(fleet, "k", PN_ROUTE_READ, now).node, replica);
    uint64_t then = now;
    pn_fleet_trouble(fleet, replica, PN_TROUBLE_ROLE, now);
    CHECK(route_key(fleet, "k", PN_ROUTE_READ, now).node != replica);
    CHECK(route_key(fleet, "k", PN_ROUTE_READ, now + 90 * MS).node != replica);
    CHECK_EQ(route_key(fleet, "k", PN_ROUTE_READ, now + 300 * MS).node, replica);
    task = task_at(fleet, &now);
    CHECK(task.kind == PN_TASK_SENTINEL && now == then);
    CHECK(names(fleet, &task, 11, 12, now));
    struct pn_route route = route_key(fleet, "k", 0, now);
    CHECK(route.kind == PN_ROUTE_NODE && route.node == replica);
    pn_fleet_free(fleet);
}

/* A dial that takes long: the sentinels are asked, and it is no failure. */
static void
test_doubt(void)
{
    struct pn_fleet *fleet = make(3, 14);
    uint64_t now = START;
    struct pn_task task = task_at(fleet, &now);
    names(fleet, &task, 10, 11, now);
    now += 10 * SEC;
    CHECK_EQ(pn_fleet_task(fleet, now).kind, PN_TASK_NONE);
    pn_fleet_doubt(fleet, node_of(fleet, 10), now);
    CHECK_EQ(pn_fleet_task(fleet, now).kind, PN_TASK_SENTINEL);
    CHECK_EQ(pn_fleet_node(fleet, node_of(fleet, 10))->failures, 0);
    pn_fleet_doubt(fleet, PN_NODE_NONE, now);
    pn_fleet_free(fleet);
}

/* The primary is down: fail fast between the probes, and the sentinels are asked. */
static void
test_down(void)
{
    struct pn_fleet *fleet = make(3, 7);
    uint64_t now = START;
    struct pn_task task = task_at(fleet, &now);
    names(fleet, &task, 10, 0, now);
    uint16_t primary = node_of(fleet, 10);
    now += 10 * SEC;
    for (unsigned i = 0; i < 6; i++, now += SEC) {
        CHECK_EQ(pn_fleet_node(fleet, primary)->health, PN_NODE_UP);
        pn_fleet_trouble(fleet, primary, PN_TROUBLE_DIAL, now);
    }
    CHECK_EQ(pn_fleet_node(fleet, primary)->health, PN_NODE_DOWN);
    CHECK_EQ(route_key(fleet, "k", 0, now).kind, PN_ROUTE_WAIT); /* they are due */
    while ((task = task_at(fleet, &now)).kind == PN_TASK_PROBE) {
        pn_fleet_task_failed(fleet, &task, now);
    }
    names(fleet, &task, 10, 0, now);
    task = pn_fleet_task(fleet, now); /* a second has passed: a probe is due */
    CHECK_EQ(task.kind, PN_TASK_PROBE);
    pn_fleet_task_failed(fleet, &task, now);
    struct pn_route route = route_key(fleet, "k", 0, now);
    if (CHECK_EQ(route.kind, PN_ROUTE_DOWN)) {
        CHECK_EQ(route.node, primary);
    }
    uint64_t asked = now; /* on and on, for the promotion */
    while ((task = task_at(fleet, &now)).kind == PN_TASK_PROBE) {
        pn_fleet_task_failed(fleet, &task, now);
    }
    CHECK(task.kind == PN_TASK_SENTINEL && now <= asked + 500 * MS);
    CHECK(names(fleet, &task, 11, 0, now));
    CHECK_EQ(route_key(fleet, "k", 0, now).kind, PN_ROUTE_NODE);
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_learnt);
    RUN(test_next_one);
    RUN(test_all_dead);
    RUN(test_unknown_service);
    RUN(test_asked_before_a_reconnect);
    RUN(test_switch);
    RUN(test_stale_sentinel);
    RUN(test_liar);
    RUN(test_liars);
    RUN(test_named_but_down);
    RUN(test_asked_on);
    RUN(test_misplaced);
    RUN(test_doubt);
    RUN(test_down);
    return harness_done();
}
