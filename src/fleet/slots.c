#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "fleet/state.h"
#include "place/hash.h"

/* A node that is in no map any more is forgotten when a second one does not show it
 * either: the first may come from one that does not know of it yet, or leave it out
 * because it failed for a moment. */
enum { MISSED_MAX = 2 };

uint32_t
pn_fleet_slot(const char *key, size_t len)
{
    const char *open = memchr(key, '{', len);
    if (open != NULL) {
        size_t rest = len - (size_t)(open + 1 - key);
        const char *close = memchr(open + 1, '}', rest);
        if (close != NULL && close > open + 1) {
            key = open + 1;
            len = (size_t)(close - key);
        }
    }
    return pn_crc16(key, len) & (PN_FLEET_SLOTS - 1);
}

/* ---- One slot ---------------------------------------------------------------- */

void
fleet_give_slot(struct pn_fleet *fleet, uint32_t slot, uint16_t number)
{
    struct fleet_node *old = fleet_at(fleet, fleet->slot[slot]);
    struct fleet_node *node = fleet_at(fleet, number);
    if (old != NULL) {
        old->shown.slots--;
    } else {
        fleet->counters.slots_empty--;
    }
    if (node != NULL) {
        node->shown.slots++;
    } else {
        fleet->counters.slots_empty++;
    }
    fleet->slot[slot] = node != NULL ? number : PN_NODE_NONE;
}

/* Takes NODE off the list of its primary. */
static void
unlink_replica(struct pn_fleet *fleet, uint16_t number)
{
    struct fleet_node *node = fleet_at(fleet, number);
    struct fleet_node *primary = fleet_at(fleet, node->shown.primary);
    uint16_t *link = primary != NULL ? &primary->first_replica : NULL;
    while (link != NULL && *link != number && *link != PN_NODE_NONE) {
        link = &fleet_at(fleet, *link)->next_replica;
    }
    if (link != NULL && *link == number) {
        *link = node->next_replica;
    }
    node->next_replica = PN_NODE_NONE;
}

static void
make_primary(struct pn_fleet *fleet, uint16_t number)
{
    struct fleet_node *node = fleet_at(fleet, number);
    if (node->shown.role == PN_ROLE_REPLICA) {
        unlink_replica(fleet, number);
        fleet->counters.failovers++;
    }
    node->shown.role = PN_ROLE_PRIMARY;
    node->shown.primary = number;
}

/* ---- Redirects --------------------------------------------------------------- */

/* Where NODE points: an empty host is its own. */
static uint16_t
target_of(struct pn_fleet *fleet, uint16_t number, const struct pn_endpoint *endpoint)
{
    struct fleet_name name = fleet_name(endpoint);
    const struct fleet_node *node = fleet_at(fleet, number);
    if (name.len == 0 && node != NULL) {
        name.host = node->host;
        name.len = node->host_len;
    }
    if (name.len == 1 && name.host[0] == '?') {
        return PN_NODE_NONE;
    }
    return fleet_add(fleet, name);
}

uint16_t
pn_fleet_moved(struct pn_fleet *fleet, uint16_t node, uint32_t slot,
               const struct pn_endpoint *endpoint, uint64_t now)
{
    fleet->counters.moved++;
    uint16_t target = target_of(fleet, node, endpoint);
    if (fleet->slot == NULL || slot >= PN_FLEET_SLOTS) {
        return target;
    }
    fleet_want(fleet, now);
    if (target != PN_NODE_NONE && fleet->slot[slot] != target) {
        make_primary(fleet, target);
        fleet_give_slot(fleet, slot, target);
        fleet->epoch++;
        fleet_recount(fleet);
    }
    return target;
}

uint16_t
pn_fleet_asked(struct pn_fleet *fleet, uint16_t node,
               const struct pn_endpoint *endpoint)
{
    fleet->counters.asked++;
    return target_of(fleet, node, endpoint);
}

