#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "fleet/state.h"

/*
 * One topology for the processes of a host, as bytes:
 *
 *     head   magic, version, checksum of what follows; identity, learnt_at, how many
 *            nodes, how many runs, the kind                              48 bytes
 *     node   lengths of host and zone, role, health, port, its primary by place in
 *            this list, changed_at, probe_at; then the two texts         24 + texts
 *     run    how many slots in a row, their owner by place in this list  4
 *
 * Numbers of nodes are a process's own, so nodes are told by their endpoints. Whoever
 * can write here can lead clients astray, as whoever answers CLUSTER SLOTS can; what he
 * cannot do is to make them touch memory that is not theirs.
 */
enum { VERSION = 1, HEAD = 48, HEAD_CHECKED = 16, NODE = 24, RUN = 4 };

#define MAGIC UINT32_C(0x746c6670) /* "pflt" */

struct head {
    uint64_t identity, learnt_at;
    uint32_t n_nodes, n_runs, kind;
};

static uint16_t
load16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static void
store16(unsigned char *p, uint16_t v)
{
    p[0] = (unsigned char)v;
    p[1] = (unsigned char)(v >> 8);
}

/* ---- Saving ------------------------------------------------------------------ */

static bool
is_saved(const struct fleet_node *node)
{
    return node != NULL && fleet_is_probed(node);
}

static size_t
size_of(const struct fleet_node *node)
{
    return NODE + strlen(node->host) + strlen(node->shown.zone);
}

static uint32_t
count_runs(const struct pn_fleet *fleet)
{
    uint32_t n = fleet->slot != NULL;
    for (uint32_t s = 1; fleet->slot != NULL && s < PN_FLEET_SLOTS; s++) {
        n += fleet->slot[s] != fleet->slot[s - 1];
    }
    return n;
}

static unsigned char *
write_node(unsigned char *at, const struct fleet_node *node, uint16_t primary)
{
    size_t host_len = strlen(node->host), zone_len = strlen(node->shown.zone);
    at[0] = (unsigned char)host_len;
    at[1] = (unsigned char)zone_len;
    at[2] = (unsigned char)node->shown.role;
    at[3] = (unsigned char)node->shown.health;
    store16(at + 4, node->shown.endpoint.port);
    store16(at + 6, primary);
    pn_store64(at + 8, node->changed_at);
    pn_store64(at + 16, node->shown.probe_at);
    memcpy(at + NODE, node->host, host_len);
    memcpy(at + NODE + host_len, node->shown.zone, zone_len);
    return at + NODE + host_len + zone_len;
}

static unsigned char *
write_runs(const struct pn_fleet *fleet, const uint16_t *index, unsigned char *at)
{
    uint32_t from = 0;
    for (uint32_t s = 1; fleet->slot != NULL && s <= PN_FLEET_SLOTS; s++) {
        if (s < PN_FLEET_SLOTS && fleet->slot[s] == fleet->slot[from]) {
            continue;
        }
        uint16_t owner = fleet->slot[from];
        store16(at, (uint16_t)(s - from));
        store16(at + 2, owner == PN_NODE_NONE ? PN_NODE_NONE : index[owner]);
        at += RUN;
        from = s;
    }
    return at;
}

size_t
pn_fleet_save(const struct pn_fleet *fleet, void *buf, size_t cap)
{
    uint16_t index[PN_FLEET_NODES_MAX];
    uint32_t n_nodes = 0, n_runs = count_runs(fleet);
    size_t size = HEAD + (size_t)n_runs * RUN;
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        const struct fleet_node *node = fleet_at(fleet, i);
        index[i] = is_saved(node) ? (uint16_t)n_nodes++ : PN_NODE_NONE;
        size += is_saved(node) ? size_of(node) : 0;
    }
    if (size > cap) {
        return size;
    }
    unsigned char *head = buf;
    unsigned char *at = head + HEAD;
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        const struct fleet_node *node = fleet_at(fleet, i);
        if (is_saved(node)) {
            uint16_t primary = index[node->shown.primary];
            at = write_node(at, node, primary != PN_NODE_NONE ? primary : index[i]);
        }
    }
    write_runs(fleet, index, at);
    pn_store32(head, MAGIC);
    pn_store32(head + 4, VERSION);
    pn_store64(head + 16, fleet->identity);
    pn_store64(head + 24, fleet->refresh.learnt_at);
    pn_store32(head + 32, n_nodes);
    pn_store32(head + 36, n_runs);
    pn_store32(head + 40, fleet->opts.kind);
    pn_store32(head + 44, 0);
    pn_store64(head + 8, pn_checksum(head + HEAD_CHECKED, size - HEAD_CHECKED));
    return size;
}

