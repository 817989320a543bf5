/*
 * fuzz_fleet - any bytes as a saved topology; any order of events
 *
 *   input    { u8 how; bytes... }
 *   how      2 bits the kind of the fleet; 0x04: the bytes are events, else a saved
 *            topology; 0x08: of the right identity and checksum, so that what is behind
 *            them is reached
 *   event    { u8 what; u8 node; u8 number; u8 later }
 *
 * Right is anything but a crash or a loss of order: slots add up, every replica stands
 * in one list, a node that is down gets no request, what was saved can be loaded.
 */
#include "base/bytes.h"
#include "base/hash.h"
#include "fleet/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW (UINT64_C(1000) * FLEET_S)

enum { SEEDS = 3 };

static void
stop(const char *why)
{
    fprintf(stderr, "# fuzz_fleet: %s\n", why);
    abort();
}

static struct pn_endpoint
server(unsigned i)
{
    struct pn_endpoint endpoint = {.port = 7000};
    snprintf(endpoint.host, sizeof endpoint.host, "10.0.0.%u", i);
    return endpoint;
}

static struct pn_fleet *
make(enum pn_fleet_kind kind)
{
    struct pn_endpoint seed[SEEDS] = {server(0), server(1), server(2)};
    struct pn_fleet_opts opts = {.kind = kind,
                                 .seed = seed,
                                 .n_seeds = kind == PN_FLEET_SINGLE ? 1 : SEEDS,
                                 .read_from = PN_READ_PREFER_REPLICA};
    struct pn_fleet *fleet = NULL;
    if (pn_fleet_new(&opts, NOW, &fleet, NULL) != PN_OK) {
        stop("no fleet");
    }
    return fleet;
}

/* ---- What always holds --------------------------------------------------------- */

static void
hold_slots(const struct pn_fleet *fleet)
{
    uint32_t count[PN_FLEET_NODES_MAX] = {0}, empty = 0;
    for (uint32_t s = 0; s < PN_FLEET_SLOTS; s++) {
        if (fleet->slot[s] == PN_NODE_NONE) {
            empty++;
        } else if (fleet_at(fleet, fleet->slot[s]) == NULL) {
            stop("a slot belongs to a node that is no more");
        } else {
            count[fleet->slot[s]]++;
        }
    }
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        if (fleet_at(fleet, i) != NULL && fleet_at(fleet, i)->shown.slots != count[i]) {
            stop("slots do not add up");
        }
    }
    if (empty != fleet->counters.slots_empty) {
        stop("holes do not add up");
    }
}

static void
hold_nodes(const struct pn_fleet *fleet)
{
    uint32_t owners_down = 0;
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        const struct fleet_node *node = fleet_at(fleet, i);
        uint32_t length = 0;
        if (node == NULL) {
            continue;
        }
        owners_down += node->shown.health == PN_NODE_DOWN &&
                       (node->shown.slots > 0 || i == fleet->primary);
        for (uint16_t at = node->first_replica; at != PN_NODE_NONE; length++) {
            const struct fleet_node *replica = fleet_at(fleet, at);
            if (replica == NULL || replica->shown.role != PN_ROLE_REPLICA ||
                length > fleet->nodes.n) {
                stop("a list of replicas is not one");
            }
            at = replica->next_replica;
        }
    }
    if (owners_down != fleet->owners_down) {
        stop("owners that are down do not add up");
    }
}

static void
hold(struct pn_fleet *fleet, uint64_t now)
{
    hold_nodes(fleet);
    if (fleet->slot != NULL) {
        hold_slots(fleet);
    }
    for (uint32_t i = 0; i < 64; i++) {
        struct pn_route_ask ask = {.key = "key",
                                   .len = 3,
                                   .slot = i * 257 % PN_FLEET_SLOTS,
                                   .flags = i % 2 != 0 ? PN_ROUTE_READ : 0,
                                   .avoid = PN_NODE_NONE};
        struct pn_route route = pn_fleet_route(fleet, &ask, now);
        const struct pn_node *node = pn_fleet_node(fleet, route.node);
        if (route.kind == PN_ROUTE_NODE &&
            (node == NULL || node->health == PN_NODE_DOWN)) {
            stop("a request goes to a node that is down");
        }
        if (route.kind == PN_ROUTE_WAIT && route.at <= now) {
            stop("a wait that is over");
        }
    }
}

/* What was saved can be loaded by another process, and says the same there. */
static void
hold_saved(struct pn_fleet *fleet, uint64_t now)
{
    size_t len = pn_fleet_save(fleet, NULL, 0);
    void *bytes = malloc(len);
    struct pn_fleet *twin = make(fleet->opts.kind);
    if (bytes == NULL || pn_fleet_save(fleet, bytes, len) != len) {
        stop("not saved");
    }
    pn_fleet_load(twin, bytes, len, now);
    for (uint32_t s = 0;
         fleet->slot != NULL && fleet->refresh.learnt_at > 0 && s < PN_FLEET_SLOTS;
         s++) {
        if (fleet_endpoint_hash(fleet, fleet->slot[s]) !=
            fleet_endpoint_hash(twin, twin->slot[s])) {
            stop("loaded, but another owner");
        }
    }
    hold(twin, now);
    pn_fleet_free(twin);
    free(bytes);
}

