#include "fleet.h"

static enum pn_health
health(const struct pn_fleet *fleet, uint16_t node)
{
    return pn_fleet_node(fleet, node)->health;
}

static void
test_soft(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 2, NULL);
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_TIMEOUT, START);
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_TIMEOUT, START);
    pn_fleet_well(fleet, 0, START); /* not in a row */
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_TIMEOUT, START);
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_PROTOCOL, START);
    CHECK_EQ(health(fleet, 0), PN_NODE_UP);
    CHECK_EQ(pn_fleet_node(fleet, 0)->failures, 2);
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_TIMEOUT, START);
    CHECK_EQ(health(fleet, 0), PN_NODE_DOWN);
    CHECK_EQ(pn_fleet_counters(fleet)->marked_down, 1);
    /* An answer on an old connection changes nothing, a connection does. */
    pn_fleet_well(fleet, 0, START);
    CHECK_EQ(health(fleet, 0), PN_NODE_DOWN);
    pn_fleet_connected(fleet, 0, START);
    CHECK_EQ(health(fleet, 0), PN_NODE_UP);
    CHECK_EQ(pn_fleet_counters(fleet)->marked_up, 1);
    CHECK_EQ(pn_fleet_node(fleet, 0)->failures, 0);
    pn_fleet_free(fleet);
}

/* All connections of a server that restarts are lost at once: that is one loss. */
static void
test_lost_together(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 1, NULL);
    for (unsigned i = 0; i < 64; i++) {
        pn_fleet_trouble(fleet, 0, PN_TROUBLE_LOST, START);
    }
    CHECK_EQ(health(fleet, 0), PN_NODE_UP);
    for (unsigned i = 0; i < 2; i++) { /* but it is none to stand and break again */
        pn_fleet_connected(fleet, 0, START);
        pn_fleet_trouble(fleet, 0, PN_TROUBLE_LOST, START);
    }
    CHECK_EQ(health(fleet, 0), PN_NODE_DOWN);
    pn_fleet_free(fleet);
}

/* Hard failures: at once where others take over, with patience where nobody does. */
static void
test_hard(void)
{
    static const struct {
        enum pn_fleet_kind kind;
        unsigned dials;
    } row[] = {{PN_FLEET_HASH, 1}, {PN_FLEET_SINGLE, 6}};
    for (unsigned i = 0; i < 2; i++) {
        struct pn_fleet *fleet = fleet_make(row[i].kind, 1, NULL);
        uint64_t now = START;
        for (unsigned n = 1; n <= row[i].dials; n++) {
            CHECK_EQ(health(fleet, 0), PN_NODE_UP);
            now += SEC;
            CHECK_EQ(pn_fleet_dial(fleet, 0, now), 0);
            pn_fleet_trouble(fleet, 0, PN_TROUBLE_DIAL, now);
        }
        CHECK_EQ(health(fleet, 0), PN_NODE_DOWN);
        pn_fleet_free(fleet);
    }
}

/* A probe each 10 s, doubling to 60 s, drawn from the upper half, one at a time. */
static void
test_probes(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 1, NULL);
    uint64_t now = START;
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_DIAL, now);
    static const uint64_t wait[] = {10, 20, 40, 60, 60};
    for (unsigned i = 0; i < 5; i++) {
        CHECK_EQ(pn_fleet_task(fleet, now + wait[i] * SEC / 2 - 1).kind, PN_TASK_NONE);
        uint64_t at = pn_fleet_wake(fleet);
        CHECK(at >= now + wait[i] * SEC / 2 && at <= now + wait[i] * SEC);
        CHECK_EQ(at, pn_fleet_node(fleet, 0)->probe_at);
        struct pn_task task = pn_fleet_task(fleet, at);
        CHECK(task.kind == PN_TASK_PROBE && task.node == 0);
        CHECK_EQ(pn_fleet_task(fleet, at).kind, PN_TASK_NONE);
        CHECK(pn_fleet_task_stands(fleet, &task));
        CHECK_EQ(pn_fleet_wake(fleet), task.deadline);
        now = at + MS;
        pn_fleet_task_failed(fleet, &task, now);
        CHECK(!pn_fleet_task_stands(fleet, &task));
    }
    struct pn_task task = pn_fleet_task(fleet, pn_fleet_wake(fleet));
    pn_fleet_probed(fleet, &task, now);
    CHECK_EQ(health(fleet, 0), PN_NODE_UP);
    CHECK_EQ(pn_fleet_wake(fleet), PN_NEVER);
    pn_fleet_probed(fleet, &task, now); /* late: nothing */
    pn_fleet_task_failed(fleet, &task, now);
    CHECK_EQ(pn_fleet_counters(fleet)->probes, 6);
    pn_fleet_free(fleet);
}

/* A probe that nobody ends is given again after its deadline. */
static void
test_probe_lost(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 1, NULL);
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_DIAL, START);
    struct pn_task old = pn_fleet_task(fleet, START + 10 * SEC), task = {0};
    CHECK_EQ(old.kind, PN_TASK_PROBE);
    CHECK_EQ(pn_fleet_task(fleet, old.deadline).kind, PN_TASK_NONE); /* it has failed */
    task = pn_fleet_task(fleet, pn_fleet_wake(fleet));
    CHECK(task.kind == PN_TASK_PROBE && task.id != old.id);
    pn_fleet_probed(fleet, &old, START + 60 * SEC); /* by its first owner: too late */
    CHECK_EQ(health(fleet, 0), PN_NODE_DOWN);
    pn_fleet_task_elsewhere(fleet, &task, START + 60 * SEC);
    CHECK_EQ(pn_fleet_wake(fleet), START + 60 * SEC + 50 * MS);
    CHECK_EQ(pn_fleet_counters(fleet)->probes, 1);
    pn_fleet_free(fleet);
}

