#include "fleet/state.h"

/* The common case, a slot whose owner is up, is two loads and a compare; everything
 * else stands behind it. */

#define WAIT_MAX (50 * FLEET_MS)
#define HOLE_TRUST (5 * FLEET_S) /* how long an answer says that a slot has no owner */

static struct pn_route
to_node(const struct pn_fleet *fleet, const struct fleet_node *node, uint16_t number)
{
    return (struct pn_route){.kind = PN_ROUTE_NODE,
                             .node = number,
                             .second = PN_NODE_NONE,
                             .needs_readonly = fleet->opts.kind == PN_FLEET_CLUSTER &&
                                               node->shown.role == PN_ROLE_REPLICA};
}

static struct pn_route
to_nobody(enum pn_route_kind kind, uint64_t at)
{
    return (struct pn_route){
        .kind = kind, .node = PN_NODE_NONE, .second = PN_NODE_NONE, .at = at};
}

/* Until the fleet has something to do, but not for long: the answer may come sooner. */
static struct pn_route
wait_a_bit(const struct pn_fleet *fleet, uint64_t now)
{
    uint64_t at = pn_fleet_wake(fleet);
    at = at < now + FLEET_MS ? now + FLEET_MS : at;
    return to_nobody(PN_ROUTE_WAIT, at < now + WAIT_MAX ? at : now + WAIT_MAX);
}

/* ---- An owner that cannot be used -------------------------------------------- */

/* CLUSTER: the map will name another, and a refresh tells when. */
static struct pn_route
await_owner(struct pn_fleet *fleet, const struct fleet_node *node, uint64_t now)
{
    if (node->shown.health == PN_NODE_LOADING) {
        return to_nobody(PN_ROUTE_WAIT, node->shown.probe_at);
    }
    fleet_want(fleet, now);
    struct pn_route route = wait_a_bit(fleet, now);
    bool is_sooner = node->shown.health == PN_NODE_APART &&
                     node->shown.probe_at < route.at;
    route.at = is_sooner ? node->shown.probe_at : route.at;
    return route;
}

/* The only server, or the only primary: fails fast until the next probe, and waits for
 * that, so that a client which was idle for an hour is not told of an hour ago. */
static struct pn_route
await_only_one(struct pn_fleet *fleet, const struct fleet_node *node, uint64_t now)
{
    if (node->shown.health == PN_NODE_LOADING) {
        return to_nobody(PN_ROUTE_WAIT, node->shown.probe_at);
    }
    if (fleet->opts.kind == PN_FLEET_SENTINEL) {
        fleet_want(fleet, now);
    }
    bool is_asking = fleet->refresh.task.kind != PN_TASK_NONE ||
                     fleet_refresh_at(fleet) <= now;
    if (is_asking || fleet_awaits_probe(node, now)) {
        return wait_a_bit(fleet, now);
    }
    struct pn_route route = to_nobody(PN_ROUTE_DOWN, node->shown.probe_at);
    route.node = fleet->primary;
    return route;
}

/* For who does not want to wait: the search for another owner goes on without him. */
static struct pn_route
refuse(struct pn_fleet *fleet, const struct fleet_node *node, uint16_t owner,
       uint64_t now)
{
    if (fleet->opts.kind != PN_FLEET_SINGLE && node->shown.health != PN_NODE_LOADING) {
        fleet_want(fleet, now);
    }
    struct pn_route route = to_nobody(PN_ROUTE_DOWN, node->shown.probe_at);
    route.node = owner;
    return route;
}

static struct pn_route
no_owner(struct pn_fleet *fleet, uint64_t now)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    fleet_want(fleet, now);
    if (refresh->unknown >= fleet->opts.n_seeds) {
        return to_nobody(PN_ROUTE_EMPTY, refresh->ready_at);
    }
    if (refresh->learnt_at == 0) {
        return fleet_is_deaf(fleet) ? to_nobody(PN_ROUTE_DOWN, refresh->ready_at)
                                    : wait_a_bit(fleet, now);
    }
    bool is_fresh = refresh->hole_at != 0 && refresh->learnt_at >= refresh->hole_at;
    if (is_fresh && now - refresh->learnt_at <= HOLE_TRUST) {
        return to_nobody(PN_ROUTE_EMPTY, refresh->ready_at);
    }
    if (refresh->hole_at == 0 || is_fresh) {
        refresh->hole_at = now;
    }
    return wait_a_bit(fleet, now);
}

/* ---- Reads ------------------------------------------------------------------- */

enum reader { READER_REPLICA = 1, READER_PRIMARY = 2, READER_ZONE = 4 };

static bool
may_read(const struct pn_fleet *fleet, const struct fleet_node *node, unsigned who,
         uint64_t now)
{
    if (!fleet_usable(node, now)) {
        return false;
    }
    if ((who & READER_ZONE) != 0) {
        const char *zone = node->shown.zone;
        for (size_t i = 0; i < sizeof fleet->zone; i++) {
            if (zone[i] != fleet->zone[i]) {
                return false;
            }
            if (zone[i] == '\0') {
                return i > 0;
            }
        }
        return false;
    }
    return true;
}

