#include "fleet/state.h"

/*
 * When the topology is asked for, and whom.
 *
 *     forced     MOVED, READONLY, a connection that failed, a slot without owner: at
 *                once, but one at a time, and then not before a cooldown has passed
 *     unforced   CLUSTERDOWN: at most one a second, and full jitter, for then every
 *                client of the fleet is told the same at the same moment
 *     periodic   a timer with jitter
 *
 * A forced refresh that brings nothing new doubles the cooldown, up to FORCED_MAX.
 * Not beyond URGENT while an owner is down: the promotion is waited for, and five
 * seconds of cooldown would be five seconds of outage.
 *
 * CLUSTER SLOTS carries no epoch: two nodes with different maps would take turns in
 * convincing us. Hence: an answer that brings back a map that gave way, that owns
 * fewer slots than we know of, or that names none of the nodes we know, is believed
 * when a second node says the same. A vote over three would cost three queries for what
 * one nearly always knows; at bootstrap a wrong first map is mended by the first MOVED.
 */
enum {
    FORCED_MAX = 25, /* cooldowns: 5 s */
    URGENT = 2,      /* cooldowns: 400 ms, and a quarter of jitter */
    FAILURES_FREE = 3,
    DOUBTS_MAX = 3,
    PATIENCE = 8, /* times what an answer takes; a dial and TLS come before some */
};

#define ELSEWHERE_WAIT (50 * FLEET_MS)
#define URGENT_FOR (2 * FLEET_S)
#define PATIENCE_MIN (250 * FLEET_MS)
#define LATELY (FLEET_S * 3 / 2)

void
fleet_refresh_init(struct pn_fleet *fleet, uint64_t now)
{
    fleet->refresh = (struct fleet_refresh){.unforced_at = PN_NEVER,
                                            .period_at = PN_NEVER,
                                            .ready_at = now};
    if (fleet_has_topology(fleet)) {
        fleet_want(fleet, now);
    }
}

/* ---- Triggers ---------------------------------------------------------------- */

void
fleet_want(struct pn_fleet *fleet, uint64_t now)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    if (!refresh->is_wanted) {
        refresh->is_wanted = true;
        refresh->wanted_at = now;
    }
}

void
fleet_want_some_time(struct pn_fleet *fleet, uint64_t now)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    if (!fleet_has_topology(fleet) || refresh->unforced_at != PN_NEVER) {
        return;
    }
    uint64_t from = refresh->ended_at + fleet->opts.refresh_unforced;
    refresh->unforced_since = now;
    refresh->unforced_at = (from > now ? from : now) +
                           fleet_draw(fleet, fleet->opts.refresh_jitter);
}

bool
fleet_is_urgent(const struct pn_fleet *fleet)
{
    const struct fleet_refresh *refresh = &fleet->refresh;
    return fleet->owners_down > 0 || refresh->stale_at != 0 ||
           refresh->ended_at < refresh->urgent_at + URGENT_FOR;
}

/* Sets ready_at: the cooldown as it doubles, and a quarter of it as jitter. */
static void
cool_down(struct pn_fleet *fleet)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    uint32_t doublings = refresh->unchanged;
    uint64_t most = fleet_is_urgent(fleet) ? URGENT : FORCED_MAX;
    if (refresh->failed > 0) { /* not the map is to blame, but who was asked */
        bool is_free = refresh->failed <= FAILURES_FREE;
        doublings = is_free ? 0 : refresh->failed - FAILURES_FREE;
        /* More urgent clients keep it only longer from answering. A sentinel has
         * nothing else to do. */
        most = fleet->opts.kind == PN_FLEET_SENTINEL ? most : FORCED_MAX;
    }
    uint64_t times = (uint64_t)1 << (doublings < 10 ? doublings : 10);
    uint64_t wait = fleet->opts.refresh_forced * (times < most ? times : most);
    refresh->ready_at = fleet_later(refresh->ended_at,
                                    wait + fleet_draw(fleet, wait / 4));
}

void
fleet_refresh_urge(struct pn_fleet *fleet)
{
    fleet->refresh.unchanged = 0;
    if (fleet->refresh.ended_at != 0) {
        cool_down(fleet);
    }
}

