#include "sim.h"

#include <math.h>
#include <stdlib.h>

/* A process is one thread of an application that makes a request, waits for it, thinks,
 * and makes the next; one that fails is made again soon, until it succeeds. */

enum { DEADLINE_MS = 1000, AGAIN_MS = 100 };

static uint64_t
pause_of(struct process *process, uint64_t mean)
{
    double u = ((double)(rng_next(&process->rng) >> 11) + 1) / 9007199254740994.0;
    return (uint64_t)(-log(u) * (double)mean);
}

void
client_at(struct sim *sim, struct process *process, enum event_kind kind, uint16_t arg,
          uint64_t at)
{
    bool is_task = kind == EV_TASK || kind == EV_POLL;
    heap_push(&sim->heap,
              (struct event){.at = at,
                             .process = process->number,
                             .seq = is_task ? process->duty.seq : ++process->seq,
                             .kind = (uint16_t)kind,
                             .arg = arg});
}

static uint8_t *
life_of(struct sim *sim, const struct process *process, uint16_t node)
{
    return &sim->life[(size_t)process->number * sim->n_nodes + node];
}

static struct bucket *
bucket_of(struct sim *sim)
{
    return &sim->bucket[(sim->now - START) / (BUCKET_MS * MS)];
}

/* ---- Tasks ---------------------------------------------------------------------- */

static void
begin_duty(struct sim *sim, struct process *process)
{
    struct duty *duty = &process->duty;
    bool stands = true;
    uint64_t at = sim->now;
    duty->is_active = true;
    duty->seq++;
    if (*life_of(sim, process, duty->node) != sim->server[duty->node].life) {
        at = sim->policy->dial(sim, process, duty->node);
        if (at != 0) { /* not allowed now: as if it had failed */
            client_at(sim, process, EV_TASK, 0, sim->now + MS);
            return;
        }
        at = world_dial(sim, process, duty->node, &stands);
        if (stands) {
            *life_of(sim, process, duty->node) = sim->server[duty->node].life;
        }
        sim->policy->dialled(sim, process, duty->node, stands);
    }
    bool is_answered = stands;
    if (stands && duty->task.kind == PN_TASK_SLOTS) {
        check_query(sim, process, duty->node, duty->task.id == 1);
        at = world_query(sim, process, duty->node, duty->deadline, &is_answered);
        for (unsigned i = 0; i < duty->more; i++) {
            bool unused;
            uint16_t node = (uint16_t)rng_below(&process->rng, sim->n_nodes);
            world_query(sim, process, node, duty->deadline, &unused);
        }
    } else if (stands) {
        at += 300 * US;
    }
    client_at(sim, process, EV_TASK, is_answered,
              at < duty->deadline ? at : duty->deadline);
}

static void
poll(struct sim *sim, struct process *process)
{
    if (!process->duty.is_active && sim->policy->duty(sim, process, &process->duty)) {
        begin_duty(sim, process);
    }
    uint64_t wake = sim->policy->wake(sim, process);
    wake = wake > sim->now ? wake : sim->now + MS;
    bool is_idle = !process->duty.is_active && wake != PN_NEVER;
    if (is_idle && (process->poll_at <= sim->now || wake < process->poll_at)) {
        process->poll_at = wake;
        client_at(sim, process, EV_POLL, 0, wake);
    }
}

static void
end_duty(struct sim *sim, struct process *process, bool is_answered)
{
    struct duty *duty = &process->duty;
    duty->is_active = false;
    const struct view *view = is_answered ? world_view(sim, duty->node) : NULL;
    sim->policy->done(sim, process, duty, view);
}

/* ---- Requests ------------------------------------------------------------------- */

static void
keep_recovery(struct sim *sim, const struct process *process, uint64_t ns)
{
    if (sim->n_recovery == sim->recovery_room) {
        sim->recovery_room = sim->recovery_room > 0 ? sim->recovery_room * 2 : 1024;
        sim->recovery = take_more(sim->recovery,
                                  sim->recovery_room * sizeof *sim->recovery);
    }
    uint32_t shard = process->request.slot * sim->size.shards / PN_FLEET_SLOTS;
    uint16_t old = (uint16_t)(shard * (1 + sim->size.replicas));
    sim->recovery[sim->n_recovery++] = (uint32_t)(ns / MS);
    check_recovery(sim, process, ns / MS, world_reaches(sim, process, old));
}