/* One of PRIMARY and its replicas, in turn, not AVOID if there is another; NONE. */
static uint16_t
pick_reader(struct pn_fleet *fleet, uint16_t primary, unsigned who, uint16_t avoid,
            uint64_t now)
{
    enum { LOOK = 32 }; /* replicas of one primary */
    uint16_t pick[LOOK + 1];
    uint32_t n = 0;
    uint16_t last = PN_NODE_NONE; /* AVOID, when it could do it */
    struct fleet_node *of = fleet_at(fleet, primary);
    uint16_t at = (who & READER_PRIMARY) != 0 ? primary : of->first_replica;
    if ((who & READER_REPLICA) == 0 && at == primary) {
        return may_read(fleet, of, who, now) ? primary : PN_NODE_NONE;
    }
    for (uint32_t i = 0; at != PN_NODE_NONE && i < LOOK; i++) {
        const struct fleet_node *node = fleet_at(fleet, at);
        if (may_read(fleet, node, who, now)) {
            if (at == avoid) {
                last = at;
            } else {
                pick[n++] = at;
            }
        }
        at = at == primary ? of->first_replica : node->next_replica;
    }
    return n > 0 ? pick[of->turn++ % n] : last;
}

static uint16_t
reader_of(struct pn_fleet *fleet, uint16_t primary, uint16_t avoid, uint64_t now)
{
    static const unsigned order[][3] = {
        [PN_READ_PRIMARY] = {READER_PRIMARY},
        [PN_READ_PREFER_REPLICA] = {READER_REPLICA, READER_PRIMARY},
        [PN_READ_REPLICA] = {READER_REPLICA},
        [PN_READ_ANY] = {READER_REPLICA | READER_PRIMARY},
        [PN_READ_ZONE] = {READER_ZONE | READER_REPLICA | READER_PRIMARY, READER_REPLICA,
                          READER_PRIMARY},
    };
    const unsigned *who = order[fleet->opts.read_from];
    uint16_t last = PN_NODE_NONE;
    for (unsigned i = 0; i < 3 && who[i] != 0; i++) {
        uint16_t node = pick_reader(fleet, primary, who[i], avoid, now);
        if (node != PN_NODE_NONE && node != avoid) {
            return node;
        }
        last = node != PN_NODE_NONE ? node : last;
    }
    return last;
}

/* ---- By owner ---------------------------------------------------------------- */

static struct pn_route
route_owner(struct pn_fleet *fleet, uint16_t owner, const struct pn_route_ask *ask,
            uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, owner);
    bool is_read = (ask->flags & PN_ROUTE_READ) != 0 &&
                   fleet->opts.read_from != PN_READ_PRIMARY;
    if (is_read) {
        uint16_t reader = reader_of(fleet, owner, ask->avoid, now);
        if (reader != PN_NODE_NONE) {
            return to_node(fleet, fleet_at(fleet, reader), reader);
        }
        if (fleet->opts.read_from == PN_READ_REPLICA && fleet_usable(node, now)) {
            bool has_any = node->first_replica != PN_NODE_NONE;
            return has_any ? wait_a_bit(fleet, now) : to_nobody(PN_ROUTE_DOWN, now);
        }
    } else if (fleet_usable(node, now)) {
        return to_node(fleet, node, owner);
    }
    if ((ask->flags & PN_ROUTE_QUICK) != 0) {
        return refuse(fleet, node, owner, now);
    }
    return fleet->opts.kind == PN_FLEET_CLUSTER ? await_owner(fleet, node, now)
                                                : await_only_one(fleet, node, now);
}

/* Any primary: the owner of some slot, so that those who own more get more. */
static uint16_t
any_owner(struct pn_fleet *fleet, uint64_t now)
{
    enum { DRAWS = 16 };
    for (unsigned i = 0; i < DRAWS; i++) {
        uint16_t owner = fleet->slot[fleet_draw(fleet, PN_FLEET_SLOTS)];
        const struct fleet_node *node = fleet_at(fleet, owner);
        if (node != NULL && fleet_usable(node, now)) {
            return owner;
        }
    }
    uint16_t last = PN_NODE_NONE; /* hardly anything is owned, or hardly anybody up */
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        const struct fleet_node *node = fleet_at(fleet, i);
        if (node != NULL && node->shown.slots > 0) {
            last = i;
            if (fleet_usable(node, now)) {
                break;
            }
        }
    }
    return last;
}

static struct pn_route
route_cluster(struct pn_fleet *fleet, const struct pn_route_ask *ask, uint64_t now)
{
    uint16_t owner;
    if (ask->slot < PN_FLEET_SLOTS) {
        owner = fleet->slot[ask->slot];
    } else if (ask->key != NULL) {
        owner = fleet->slot[pn_fleet_slot(ask->key, ask->len)];
    } else {
        owner = any_owner(fleet, now);
    }
    return owner == PN_NODE_NONE ? no_owner(fleet, now)
                                 : route_owner(fleet, owner, ask, now);
}

uint16_t
pn_fleet_owner(const struct pn_fleet *fleet, const char *key, size_t len)
{
    switch (fleet->opts.kind) {
    case PN_FLEET_CLUSTER:
        return fleet->slot[pn_fleet_slot(key, len)];
    case PN_FLEET_HASH:
        return fleet_owner_hash(fleet, key, len);
    default:
        return fleet->primary;
    }
}

struct pn_route
pn_fleet_route(struct pn_fleet *fleet, const struct pn_route_ask *ask, uint64_t now)
{
    switch (fleet->opts.kind) {
    case PN_FLEET_CLUSTER:
        return route_cluster(fleet, ask, now);
    case PN_FLEET_HASH:
        return fleet_route_hash(fleet, ask, now);
    case PN_FLEET_SENTINEL:
        if (fleet->primary == PN_NODE_NONE) {
            return no_owner(fleet, now);
        }
        break;
    case PN_FLEET_SINGLE:
        break;
    }
    return route_owner(fleet, fleet->primary, ask, now);
}