void
fleet_want_urgently(struct pn_fleet *fleet, uint64_t now)
{
    bool is_news = now >= fleet->refresh.urgent_at + URGENT_FOR;
    fleet->refresh.urgent_at = now;
    if (is_news) {
        fleet->refresh.urgent_since = now;
        fleet_refresh_urge(fleet);
    }
    fleet_want(fleet, now);
}

uint64_t
fleet_refresh_at(const struct pn_fleet *fleet)
{
    const struct fleet_refresh *refresh = &fleet->refresh;
    if (refresh->task.kind != PN_TASK_NONE) {
        return refresh->task.deadline;
    }
    uint64_t at = refresh->is_wanted ? refresh->ready_at : PN_NEVER;
    at = refresh->unforced_at < at ? refresh->unforced_at : at;
    return refresh->period_at < at ? refresh->period_at : at;
}

/* ---- Whom to ask ------------------------------------------------------------- */

/* How good an answer of NODE is about now; NONE: it is not asked. Only nodes of the map
 * are: one that left it may still believe the one it was in. LOADING ones answer this
 * too. */
enum trust { TRUST_NONE, TRUST_REFUSED, TRUST_PLAIN, TRUST_PROVEN };

/* REFUSED: it last said CLUSTERDOWN, and if it is cut off, so is its map. PROVEN, when
 * SINCE is not 0: it has answered a request since then. Who is cut off stops to answer
 * after cluster-node-timeout, and its slots are given away later than that. */
static enum trust
trust(const struct fleet_node *node, uint64_t since)
{
    if (node == NULL || node->shown.health == PN_NODE_DOWN ||
        (node->shown.role != PN_ROLE_PRIMARY && node->shown.role != PN_ROLE_REPLICA)) {
        return TRUST_NONE;
    }
    if (node->refused_at != 0) {
        return TRUST_REFUSED;
    }
    return since != 0 && node->well_at >= since ? TRUST_PROVEN : TRUST_PLAIN;
}

/* Any one of the best; NONE: nobody of the map is up. While an owner is missed, or who
 * was asked was silent, those that lately answered are best. */
static uint16_t
any_of_map(struct pn_fleet *fleet, uint64_t now)
{
    uint32_t n[TRUST_PROVEN + 1] = {0};
    bool is_wary = fleet_is_urgent(fleet) || fleet->refresh.failed > 0;
    uint64_t since = !is_wary ? 0 : now > LATELY ? now - LATELY : 1;
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        n[trust(fleet_at(fleet, i), since)]++;
    }
    enum trust best = TRUST_PROVEN;
    while (best > TRUST_NONE && n[best] == 0) {
        best--;
    }
    uint64_t pick = fleet_draw(fleet, n[best]);
    for (uint16_t i = 0; best != TRUST_NONE && i < fleet->nodes.n; i++) {
        if (trust(fleet_at(fleet, i), since) == best && pick-- == 0) {
            return i;
        }
    }
    return PN_NODE_NONE;
}

static uint16_t
next_seed(struct pn_fleet *fleet)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    uint16_t node = fleet->seed[refresh->at];
    refresh->at = (uint16_t)((refresh->at + 1) % fleet->opts.n_seeds);
    return node;
}

/* The seeds again whenever nobody else answers: their names may lead to other addresses
 * by now, when every node that we know has moved. */
static uint16_t
whom_to_ask(struct pn_fleet *fleet, uint64_t now)
{
    if (fleet->opts.kind == PN_FLEET_SENTINEL) {
        return next_seed(fleet);
    }
    uint32_t failed = fleet->refresh.failed;
    bool is_seeds_turn = failed >= FAILURES_FREE && failed % 2 != 0;
    uint16_t node = is_seeds_turn ? PN_NODE_NONE : any_of_map(fleet, now);
    return node != PN_NODE_NONE ? node : next_seed(fleet);
}

/* A second or half of it; less where answers come sooner, for one who is cut off says
 * nothing and keeps the others waiting; more after failures, for servers that were too
 * slow. */
