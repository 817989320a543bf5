#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "fleet/state.h"

/*
 * Names are short and there are thousands of fleets in a simulation, so they are cut
 * from blocks. A number that is given away keeps its room for the next name; rooms are
 * powers of two, so that a fleet whose nodes come and go for ever takes at most twice
 * the longest names it has seen.
 */
struct fleet_text {
    struct fleet_text *next;
    size_t used;
    char bytes[4096 - sizeof(struct fleet_text *) - sizeof(size_t)];
};

static char *
text_room(struct pn_fleet *fleet, size_t room)
{
    struct fleet_text *block = fleet->nodes.text;
    if (block == NULL || sizeof block->bytes - block->used < room) {
        block = pn_alloc(sizeof *block);
        if (block == NULL) {
            return NULL;
        }
        block->next = fleet->nodes.text;
        fleet->nodes.text = block;
    }
    char *at = block->bytes + block->used;
    block->used += room;
    return at;
}

/* TEXT[0..len) to *AT, which has room for *ROOM bytes or gets more. */
static bool
keep_text(struct pn_fleet *fleet, char **at, uint16_t *room, const char *text,
          size_t len)
{
    if (len >= *room) {
        size_t need = 16;
        while (need <= len) {
            need *= 2;
        }
        char *fresh = text_room(fleet, need);
        if (fresh == NULL) {
            return false;
        }
        *at = fresh;
        *room = (uint16_t)need;
    }
    memcpy(*at, text, len);
    (*at)[len] = '\0';
    return true;
}

/* ---- By endpoint ------------------------------------------------------------- */

struct fleet_name
fleet_name(const struct pn_endpoint *endpoint)
{
    const char *end = memchr(endpoint->host, '\0', sizeof endpoint->host);
    size_t len = end != NULL ? (size_t)(end - endpoint->host) : 0;
    return (struct fleet_name){endpoint->host, len, endpoint->port};
}

static uint64_t
name_hash(struct fleet_name name)
{
    return fleet_mix(pn_checksum(name.host, name.len) + name.port);
}

static bool
has_name(const struct fleet_node *node, struct fleet_name name)
{
    return node->shown.endpoint.port == name.port && node->host_len == name.len &&
           memcmp(node->host, name.host, name.len) == 0;
}

static size_t
bucket_of(struct fleet_name name)
{
    return name_hash(name) % FLEET_BUCKETS;
}

/* Maps name their nodes in the same order each time: the one behind the last is tried
 * first, which spares the hash. */
uint16_t
fleet_find(struct pn_fleet *fleet, struct fleet_name name)
{
    struct fleet_nodes *nodes = &fleet->nodes;
    uint16_t node = (uint16_t)(nodes->last + 1);
    const struct fleet_node *it = fleet_at(fleet, node);
    if (it == NULL || !has_name(it, name)) {
        node = nodes->bucket[bucket_of(name)];
        while (node != PN_NODE_NONE && !has_name(fleet_at(fleet, node), name)) {
            node = fleet_at(fleet, node)->next;
        }
    }
    nodes->last = node != PN_NODE_NONE ? node : nodes->last;
    return node;
}

uint64_t
fleet_endpoint_hash(const struct pn_fleet *fleet, uint16_t node)
{
    const struct fleet_node *it = fleet_at(fleet, node);
    if (it == NULL) {
        return 0;
    }
    return name_hash(
        (struct fleet_name){it->host, it->host_len, it->shown.endpoint.port});
}

/* ---- By number --------------------------------------------------------------- */

enum { SPARE_MIN = 16 };

/* A number that nobody has. Free ones are used again as late as can be, so that events
 * on their way to a node that was forgotten reach nobody. */
static uint16_t
free_number(struct pn_fleet *fleet)
{
    struct fleet_nodes *nodes = &fleet->nodes;
    uint16_t spare = (uint16_t)(nodes->n - nodes->used);
    if (spare > SPARE_MIN || (spare > 0 && nodes->n == PN_FLEET_NODES_MAX)) {
        for (uint16_t i = 0; i < nodes->n; i++) {
            nodes->cursor = (uint16_t)((nodes->cursor + 1) % nodes->n);
            if (fleet_at(fleet, nodes->cursor) == NULL) {
                return nodes->cursor;
            }
        }
    }
    if (nodes->n == PN_FLEET_NODES_MAX) {
        return PN_NODE_NONE;
    }
    struct fleet_node **chunk = &nodes->chunk[nodes->n / FLEET_CHUNK];
    if (*chunk == NULL) {
        *chunk = pn_alloc(FLEET_CHUNK * sizeof **chunk);
    }
    return *chunk != NULL ? nodes->n++ : PN_NODE_NONE;
}