static void
succeed(struct sim *sim, struct process *process)
{
    struct request *request = &process->request;
    uint64_t since = sim->shard[sim->server[request->node].shard].promoted_at;
    bucket_of(sim)->ok++;
    request->is_active = false;
    if (request->had_trouble && since != 0) {
        since = since > request->chain_at ? since : request->chain_at;
        keep_recovery(sim, process, sim->now - since);
    }
    if (!request->is_aside) {
        process->stuck.is_active = false;
    }
    uint64_t pause = process->stuck.is_active ? AGAIN_MS / 2 * MS
                                              : pause_of(process, sim->scenario->think);
    client_at(sim, process, EV_STEP, 0, sim->now + pause);
}

/* The application repeats what failed, with something else in between. */
static void
fail(struct sim *sim, struct process *process)
{
    struct request *request = &process->request;
    bucket_of(sim)->errors++;
    sim->errors++;
    if (!request->is_aside) {
        process->stuck = *request;
    }
    request->is_active = false;
    client_at(sim, process, EV_STEP, 0, sim->now + AGAIN_MS / 2 * MS);
}

static uint32_t
draw_slot(struct sim *sim, struct process *process)
{
    uint32_t each = PN_FLEET_SLOTS / sim->size.shards;
    if (sim->n_hit == 0 || rng_below(&process->rng, 2) == 0) {
        return rng_below(&process->rng, PN_FLEET_SLOTS);
    }
    uint32_t shard = sim->hit[rng_below(&process->rng, sim->n_hit)];
    uint32_t first = (PN_FLEET_SLOTS * shard + sim->size.shards - 1) / sim->size.shards;
    return first + rng_below(&process->rng, each);
}

static void
begin_request(struct sim *sim, struct process *process)
{
    struct request *request = &process->request;
    bool is_again = process->stuck.is_active && request->is_aside;
    bool is_aside = process->stuck.is_active && !is_again;
    *request =
        (struct request){.slot = is_again   ? process->stuck.slot
                                 : is_aside ? rng_below(&process->rng, PN_FLEET_SLOTS)
                                            : draw_slot(sim, process),
                         .chain_at = is_again ? process->stuck.chain_at : sim->now,
                         .had_trouble = is_again,
                         .is_aside = is_aside,
                         .is_active = true,
                         .node = NOBODY,
                         .pinned = NOBODY,
                         .avoid = NOBODY,
                         .deadline = sim->now + DEADLINE_MS * MS};
    process->requests++;
    sim->requests++;
}

static void
send_it(struct sim *sim, struct process *process)
{
    struct request *request = &process->request;
    enum reply reply;
    uint64_t at = world_request(sim, process, request->node, request->slot, &reply);
    if (*life_of(sim, process, request->node) != sim->server[request->node].life) {
        reply = REPLY_LOST; /* it broke before, and is found out now */
        at = sim->now + 100 * US;
    }
    client_at(sim, process, EV_REPLY, (uint16_t)reply, at);
}

/* Routes, dials or sends: what comes next. */
static void
step(struct sim *sim, struct process *process)
{
    struct request *request = &process->request;
    if (!request->is_active) {
        begin_request(sim, process);
    }
    uint64_t at = 0;
    enum decision decision = GO;
    request->is_waiting = false;
    request->node = request->pinned;
    if (request->node == NOBODY) {
        decision = sim->policy->route(sim, process, &request->node, &at);
    }
    if (decision == GO && *life_of(sim, process, request->node) == 0) {
        at = sim->policy->dial(sim, process, request->node);
        if (at == 0) {
            bool stands;
            at = world_dial(sim, process, request->node, &stands);
            client_at(sim, process, EV_DIALLED, stands, at);
            return;
        }
        decision = WAIT;
        request->pinned = NOBODY;
    }
    if (decision == GO) {
        send_it(sim, process);
        return;
    }
    request->had_trouble = true;
    request->is_waiting = true;
    at = at > sim->now ? at : sim->now + MS;
    if (decision == FAIL || at >= request->deadline) {
        if (decision == WAIT && request->deadline > sim->now) {
            client_at(sim, process, EV_STEP, 1, request->deadline);
        } else {
            fail(sim, process);
        }
        return;
    }
    client_at(sim, process, EV_STEP, 0, at);
}

static void
dialled(struct sim *sim, struct process *process, bool stands)
{
    struct request *request = &process->request;
    /* Who died since has no connection. */
    stands = stands && !sim->server[request->node].is_dead;
    if (stands) {
        *life_of(sim, process, request->node) = sim->server[request->node].life;
    } else {
        request->had_trouble = true;
        request->avoid = request->node;
        request->pinned = NOBODY;
    }
    sim->policy->dialled(sim, process, request->node, stands);
    uint64_t at = stands ? sim->now : sim->policy->retry(sim, process, REPLY_LOST);
    if (at == PN_NEVER || at >= request->deadline) {
        fail(sim, process);
    } else if (at > sim->now) {
        client_at(sim, process, EV_STEP, 0, at);
    } else {
        step(sim, process);
    }
}