/* ---- A new map --------------------------------------------------------------- */

/* Who is who, regardless of the order in which it was told. */
static uint64_t
shape(const struct pn_fleet *fleet)
{
    uint64_t sum = 0;
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        const struct fleet_node *node = fleet_at(fleet, i);
        if (node != NULL && (node->shown.role == PN_ROLE_PRIMARY ||
                             node->shown.role == PN_ROLE_REPLICA)) {
            sum += fleet_mix((uint64_t)i << 32 | (uint64_t)node->shown.role << 16 |
                             node->shown.primary);
        }
    }
    return sum;
}

uint64_t
fleet_list_begin(struct pn_fleet *fleet)
{
    uint64_t before = shape(fleet);
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        struct fleet_node *node = fleet_at(fleet, i);
        if (node != NULL) {
            node->is_listed = false;
            node->first_replica = node->next_replica = PN_NODE_NONE;
        }
    }
    return before;
}

void
fleet_list_primary(struct pn_fleet *fleet, uint16_t number, uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, number);
    if (node->is_listed) {
        return;
    }
    if (node->shown.role != PN_ROLE_PRIMARY) {
        fleet->counters.failovers += node->shown.role == PN_ROLE_REPLICA;
        node->shown.role = PN_ROLE_PRIMARY;
        fleet_probe_soon(fleet, node, now);
    }
    node->shown.primary = number;
    node->is_listed = true;
    node->missed = 0;
}

void
fleet_list_replica(struct pn_fleet *fleet, uint16_t number, uint16_t primary,
                   uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, number);
    struct fleet_node *of = fleet_at(fleet, primary);
    if (node->is_listed) {
        return;
    }
    if (node->shown.role != PN_ROLE_REPLICA) {
        node->shown.role = PN_ROLE_REPLICA;
        fleet_probe_soon(fleet, node, now);
    }
    node->shown.primary = primary;
    node->is_listed = true;
    node->missed = 0;
    node->next_replica = of->first_replica;
    of->first_replica = number;
}

static void
drop_missing(struct pn_fleet *fleet)
{
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        struct fleet_node *node = fleet_at(fleet, i);
        if (node == NULL || node->is_listed || node->shown.role == PN_ROLE_SENTINEL) {
            continue;
        }
        node->shown.role = PN_ROLE_SEED;
        node->shown.primary = i;
        node->missed++;
        if (node->missed >= MISSED_MAX && !node->is_seed) {
            fleet_forget(fleet, i);
        } else if (node->missed > MISSED_MAX) {
            node->missed = MISSED_MAX;
        }
    }
}

bool
fleet_list_end(struct pn_fleet *fleet, uint64_t before, const uint16_t *slot)
{
    bool is_changed = memcmp(fleet->slot, slot, PN_FLEET_SLOTS * sizeof *slot) != 0;
    for (uint32_t s = 0; is_changed && s < PN_FLEET_SLOTS; s++) {
        if (fleet->slot[s] != slot[s]) {
            fleet_give_slot(fleet, s, slot[s]);
        }
    }
    drop_missing(fleet);
    fleet_recount(fleet);
    if (fleet->counters.slots_empty == 0) {
        fleet->refresh.hole_at = 0;
    }
    return is_changed || shape(fleet) != before;
}

/* ---- CLUSTER SLOTS ----------------------------------------------------------- */

static uint16_t
node_of(struct pn_fleet *fleet, const struct pn_task *task,
        const struct pn_range_node *told)
{
    struct fleet_name name = {told->host, told->host_len, told->port};
    if (name.host == NULL || name.len == 0) {
        const struct fleet_node *asked = fleet_at(fleet, task->node);
        if (asked == NULL) {
            return PN_NODE_NONE;
        }
        name.host = asked->host;
        name.len = asked->host_len;
    }
    if (name.len == 1 && name.host[0] == '?') {
        return PN_NODE_NONE;
    }
    return fleet_add(fleet, name);
}

