#include "fleet/state.h"

enum {
    /* Dials that fail in a row before the only server, or the primary that the
     * sentinels name, counts as down: with the backoff between them a server that
     * restarts within a quarter of a second is not noticed by callers who wait. */
    DIALS_PATIENCE = 6,
};

/* Between two looks at a node that is loading or cut off, and full jitter more. */
#define PAUSE_MIN (10 * FLEET_MS)
#define PAUSE_MAX (250 * FLEET_MS)
#define MISPLACED_WAIT (100 * FLEET_MS)

/* How long a probe may take; while an owner is missed no longer than the wait between
 * two queries, for whoever probes cannot ask meanwhile. */
#define PROBE_MAX FLEET_S
#define PROBE_URGENT (400 * FLEET_MS)

/* ---- Up and down ------------------------------------------------------------- */

bool
fleet_is_probed(const struct fleet_node *node)
{
    switch (node->shown.role) {
    case PN_ROLE_PRIMARY:
    case PN_ROLE_REPLICA:
    case PN_ROLE_MEMBER:
    case PN_ROLE_GUTTER:
        return true;
    default: /* seeds and sentinels are asked when their turn comes, down or not */
        return false;
    }
}

void
fleet_recount(struct pn_fleet *fleet)
{
    fleet->owners_down = 0;
    fleet->probe_at = PN_NEVER;
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        const struct fleet_node *node = fleet_at(fleet, i);
        if (node == NULL || node->shown.health != PN_NODE_DOWN) {
            continue;
        }
        fleet->owners_down += node->shown.slots > 0 || i == fleet->primary;
        uint64_t at = node->probe_id != 0 ? node->probe_ends : node->shown.probe_at;
        if (fleet_is_probed(node) && at < fleet->probe_at) {
            fleet->probe_at = at;
        }
    }
}

/* Between the half and the whole of the interval: spread, but never at once. */
static void
plan_probe(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now)
{
    uint64_t half = node->probe_wait / 2;
    node->shown.probe_at = fleet_later(now, half + fleet_draw(fleet, half));
}

static void
double_probe(struct pn_fleet *fleet, struct fleet_node *node)
{
    node->probe_wait *= 2;
    if (node->probe_wait > fleet->opts.probe_max) {
        node->probe_wait = fleet->opts.probe_max;
    }
}

void
fleet_probe_soon(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now)
{
    if (node->shown.health == PN_NODE_APART) {
        fleet_mark_up(fleet, node, now);
    }
    if (node->shown.health == PN_NODE_DOWN && node->probe_id == 0) {
        node->probe_wait = fleet->opts.probe_min;
        uint64_t at = fleet_later(now, fleet_draw(fleet, fleet->opts.probe_min));
        node->shown.probe_at = at < node->shown.probe_at ? at : node->shown.probe_at;
    }
}

void
fleet_mark_down(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now)
{
    if (node->shown.health == PN_NODE_DOWN) {
        return;
    }
    /* One that goes down again soon after it came up is probed as if it had not. */
    if (node->up_at != 0 && now - node->up_at < fleet->opts.probe_max) {
        double_probe(fleet, node);
    } else {
        node->probe_wait = fleet->opts.probe_min;
    }
    node->shown.health = PN_NODE_DOWN;
    node->changed_at = now;
    node->missed_deletes = true;
    plan_probe(fleet, node, now);
    uint32_t before = fleet->owners_down;
    fleet_recount(fleet);
    fleet->counters.marked_down++;
    if (fleet->owners_down > before) {
        fleet_refresh_urge(fleet);
    }
}

void
fleet_mark_up(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now)
{
    node->shown.failures = 0;
    if (node->shown.health == PN_NODE_UP) {
        return;
    }
    if (node->shown.health == PN_NODE_DOWN) {
        fleet->counters.marked_up++;
        node->up_at = now;
    }
    node->shown.health = PN_NODE_UP;
    node->changed_at = now;
    fleet_probe_call_off(node);
    fleet_recount(fleet);
}

/* ---- Probes ------------------------------------------------------------------ */

void
fleet_probe_failed(struct pn_fleet *fleet, const struct pn_task *task, uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, task->node);
    if (node == NULL || node->probe_id != task->id) {
        return;
    }
    fleet_probe_call_off(node);
    node->changed_at = now; /* others need not try before our next time */
    double_probe(fleet, node);
    plan_probe(fleet, node, now);
    fleet_recount(fleet);
}

