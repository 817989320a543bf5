#include "fleet.h"

static struct pn_route
read_slot(struct pn_fleet *fleet, uint32_t slot, uint16_t avoid)
{
    struct pn_route_ask ask = {.slot = slot, .flags = PN_ROUTE_READ, .avoid = avoid};
    return pn_fleet_route(fleet, &ask, START);
}

static unsigned
reads_of(struct pn_fleet *fleet, uint32_t slot, unsigned number)
{
    unsigned n = 0;
    for (unsigned i = 0; i < 60; i++) {
        n += server_number(fleet, read_slot(fleet, slot, PN_NODE_NONE).node) == number;
    }
    return n;
}

static void
test_by_key(void)
{
    struct map map = map_of(3, 0);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    CHECK_EQ(server_number(fleet, route_key(fleet, "foo", 0, START).node), 2);
    CHECK_EQ(server_number(fleet, route_key(fleet, "bar", 0, START).node), 0);
    unsigned seen = 0; /* no key: all of them in turn */
    for (unsigned i = 0; i < 100; i++) {
        seen |= 1u << server_number(fleet, route_key(fleet, NULL, 0, START).node);
    }
    CHECK_EQ(seen, 7);
    pn_fleet_free(fleet);
}

static void
test_readers(void)
{
    static const struct {
        enum pn_read_from from;
        unsigned primary, replica; /* of 60 reads, of each replica */
    } row[] = {{PN_READ_PRIMARY, 60, 0},
               {PN_READ_PREFER_REPLICA, 0, 30},
               {PN_READ_REPLICA, 0, 30},
               {PN_READ_ANY, 20, 20},
               {PN_READ_ZONE, 0, 30}};
    struct map map = map_of(3, 2);
    map.zone = "eu-1";
    for (unsigned i = 0; i < 5; i++) {
        struct pn_fleet_opts opts = {.read_from = row[i].from, .zone = "eu-1"};
        struct pn_fleet *fleet = cluster_make(&map, &opts, START);
        CHECK_EQ(reads_of(fleet, 0, 0), row[i].primary);
        CHECK_EQ(reads_of(fleet, 0, 100), row[i].replica);
        CHECK_EQ(reads_of(fleet, 0, 200), row[i].replica);
        struct pn_route route = read_slot(fleet, 0, PN_NODE_NONE);
        CHECK(route.needs_readonly == (server_number(fleet, route.node) != 0) ||
              row[i].from == PN_READ_ANY);
        CHECK_EQ(server_number(fleet, route_slot(fleet, 0, 0, START).node),
                 0); /* write */
        pn_fleet_free(fleet);
    }
}

/* What is down is not read from, what has just failed only when there is no other. */
static void
test_readers_down(void)
{
    struct map map = map_of(3, 2);
    struct pn_fleet_opts opts = {.read_from = PN_READ_PREFER_REPLICA};
    struct pn_fleet *fleet = cluster_make(&map, &opts, START);
    uint16_t one = node_of(fleet, 100), two = node_of(fleet, 200);
    CHECK_EQ(read_slot(fleet, 0, one).node, two);
    CHECK_EQ(read_slot(fleet, 0, one).node, two);
    pn_fleet_trouble(fleet, two, PN_TROUBLE_DIAL, START);
    CHECK_EQ(reads_of(fleet, 0, 100), 60);
    CHECK_EQ(server_number(fleet, read_slot(fleet, 0, one).node), 0);
    pn_fleet_trouble(fleet, one, PN_TROUBLE_DIAL, START);
    CHECK_EQ(reads_of(fleet, 0, 0), 60);
    CHECK_EQ(server_number(fleet, read_slot(fleet, 0, node_of(fleet, 0)).node), 0);
    pn_fleet_trouble(fleet, node_of(fleet, 0), PN_TROUBLE_DIAL, START);
    CHECK_EQ(read_slot(fleet, 0, PN_NODE_NONE).kind, PN_ROUTE_WAIT);
    CHECK_EQ(read_slot(fleet, shard_slot(&map, 1), PN_NODE_NONE).kind, PN_ROUTE_NODE);
    pn_fleet_free(fleet);
}

