#include "sim.h"

#include <stdlib.h>
#include <string.h>

/*
 * The rules of three clients, as their sources and documents say:
 *
 *   redis-py   a MOVED patches its slot, every fifth asks for the topology; a failed
 *              connection asks at once and raises; CLUSTERDOWN sleeps 250 ms, asks and
 *              tries again; 16 redirects; no time between two queries
 *   go-redis   MOVED and errors ask in the background: one at a time, then 200 ms, and
 *              once more for what came meanwhile; each 60 s; 3 redirects; 3 retries
 *   glide      MOVED asks, at most each 15 s and up to 15 s more, and each 60 s;
 *              log2(n) nodes at once; 3 retries, 500 ms and half as much more each; a
 *              node without connection: another is asked, and redirects
 *
 * Each process is a client of its own. None of them bounds dials.
 */
enum rules { REDIS_PY, GO_REDIS, GLIDE };

struct brain {
    enum rules rules;
    uint16_t map[PN_FLEET_SLOTS];
    bool is_known, is_wanted, is_flying;
    unsigned moved;
    uint64_t ready_at, period_at;
    uint32_t id;
};

static struct brain *
brain_of(const struct process *process)
{
    return process->brain;
}

static void
open_brain(struct sim *sim, struct process *process, enum rules rules)
{
    struct brain *brain = take(1, sizeof *brain);
    brain->rules = rules;
    brain->period_at = PN_NEVER;
    brain->is_known = !sim->scenario->is_cold;
    brain->is_wanted = !brain->is_known;
    memcpy(brain->map, world_view(sim, 0)->owner, sizeof brain->map);
    process->brain = brain;
}

static void
open_redis_py(struct sim *sim, struct process *process)
{
    open_brain(sim, process, REDIS_PY);
}

static void
open_go_redis(struct sim *sim, struct process *process)
{
    open_brain(sim, process, GO_REDIS);
}

static void
open_glide(struct sim *sim, struct process *process)
{
    open_brain(sim, process, GLIDE);
}

static void
close_brain(struct sim *sim, struct process *process)
{
    (void)sim;
    free(process->brain);
}

/* ---- Requests ------------------------------------------------------------------- */

static enum decision
route(struct sim *sim, struct process *process, uint16_t *node, uint64_t *at)
{
    struct brain *brain = brain_of(process);
    bool must_wait = brain->rules == REDIS_PY && (brain->is_wanted || brain->is_flying);
    if (!brain->is_known || must_wait) { /* redis-py asks in the caller's thread */
        *at = sim->now + 5 * MS;
        return WAIT;
    }
    *node = brain->map[process->request.slot];
    bool is_troubled = brain->rules == GLIDE && *node == process->request.avoid;
    if (is_troubled) {
        *node = (uint16_t)rng_below(&process->rng, sim->n_nodes);
    }
    return GO;
}

static uint64_t
dial(struct sim *sim, struct process *process, uint16_t node)
{
    (void)sim;
    (void)process;
    (void)node;
    return 0;
}

static void
want(struct brain *brain)
{
    brain->is_wanted = true;
}

static void
dialled(struct sim *sim, struct process *process, uint16_t node, bool stands)
{
    struct brain *brain = brain_of(process);
    (void)sim;
    (void)node;
    if (!stands && brain->rules != GLIDE) {
        want(brain);
    }
}

static void
replied(struct sim *sim, struct process *process, uint16_t node, enum reply reply,
        uint16_t target)
{
    struct brain *brain = brain_of(process);
    (void)sim;
    (void)node;
    switch (reply) {
    case REPLY_OK:
        return;
    case REPLY_MOVED:
        if (brain->rules == REDIS_PY) {
            brain->map[process->request.slot] = target;
            brain->moved++;
            if (brain->moved % 5 == 0) {
                want(brain);
            }
            return;
        }
        want(brain);
        return;
    case REPLY_DOWN:
    case REPLY_LOST:
    case REPLY_TIMEOUT:
        if (brain->rules != GLIDE) {
            want(brain);
        }
        return;
    }
}

