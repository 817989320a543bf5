/*
 * target - which nodes a command is for
 */
#include "call.h"

void
call_aim(const struct call *call, struct part *part, struct pn_bytes key)
{
    part->request.key = key;
    if (call->client->share->kind == PN_FLEET_CLUSTER) {
        part->request.slot = pn_fleet_slot(key.ptr, key.len);
    }
}

struct owning {
    const struct pn_bytes *key;
    size_t n;
    uint32_t *owner;
    uint64_t now;
};

/* While a fleet warms up a miss is looked up at the old owner too, key by key: such a
 * key is in company of nobody. */
static void
find_owners(struct pn_fleet *fleet, void *context)
{
    struct owning *owning = context;
    uint16_t member;
    bool is_one = pn_fleet_members(fleet, false, &member, 1) == 1 &&
                  pn_fleet_members(fleet, true, &member, 1) == 0;
    for (size_t i = 0; i < owning->n; i++) {
        if (is_one && i > 0 && owning->owner[0] < PN_FLEET_NODES_MAX) {
            owning->owner[i] = owning->owner[0]; /* there is nobody else */
            continue;
        }
        struct pn_route_ask ask = {
            .key = owning->key[i].ptr,
            .len = owning->key[i].len,
            .flags = PN_ROUTE_READ,
            .slot = PN_SLOT_NONE,
            .avoid = PN_NODE_NONE,
        };
        struct pn_route route = pn_fleet_route(fleet, &ask, owning->now);
        bool is_plain = route.kind == PN_ROUTE_NODE && route.second == PN_NODE_NONE;
        owning->owner[i] = is_plain ? route.node : PN_FLEET_NODES_MAX + (uint32_t)i;
    }
}

int
call_owners(struct call *call, const struct pn_bytes *key, size_t n, uint32_t *owner)
{
    struct fleet_share *share = call->client->share;
    if (share->kind == PN_FLEET_HASH) {
        struct owning owning = {.key = key, .n = n, .owner = owner, .now = call->now};
        pn_client_fleet(share->client, find_owners, &owning);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        owner[i] = share->kind == PN_FLEET_CLUSTER
                       ? pn_fleet_slot(key[i].ptr, key[i].len)
                       : 0;
    }
    return 0;
}

struct primaries {
    uint16_t *node;
    size_t n, cap;
};

static void
find_primaries(struct pn_fleet *fleet, void *context)
{
    struct primaries *found = context;
    size_t n = pn_fleet_nodes(fleet);
    for (size_t i = 0; i < n; i++) {
        const struct pn_node *node = pn_fleet_node(fleet, (uint16_t)i);
        bool is_one = node != NULL &&
                      (node->role == PN_ROLE_PRIMARY || node->role == PN_ROLE_MEMBER);
        if (is_one && found->n < found->cap) {
            found->node[found->n++] = (uint16_t)i;
        }
    }
}

/* The map is learnt on the way of any request that needs it: a PING to slot 0. */
static int
find_first(struct call *call, size_t i)
{
    struct pn_bytes ping = PN_BYTES("*1\r\n$4\r\nPING\r\n");
    call_renew(call, i);
    struct part *part = call_new_part(call, i, ping, PN_REQ_READ | PN_REQ_SAFE);
    if (part == NULL) {
        return -1;
    }
    part->request.slot = 0;
    call->command[i].merge = MERGE_FIND;
    return 1;
}

int
call_to_all(struct call *call, size_t i)
{
    struct primaries found = {.cap = PN_FLEET_NODES_MAX};
    found.node = arena_take(&call->arena, found.cap * sizeof *found.node);
    if (found.node == NULL) {
        return -1;
    }
    pn_client_fleet(call->client->share->client, find_primaries, &found);
    struct command *command = &call->command[i];
    if (found.n == 0) {
        return command->rounds++ == 0 ? find_first(call, i) : 0;
    }
    uint32_t flags = (command->flags & PN_CMD_SAFE) != 0 ? PN_REQ_SAFE : 0;
    flags |= command->answer == ANSWER_CLASSIC ? PN_REQ_CLASSIC : 0u;
    struct pn_bytes wire = command->wire;
    command->merge = MERGE_NODES;
    call_renew(call, i);
    for (size_t k = 0; k < found.n; k++) {
        struct part *part = call_new_part(call, i, wire, flags);
        if (part == NULL) {
            return -1;
        }
        part->request.node = found.node[k];
    }
    return 0;
}