static bool
is_whole(const struct pn_range *range)
{
    return range->first <= range->last && range->last < PN_FLEET_SLOTS &&
           range->n_nodes > 0;
}

struct draft {
    uint16_t slot[PN_FLEET_SLOTS];
    uint32_t n_owned,
        n_known; /* slots with an owner; of those, ranges of known nodes */
};

/* Fills the draft; nodes that are new become known, as nodes that own nothing yet. */
static void
draft_map(struct pn_fleet *fleet, const struct pn_task *task,
          const struct pn_range *range, size_t n, struct draft *draft)
{
    memset(draft->slot, 0xff, sizeof draft->slot);
    for (size_t i = 0; i < n; i++) {
        if (!is_whole(&range[i])) {
            continue;
        }
        uint16_t owner = node_of(fleet, task, &range[i].node[0]);
        const struct fleet_node *node = fleet_at(fleet, owner);
        if (node == NULL) {
            continue;
        }
        draft->n_known += node->shown.role == PN_ROLE_PRIMARY ||
                          node->shown.role == PN_ROLE_REPLICA;
        for (uint32_t s = range[i].first; s <= range[i].last; s++) {
            draft->n_owned += draft->slot[s] == PN_NODE_NONE;
            draft->slot[s] = owner;
        }
    }
}

static void
keep_zone(struct pn_fleet *fleet, uint16_t node, const struct pn_range_node *told)
{
    if (told->zone_len > 0) {
        fleet_set_zone(fleet, fleet_at(fleet, node), told->zone, told->zone_len);
    }
}

/* Primaries first: what owns slots is no replica, whatever another range says. */
static bool
take_map(struct pn_fleet *fleet, const struct pn_task *task,
         const struct pn_range *range, size_t n, const uint16_t *slot, uint64_t now)
{
    uint64_t before = fleet_list_begin(fleet);
    for (size_t i = 0; i < n; i++) {
        if (is_whole(&range[i]) && slot[range[i].first] != PN_NODE_NONE) {
            uint16_t primary = slot[range[i].first];
            fleet_list_primary(fleet, primary, now);
            keep_zone(fleet, primary, &range[i].node[0]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (uint16_t k = 1; is_whole(&range[i]) && k < range[i].n_nodes; k++) {
            uint16_t primary = slot[range[i].first];
            uint16_t replica = node_of(fleet, task, &range[i].node[k]);
            if (primary != PN_NODE_NONE && replica != PN_NODE_NONE) {
                fleet_list_replica(fleet, replica, primary, now);
                keep_zone(fleet, replica, &range[i].node[k]);
            }
        }
    }
    return fleet_list_end(fleet, before, slot);
}

bool
pn_fleet_learn_slots(struct pn_fleet *fleet, const struct pn_task *task,
                     const struct pn_range *range, size_t n, uint64_t now)
{
    if (task->kind != PN_TASK_SLOTS || !fleet_refresh_is(fleet, task)) {
        return false;
    }
    struct draft *draft = pn_alloc(sizeof *draft);
    if (draft == NULL) {
        fleet_refresh_failed(fleet, now);
        return false;
    }
    draft_map(fleet, task, range, n, draft);
    uint64_t hash = pn_checksum(draft->slot, sizeof draft->slot);
    uint32_t owned_now = PN_FLEET_SLOTS - fleet->counters.slots_empty;
    bool is_odd = draft->n_owned < owned_now || (owned_now > 0 && draft->n_known == 0);
    bool is_changed = false;
    if (fleet_believe(fleet, hash, task->node, is_odd)) {
        is_changed = take_map(fleet, task, range, n, draft->slot, now);
        fleet_refresh_learnt(fleet, is_changed, now);
    } else {
        fleet_refresh_doubted(fleet, now);
    }
    pn_free(draft);
    return is_changed;
}
