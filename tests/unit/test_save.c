#include "fleet.h"

#include <stdlib.h>

static unsigned char bytes[1 << 20];

static size_t
save(struct pn_fleet *fleet)
{
    size_t len = pn_fleet_save(fleet, NULL, 0);
    CHECK(len > 0 && len <= sizeof bytes);
    memset(bytes, 0xee, sizeof bytes);
    CHECK_EQ(pn_fleet_save(fleet, bytes, len - 1), len);
    CHECK(bytes[0] == 0xee); /* nothing is written when there is no room */
    CHECK_EQ(pn_fleet_save(fleet, bytes, len), len);
    CHECK(bytes[len] == 0xee);
    return len;
}

/* One asks, the others of the host take it over: the same map, zones, replicas. */
static void
test_cluster(void)
{
    struct map map = map_of(8, 2);
    map.zone = "eu-1";
    struct pn_fleet_opts opts = {.read_from = PN_READ_REPLICA};
    struct pn_fleet *one = cluster_make(&map, &opts, START + SEC);
    struct pn_fleet *two = fleet_make(PN_FLEET_CLUSTER, 3, &opts);
    size_t len = save(one);
    CHECK(pn_fleet_load(two, bytes, len, START + 2 * SEC));
    for (unsigned i = 0; i < 8; i++) {
        uint32_t slot = shard_slot(&map, i);
        struct pn_route route = route_slot(two, slot, 0, START + 2 * SEC);
        CHECK(route.kind == PN_ROUTE_NODE && server_number(two, route.node) == i);
        route = route_slot(two, slot, PN_ROUTE_READ, START + 2 * SEC);
        CHECK(server_number(two, route.node) % 100 == i && route.needs_readonly);
        CHECK(strcmp(pn_fleet_node(two, route.node)->zone, "eu-1") == 0);
    }
    CHECK_EQ(pn_fleet_epoch(two), 1);
    CHECK_EQ(pn_fleet_counters(two)->adopted, 1);
    CHECK_EQ(pn_fleet_counters(two)->slots_empty, 0);
    CHECK_EQ(pn_fleet_task(two, START + 2 * SEC).kind,
             PN_TASK_NONE);                                  /* no need to ask */
    CHECK(!pn_fleet_load(two, bytes, len, START + 2 * SEC)); /* not newer */
    CHECK(!pn_fleet_load(one, bytes, len, START + 2 * SEC));
    pn_fleet_free(one);
    pn_fleet_free(two);
}

/* What another process learns serves our triggers that came before it asked; its own
 * task then does not stand; and it is our cooldown too. */
static void
test_refresh_is_shared(void)
{
    struct map map = map_of(3, 1);
    struct pn_fleet *one = cluster_make(&map, NULL, START);
    struct pn_fleet *two = cluster_make(&map, NULL, START);
    uint64_t now = START + 10 * SEC;
    pn_fleet_trouble(one, 0, PN_TROUBLE_ROLE, now);
    pn_fleet_trouble(two, 0, PN_TROUBLE_ROLE, now - MS);
    struct pn_task mine = pn_fleet_task(one, now), other = pn_fleet_task(two, now);
    map.owner[0] = 100;
    CHECK(learn(one, &mine, &map, now + 5 * MS));
    CHECK(pn_fleet_load(two, bytes, save(one), now + 6 * MS));
    CHECK(!pn_fleet_task_stands(two, &other));
    CHECK_EQ(server_number(two, route_slot(two, 0, 0, now).node), 100);
    CHECK_EQ(pn_fleet_task(two, now + SEC).kind, PN_TASK_NONE);
    pn_fleet_trouble(two, 0, PN_TROUBLE_ROLE, now + 10 * MS); /* after it was asked */
    CHECK_EQ(pn_fleet_task(two, now + 190 * MS).kind, PN_TASK_NONE);
    CHECK_EQ(pn_fleet_task(two, now + 300 * MS).kind, PN_TASK_SLOTS);
    pn_fleet_free(one);
    pn_fleet_free(two);
}