/* While an owner is missed a probe may not keep the query that finds the new one. */
static void
test_probe_in_haste(void)
{
    struct map map = map_of(3, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    pn_fleet_trouble(fleet, node_of(fleet, 101), PN_TROUBLE_DIAL, now);
    struct pn_task task = {0};
    for (unsigned owner = 0; owner < 2; owner++) { /* a replica; then an owner too */
        if (owner > 0) {
            pn_fleet_trouble(fleet, node_of(fleet, 1), PN_TROUBLE_DIAL, now);
        }
        do {
            now = pn_fleet_wake(fleet) > now ? pn_fleet_wake(fleet) : now;
            task = pn_fleet_task(fleet, now);
            if (task.kind == PN_TASK_SLOTS) {
                learn(fleet, &task, &map, now);
            }
        } while (task.kind != PN_TASK_PROBE);
        CHECK_EQ(task.deadline - now, (owner > 0 ? 400 : 1000) * MS);
        pn_fleet_task_failed(fleet, &task, now);
    }
    pn_fleet_free(fleet);
}

/* Down again soon after it came up: probed as if it had stayed down. */
static void
test_relapse(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 1, NULL);
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_DIAL, START);
    pn_fleet_connected(fleet, 0, START + SEC);
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_DIAL, START + 2 * SEC);
    CHECK(pn_fleet_node(fleet, 0)->probe_at >= START + 12 * SEC);
    pn_fleet_connected(fleet, 0, START + 30 * SEC);
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_DIAL, START + 200 * SEC);
    CHECK(pn_fleet_node(fleet, 0)->probe_at <= START + 210 * SEC);
    pn_fleet_free(fleet);
}

static void
test_loading(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_SINGLE, 1, NULL);
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_LOADING, START);
    CHECK_EQ(health(fleet, 0), PN_NODE_LOADING);
    struct pn_route route = route_key(fleet, "k", 0, START);
    CHECK_EQ(route.kind, PN_ROUTE_WAIT);
    CHECK(route.at > START && route.at <= START + 500 * MS);
    CHECK_EQ(route_key(fleet, "k", 0, route.at).kind, PN_ROUTE_NODE);
    pn_fleet_well(fleet, 0, route.at);
    CHECK_EQ(health(fleet, 0), PN_NODE_UP);
    CHECK_EQ(pn_fleet_counters(fleet)->marked_up, 0);
    pn_fleet_free(fleet);
}

/* Cut off from the others, which answer: it gets no request for a while, longer and
 * longer, and who has another way to go is told at once. */
static void
test_apart(void)
{
    struct map map = map_of(8, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC, waits = 0;
    uint16_t alone = node_of(fleet, 3);
    uint32_t slot = shard_slot(&map, 3);
    pn_fleet_trouble(fleet, alone, PN_TROUBLE_DOWN, now);
    CHECK_EQ(health(fleet, alone), PN_NODE_UP); /* perhaps it is all of them */
    pn_fleet_well(fleet, node_of(fleet, 5), now + MS);
    for (unsigned i = 0; i < 20; i++) {
        pn_fleet_trouble(fleet, alone, PN_TROUBLE_DOWN, now + 2 * MS);
        CHECK_EQ(health(fleet, alone), PN_NODE_APART);
        uint64_t at = pn_fleet_node(fleet, alone)->probe_at;
        waits = at - (now + 2 * MS);
        CHECK(waits >= 10 * MS && waits <= (i == 0 ? 20 : 500) * MS);
        struct pn_route route = route_slot(fleet, slot, 0, now + 2 * MS);
        CHECK(route.kind == PN_ROUTE_WAIT && route.at <= at);
        CHECK_EQ(route_slot(fleet, slot, PN_ROUTE_QUICK, now + 2 * MS).kind,
                 PN_ROUTE_DOWN);
        CHECK_EQ(route_slot(fleet, slot, 0, at).kind, PN_ROUTE_NODE);
        now = at;
    }
    CHECK(waits >= 250 * MS);
    pn_fleet_well(fleet, alone, now);
    CHECK_EQ(health(fleet, alone), PN_NODE_UP);
    CHECK_EQ(route_slot(fleet, slot, 0, now).kind, PN_ROUTE_NODE);
    pn_fleet_free(fleet);
}

static void
test_others(void)
{
    struct map map = map_of(3, 0);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t wake = pn_fleet_wake(fleet);
    for (unsigned i = 0; i < 10; i++) {
        pn_fleet_trouble(fleet, 0, PN_TROUBLE_REFUSED, START);
        pn_fleet_trouble(fleet, 0, PN_TROUBLE_AGAIN, START);
    }
    CHECK_EQ(health(fleet, 0), PN_NODE_UP);
    CHECK_EQ(pn_fleet_wake(fleet), wake); /* neither asks for the topology */
    CHECK_EQ(pn_fleet_counters(fleet)->tryagain, 10);
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_DOWN, START);
    CHECK_EQ(pn_fleet_counters(fleet)->clusterdown, 1);
    CHECK(pn_fleet_wake(fleet) < wake);
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_soft);
    RUN(test_lost_together);
    RUN(test_hard);
    RUN(test_probes);
    RUN(test_probe_lost);
    RUN(test_probe_in_haste);
    RUN(test_relapse);
    RUN(test_loading);
    RUN(test_apart);
    RUN(test_others);
    return harness_done();
}
