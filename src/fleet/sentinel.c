#include <string.h>

#include "fleet/state.h"

/* Sentinels keep their numbers in seed[], the rest are the primary and its replicas. */

static bool
is_replica_of(const struct pn_fleet *fleet, uint16_t number, uint16_t primary)
{
    const struct fleet_node *node = fleet_at(fleet, number);
    return node->shown.role == PN_ROLE_REPLICA && node->shown.primary == primary;
}

/* Those that are named no more are forgotten at once: connections to a primary that was
 * one are closed (a write to it would be lost). */
static bool
drop_unnamed(struct pn_fleet *fleet)
{
    bool is_changed = false;
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        const struct fleet_node *node = fleet_at(fleet, i);
        if (node != NULL && !node->is_listed && node->shown.role != PN_ROLE_SENTINEL) {
            fleet_forget(fleet, i);
            is_changed = true;
        }
    }
    return is_changed;
}

bool
fleet_set_primary(struct pn_fleet *fleet, const uint16_t *node, size_t n, uint64_t now)
{
    bool is_changed = fleet->primary != node[0];
    bool was_replica = fleet_at(fleet, node[0])->shown.role == PN_ROLE_REPLICA;
    if (is_changed && fleet->primary != PN_NODE_NONE && !was_replica) {
        fleet->counters.failovers++; /* else it is counted where its role changes */
    }
    fleet_list_begin(fleet);
    for (size_t i = 1; i < n; i++) {
        is_changed = is_changed || !is_replica_of(fleet, node[i], node[0]);
    }
    fleet_list_primary(fleet, node[0], now);
    for (size_t i = 1; i < n; i++) {
        fleet_list_replica(fleet, node[i], node[0], now);
    }
    fleet->primary = node[0];
    is_changed = drop_unnamed(fleet) || is_changed;
    fleet_recount(fleet);
    return is_changed;
}

/* Who answered first is asked first the next time .. */
static void
to_the_front(struct pn_fleet *fleet, uint16_t sentinel)
{
    size_t at = 0;
    while (at < fleet->opts.n_seeds && fleet->seed[at] != sentinel) {
        at++;
    }
    if (at < fleet->opts.n_seeds) {
        memmove(fleet->seed + 1, fleet->seed, at * sizeof *fleet->seed);
        fleet->seed[0] = sentinel;
        fleet->refresh.at = 0;
    }
}

/* .. and last, if it was wrong: it may be cut off, or lie. */
static void
first_to_the_back(struct pn_fleet *fleet)
{
    size_t last = fleet->opts.n_seeds - 1;
    uint16_t sentinel = fleet->seed[0];
    memmove(fleet->seed, fleet->seed + 1, last * sizeof *fleet->seed);
    fleet->seed[last] = sentinel;
    fleet->refresh.at = 0;
}

/* While a primary is dead all of them name it, so only a new name makes haste: one that
 * nobody else had said. */
void
fleet_refute(struct pn_fleet *fleet, uint64_t now)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    if (!refresh->is_named) {
        return;
    }
    refresh->is_named = false;
    first_to_the_back(fleet);
    if (refresh->is_new) {
        fleet_take_back_map(fleet);
        fleet_refresh_hasten(fleet, now);
    }
}

bool
pn_fleet_learn_primary(struct pn_fleet *fleet, const struct pn_task *task,
                       const struct pn_endpoint *endpoint, size_t n, uint64_t now)
{
    enum { NODES_MAX = 256 }; /* more replicas than that nobody reads from */
    uint16_t node[NODES_MAX];
    if (task->kind != PN_TASK_SENTINEL || !fleet_refresh_is(fleet, task)) {
        return false;
    }
    size_t known = 0;
    for (size_t i = 0; i < n && known < NODES_MAX; i++) {
        uint16_t it = fleet_add(fleet, fleet_name(&endpoint[i]));
        bool is_good = it != PN_NODE_NONE &&
                       fleet_at(fleet, it)->shown.role != PN_ROLE_SENTINEL;
        if (is_good) {
            node[known++] = it;
        } else if (i == 0) {
            break;
        }
    }
    if (known == 0) { /* it does not know the service: the next one */
        fleet->refresh.unknown += fleet->refresh.unknown < UINT32_MAX;
        fleet_refresh_failed(fleet, now);
        return false;
    }
    uint64_t hash = fleet_endpoint_hash(fleet, node[0]);
    if (!fleet_believe(fleet, hash, task->node, false)) {
        fleet_refresh_doubted(fleet, now);
        return false;
    }
    struct fleet_refresh *refresh = &fleet->refresh;
    refresh->is_new = fleet->primary != node[0];
    refresh->is_named = true;
    bool is_changed = fleet_set_primary(fleet, node, known, now);
    to_the_front(fleet, task->node);
    fleet_refresh_learnt(fleet, is_changed, now);
    if (fleet_at(fleet, node[0])->shown.health == PN_NODE_DOWN) {
        fleet_refute(fleet, now);
    }
    return is_changed;
}
