#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "fleet/saved.h"
#include "fleet/state.h"

/*
 * Taking over what another process of the host saved. The bytes are walked where they
 * lie: once to see that they are whole, before any of them is used, and once more for
 * each of the map and the health. Bytes that were seen before are known by their
 * checksum alone, for every process looks at the board before everything it does.
 */
struct reading {
    const unsigned char *node, *run; /* the first of each */
    size_t node_bytes;
    uint64_t identity, learnt_at, failed_at, sum;
    uint32_t n_nodes, n_runs, kind, failed;
};

struct told { /* a node; the texts lie in the bytes */
    struct fleet_name name;
    const char *zone;
    size_t zone_len, taken; /* taken: bytes */
    uint8_t role, health;
    uint16_t primary;
    uint64_t changed_at, probe_at;
};

/* ---- Reading ------------------------------------------------------------------ */

static bool
read_head(const unsigned char *buf, size_t len, struct reading *reading)
{
    if (len < SAVED_HEAD || pn_load32(buf) != SAVED_MAGIC ||
        pn_load32(buf + 4) != SAVED_VERSION) {
        return false;
    }
    *reading = (struct reading){.node = buf + SAVED_HEAD,
                                .sum = pn_load64(buf + 8),
                                .identity = pn_load64(buf + 16),
                                .learnt_at = pn_load64(buf + 24),
                                .failed_at = pn_load64(buf + 32),
                                .n_nodes = pn_load32(buf + 40),
                                .n_runs = pn_load32(buf + 44),
                                .kind = pn_load32(buf + 48),
                                .failed = pn_load32(buf + 52)};
    return reading->n_nodes <= PN_FLEET_NODES_MAX && reading->n_runs <= PN_FLEET_SLOTS;
}

/* False: no whole node stands AT. */
static bool
read_node(const unsigned char *at, size_t len, uint32_t n_nodes, struct told *told)
{
    if (len < SAVED_NODE || len - SAVED_NODE < (size_t)at[0] + at[1]) {
        return false;
    }
    const char *text = (const char *)at + SAVED_NODE;
    *told = (struct told){.name = {text, at[0], saved_load16(at + 4)},
                          .zone = text + at[0],
                          .zone_len = at[1],
                          .taken = SAVED_NODE + (size_t)at[0] + at[1],
                          .role = at[2],
                          .health = at[3],
                          .primary = saved_load16(at + 6),
                          .changed_at = pn_load64(at + 8),
                          .probe_at = pn_load64(at + 16)};
    return told->name.len > 0 && told->primary < n_nodes &&
           memchr(text, '\0', told->name.len) == NULL && told->role <= PN_ROLE_GUTTER &&
           told->health <= PN_NODE_APART;
}

static bool
are_runs_whole(const struct reading *reading)
{
    uint32_t s = 0;
    const unsigned char *at = reading->run;
    for (uint32_t i = 0; i < reading->n_runs; i++, at += SAVED_RUN) {
        uint16_t n = saved_load16(at), owner = saved_load16(at + 2);
        if (n > PN_FLEET_SLOTS - s || n == 0 ||
            (owner >= reading->n_nodes && owner != PN_NODE_NONE)) {
            return false;
        }
        s += n;
    }
    return s == (reading->kind == PN_FLEET_CLUSTER ? PN_FLEET_SLOTS : 0);
}

/* True: all of it is whole, of this fleet, and not from the future. */
static bool
read_all(const struct pn_fleet *fleet, const unsigned char *buf, size_t len,
         uint64_t now, struct reading *reading)
{
    if (reading->sum !=
            pn_checksum(buf + SAVED_HEAD_CHECKED, len - SAVED_HEAD_CHECKED) ||
        reading->identity != fleet->identity ||
        reading->kind != (uint32_t)fleet->opts.kind || reading->learnt_at > now ||
        reading->failed_at > now) {
        return false;
    }
    size_t at = SAVED_HEAD;
    for (uint32_t i = 0; i < reading->n_nodes; i++) {
        struct told told;
        if (!read_node(buf + at, len - at, reading->n_nodes, &told) ||
            told.changed_at > now) {
            return false;
        }
        at += told.taken;
    }
    reading->node_bytes = at - SAVED_HEAD;
    reading->run = buf + at;
    return len - at == (size_t)reading->n_runs * SAVED_RUN && are_runs_whole(reading);
}

/* The node at *AT, which moves on behind it; all of them are whole by now. */
static struct told
next_node(const struct reading *reading, size_t *at)
{
    struct told told;
    read_node(reading->node + *at, reading->node_bytes - *at, reading->n_nodes, &told);
    *at += told.taken;
    return told;
}

/* ---- The map ------------------------------------------------------------------ */

/* Our numbers of its nodes; those we do not know are added. */
static bool
number_nodes(struct pn_fleet *fleet, const struct reading *reading, uint16_t *number)
{
    size_t at = 0;
    for (uint32_t i = 0; i < reading->n_nodes; i++) {
        struct told told = next_node(reading, &at);
        number[i] = fleet_add(fleet, told.name);
        const struct fleet_node *node = fleet_at(fleet, number[i]);
        if (node == NULL || node->shown.role == PN_ROLE_SENTINEL ||
            (told.role != PN_ROLE_PRIMARY && told.role != PN_ROLE_REPLICA)) {
            return false;
        }
    }
    return true;
}