static uint64_t
patience(const struct pn_fleet *fleet)
{
    uint64_t most = fleet->opts.kind == PN_FLEET_SENTINEL ? FLEET_S / 2 : FLEET_S;
    uint64_t usual = PATIENCE * fleet->refresh.took;
    uint32_t failed = fleet->refresh.failed;
    if (usual == 0 || usual > most || failed > FAILURES_FREE) {
        usual = most;
    }
    usual = usual > PATIENCE_MIN ? usual : PATIENCE_MIN;
    uint32_t rounds = failed / (FAILURES_FREE + 1);
    return usual << (rounds < 2 ? rounds : 2);
}

struct pn_task
fleet_refresh_task(struct pn_fleet *fleet, uint64_t now)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    struct pn_task none = {.kind = PN_TASK_NONE, .node = PN_NODE_NONE};
    if (refresh->task.kind != PN_TASK_NONE && now >= refresh->task.deadline) {
        fleet_refresh_failed(fleet, now);
    }
    if (refresh->task.kind != PN_TASK_NONE || now < fleet_refresh_at(fleet)) {
        return none;
    }
    bool is_sentinel = fleet->opts.kind == PN_FLEET_SENTINEL;
    uint16_t node = whom_to_ask(fleet, now);
    refresh->is_forced = refresh->is_wanted && now >= refresh->ready_at;
    if (now >= fleet_later(refresh->ended_at, fleet->opts.refresh_forced)) {
        refresh->hasty = 0;
    }
    refresh->begun_at = now;
    refresh->meant_at = refresh->is_forced ? refresh->wanted_at : refresh->ended_at + 1;
    refresh->is_wanted = false;
    refresh->unforced_at = PN_NEVER;
    refresh->task = (struct pn_task){.kind = is_sentinel ? PN_TASK_SENTINEL
                                                         : PN_TASK_SLOTS,
                                     .node = node,
                                     .id = ++refresh->id,
                                     .deadline = now + patience(fleet)};
    fleet_at(fleet, node)->has_errand = true;
    fleet->counters.refreshes++;
    fleet->counters.refreshes_forced += refresh->is_forced;
    return refresh->task;
}

bool
fleet_refresh_is(const struct pn_fleet *fleet, const struct pn_task *task)
{
    return task->kind == fleet->refresh.task.kind && task->kind != PN_TASK_NONE &&
           task->id == fleet->refresh.task.id;
}

/* ---- How it ended ------------------------------------------------------------ */

static void
end(struct pn_fleet *fleet, uint64_t now)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    struct fleet_node *node = fleet_at(fleet, refresh->task.node);
    if (node != NULL) {
        node->has_errand = false;
    }
    refresh->task.kind = PN_TASK_NONE;
    refresh->ended_at = now;
}

static void
plan_period(struct pn_fleet *fleet, uint64_t from)
{
    uint64_t period = fleet->opts.refresh_period;
    if (period == PN_NEVER) {
        fleet->refresh.period_at = PN_NEVER;
        return;
    }
    uint64_t quarter = period / 4;
    fleet->refresh.period_at = from + period - quarter + fleet_draw(fleet, 2 * quarter);
}

/* What was asked for at AT is known now. */
static void
know(struct pn_fleet *fleet, uint64_t at, bool is_changed)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    refresh->learnt_at = at;
    refresh->failed = 0;
    refresh->unknown = 0;
    refresh->doubted = 0;
    if (refresh->stale_at <= at) {
        refresh->stale_at = 0;
    }
    fleet->counters.map_at = at;
    if (is_changed) {
        refresh->unchanged = 0;
        fleet->epoch++;
    }
}

void
fleet_refresh_learnt(struct pn_fleet *fleet, bool is_changed, uint64_t now)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    uint64_t took = now - refresh->begun_at;
    end(fleet, now);
    refresh->took = refresh->took == 0 ? took : (3 * refresh->took + took) / 4;
    know(fleet, refresh->begun_at, is_changed);
    if (!is_changed) {
        fleet->counters.refreshes_unchanged++;
        refresh->unchanged += refresh->is_forced && refresh->unchanged < 16;
    }
    plan_period(fleet, now);
    cool_down(fleet);
}