void
fleet_probe_call_off(struct fleet_node *node)
{
    node->has_errand = node->has_errand && node->probe_id == 0;
    node->probe_id = 0;
}

static struct pn_task
hand_out(struct pn_fleet *fleet, uint16_t number, uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, number);
    node->probe_id = ++fleet->refresh.id;
    bool is_hasty = fleet_has_topology(fleet) && fleet_is_urgent(fleet);
    node->probe_ends = now + (is_hasty ? PROBE_URGENT : PROBE_MAX);
    node->has_errand = true;
    fleet->counters.probes++;
    return (struct pn_task){PN_TASK_PROBE, number, node->probe_id, node->probe_ends};
}

struct pn_task
fleet_probe(struct pn_fleet *fleet, uint64_t now)
{
    struct pn_task task = {.kind = PN_TASK_NONE, .node = PN_NODE_NONE};
    if (now < fleet->probe_at) {
        return task;
    }
    for (uint16_t i = 0; i < fleet->nodes.n && task.kind == PN_TASK_NONE; i++) {
        struct fleet_node *node = fleet_at(fleet, i);
        if (node == NULL || node->shown.health != PN_NODE_DOWN) {
            continue;
        }
        if (node->probe_id != 0 && now >= node->probe_ends) {
            struct pn_task late = {PN_TASK_PROBE, i, node->probe_id, 0};
            fleet_probe_failed(fleet, &late, now);
        }
        if (node->probe_id == 0 && now >= node->shown.probe_at &&
            fleet_is_probed(node)) {
            task = hand_out(fleet, i, now);
        }
    }
    fleet_recount(fleet);
    return task;
}

void
pn_fleet_probed(struct pn_fleet *fleet, const struct pn_task *task, uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, task->node);
    if (node != NULL && node->probe_id == task->id && node->probe_id != 0) {
        fleet_mark_up(fleet, node, now);
    }
}

/* ---- What happened to a connection or a request ------------------------------ */

void
pn_fleet_connected(struct pn_fleet *fleet, uint16_t number, uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, number);
    if (node == NULL) {
        return;
    }
    fleet_dial_stood(node);
    if (number == fleet->primary) {
        fleet->refresh.is_named = false; /* and it is one: nothing to refute */
    }
    /* A handshake is as good as a probe. One that loads has its handshake too. */
    if (node->shown.health == PN_NODE_DOWN) {
        fleet_mark_up(fleet, node, now);
    }
}

void
pn_fleet_well(struct pn_fleet *fleet, uint16_t number, uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, number);
    if (node == NULL) {
        return;
    }
    fleet->well_at = node->well_at = now;
    node->refused_at = 0;
    node->shown.failures = 0;
    node->dial_streak = 0;
    if (node->shown.health != PN_NODE_DOWN) {
        fleet_mark_up(fleet, node, now);
    }
}

/* A failure that may be chance: several in a row are not. */
static void
soft_failure(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now)
{
    node->shown.failures++;
    if (node->shown.failures >= fleet->opts.soft_failures) {
        fleet_mark_down(fleet, node, now);
    }
}

/* A server that cannot be reached is down at once where others can take its keys;
 * where there is no other, when it stays so. */
static void
dial_failure(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now)
{
    fleet->counters.dial_failures++;
    if (!fleet_dial_failed(fleet, node, now)) {
        return;
    }
    node->shown.failures++;
    bool is_only_one = fleet->opts.kind == PN_FLEET_SINGLE ||
                       (fleet->opts.kind == PN_FLEET_SENTINEL &&
                        node->shown.role == PN_ROLE_PRIMARY);
    if (!is_only_one || node->dial_streak >= DIALS_PATIENCE) {
        fleet_mark_down(fleet, node, now);
    }
}

/* It answers, but is of no use for WAIT and full jitter. */
static void
leave_alone(struct pn_fleet *fleet, struct fleet_node *node, enum pn_health health,
            uint64_t wait, uint64_t now)
{
    if (node->shown.health != PN_NODE_DOWN) {
        node->shown.health = health;
        node->changed_at = now;
        node->shown.probe_at = now + wait + fleet_draw(fleet, wait);
    }
}

