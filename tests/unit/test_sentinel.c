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
    RUN(test_down);
    return harness_done();
}