/* ---- Bytes -------------------------------------------------------------------- */

static void
load(struct pn_fleet *fleet, const uint8_t *data, size_t size, bool is_sealed)
{
    uint8_t *copy = malloc(size > 0 ? size : 1); /* ASan sees its end */
    if (copy == NULL) {
        return;
    }
    memcpy(copy, data, size);
    if (is_sealed && size >= 24) {
        pn_store64(copy + 16, fleet->identity);
        pn_store64(copy + 8, pn_checksum(copy + 16, size - 16));
    }
    if (pn_fleet_load(fleet, copy, size, 2 * NOW)) {
        hold_saved(fleet, 2 * NOW);
    }
    hold(fleet, 2 * NOW);
    free(copy);
}

/* ---- Events ------------------------------------------------------------------- */

struct world {
    struct pn_fleet *fleet;
    struct pn_task task;
    uint64_t now;
};

static void
learn(struct world *world, uint8_t number)
{
    struct pn_endpoint at[4];
    struct pn_range_node node[4];
    struct pn_range range[4];
    for (unsigned i = 0; i < 4; i++) {
        at[i] = server((number >> i) % 9u + i);
        node[i] = (struct pn_range_node){.host = at[i].host,
                                         .host_len = strlen(at[i].host),
                                         .port = 7000};
    }
    for (unsigned i = 0; i < 4; i++) {
        unsigned first = i * 4096u + (i == number % 4u && number > 200 ? 100u : 0);
        range[i] = (struct pn_range){.first = (uint16_t)first,
                                     .last = (uint16_t)(i * 4096u + 4095u),
                                     .n_nodes = (uint16_t)(4 - i),
                                     .node = node + i};
    }
    pn_fleet_learn_slots(world->fleet, &world->task, range, 4, world->now);
    pn_fleet_learn_primary(world->fleet, &world->task, at, number % 5u, world->now);
}

static void
members(struct world *world, uint8_t node, uint8_t number)
{
    struct pn_endpoint at[8];
    for (unsigned i = 0; i < 8; i++) {
        at[i] = server(number % 7u + i);
    }
    pn_fleet_learn_members(world->fleet, at, NULL, NULL, number % 9u, node * FLEET_MS,
                           world->now, NULL);
}

static void
event(struct world *world, const uint8_t what[4])
{
    struct pn_fleet *fleet = world->fleet;
    struct pn_endpoint to = server(what[2] % 20u);
    uint16_t node = what[1] % 24u;
    world->now += what[3] * FLEET_MS * (what[0] > 127 ? 100u : 1u);
    switch (what[0] % 12) {
    case 0:
        pn_fleet_connected(fleet, node, world->now);
        break;
    case 1:
        pn_fleet_well(fleet, node, world->now);
        break;
    case 2:
    case 3:
        pn_fleet_trouble(fleet, node, (enum pn_trouble)(what[2] % 9u), world->now);
        break;
    case 4:
        pn_fleet_moved(fleet, node, what[2] * 64u + what[1], &to, world->now);
        break;
    case 5:
        pn_fleet_asked(fleet, node, &to);
        break;
    case 6:
        pn_fleet_dial(fleet, node, world->now);
        break;
    case 7:
        pn_fleet_task_failed(fleet, &world->task, world->now);
        break;
    case 8:
        pn_fleet_probed(fleet, &world->task, world->now);
        break;
    case 9:
        learn(world, what[2]);
        break;
    case 10:
        members(world, what[1], what[2]);
        break;
    default:
        pn_fleet_task_elsewhere(fleet, &world->task, world->now);
    }
    struct pn_task task = pn_fleet_task(fleet, world->now);
    world->task = task.kind != PN_TASK_NONE ? task : world->task;
    if (pn_fleet_task(fleet, world->now).kind != PN_TASK_NONE &&
        pn_fleet_task(fleet, world->now).kind == PN_TASK_SLOTS) {
        stop("two refreshes at once");
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct world world = {.fleet = make((enum pn_fleet_kind)(data[0] & 3)), .now = NOW};
    if ((data[0] & 4) == 0) {
        load(world.fleet, data + 1, size - 1, (data[0] & 8) != 0);
    }
    for (size_t at = 1; (data[0] & 4) != 0 && at + 4 <= size && at < 1024; at += 4) {
        event(&world, data + at);
        hold_nodes(world.fleet);
    }
    hold(world.fleet, world.now > 2 * NOW ? world.now : 2 * NOW);
    hold_saved(world.fleet, 3 * NOW);
    pn_fleet_free(world.fleet);
    return 0;
}