static uint64_t
retry(struct sim *sim, struct process *process, enum reply reply)
{
    unsigned attempts = process->request.attempts;
    switch (brain_of(process)->rules) {
    case REDIS_PY:
        return reply == REPLY_DOWN && attempts <= 3 ? sim->now + 250 * MS : PN_NEVER;
    case GO_REDIS: {
        uint64_t window = 8 * MS << (attempts < 6 ? attempts : 6);
        process->request.attempts = (uint16_t)(attempts + (reply == REPLY_LOST));
        return attempts <= 3 ? sim->now + rng_next(&process->rng) % window : PN_NEVER;
    }
    default: {
        uint64_t wait = 500 * MS;
        for (unsigned i = 1; i < attempts; i++) {
            wait += wait / 2;
        }
        process->request.attempts = (uint16_t)(attempts + (attempts == 0));
        return attempts <= 3 ? sim->now + wait : PN_NEVER;
    }
    }
}

/* ---- The topology --------------------------------------------------------------- */

static bool
duty(struct sim *sim, struct process *process, struct duty *duty)
{
    struct brain *brain = brain_of(process);
    bool is_due = brain->is_wanted && sim->now >= brain->ready_at;
    if (brain->is_flying || (!is_due && sim->now < brain->period_at)) {
        return false;
    }
    brain->is_wanted = false;
    brain->is_flying = true;
    duty->node = brain->is_known ? (uint16_t)rng_below(&process->rng, sim->n_nodes)
                                 : world_seed(sim, rng_below(&process->rng, 3));
    duty->task = (struct pn_task){.kind = PN_TASK_SLOTS, .id = ++brain->id};
    duty->deadline = sim->now + SEC;
    duty->more = 0;
    for (uint32_t n = sim->n_nodes; brain->rules == GLIDE && n > 2; n /= 2) {
        duty->more++;
    }
    return true;
}

static void
done(struct sim *sim, struct process *process, const struct duty *duty,
     const struct view *view)
{
    struct brain *brain = brain_of(process);
    (void)duty;
    brain->is_flying = false;
    brain->period_at = brain->rules == REDIS_PY ? PN_NEVER : sim->now + 60 * SEC;
    if (brain->rules == GO_REDIS) {
        brain->ready_at = sim->now + 200 * MS;
    } else if (brain->rules == GLIDE && brain->is_known) {
        brain->ready_at = sim->now + 15 * SEC + rng_next(&process->rng) % (15 * SEC);
    }
    if (view == NULL) { /* the next node */
        brain->is_wanted = true;
        brain->ready_at = brain->rules == REDIS_PY ? sim->now : sim->now + 200 * MS;
        return;
    }
    memcpy(brain->map, view->owner, sizeof brain->map);
    brain->is_known = true;
}

static uint64_t
wake(struct sim *sim, struct process *process)
{
    const struct brain *brain = brain_of(process);
    (void)sim;
    uint64_t at = brain->is_wanted ? brain->ready_at : PN_NEVER;
    return at < brain->period_at ? at : brain->period_at;
}

#define RULES(variable, title, redirects, opener) \
    const struct policy variable = {              \
        .name = title,                            \
        .redirects_max = redirects,               \
        .open = opener,                           \
        .close = close_brain,                     \
        .route = route,                           \
        .dial = dial,                             \
        .dialled = dialled,                       \
        .replied = replied,                       \
        .retry = retry,                           \
        .duty = duty,                             \
        .done = done,                             \
        .wake = wake,                             \
    }

RULES(policy_redis_py, "redis-py", 16, open_redis_py);
RULES(policy_go_redis, "go-redis", 3, open_go_redis);
RULES(policy_glide, "valkey-glide", 5, open_glide);
