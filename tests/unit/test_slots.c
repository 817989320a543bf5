#include "fleet.h"

static void
test_slot_of_key(void)
{
    static const struct {
        const char *key;
        uint32_t slot;
    } rows[] = {{"foo", 12182},          {"bar", 5061},  {"", 0},
                {"{tag}x", 8338},        {"tag", 8338},  {"foo{}{bar}", 8363},
                {"foo{{bar}}zap", 4015}, {"{bar", 4015}, {"foo{bar}{zap}", 5061},
                {"{}x", 10595},          {"{", 4092},    {"}", 12090}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_EQ(pn_fleet_slot(rows[i].key, strlen(rows[i].key)), rows[i].slot);
    }
}

static void
test_learnt(void)
{
    struct map map = map_of(3, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    for (unsigned i = 0; i < 3; i++) {
        struct pn_route route = route_slot(fleet, shard_slot(&map, i), 0, START);
        CHECK_EQ(route.kind, PN_ROUTE_NODE);
        CHECK_EQ(server_number(fleet, route.node), i);
        const struct pn_node *node = pn_fleet_node(fleet, route.node);
        CHECK(node->role == PN_ROLE_PRIMARY && node->slots >= 5461);
        const struct pn_node *replica = pn_fleet_node(fleet, node_of(fleet, 100 + i));
        CHECK(replica->role == PN_ROLE_REPLICA && replica->primary == route.node);
    }
    CHECK_EQ(pn_fleet_counters(fleet)->slots_empty, 0);
    CHECK_EQ(pn_fleet_epoch(fleet), 1);
    pn_fleet_free(fleet);
}

/* "" is the host that was asked; "?" is nobody; ranges that are none are skipped. */
static void
test_odd_endpoints(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_CLUSTER, 1, NULL);
    struct pn_task task = pn_fleet_task(fleet, START);
    struct pn_range_node same[] = {{.host = NULL, .port = 7001},
                                   {.host = "", .host_len = 0, .port = 7002},
                                   {.host = "?", .host_len = 1, .port = 7003}};
    struct pn_range_node nobody[] = {{.host = "?", .host_len = 1, .port = 7004}};
    struct pn_range range[] = {
        {.first = 0, .last = 99, .n_nodes = 3, .node = same},
        {.first = 100, .last = 199, .n_nodes = 1, .node = nobody},
        {.first = 300, .last = 200, .n_nodes = 1, .node = same},
        {.first = 400, .last = 16384, .n_nodes = 1, .node = same},
        {.first = 500, .last = 600, .n_nodes = 0, .node = NULL},
    };
    CHECK(pn_fleet_learn_slots(fleet, &task, range, 5, START));
    const struct pn_node *owner = pn_fleet_node(fleet,
                                                route_slot(fleet, 50, 0, START).node);
    CHECK(owner != NULL && strcmp(owner->endpoint.host, "10.0.0.0") == 0);
    CHECK_EQ(owner->endpoint.port, 7001);
    CHECK_EQ(owner->slots, 100);
    CHECK_EQ(pn_fleet_nodes(fleet), 3); /* the seed, 7001, 7002 */
    CHECK_EQ(pn_fleet_counters(fleet)->slots_empty, 16284);
    pn_fleet_free(fleet);
}

