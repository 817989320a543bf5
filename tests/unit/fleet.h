/*
 * fleet - fleets and maps for the tests of src/fleet
 *
 * Servers have numbers: server I is 10.0.0.I:7000. A map has N shards with even ranges;
 * shard I belongs to server OWNER[I] and has REPLICAS replicas, servers I + 100 ...
 */
#ifndef PN_TEST_FLEET_H
#define PN_TEST_FLEET_H

#include "fleet/fleet.h"
#include "harness.h"

#define MS UINT64_C(1000000)
#define SEC UINT64_C(1000000000)
#define START (1000 * SEC)

enum { SHARDS_MAX = 64, REPLICAS_MAX = 3 };

static inline struct pn_endpoint
server(unsigned i)
{
    struct pn_endpoint endpoint = {.port = 7000};
    snprintf(endpoint.host, sizeof endpoint.host, "10.0.%u.%u", i / 250, i % 250);
    return endpoint;
}

static inline unsigned
server_number(const struct pn_fleet *fleet, uint16_t node)
{
    const struct pn_node *it = pn_fleet_node(fleet, node);
    unsigned a, b;
    if (it == NULL || sscanf(it->endpoint.host, "10.0.%u.%u", &a, &b) != 2) {
        return 9999;
    }
    return a * 250 + b;
}

/* The node of server I, which is known already. */
static inline uint16_t
node_of(struct pn_fleet *fleet, unsigned i)
{
    for (size_t n = 0; n < pn_fleet_nodes(fleet); n++) {
        if (server_number(fleet, (uint16_t)n) == i) {
            return (uint16_t)n;
        }
    }
    return PN_NODE_NONE;
}

/* A fleet with servers 0 .. n_seeds - 1; OPTS may be NULL. */
static inline struct pn_fleet *
fleet_make(enum pn_fleet_kind kind, unsigned n_seeds, const struct pn_fleet_opts *given)
{
    static struct pn_endpoint seed[64];
    struct pn_fleet_opts opts = {0};
    struct pn_fleet *fleet = NULL;
    struct pn_why why = {.text = ""};
    if (given != NULL) {
        opts = *given;
    }
    for (unsigned i = 0; i < n_seeds; i++) {
        seed[i] = server(i);
    }
    opts.kind = kind;
    opts.seed = seed;
    opts.n_seeds = n_seeds;
    if (!CHECK_EQ(pn_fleet_new(&opts, START, &fleet, &why), PN_OK)) {
        printf("# %s\n", why.text);
    }
    return fleet;
}

struct map {
    unsigned n, replicas;
    unsigned owner[SHARDS_MAX];
    const char *zone; /* of every replica */
    uint16_t first_hole, last_hole;
    bool has_hole;
};

static inline struct map
map_of(unsigned n, unsigned replicas)
{
    struct map map = {.n = n, .replicas = replicas};
    for (unsigned i = 0; i < n; i++) {
        map.owner[i] = i;
    }
    return map;
}

/* The slot in the middle of shard I. */
static inline uint32_t
shard_slot(const struct map *map, unsigned i)
{
    return PN_FLEET_SLOTS / map->n * i + PN_FLEET_SLOTS / map->n / 2;
}

static inline bool
learn(struct pn_fleet *fleet, const struct pn_task *task, const struct map *map,
      uint64_t now)
{
    static struct pn_endpoint endpoint[SHARDS_MAX][REPLICAS_MAX + 1];
    static struct pn_range_node node[SHARDS_MAX][REPLICAS_MAX + 1];
    static struct pn_range range[SHARDS_MAX];
    unsigned each = PN_FLEET_SLOTS / map->n;
    for (unsigned i = 0; i < map->n; i++) {
        for (unsigned k = 0; k <= map->replicas; k++) {
            endpoint[i][k] = server(k == 0 ? map->owner[i] : i + 100 * k);
            node[i][k] = (struct pn_range_node){.host = endpoint[i][k].host,
                                                .host_len = strlen(endpoint[i][k].host),
                                                .port = endpoint[i][k].port};
            if (k > 0 && map->zone != NULL) {
                node[i][k].zone = map->zone;
                node[i][k].zone_len = strlen(map->zone);
            }
        }
        range[i] = (struct pn_range){.first = (uint16_t)(i * each),
                                     .last = (uint16_t)(i + 1 == map->n
                                                            ? PN_FLEET_SLOTS - 1
                                                            : (i + 1) * each - 1),
                                     .n_nodes = (uint16_t)(map->replicas + 1),
                                     .node = node[i]};
    }
    if (map->has_hole) { /* the last shard begins behind the hole */
        range[map->n - 1].first = (uint16_t)(map->last_hole + 1);
    }
    return pn_fleet_learn_slots(fleet, task, range, map->n, now);
}

/* A cluster that knows MAP, asked for and learnt at NOW. */
static inline struct pn_fleet *
cluster_make(const struct map *map, const struct pn_fleet_opts *opts, uint64_t now)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_CLUSTER, 3, opts);
    struct pn_task task = pn_fleet_task(fleet, now);
    CHECK_EQ(task.kind, PN_TASK_SLOTS);
    CHECK(learn(fleet, &task, map, now));
    return fleet;
}

static inline struct pn_route
route_slot(struct pn_fleet *fleet, uint32_t slot, uint32_t flags, uint64_t now)
{
    struct pn_route_ask ask = {.slot = slot, .flags = flags, .avoid = PN_NODE_NONE};
    return pn_fleet_route(fleet, &ask, now);
}

static inline struct pn_route
route_key(struct pn_fleet *fleet, const char *key, uint32_t flags, uint64_t now)
{
    struct pn_route_ask ask = {.key = key,
                               .len = key != NULL ? strlen(key) : 0,
                               .slot = PN_SLOT_NONE,
                               .flags = flags,
                               .avoid = PN_NODE_NONE};
    return pn_fleet_route(fleet, &ask, now);
}

/* Something that makes FLEET ask for the topology. */
static inline void
trigger(struct pn_fleet *fleet, uint64_t now)
{
    pn_fleet_trouble(fleet, node_of(fleet, 0), PN_TROUBLE_ROLE, now);
}

/* The time of the next task from NOW on, looking every millisecond; 0: none in
 * LIMIT. */
static inline uint64_t
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

enum { KEYS = 400 };

static inline size_t
key_of(unsigned i, char key[24])
{
    return (size_t)snprintf(key, 24, "user:%u", i);
}

/* By the I-th key. */
static inline struct pn_route
route_i(struct pn_fleet *fleet, unsigned i, uint32_t flags, uint64_t now)
{
    char key[24];
    struct pn_route_ask ask = {.key = key,
                               .len = key_of(i, key),
                               .slot = PN_SLOT_NONE,
                               .flags = flags,
                               .avoid = PN_NODE_NONE};
    return pn_fleet_route(fleet, &ask, now);
}

#endif