/* Its slots with our numbers; who owns some is listed as a primary. */
static void
list_owners(struct pn_fleet *fleet, const struct reading *reading,
            const uint16_t *number, uint16_t *slot, uint64_t now)
{
    const unsigned char *at = reading->run;
    for (uint32_t i = 0; i < reading->n_runs; i++, at += SAVED_RUN) {
        uint16_t owner = saved_load16(at + 2);
        owner = owner == PN_NODE_NONE ? owner : number[owner];
        for (uint16_t n = saved_load16(at); n > 0; n--) {
            *slot++ = owner;
        }
        if (owner != PN_NODE_NONE) {
            fleet_list_primary(fleet, owner, now);
        }
    }
}

static bool
take_slots(struct pn_fleet *fleet, const struct reading *reading,
           const uint16_t *number, uint16_t *slot, uint64_t now)
{
    uint64_t before = fleet_list_begin(fleet);
    list_owners(fleet, reading, number, slot, now);
    size_t at = 0;
    for (uint32_t i = 0; i < reading->n_nodes; i++) {
        struct told told = next_node(reading, &at);
        if (told.role == PN_ROLE_PRIMARY) {
            fleet_list_primary(fleet, number[i], now);
        }
        fleet_set_zone(fleet, fleet_at(fleet, number[i]), told.zone, told.zone_len);
    }
    at = 0;
    for (uint32_t i = 0; i < reading->n_nodes; i++) {
        struct told told = next_node(reading, &at);
        if (told.role == PN_ROLE_REPLICA) {
            fleet_list_replica(fleet, number[i], number[told.primary], now);
        }
    }
    fleet_replace_map(fleet, pn_checksum(slot, PN_FLEET_SLOTS * sizeof *slot));
    return fleet_list_end(fleet, before, slot);
}

static bool
take_primary(struct pn_fleet *fleet, const struct reading *reading,
             const uint16_t *number, uint64_t now, bool *is_changed)
{
    uint16_t node[PN_FLEET_NODES_MAX];
    size_t n = 1, at = 0;
    node[0] = PN_NODE_NONE;
    for (uint32_t i = 0; i < reading->n_nodes; i++) {
        struct told told = next_node(reading, &at);
        if (told.role == PN_ROLE_PRIMARY) {
            node[0] = number[i];
        } else {
            node[n++] = number[i];
        }
        if (n == PN_FLEET_NODES_MAX) {
            return false;
        }
    }
    if (node[0] == PN_NODE_NONE) {
        return false;
    }
    fleet_replace_map(fleet, fleet_endpoint_hash(fleet, node[0]));
    *is_changed = fleet_set_primary(fleet, node, n, now);
    return true;
}

static bool
take_topology(struct pn_fleet *fleet, const struct reading *reading, uint64_t now)
{
    uint16_t number[PN_FLEET_NODES_MAX];
    bool is_changed = false;
    if (!fleet_has_topology(fleet) || reading->learnt_at <= fleet->refresh.learnt_at ||
        !number_nodes(fleet, reading, number)) {
        return false;
    }
    if (fleet->opts.kind == PN_FLEET_CLUSTER) {
        uint16_t *slot = pn_alloc(PN_FLEET_SLOTS * sizeof *slot);
        if (slot == NULL) {
            return false;
        }
        is_changed = take_slots(fleet, reading, number, slot, now);
        pn_free(slot);
    } else if (!take_primary(fleet, reading, number, now, &is_changed)) {
        return false;
    }
    fleet_refresh_adopted(fleet, reading->learnt_at, is_changed, now);
    return true;
}

/* ---- Health ------------------------------------------------------------------- */

/* The younger of two opinions. That a node loads or is cut off is everybody's own
 * finding. */
static bool
take_health(struct pn_fleet *fleet, const struct told *told, uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, fleet_find(fleet, told->name));
    if (node == NULL || told->changed_at <= node->changed_at ||
        (told->health != PN_NODE_UP && told->health != PN_NODE_DOWN)) {
        return false;
    }
    if (told->health == PN_NODE_UP) {
        fleet_mark_up(fleet, node, now);
    } else {
        fleet_mark_down(fleet, node, now);
        fleet_probe_call_off(node);
        uint64_t latest = fleet_later(now, fleet->opts.probe_max);
        node->shown.probe_at = told->probe_at < latest ? told->probe_at : latest;
    }
    node->changed_at = told->changed_at;
    return true;
}

bool
pn_fleet_load(struct pn_fleet *fleet, const void *buf, size_t len, uint64_t now)
{
    struct reading reading;
    if (!read_head(buf, len, &reading) || reading.sum == fleet->saved ||
        !read_all(fleet, buf, len, now, &reading)) {
        return false;
    }
    fleet->saved = reading.sum;
    bool is_taken = take_topology(fleet, &reading, now);
    is_taken = fleet_refresh_warned(fleet, reading.failed_at, reading.failed) ||
               is_taken;
    size_t at = 0;
    bool is_health = false;
    for (uint32_t i = 0; i < reading.n_nodes; i++) {
        struct told told = next_node(&reading, &at);
        if (told.changed_at != 0) { /* 0: nobody ever had anything against it */
            is_health = take_health(fleet, &told, now) || is_health;
        }
    }
    if (is_health) {
        fleet_recount(fleet);
    }
    return is_taken || is_health;
}