/* ---- Reading what was saved --------------------------------------------------- */

struct told { /* a node, as it stands in the bytes */
    struct fleet_name name;
    const char *zone;
    size_t zone_len;
    uint8_t role, health;
    uint16_t primary, number; /* number: ours, or NONE */
    uint64_t changed_at, probe_at;
};

struct reading {
    struct head head;
    struct told node[PN_FLEET_NODES_MAX];
    uint16_t slot[PN_FLEET_SLOTS]; /* owners by place in node[] */
};

static bool
read_head(const unsigned char *buf, size_t len, struct head *head)
{
    if (len < HEAD || pn_load32(buf) != MAGIC || pn_load32(buf + 4) != VERSION ||
        pn_load64(buf + 8) != pn_checksum(buf + HEAD_CHECKED, len - HEAD_CHECKED)) {
        return false;
    }
    *head = (struct head){.identity = pn_load64(buf + 16),
                          .learnt_at = pn_load64(buf + 24),
                          .n_nodes = pn_load32(buf + 32),
                          .n_runs = pn_load32(buf + 36),
                          .kind = pn_load32(buf + 40)};
    return head->n_nodes <= PN_FLEET_NODES_MAX && head->n_runs <= PN_FLEET_SLOTS;
}

/* Bytes taken, or 0. */
static size_t
read_node(const unsigned char *at, size_t len, const struct head *head,
          struct told *told)
{
    if (len < NODE || len - NODE < (size_t)at[0] + at[1]) {
        return 0;
    }
    const char *text = (const char *)at + NODE;
    *told = (struct told){.name = {text, at[0], load16(at + 4)},
                          .zone = text + at[0],
                          .zone_len = at[1],
                          .role = at[2],
                          .health = at[3],
                          .primary = load16(at + 6),
                          .number = PN_NODE_NONE,
                          .changed_at = pn_load64(at + 8),
                          .probe_at = pn_load64(at + 16)};
    bool is_good = told->name.len > 0 && told->primary < head->n_nodes &&
                   memchr(text, '\0', told->name.len) == NULL &&
                   told->role <= PN_ROLE_GUTTER && told->health <= PN_NODE_LOADING;
    return is_good ? NODE + told->name.len + told->zone_len : 0;
}

static bool
read_runs(const unsigned char *at, const struct head *head, uint16_t *slot)
{
    uint32_t s = 0;
    for (uint32_t i = 0; i < head->n_runs; i++, at += RUN) {
        uint16_t n = load16(at), owner = load16(at + 2);
        if (n > PN_FLEET_SLOTS - s || n == 0 ||
            (owner >= head->n_nodes && owner != PN_NODE_NONE)) {
            return false;
        }
        while (n-- > 0) {
            slot[s++] = owner;
        }
    }
    return s == (head->kind == PN_FLEET_CLUSTER ? PN_FLEET_SLOTS : 0);
}

/* All of it is looked at before any of it is used. */
static bool
read_all(const struct pn_fleet *fleet, const unsigned char *buf, size_t len,
         uint64_t now, struct reading *reading)
{
    struct head *head = &reading->head;
    if (!read_head(buf, len, head) || head->identity != fleet->identity ||
        head->kind != (uint32_t)fleet->opts.kind || head->learnt_at > now) {
        return false;
    }
    size_t at = HEAD;
    for (uint32_t i = 0; i < head->n_nodes; i++) {
        size_t taken = read_node(buf + at, len - at, head, &reading->node[i]);
        if (taken == 0 || reading->node[i].changed_at > now) {
            return false;
        }
        at += taken;
    }
    return len - at == (size_t)head->n_runs * RUN &&
           read_runs(buf + at, head, reading->slot);
}

/* ---- Taking it over ----------------------------------------------------------- */