static void
test_replicas_only(void)
{
    struct map map = map_of(3, 1);
    struct pn_fleet_opts opts = {.read_from = PN_READ_REPLICA};
    struct pn_fleet *fleet = cluster_make(&map, &opts, START);
    pn_fleet_trouble(fleet, node_of(fleet, 100), PN_TROUBLE_DIAL, START);
    CHECK_EQ(read_slot(fleet, 0, PN_NODE_NONE).kind, PN_ROUTE_WAIT);
    pn_fleet_free(fleet);
    map.replicas = 0; /* there is none to wait for */
    fleet = cluster_make(&map, &opts, START);
    CHECK_EQ(read_slot(fleet, 0, PN_NODE_NONE).kind, PN_ROUTE_DOWN);
    pn_fleet_free(fleet);
}

/* Nearest first: the zone's, primary or not; without one as if there were no zones. */
static void
test_zone(void)
{
    struct pn_endpoint at[3] = {server(1), server(2), server(3)};
    struct pn_range_node node[3];
    static const char *const zone[] = {"a", "b", "ab"};
    for (unsigned i = 0; i < 3; i++) {
        node[i] = (struct pn_range_node){at[i].host, strlen(at[i].host), 7000, zone[i],
                                         strlen(zone[i])};
    }
    struct pn_range range = {0, 16383, 3, node};
    static const struct {
        const char *zone;
        unsigned reader;
    } row[] = {{"a", 1}, {"b", 2}, {"ab", 3}};
    for (unsigned i = 0; i < 3; i++) {
        struct pn_fleet_opts opts = {.read_from = PN_READ_ZONE, .zone = row[i].zone};
        struct pn_fleet *fleet = fleet_make(PN_FLEET_CLUSTER, 1, &opts);
        struct pn_task task = pn_fleet_task(fleet, START);
        CHECK(pn_fleet_learn_slots(fleet, &task, &range, 1, START));
        CHECK_EQ(reads_of(fleet, 0, row[i].reader), 60);
        uint16_t near = node_of(fleet, row[i].reader);
        pn_fleet_trouble(fleet, near, PN_TROUBLE_DIAL, START);
        CHECK_EQ(reads_of(fleet, 0, row[i].reader), 0);
        CHECK_EQ(read_slot(fleet, 0, PN_NODE_NONE).kind, PN_ROUTE_NODE);
        pn_fleet_free(fleet);
    }
}

/* A slot without owner: one refresh, then the truth. */
static void
test_hole(void)
{
    struct map map = map_of(3, 0);
    map.has_hole = true;
    map.last_hole = (uint16_t)(PN_FLEET_SLOTS / 3 * 2 + 1000);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint32_t hole = map.last_hole;
    CHECK_EQ(pn_fleet_counters(fleet)->slots_empty, 1001);
    CHECK_EQ(route_slot(fleet, hole, 0, START + SEC).kind, PN_ROUTE_WAIT);
    struct pn_task task = pn_fleet_task(fleet, START + SEC);
    CHECK_EQ(task.kind, PN_TASK_SLOTS);
    CHECK_EQ(route_slot(fleet, hole, 0, START + SEC).kind, PN_ROUTE_WAIT);
    learn(fleet, &task, &map, START + SEC);
    CHECK_EQ(route_slot(fleet, hole, 0, START + SEC).kind, PN_ROUTE_EMPTY);
    CHECK_EQ(route_slot(fleet, hole + 1, 0, START + SEC).kind, PN_ROUTE_NODE);
    /* The answer is too old to say so for ever. */
    CHECK_EQ(route_slot(fleet, hole, 0, START + 9 * SEC).kind, PN_ROUTE_WAIT);
    task = pn_fleet_task(fleet, START + 9 * SEC);
    map.has_hole = false;
    CHECK(learn(fleet, &task, &map, START + 9 * SEC));
    CHECK_EQ(route_slot(fleet, hole, 0, START + 9 * SEC).kind, PN_ROUTE_NODE);
    pn_fleet_free(fleet);
}

/* Nothing is known yet: wait; nobody answers for two rounds: say so. */
static void
test_before_the_first_map(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_CLUSTER, 3, NULL);
    CHECK_EQ(route_slot(fleet, 1, 0, START).kind, PN_ROUTE_WAIT);
    CHECK_EQ(route_key(fleet, NULL, 0, START).kind, PN_ROUTE_WAIT);
    uint64_t now = START;
    for (unsigned i = 0; i < 6; i++) {
        CHECK_EQ(route_slot(fleet, 1, 0, now).kind, PN_ROUTE_WAIT);
        now = pn_fleet_wake(fleet) > now ? pn_fleet_wake(fleet) : now;
        struct pn_task task = pn_fleet_task(fleet, now);
        CHECK_EQ(task.kind, PN_TASK_SLOTS);
        pn_fleet_task_failed(fleet, &task, now);
    }
    CHECK(now < START + SEC);
    CHECK_EQ(route_slot(fleet, 1, 0, now).kind, PN_ROUTE_DOWN);
    pn_fleet_free(fleet);
}

