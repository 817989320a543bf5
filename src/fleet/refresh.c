#include "fleet/state.h"

/*
 * When the topology is asked for, and what an answer, or none, means for the next time.
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
 */
enum {
    FORCED_MAX = 25, /* cooldowns: 5 s */
    URGENT = 2,      /* cooldowns: 400 ms, and a quarter of jitter */
};

#define URGENT_FOR (2 * FLEET_S)

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
    bool is_flying = refresh->task.kind != PN_TASK_NONE; /* as if it ended now */
    uint64_t last = is_flying ? now : refresh->ended_at;
    uint64_t from = last + fleet->opts.refresh_unforced;
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
        bool is_free = refresh->failed <= FLEET_FAILURES_FREE;
        doublings = is_free ? 0 : refresh->failed - FLEET_FAILURES_FREE;
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

/* ---- Begun ---------------------------------------------------------------------- */

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
    uint16_t node = fleet_whom_to_ask(fleet, now);
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
                                     .deadline = now + fleet_patience(fleet)};
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
    } else { /* the second word is ours to ask for: see fleet_refresh_warned() */
        fleet->refresh.failed_at = now;
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

void
fleet_refresh_call_off(struct pn_fleet *fleet)
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
    bool is_doubt = failed == 0;
    if ((is_doubt && fleet->opts.kind == PN_FLEET_SENTINEL) ||
        refresh->learnt_at == 0 || at <= refresh->failed_at ||
        at <= refresh->ended_at || (is_flying && at > refresh->begun_at)) {
        return false;
    }
    if (is_flying) { /* it would not have been begun, had we known */
        fleet_refresh_call_off(fleet);
    }
    refresh->failed = failed;
    refresh->failed_at = refresh->ended_at = at;
    back_off(fleet);
    if (is_doubt) { /* who has it goes first */
        refresh->ready_at = fleet_later(refresh->ready_at,
                                        fleet->opts.refresh_forced / 2);
    }
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