void
fleet_refresh_doubted(struct pn_fleet *fleet, uint64_t now)
{
    end(fleet, now);
    fleet->refresh.failed = 0;
    cool_down(fleet);
    fleet_want(fleet, now);
    if (fleet->opts.kind == PN_FLEET_SENTINEL) {
        fleet_refresh_hasten(fleet, now);
    }
}

void
fleet_refresh_hasten(struct pn_fleet *fleet, uint64_t now)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    refresh->hasty++;
    if (refresh->hasty < fleet->opts.n_seeds) {
        refresh->ready_at = now;
    }
    fleet_want(fleet, now);
}

/* The one that was begun brought nothing: what it was for is still wanted. */
static void
want_again(struct fleet_refresh *refresh)
{
    refresh->is_wanted = true;
    refresh->wanted_at = refresh->meant_at;
}

/* When the next one begins, after one that failed. Until something is known, and of
 * sentinels always, the next is asked at once; the cooldown comes after a round. */
static void
back_off(struct pn_fleet *fleet)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    bool is_round_over = refresh->failed % fleet->opts.n_seeds == 0;
    bool is_quick = refresh->learnt_at == 0 || fleet->opts.kind == PN_FLEET_SENTINEL;
    if (is_quick && !is_round_over) {
        refresh->ready_at = refresh->ended_at;
        return;
    }
    /* No sentinel answers: the primary that was named last is tried all the same, and
     * says itself whether it is one. */
    refresh->stale_at = 0;
    cool_down(fleet);
}

void
fleet_refresh_failed(struct pn_fleet *fleet, uint64_t now)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    end(fleet, now);
    refresh->failed++;
    refresh->failed_at = now;
    fleet->counters.refreshes_failed++;
    want_again(refresh);
    back_off(fleet);
}

/* The one under way, which has not been begun in earnest, is not made now. */
static void
call_off(struct pn_fleet *fleet)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    end(fleet, refresh->ended_at);
    fleet->counters.refreshes--;
    fleet->counters.refreshes_forced -= refresh->is_forced;
    want_again(refresh);
}

bool
fleet_refresh_warned(struct pn_fleet *fleet, uint64_t at, uint32_t failed)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    bool is_flying = refresh->task.kind != PN_TASK_NONE;
    if (failed == 0 || !fleet_has_topology(fleet) || at <= refresh->failed_at ||
        at <= refresh->ended_at || (is_flying && at > refresh->begun_at)) {
        return false;
    }
    if (is_flying) { /* it would not have been begun, had we known */
        call_off(fleet);
    }
    refresh->failed = failed;
    refresh->failed_at = refresh->ended_at = at;
    back_off(fleet);
    return true;
}

void
fleet_refresh_adopted(struct pn_fleet *fleet, uint64_t at, bool is_changed,
                      uint64_t now)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    bool is_flying = refresh->task.kind != PN_TASK_NONE;
    if (is_flying) { /* what ours is for is one wish more that this may have served */
        end(fleet, now);
        want_again(refresh);
    }
    /* Who has just begun and knows nothing wants any map that is not too old. */
    bool is_first = refresh->learnt_at == 0 &&
                    now < fleet_later(at, fleet->opts.refresh_period);
    bool is_answer = refresh->is_wanted && (is_first || at >= refresh->wanted_at);
    refresh->is_wanted = refresh->is_wanted && !is_answer;
    if (at >= refresh->unforced_since) {
        refresh->unforced_at = PN_NEVER;
    }
    refresh->ended_at = at;
    know(fleet, at, is_changed);
    refresh->unchanged += is_answer && !is_changed && refresh->unchanged < 16;
    fleet->counters.adopted++;
    plan_period(fleet, now);
    cool_down(fleet);
}

bool
fleet_is_deaf(const struct pn_fleet *fleet)
{
    return fleet->refresh.failed >= 2 * fleet->opts.n_seeds;
}

/* ---- Whether to believe ------------------------------------------------------ */