/* CLUSTER: the owner is down; waits are short, and the map is asked for. */
static void
test_owner_down(void)
{
    struct map map = map_of(3, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START + SEC;
    pn_fleet_trouble(fleet, node_of(fleet, 1), PN_TROUBLE_DIAL, now);
    struct pn_route route = route_slot(fleet, shard_slot(&map, 1), 0, now);
    CHECK_EQ(route.kind, PN_ROUTE_WAIT);
    CHECK(route.at > now && route.at <= now + 50 * MS);
    struct pn_task task = pn_fleet_task(fleet, now);
    CHECK_EQ(task.kind, PN_TASK_SLOTS);
    map.owner[1] = 101;
    map.replicas = 0;
    learn(fleet, &task, &map, now);
    route = route_slot(fleet, shard_slot(&map, 1), 0, now);
    CHECK(route.kind == PN_ROUTE_NODE && server_number(fleet, route.node) == 101);
    pn_fleet_free(fleet);
}

/* SINGLE: fails fast while the backoff runs, waits for the probe. */
/* Who does not want to wait hears of a dead owner at once, and of the new one. */
static void
test_quick(void)
{
    struct map map = map_of(3, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    const struct pn_route_ask ask = {.slot = 0,
                                     .flags = PN_ROUTE_QUICK,
                                     .avoid = PN_NODE_NONE};
    CHECK_EQ(pn_fleet_route(fleet, &ask, START).kind, PN_ROUTE_NODE);
    uint16_t dead = node_of(fleet, 0);
    for (unsigned i = 0; i < 6; i++) {
        pn_fleet_trouble(fleet, dead, PN_TROUBLE_DIAL, START);
    }
    struct pn_route route = pn_fleet_route(fleet, &ask, START);
    CHECK_EQ(route.kind, PN_ROUTE_DOWN);
    CHECK_EQ(route.node, dead);
    CHECK_EQ(route_slot(fleet, 0, 0, START).kind, PN_ROUTE_WAIT); /* others wait */
    CHECK(pn_fleet_wake(fleet) <= START + SEC); /* and somebody is to ask */
    pn_fleet_free(fleet);
}

static void
test_single(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_SINGLE, 1, NULL);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(route_key(fleet, "k", 0, START).kind, PN_ROUTE_NODE);
        pn_fleet_trouble(fleet, 0, PN_TROUBLE_TIMEOUT, START);
    }
    struct pn_route route = route_key(fleet, "k", 0, START);
    CHECK_EQ(route.kind, PN_ROUTE_DOWN);
    CHECK(route.at >= START + 100 * MS && route.at <= START + 200 * MS);
    CHECK_EQ(route_key(fleet, "k", 0, route.at).kind, PN_ROUTE_WAIT);
    struct pn_task task = pn_fleet_task(fleet, route.at);
    CHECK_EQ(route_key(fleet, "k", 0, route.at).kind, PN_ROUTE_WAIT);
    pn_fleet_task_failed(fleet, &task, route.at);
    CHECK_EQ(route_key(fleet, "k", 0, route.at).kind, PN_ROUTE_DOWN);
    /* An hour later: not told of an hour ago. */
    CHECK_EQ(route_key(fleet, "k", 0, START + 3600 * SEC).kind, PN_ROUTE_WAIT);
    task = pn_fleet_task(fleet, START + 3600 * SEC);
    pn_fleet_probed(fleet, &task, START + 3600 * SEC);
    CHECK_EQ(route_key(fleet, "k", 0, START + 3600 * SEC).kind, PN_ROUTE_NODE);
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_by_key);
    RUN(test_readers);
    RUN(test_readers_down);
    RUN(test_replicas_only);
    RUN(test_zone);
    RUN(test_hole);
    RUN(test_before_the_first_map);
    RUN(test_owner_down);
    RUN(test_quick);
    RUN(test_single);
    return harness_done();
}