static void
test_sentinel(void)
{
    struct pn_fleet_opts opts = {.service = "a"};
    struct pn_fleet *one = fleet_make(PN_FLEET_SENTINEL, 3, &opts);
    struct pn_fleet *two = fleet_make(PN_FLEET_SENTINEL, 3, &opts);
    struct pn_endpoint told[3] = {server(10), server(11), server(12)};
    struct pn_task task = pn_fleet_task(one, START + SEC);
    CHECK(pn_fleet_learn_primary(one, &task, told, 3, START + SEC));
    CHECK(pn_fleet_load(two, bytes, save(one), START + SEC));
    CHECK_EQ(server_number(two, route_key(two, "k", 0, START + SEC).node), 10);
    CHECK_EQ(pn_fleet_node(two, node_of(two, 12))->role, PN_ROLE_REPLICA);
    opts.service = "b"; /* the same sentinels, another primary */
    struct pn_fleet *other = fleet_make(PN_FLEET_SENTINEL, 3, &opts);
    CHECK(!pn_fleet_load(other, bytes, save(one), START + SEC));
    pn_fleet_free(one);
    pn_fleet_free(two);
    pn_fleet_free(other);
}

/* Health goes both ways, node by node, the younger opinion wins. */
static void
test_health(void)
{
    struct pn_fleet *one = fleet_make(PN_FLEET_HASH, 3, NULL);
    struct pn_fleet *two = fleet_make(PN_FLEET_HASH, 3, NULL);
    pn_fleet_trouble(one, 0, PN_TROUBLE_DIAL, START);
    pn_fleet_trouble(two, 1, PN_TROUBLE_DIAL, START + SEC);
    CHECK(pn_fleet_load(two, bytes, save(one), START + SEC));
    CHECK(pn_fleet_load(one, bytes, save(two), START + SEC));
    for (uint16_t i = 0; i < 3; i++) {
        CHECK_EQ(pn_fleet_node(one, i)->health, i < 2 ? PN_NODE_DOWN : PN_NODE_UP);
        CHECK_EQ(pn_fleet_node(two, i)->health, i < 2 ? PN_NODE_DOWN : PN_NODE_UP);
        CHECK_EQ(pn_fleet_node(one, i)->probe_at, pn_fleet_node(two, i)->probe_at);
    }
    /* One probes; the other learns that it failed, and waits; then that it is up. */
    struct pn_task task = pn_fleet_task(one, START + 10 * SEC);
    uint16_t node = task.node;
    pn_fleet_task_failed(one, &task, START + 10 * SEC);
    CHECK(pn_fleet_load(two, bytes, save(one), START + 11 * SEC));
    CHECK_EQ(pn_fleet_node(two, node)->probe_at, pn_fleet_node(one, node)->probe_at);
    pn_fleet_connected(one, node, START + 12 * SEC);
    CHECK(pn_fleet_load(two, bytes, save(one), START + 12 * SEC));
    CHECK_EQ(pn_fleet_node(two, node)->health, PN_NODE_UP);
    CHECK(!pn_fleet_load(two, bytes, save(one), START + 12 * SEC));
    pn_fleet_free(one);
    pn_fleet_free(two);
}

/* The order in which the seeds are written does not make another fleet. */
static void
test_identity(void)
{
    struct map map = map_of(3, 0);
    struct pn_fleet *one = cluster_make(&map, NULL, START + SEC);
    struct pn_endpoint seed[3] = {server(2), server(0), server(1)};
    struct pn_fleet_opts opts = {.kind = PN_FLEET_CLUSTER, .seed = seed, .n_seeds = 3};
    struct pn_fleet *two = NULL;
    CHECK_EQ(pn_fleet_new(&opts, START, &two, NULL), PN_OK);
    CHECK(pn_fleet_load(two, bytes, save(one), START + SEC));
    pn_fleet_free(one);
    pn_fleet_free(two);
}

int
main(void)
{
    RUN(test_cluster);
    RUN(test_refresh_is_shared);
    RUN(test_sentinel);
    RUN(test_health);
    RUN(test_identity);
    return harness_done();
}