uint16_t
fleet_add(struct pn_fleet *fleet, struct fleet_name name)
{
    if (name.len == 0 || name.len > PN_FLEET_HOST_MAX ||
        memchr(name.host, '\0', name.len) != NULL) {
        return PN_NODE_NONE;
    }
    uint16_t node = fleet_find(fleet, name);
    if (node != PN_NODE_NONE || (node = free_number(fleet)) == PN_NODE_NONE) {
        return node;
    }
    struct fleet_nodes *nodes = &fleet->nodes;
    struct fleet_node *it = &nodes->chunk[node / FLEET_CHUNK][node % FLEET_CHUNK];
    struct fleet_node fresh = {.host = it->host,
                               .zone = it->zone,
                               .host_room = it->host_room,
                               .zone_room = it->zone_room};
    if (!keep_text(fleet, &fresh.host, &fresh.host_room, name.host, name.len)) {
        return PN_NODE_NONE;
    }
    uint16_t *bucket = &nodes->bucket[bucket_of(name)];
    fresh.is_used = true;
    fresh.host_len = (uint16_t)name.len;
    fresh.next = *bucket;
    fresh.first_replica = fresh.next_replica = PN_NODE_NONE;
    fresh.shown = (struct pn_node){.endpoint = {fresh.host, name.port},
                                   .zone = "",
                                   .role = PN_ROLE_SEED,
                                   .primary = node,
                                   .born = ++nodes->born};
    *it = fresh;
    *bucket = node;
    nodes->used++;
    nodes->last = node;
    return node;
}

void
fleet_forget(struct pn_fleet *fleet, uint16_t node)
{
    struct fleet_node *it = fleet_at(fleet, node);
    struct fleet_name name = {it->host, it->host_len, it->shown.endpoint.port};
    uint16_t *link = &fleet->nodes.bucket[bucket_of(name)];
    while (*link != node) {
        link = &fleet_at(fleet, *link)->next;
    }
    *link = it->next;
    it->is_used = false;
    fleet->nodes.used--;
}

bool
fleet_set_zone(struct pn_fleet *fleet, struct fleet_node *node, const char *zone,
               size_t len)
{
    if (zone == NULL || len > PN_FLEET_HOST_MAX || memchr(zone, '\0', len) != NULL) {
        len = 0;
    }
    if (strlen(node->shown.zone) == len &&
        (len == 0 || memcmp(node->shown.zone, zone, len) == 0)) {
        return false;
    }
    bool is_kept = len > 0 &&
                   keep_text(fleet, &node->zone, &node->zone_room, zone, len);
    node->shown.zone = is_kept ? node->zone : "";
    return true;
}

void
fleet_free_nodes(struct pn_fleet *fleet)
{
    for (size_t i = 0; i < PN_FLEET_NODES_MAX / FLEET_CHUNK; i++) {
        pn_free(fleet->nodes.chunk[i]);
    }
    while (fleet->nodes.text != NULL) {
        struct fleet_text *next = fleet->nodes.text->next;
        pn_free(fleet->nodes.text);
        fleet->nodes.text = next;
    }
}

/* ---- What callers see -------------------------------------------------------- */

size_t
pn_fleet_nodes(const struct pn_fleet *fleet)
{
    return fleet->nodes.n;
}

const struct pn_node *
pn_fleet_node(const struct pn_fleet *fleet, uint16_t node)
{
    const struct fleet_node *it = fleet_at(fleet, node);
    return it != NULL ? &it->shown : NULL;
}

uint16_t
pn_fleet_node_at(struct pn_fleet *fleet, const struct pn_endpoint *endpoint)
{
    return fleet_add(fleet, fleet_name(endpoint));
}