/* Says that what is known of NODE may not be so: forced. Of the primary that sentinels
 * name it is urgent from the first sign: it has no second one, and callers wait. */
static void
distrust(struct pn_fleet *fleet, const struct fleet_node *node, uint64_t now)
{
    bool is_primary = node->shown.primary == fleet->primary &&
                      node->shown.role == PN_ROLE_PRIMARY;
    if (fleet->opts.kind == PN_FLEET_SENTINEL && is_primary) {
        fleet->refresh.stale_at = now;
        fleet_want_urgently(fleet, now);
    } else if (fleet->opts.kind == PN_FLEET_CLUSTER) {
        fleet_want(fleet, now);
    }
}

void
pn_fleet_doubt(struct pn_fleet *fleet, uint16_t number, uint64_t now)
{
    const struct fleet_node *node = fleet_at(fleet, number);
    if (node != NULL) {
        distrust(fleet, node, now);
    }
}

static void
refute(struct pn_fleet *fleet, uint16_t number, uint64_t now)
{
    if (fleet->opts.kind == PN_FLEET_SENTINEL && number == fleet->primary) {
        fleet_refute(fleet, now);
    }
}

/* What sentinels call a replica says that it is none: it was promoted just now, or is
 * an old primary that has come back and was not told yet. Without a pause every read
 * would dial it. */
static void
misplaced(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now)
{
    if (fleet->opts.kind == PN_FLEET_SENTINEL && node->shown.role == PN_ROLE_REPLICA) {
        leave_alone(fleet, node, PN_NODE_APART, MISPLACED_WAIT, now);
        fleet_want_urgently(fleet, now);
    }
}

/* CLUSTERDOWN. When all say so the cluster is electing, and ten thousand clients that
 * ask at once are what it can do without. When others have answered since this one
 * began to say it, it is this one that is cut off, and its slots are given away
 * elsewhere: until then it is left alone, the longer the longer this goes on, for at
 * the end of an election nodes come back one after another. */
static void
refused(struct pn_fleet *fleet, struct fleet_node *node, uint64_t now)
{
    fleet->counters.clusterdown++;
    if (node->refused_at == 0) {
        node->refused_at = now;
    }
    if (fleet->opts.kind == PN_FLEET_CLUSTER && fleet->well_at > node->refused_at) {
        fleet_want_urgently(fleet, now);
        uint64_t wait = (now - fleet->refresh.urgent_since) / 2;
        wait = wait < PAUSE_MIN ? PAUSE_MIN : wait < PAUSE_MAX ? wait : PAUSE_MAX;
        leave_alone(fleet, node, PN_NODE_APART, wait, now);
    } else {
        fleet_want_some_time(fleet, now);
    }
}

void
pn_fleet_trouble(struct pn_fleet *fleet, uint16_t number, enum pn_trouble trouble,
                 uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, number);
    if (node == NULL) {
        return;
    }
    switch (trouble) {
    case PN_TROUBLE_DIAL:
        dial_failure(fleet, node, now);
        distrust(fleet, node, now);
        refute(fleet, number, now);
        break;
    case PN_TROUBLE_LOST:
        if (!node->is_lost) { /* all connections of a server are lost at once */
            node->is_lost = true;
            fleet_dial_lost(fleet, node, now);
            soft_failure(fleet, node, now);
        }
        distrust(fleet, node, now);
        break;
    case PN_TROUBLE_TIMEOUT:
    case PN_TROUBLE_PROTOCOL:
        soft_failure(fleet, node, now);
        distrust(fleet, node, now);
        break;
    case PN_TROUBLE_LOADING:
        leave_alone(fleet, node, PN_NODE_LOADING, PAUSE_MAX, now);
        break;
    case PN_TROUBLE_ROLE:
        misplaced(fleet, node, now);
        distrust(fleet, node, now);
        refute(fleet, number, now);
        break;
    case PN_TROUBLE_DOWN:
        refused(fleet, node, now);
        break;
    case PN_TROUBLE_REFUSED: /* it answers: full or misconfigured is not down */
        break;
    case PN_TROUBLE_AGAIN:
        fleet->counters.tryagain++;
        break;
    }
}