static void
follow(struct sim *sim, struct process *process)
{
    struct request *request = &process->request;
    bucket_of(sim)->moved++;
    uint16_t target = world_target(sim, request->node, request->slot);
    sim->policy->replied(sim, process, request->node, REPLY_MOVED, target);
    request->redirects++;
    if (request->redirects > sim->policy->redirects_max) {
        fail(sim, process);
        return;
    }
    request->pinned = target;
    step(sim, process);
}

static void
replied(struct sim *sim, struct process *process, enum reply reply)
{
    struct request *request = &process->request;
    if (reply == REPLY_OK && sim->server[request->node].is_dead) {
        reply = REPLY_LOST;
    }
    if (reply == REPLY_MOVED) {
        follow(sim, process);
        return;
    }
    if (reply == REPLY_LOST || reply == REPLY_TIMEOUT) {
        *life_of(sim, process, request->node) = 0;
    }
    check_reply(sim, process, reply);
    sim->policy->replied(sim, process, request->node, reply, NOBODY);
    if (reply == REPLY_OK) {
        succeed(sim, process);
        return;
    }
    request->had_trouble = true;
    request->avoid = request->node;
    request->pinned = NOBODY;
    request->attempts++;
    uint64_t at = sim->policy->retry(sim, process, reply);
    if (at == PN_NEVER || at >= request->deadline) {
        fail(sim, process);
        return;
    }
    process->retries++;
    sim->retries++;
    client_at(sim, process, EV_STEP, 0, at > sim->now ? at : sim->now + US);
}

/* ---- Events --------------------------------------------------------------------- */

void
client_event(struct sim *sim, const struct event *event)
{
    struct process *process = &sim->process[event->process];
    if (event->kind == EV_POLL) {
        if (process->poll_at != event->at) {
            return; /* an earlier one has done it */
        }
        process->poll_at = 0;
    } else if (event->kind == EV_TASK ? event->seq != process->duty.seq
                                      : event->seq != process->seq) {
        return;
    }
    switch (event->kind) {
    case EV_STEP:
        if (event->arg == 1) {
            fail(sim, process);
        } else {
            step(sim, process);
        }
        break;
    case EV_DIALLED:
        dialled(sim, process, event->arg != 0);
        break;
    case EV_REPLY:
        replied(sim, process, (enum reply)event->arg);
        break;
    case EV_TASK:
        end_duty(sim, process, event->arg != 0);
        break;
    default:
        break;
    }
    poll(sim, process);
    bool may_know_more = event->kind == EV_TASK || event->kind == EV_POLL;
    if (may_know_more && process->request.is_active && process->request.is_waiting) {
        step(sim, process);
    }
}

void
client_open(struct sim *sim)
{
    sim->n_processes = sim->size.hosts * sim->size.procs;
    sim->process = take(sim->n_processes, sizeof *sim->process);
    sim->board = take(sim->size.hosts, sizeof *sim->board);
    sim->life = take((size_t)sim->n_processes * sim->n_nodes, 1);
    sim->dials = take((size_t)sim->n_processes * sim->n_nodes, 1);
    sim->asked_at = take((size_t)sim->size.hosts * 6, sizeof *sim->asked_at);
    for (uint32_t i = 0; i < sim->n_processes; i++) {
        struct process *process = &sim->process[i];
        process->number = i;
        process->host = i / sim->size.procs;
        process->rng.state = rng_mix(sim->seed * 1000003 + i);
        for (uint32_t n = 0; n < sim->n_nodes && !sim->scenario->is_cold; n++) {
            *life_of(sim, process, (uint16_t)n) = sim->server[n].life;
        }
        sim->policy->open(sim, process);
        uint64_t at = START + rng_next(&process->rng) % (2 * SEC);
        client_at(sim, process, EV_STEP, 0, at + 500 * MS);
        process->poll_at = at;
        client_at(sim, process, EV_POLL, 0, at);
    }
}

void
client_close(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->n_processes; i++) {
        const struct request *stuck = &sim->process[i].stuck;
        uint32_t shard = stuck->slot * sim->size.shards / PN_FLEET_SLOTS;
        sim->never += stuck->is_active && stuck->chain_at + 3 * SEC < sim->now &&
                      sim->shard[shard].promoted_at != 0;
        sim->policy->close(sim, &sim->process[i]);
    }
    for (uint32_t i = 0; i < sim->size.hosts; i++) {
        free(sim->board[i].bytes);
    }
    free(sim->process);
    free(sim->board);
    free(sim->life);
    free(sim->dials);
    free(sim->asked_at);
    free(sim->heap.event);
}