/* Our numbers of its nodes; those we do not know are added if IS_ADDING. */
static bool
number_nodes(struct pn_fleet *fleet, struct reading *reading, bool is_adding)
{
    for (uint32_t i = 0; i < reading->head.n_nodes; i++) {
        struct told *told = &reading->node[i];
        told->number = is_adding ? fleet_add(fleet, told->name)
                                 : fleet_find(fleet, told->name);
        const struct fleet_node *node = fleet_at(fleet, told->number);
        if (is_adding &&
            (node == NULL || node->shown.role == PN_ROLE_SENTINEL ||
             (told->role != PN_ROLE_PRIMARY && told->role != PN_ROLE_REPLICA))) {
            return false;
        }
    }
    return true;
}

static bool
take_slots(struct pn_fleet *fleet, struct reading *reading, uint64_t now)
{
    for (uint32_t s = 0; s < PN_FLEET_SLOTS; s++) {
        uint16_t owner = reading->slot[s];
        reading->slot[s] = owner == PN_NODE_NONE ? owner : reading->node[owner].number;
    }
    uint64_t before = fleet_list_begin(fleet);
    for (uint32_t s = 0; s < PN_FLEET_SLOTS; s++) {
        if (reading->slot[s] != PN_NODE_NONE) {
            fleet_list_primary(fleet, reading->slot[s], now);
        }
    }
    for (uint32_t i = 0; i < reading->head.n_nodes; i++) {
        const struct told *told = &reading->node[i];
        if (told->role == PN_ROLE_PRIMARY) {
            fleet_list_primary(fleet, told->number, now);
        }
    }
    for (uint32_t i = 0; i < reading->head.n_nodes; i++) {
        const struct told *told = &reading->node[i];
        if (told->role == PN_ROLE_REPLICA) {
            uint16_t primary = reading->node[told->primary].number;
            fleet_list_replica(fleet, told->number, primary, now);
        }
        fleet_set_zone(fleet, fleet_at(fleet, told->number), told->zone,
                       told->zone_len);
    }
    fleet_replace_map(fleet, pn_checksum(reading->slot, sizeof reading->slot));
    return fleet_list_end(fleet, before, reading->slot);
}

static bool
take_primary(struct pn_fleet *fleet, const struct reading *reading, uint64_t now,
             bool *is_changed)
{
    uint16_t node[PN_FLEET_NODES_MAX];
    size_t n = 1;
    node[0] = PN_NODE_NONE;
    for (uint32_t i = 0; i < reading->head.n_nodes; i++) {
        const struct told *told = &reading->node[i];
        if (told->role == PN_ROLE_PRIMARY) {
            node[0] = told->number;
        } else {
            node[n++] = told->number;
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
take_topology(struct pn_fleet *fleet, struct reading *reading, uint64_t now)
{
    bool is_changed = false;
    if (!fleet_has_topology(fleet) ||
        reading->head.learnt_at <= fleet->refresh.learnt_at ||
        !number_nodes(fleet, reading, true)) {
        return false;
    }
    if (fleet->opts.kind == PN_FLEET_CLUSTER) {
        is_changed = take_slots(fleet, reading, now);
    } else if (!take_primary(fleet, reading, now, &is_changed)) {
        return false;
    }
    fleet_refresh_adopted(fleet, reading->head.learnt_at, is_changed, now);
    return true;
}

/* The younger of two opinions. That a node loads is everybody's own finding. */
static bool
take_health(struct pn_fleet *fleet, const struct told *told, uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, told->number);
    if (node == NULL || told->changed_at <= node->changed_at ||
        told->health == PN_NODE_LOADING) {
        return false;
    }
    if (told->health == PN_NODE_UP) {
        fleet_mark_up(fleet, node, now);
    } else {
        fleet_mark_down(fleet, node, now);
        node->probe_id = 0;
        uint64_t latest = fleet_later(now, fleet->opts.probe_max);
        node->shown.probe_at = told->probe_at < latest ? told->probe_at : latest;
    }
    node->changed_at = told->changed_at;
    return true;
}

bool
pn_fleet_load(struct pn_fleet *fleet, const void *buf, size_t len, uint64_t now)
{
    struct reading *reading = pn_alloc(sizeof *reading);
    bool is_taken = false;
    if (reading != NULL && read_all(fleet, buf, len, now, reading)) {
        is_taken = take_topology(fleet, reading, now);
        number_nodes(fleet, reading, false);
        for (uint32_t i = 0; i < reading->head.n_nodes; i++) {
            is_taken = take_health(fleet, &reading->node[i], now) || is_taken;
        }
        fleet_recount(fleet);
    }
    pn_free(reading);
    return is_taken;
}