static bool
gave_way(const struct fleet_refresh *refresh, uint64_t hash)
{
    for (unsigned i = 0; i < FLEET_OLD_MAPS; i++) {
        if (refresh->old[i] == hash) {
            return true;
        }
    }
    return false;
}

void
fleet_replace_map(struct pn_fleet *fleet, uint64_t hash)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    hash |= 1; /* 0 means none */
    if (hash == refresh->known) {
        return;
    }
    for (unsigned i = 0; i < FLEET_OLD_MAPS; i++) {
        refresh->old[i] = refresh->old[i] == hash ? 0 : refresh->old[i];
    }
    for (unsigned i = FLEET_OLD_MAPS - 1; i > 0; i--) {
        refresh->old[i] = refresh->old[i - 1];
    }
    refresh->old[0] = refresh->known;
    refresh->known = hash;
}

void
fleet_take_back_map(struct pn_fleet *fleet)
{
    if (fleet->refresh.old[0] != 0) {
        fleet_replace_map(fleet, fleet->refresh.old[0]);
    }
}

bool
fleet_believe(struct pn_fleet *fleet, uint64_t hash, uint16_t by, bool is_odd)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    hash |= 1; /* as it is kept */
    if (hash == refresh->known) {
        return true;
    }
    if (refresh->known != 0 && (is_odd || gave_way(refresh, hash))) {
        bool is_second = refresh->doubted == hash && refresh->doubted_by != by;
        refresh->doubts = refresh->doubted == hash ? (uint16_t)(refresh->doubts + 1)
                                                   : 1;
        refresh->doubted = hash;
        refresh->doubted_by = by;
        /* The only one that answers is believed in the end. */
        if (!is_second && refresh->doubts < DOUBTS_MAX) {
            return false;
        }
    }
    fleet_replace_map(fleet, hash);
    return true;
}

/* ---- Tasks ------------------------------------------------------------------- */

struct pn_task
pn_fleet_task(struct pn_fleet *fleet, uint64_t now)
{
    if (now >= fleet_warm_until(fleet)) {
        fleet_warm_end(fleet, now);
    }
    struct pn_task task = fleet_refresh_task(fleet, now);
    return task.kind != PN_TASK_NONE ? task : fleet_probe(fleet, now);
}

uint64_t
pn_fleet_wake(const struct pn_fleet *fleet)
{
    uint64_t at = fleet_refresh_at(fleet);
    at = fleet->probe_at < at ? fleet->probe_at : at;
    uint64_t warm = fleet_warm_until(fleet);
    return warm < at ? warm : at;
}

bool
pn_fleet_task_stands(const struct pn_fleet *fleet, const struct pn_task *task)
{
    if (task->kind != PN_TASK_PROBE) {
        return fleet_refresh_is(fleet, task);
    }
    const struct fleet_node *node = fleet_at(fleet, task->node);
    return node != NULL && node->probe_id == task->id && node->probe_id != 0;
}

void
pn_fleet_task_failed(struct pn_fleet *fleet, const struct pn_task *task, uint64_t now)
{
    if (task->kind == PN_TASK_PROBE) {
        fleet_probe_failed(fleet, task, now);
    } else if (fleet_refresh_is(fleet, task)) {
        fleet_refresh_failed(fleet, now);
    }
}

void
pn_fleet_task_begun(struct pn_fleet *fleet, const struct pn_task *task, uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, task->node);
    if (task->kind == PN_TASK_PROBE && pn_fleet_task_stands(fleet, task)) {
        node->changed_at = now;
        node->shown.probe_at = node->probe_ends;
    }
}

void
pn_fleet_task_elsewhere(struct pn_fleet *fleet, const struct pn_task *task,
                        uint64_t now)
{
    struct fleet_node *node = fleet_at(fleet, task->node);
    if (!pn_fleet_task_stands(fleet, task)) {
        return;
    }
    if (task->kind == PN_TASK_PROBE) {
        fleet_probe_call_off(node);
        node->shown.probe_at = now + ELSEWHERE_WAIT;
        fleet_recount(fleet);
        fleet->counters.probes--;
        return;
    }
    call_off(fleet);
    fleet->refresh.ready_at = now + ELSEWHERE_WAIT;
}
