#include "fleet/state.h"

/*
 * Two bounds stand between a fleet of clients and a server that has just come back: so
 * many dials under way at once, and after a failure a wait that is drawn from [0, w),
 * w doubling. Full jitter costs the single client some milliseconds; ten thousand of
 * them without it arrive as one (docs/design/0023-fleet.md has the picture).
 */

#define DIAL_FORGOTTEN (10 * FLEET_S)
#define DIAL_LOOK_AGAIN (5 * FLEET_MS)

static void
back_off(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now)
{
    uint32_t doublings = node->dial_streak > 0 ? node->dial_streak - 1u : 0;
    uint64_t window = fleet->opts.dial_min << (doublings < 20 ? doublings : 20);
    if (window > fleet->opts.dial_max) {
        window = fleet->opts.dial_max;
    }
    node->dial_at = now + fleet_draw(fleet, window);
}

void
fleet_dial_stood(struct fleet_node *node)
{
    node->dialling -= node->dialling > 0;
    node->is_lost = false;
}

bool
fleet_dial_failed(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now)
{
    node->dialling -= node->dialling > 0;
    if (node->dial_streak > 0 && now < node->dial_at) {
        return false; /* begun beside the one whose failure set dial_at */
    }
    node->dial_streak += node->dial_streak < UINT16_MAX;
    back_off(fleet, node, now);
    return true;
}

/* A connection that stood and broke: the server may be coming back for everybody. One
 * that breaks each time before it has answered anything backs off as dials do. */
void
fleet_dial_lost(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now)
{
    node->dial_streak += node->dial_streak < UINT16_MAX;
    back_off(fleet, node, now);
}

static uint64_t
begin(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now)
{
    node->dialling++;
    node->dial_begun = now;
    fleet->counters.dials++;
    return 0;
}

/* The sentinels named this primary before something happened to it: they are asked
 * before it is dialled again, for the answer may be another one. */
static bool
is_unconfirmed(const struct pn_fleet *fleet, uint16_t node)
{
    return fleet->refresh.stale_at != 0 && node == fleet->primary;
}

uint64_t
pn_fleet_dial(struct pn_fleet *fleet, uint16_t number, uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, number);
    if (node == NULL) {
        return PN_NEVER;
    }
    if (node->has_errand) {
        node->has_errand = false;
        return begin(fleet, node, now);
    }
    uint64_t soon = now + DIAL_LOOK_AGAIN;
    /* What nobody probes (a seed, the target of an ASK) has the backoff alone. */
    if (node->shown.health == PN_NODE_DOWN && fleet_is_probed(node)) {
        return node->shown.probe_at > soon ? node->shown.probe_at : soon;
    }
    if (is_unconfirmed(fleet, number)) {
        return soon;
    }
    if (now < node->dial_at) {
        return node->dial_at;
    }
    if (node->dialling >= fleet->opts.dials_at_once) {
        if (now - node->dial_begun < DIAL_FORGOTTEN) {
            return soon;
        }
        node->dialling = 0;
    }
    return begin(fleet, node, now);
}

void
pn_fleet_undial(struct pn_fleet *fleet, uint16_t number)
{
    struct fleet_node *node = fleet_at(fleet, number);
    if (node != NULL) {
        node->dialling -= node->dialling > 0;
    }
}

void
pn_fleet_forked(struct pn_fleet *fleet)
{
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        struct fleet_node *node = fleet_at(fleet, i);
        if (node != NULL) {
            node->dialling = 0;
        }
    }
}