static void
test_moved(void)
{
    struct map map = map_of(3, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint32_t slot = shard_slot(&map, 0);
    struct pn_endpoint to = server(2);
    uint16_t node = pn_fleet_moved(fleet, node_of(fleet, 0), slot, &to, START);
    CHECK_EQ(server_number(fleet, node), 2);
    CHECK_EQ(route_slot(fleet, slot, 0, START).node, node);
    CHECK_EQ(server_number(fleet, route_slot(fleet, slot + 1, 0, START).node), 0);
    CHECK_EQ(pn_fleet_epoch(fleet), 2);
    CHECK_EQ(pn_fleet_node(fleet, node)->slots, PN_FLEET_SLOTS - 2 * 5461 + 1);
    /* To the replica: it has been promoted. To one nobody knew. To its own host. */
    to = server(101);
    node = pn_fleet_moved(fleet, node_of(fleet, 1), shard_slot(&map, 1), &to, START);
    CHECK_EQ(pn_fleet_node(fleet, node)->role, PN_ROLE_PRIMARY);
    CHECK(!route_slot(fleet, shard_slot(&map, 1), 0, START).needs_readonly);
    to = server(60);
    node = pn_fleet_moved(fleet, node_of(fleet, 2), slot, &to, START);
    CHECK_EQ(server_number(fleet, node), 60);
    to = (struct pn_endpoint){.host = "", .port = 9000};
    node = pn_fleet_moved(fleet, node, slot, &to, START);
    CHECK(strcmp(pn_fleet_node(fleet, node)->endpoint.host, "10.0.0.60") == 0);
    CHECK_EQ(pn_fleet_node(fleet, node)->endpoint.port, 9000);
    /* A slot that is none, an endpoint that is none. */
    CHECK(pn_fleet_moved(fleet, 0, 99999, &to, START) != PN_NODE_NONE);
    to = (struct pn_endpoint){.host = "?", .port = 9000};
    CHECK_EQ(pn_fleet_moved(fleet, 0, 1, &to, START), PN_NODE_NONE);
    CHECK_EQ(pn_fleet_counters(fleet)->moved, 6);
    pn_fleet_free(fleet);
}

/* ASK touches nothing: no slot, no refresh. */
static void
test_asked(void)
{
    struct map map = map_of(3, 0);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t epoch = pn_fleet_epoch(fleet), wake = pn_fleet_wake(fleet);
    struct pn_endpoint to = server(50);
    uint16_t node = pn_fleet_asked(fleet, node_of(fleet, 0), &to);
    CHECK_EQ(server_number(fleet, node), 50);
    CHECK_EQ(server_number(fleet, route_slot(fleet, 7, 0, START).node), 0);
    CHECK_EQ(pn_fleet_epoch(fleet), epoch);
    CHECK_EQ(pn_fleet_wake(fleet), wake);
    CHECK_EQ(pn_fleet_task(fleet, START + 10 * SEC).kind, PN_TASK_NONE);
    pn_fleet_free(fleet);
}

static struct pn_task
forced(struct pn_fleet *fleet, uint64_t *now)
{
    struct pn_endpoint own = server(0);
    pn_fleet_moved(fleet, node_of(fleet, 0), 0, &own, *now);
    struct pn_task task = {0};
    for (int i = 0; i < 100 && task.kind == PN_TASK_NONE; i++) {
        *now += 100 * MS;
        task = pn_fleet_task(fleet, *now);
    }
    CHECK_EQ(task.kind, PN_TASK_SLOTS);
    return task;
}

/* A replica is promoted, the dead one is gone from the map: forgotten with the second
 * map that does not show it; seeds never. */
static void
test_missing(void)
{
    struct map map = map_of(8, 1);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint16_t seed = node_of(fleet, 2), other = node_of(fleet, 5);
    uint64_t now = START;
    map.owner[2] = 102;
    map.owner[5] = 105;
    map.replicas = 0;
    struct pn_task task = forced(fleet, &now);
    CHECK(learn(fleet, &task, &map, now));
    CHECK_EQ(pn_fleet_node(fleet, other)->role, PN_ROLE_SEED);
    CHECK_EQ(pn_fleet_node(fleet, other)->slots, 0);
    CHECK_EQ(pn_fleet_counters(fleet)->failovers, 2);
    task = forced(fleet, &now);
    learn(fleet, &task, &map, now);
    CHECK(pn_fleet_node(fleet, other) == NULL);
    CHECK(pn_fleet_node(fleet, seed) != NULL);
    CHECK_EQ(node_of(fleet, 101), PN_NODE_NONE);
    pn_fleet_free(fleet);
}

/* Every slot and every list is right after many changes; the sums agree. */
static void
test_changes(void)
{
    struct map map = map_of(16, 2);
    struct pn_fleet *fleet = cluster_make(&map, NULL, START);
    uint64_t now = START;
    for (unsigned round = 1; round < 60; round++) {
        unsigned shard = round * 7 % 16;
        map.owner[shard] = map.owner[shard] == shard ? 300 + shard : shard;
        struct pn_task task = forced(fleet, &now);
        learn(fleet, &task, &map, now);
        task = forced(fleet, &now); /* a map that comes back wants a second word */
        learn(fleet, &task, &map, now);
        uint32_t slots = 0;
        for (size_t i = 0; i < pn_fleet_nodes(fleet); i++) {
            const struct pn_node *node = pn_fleet_node(fleet, (uint16_t)i);
            slots += node != NULL ? node->slots : 0;
        }
        CHECK_EQ(slots, PN_FLEET_SLOTS);
        for (unsigned i = 0; i < map.n; i++) {
            uint16_t node = route_slot(fleet, shard_slot(&map, i), 0, now).node;
            CHECK_EQ(server_number(fleet, node), map.owner[i]);
        }
    }
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_slot_of_key);
    RUN(test_learnt);
    RUN(test_odd_endpoints);
    RUN(test_moved);
    RUN(test_asked);
    RUN(test_missing);
    RUN(test_changes);
    return harness_done();
}
