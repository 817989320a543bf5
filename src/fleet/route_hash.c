#include "fleet/members.h"
#include "fleet/state.h"
#include "place/hash.h"

/* Who gets a request of a HASH fleet: the owner by the place, who stands in for him
 * when he is down, and the owner before the last change while the fleet warms up. */

/* A spare server for KEY: of those that can be asked the one with the highest lot, so
 * that all clients take the same one in whatever order they list them. */
static uint16_t
gutter_of(struct pn_fleet *fleet, const struct pn_route_ask *ask, uint64_t now)
{
    const struct fleet_members *members = fleet->members;
    uint64_t key = pn_xxh64(ask->key, ask->len, 2), most = 0;
    uint16_t best = PN_NODE_NONE;
    for (uint32_t i = 0; i < members->n_gutter; i++) {
        uint16_t node = members->gutter[i];
        uint64_t lot = pn_mix64(key ^ fleet_endpoint_hash(fleet, node));
        bool is_better = best == PN_NODE_NONE || lot > most;
        if (is_better && fleet_usable(fleet_at(fleet, node), now)) {
            best = node;
            most = lot;
        }
    }
    return best;
}

static uint16_t
next_owner(struct pn_fleet *fleet, const struct pn_route_ask *ask, uint64_t now)
{
    enum { LOOK = 16 };
    uint32_t owner[LOOK];
    const struct ring *ring = &fleet->members->now;
    size_t n = pn_place_owners(ring->place, ask->key, ask->len, owner, LOOK);
    for (size_t i = 1; i < n; i++) {
        if (fleet_usable(fleet_at(fleet, ring->node[owner[i]]), now)) {
            return ring->node[owner[i]];
        }
    }
    return PN_NODE_NONE;
}

/* KEY's owner is down: who stands in for it, or nobody. */
static struct pn_route
stand_in(struct pn_fleet *fleet, uint16_t number, const struct pn_route_ask *ask,
         uint64_t now)
{
    const struct fleet_node *owner = fleet_at(fleet, number);
    struct pn_route route = {.kind = PN_ROUTE_NODE,
                             .node = PN_NODE_NONE,
                             .second = PN_NODE_NONE};
    if (fleet->members->n_gutter > 0) {
        route.node = gutter_of(fleet, ask, now);
    } else if (fleet->members->fail_over) {
        route.node = next_owner(fleet, ask, now);
    }
    if (route.node != PN_NODE_NONE) {
        route.is_gutter = true;
        return route;
    }
    /* A probe says at once whether it is back; who was idle for long waits for that. */
    bool is_known_soon = (ask->flags & PN_ROUTE_QUICK) == 0 &&
                         (owner->shown.health == PN_NODE_LOADING ||
                          fleet_awaits_probe(owner, now));
    uint64_t soon = pn_fleet_wake(fleet);
    route.kind = is_known_soon ? PN_ROUTE_WAIT : PN_ROUTE_DOWN;
    route.node = is_known_soon ? PN_NODE_NONE : number;
    route.at = owner->shown.probe_at;
    if (is_known_soon && owner->shown.health == PN_NODE_DOWN) {
        uint64_t at = soon > now + FLEET_MS ? soon : now + FLEET_MS;
        route.at = at < now + 50 * FLEET_MS ? at : now + 50 * FLEET_MS;
    }
    return route;
}

static struct pn_route
any_member(struct pn_fleet *fleet, uint64_t now)
{
    const struct ring *ring = &fleet->members->now;
    struct pn_route route = {
        .kind = PN_ROUTE_DOWN, .node = PN_NODE_NONE, .second = PN_NODE_NONE, .at = now};
    uint64_t from = fleet_draw(fleet, ring->n);
    for (uint32_t i = 0; i < ring->n; i++) {
        uint16_t node = ring->node[(from + i) % ring->n];
        if (fleet_usable(fleet_at(fleet, node), now)) {
            route.kind = PN_ROUTE_NODE;
            route.node = node;
            break;
        }
    }
    return route;
}

/* The owner before the change, where it is another one and has heard every delete. */
static uint16_t
old_owner(const struct pn_fleet *fleet, const struct pn_route_ask *ask, uint16_t node,
          uint64_t now)
{
    const struct ring *old = &fleet->members->old;
    if (old->place == NULL || now >= fleet->members->warm_until ||
        (ask->flags & (PN_ROUTE_READ | PN_ROUTE_DELETE)) == 0) {
        return PN_NODE_NONE;
    }
    uint32_t owner = pn_place_owner(old->place, ask->key, ask->len);
    uint16_t second = owner != PN_PLACE_NONE ? old->node[owner] : PN_NODE_NONE;
    const struct fleet_node *it = fleet_at(fleet, second);
    bool is_good = it != NULL && second != node && !it->missed_deletes &&
                   fleet_usable(it, now);
    return is_good ? second : PN_NODE_NONE;
}

static uint16_t
owner_by(const struct ring *ring, const char *key, size_t len)
{
    uint32_t owner = pn_place_owner(ring->place, key, len);
    return owner != PN_PLACE_NONE ? ring->node[owner] : PN_NODE_NONE;
}

uint16_t
fleet_owner_hash(const struct pn_fleet *fleet, const char *key, size_t len)
{
    return owner_by(&fleet->members->now, key, len);
}

uint16_t
pn_fleet_old_owner(const struct pn_fleet *fleet, const char *key, size_t len)
{
    const struct fleet_members *members = fleet->members;
    bool is_known = members != NULL && members->old.place != NULL;
    return is_known ? owner_by(&members->old, key, len) : PN_NODE_NONE;
}

size_t
pn_fleet_members(const struct pn_fleet *fleet, bool old, uint16_t *node, size_t max)
{
    const struct fleet_members *members = fleet->members;
    const struct ring *ring = members == NULL ? NULL
                              : old           ? &members->old
                                              : &members->now;
    if (ring == NULL || ring->place == NULL) {
        return 0;
    }
    for (uint32_t i = 0; i < ring->n && i < max; i++) {
        node[i] = ring->node[i];
    }
    return ring->n;
}

struct pn_route
fleet_route_hash(struct pn_fleet *fleet, const struct pn_route_ask *ask, uint64_t now)
{
    const struct ring *ring = &fleet->members->now;
    if (ask->key == NULL) {
        return any_member(fleet, now);
    }
    uint32_t owner = pn_place_owner(ring->place, ask->key, ask->len);
    if (owner == PN_PLACE_NONE) {
        return (struct pn_route){.kind = PN_ROUTE_EMPTY,
                                 .node = PN_NODE_NONE,
                                 .second = PN_NODE_NONE,
                                 .at = PN_NEVER};
    }
    uint16_t number = ring->node[owner];
    const struct fleet_node *node = fleet_at(fleet, number);
    struct pn_route route = {.kind = PN_ROUTE_NODE, .node = number};
    if (!fleet_usable(node, now)) {
        route = stand_in(fleet, number, ask, now);
    }
    route.second = old_owner(fleet, ask, route.node, now);
    return route;
}
