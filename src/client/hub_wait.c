#define _POSIX_C_SOURCE 200809L

#include "base/clock.h"
#include "client/engine.h"
#include "net/resolve.h"

#include <sched.h>

#define SPIN_LINKS 16                /* more than these are left to poll */
#define LOOK_EVERY 16                /* calls: at whose processor the peer runs on */
#define TRY_EVERY 64                 /* calls: whether a slow peer has become quick */
#define SETTLE_NS UINT64_C(10000000) /* a caller's gift to a topology query under way */
#define AGAIN_NS UINT64_C(1000000)   /* when something was due but could not be done */

static bool
is_answering(const struct pn_link *link)
{
    return link->state == PN_LINK_READY && link->flight_n > 0 &&
           pn_buffer_left(&link->out) == 0;
}

/* Is it worth asking LINK again and again? Where its replies come quickly, unless the
 * peer waits for this very processor: yielding it hands it over only within a group of
 * the scheduler (a session, a container). */
static bool
is_worth_a_spin(struct pn_link *link, uint64_t span)
{
    uint32_t turn = link->spins++;
    if (!is_answering(link) || (link->rtt_ns > span && turn % TRY_EVERY != 0)) {
        return false;
    }
    if (turn % LOOK_EVERY == 0) {
        link->shares_cpu = pn_stream_shares_cpu(&link->stream);
    }
    return !link->shares_cpu;
}

/*
 * Asks again and again for what is to come, for as long as opts.spin_ns, and yields the
 * processor in between. Measured against sleeping in recv(): a third of the time where
 * client and server have a processor each, the same time and no more work where they
 * share one (docs/design/0026-client.md).
 */
static bool
spin(struct pn_hub *hub, uint64_t now, uint64_t until)
{
    uint64_t span = hub->client->opts.spin_ns;
    if (span == PN_NEVER || hub->n_busy > SPIN_LINKS) {
        return false;
    }
    for (uint32_t i = 0; i < hub->n_busy; i++) {
        if (!is_worth_a_spin(hub->busy[i], span)) {
            return false;
        }
    }
    uint64_t end = now + span < until ? now + span : until;
    do {
        bool has_come = false;
        for (uint32_t i = hub->n_busy; i-- > 0;) {
            struct pn_link *link = hub->busy[i];
            has_come |= pn_hub_receive(hub, link, 0);
            if (link->state == PN_LINK_CLOSED || pn_link_is_idle(link)) {
                pn_hub_clear_busy(hub, link);
            }
        }
        if (has_come) {
            return true;
        }
        sched_yield();
    } while (pn_clock_mono_ns() < end);
    return false;
}

/* What tells that it is worth going on with LINK, and for what. */
static struct pn_poll
poll_of(const struct pn_link *link)
{
    if (link->state == PN_LINK_RESOLVING && link->asked != NULL) {
        return (struct pn_poll){.fd = pn_resolve_fd(link->asked), .want = PN_IO_READ};
    }
    return (struct pn_poll){.fd = link->stream.fd, .want = pn_link_want(link)};
}

/* The links to poll: those with something under way, or all when pushes may come. */
static size_t
gather(const struct pn_hub *hub, struct pn_poll *set, struct pn_link **link)
{
    size_t n = 0;
    if (!hub->keeps_pushes) {
        for (; n < hub->n_busy && n < PN_POLL_MAX; n++) {
            link[n] = hub->busy[n];
        }
    } else {
        for (uint32_t i = 0; i < hub->n_links && n < PN_POLL_MAX; i++) {
            if (hub->link[i] != NULL && poll_of(hub->link[i]).fd >= 0) {
                link[n++] = hub->link[i];
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        set[i] = poll_of(link[i]);
    }
    return n;
}

/* Waits until something happens, UNTIL at most. Did something? */
static bool
wait_some(struct pn_hub *hub, uint64_t now, uint64_t until)
{
    if (hub->n_busy > 0 && spin(hub, now, until)) {
        return true;
    }
    int64_t wait = (int64_t)(until - now);
    if (hub->n_busy == 1 && is_answering(hub->busy[0]) && !hub->keeps_pushes) {
        struct pn_link *link = hub->busy[0];
        bool has_come = pn_hub_receive(hub, link, wait);
        if (link->state == PN_LINK_CLOSED || pn_link_is_idle(link)) {
            pn_hub_clear_busy(hub, link);
        }
        return has_come;
    }
    struct pn_poll set[PN_POLL_MAX];
    struct pn_link *link[PN_POLL_MAX];
    size_t n = gather(hub, set, link);
    if (pn_poll(set, n, wait) <= 0) {
        return false;
    }
    now = pn_clock_mono_ns();
    for (size_t i = 0; i < n; i++) {
        if (set[i].got != 0) {
            pn_hub_go_on(hub, link[i], set[i].got, now);
        }
    }
    return true;
}

/* One turn: does what is due, then waits until UNTIL at most. False: nothing happened,
 * and not because a time of the hub's own came. */
static bool
turn(struct pn_hub *hub, uint64_t now, uint64_t until)
{
    uint64_t wake = pn_hub_wake(hub);
    wake = wake > now ? wake : now + AGAIN_NS;
    uint64_t end = wake < until ? wake : until;
    return wait_some(hub, now, end) || pn_clock_mono_ns() >= end;
}

/* A topology query that was begun on the way is worth a moment: the next caller has the
 * answer. It stays under way when it takes longer. */
static void
settle(struct pn_hub *hub)
{
    uint64_t now = pn_clock_mono_ns();
    uint64_t end = now + SETTLE_NS;
    while (hub->task.kind != PN_TASK_NONE && now < end) {
        pn_hub_step(hub, now);
        if (hub->task.kind == PN_TASK_NONE || !turn(hub, now, end)) {
            return;
        }
        now = pn_clock_mono_ns();
    }
}

static size_t
run_more(struct pn_hub *hub, uint64_t until)
{
    while (hub->pending > 0) {
        uint64_t now = pn_clock_mono_ns();
        if (pn_hub_wake(hub) <= now) {
            pn_hub_step(hub, now);
        }
        if (hub->pending == 0) {
            break;
        }
        if (now >= until || !turn(hub, now, until)) {
            return hub->pending;
        }
    }
    if (hub->task.kind != PN_TASK_NONE) {
        settle(hub);
    }
    while (pn_hub_finished(hub) != NULL) {
    }
    return 0;
}

size_t
pn_hub_run_more(struct pn_hub *hub, uint64_t until)
{
    pn_hub_enter(hub);
    size_t left = run_more(hub, until);
    pn_hub_leave(hub);
    return left;
}

size_t
pn_hub_run(struct pn_hub *hub, struct pn_request *request, size_t n, uint64_t now,
           uint64_t until)
{
    pn_hub_enter(hub);
    for (size_t i = 0; i < n; i++) {
        pn_hub_submit(hub, &request[i], now);
    }
    size_t left = run_more(hub, until);
    pn_hub_leave(hub);
    return left;
}

static bool
wait_for_push(struct pn_hub *hub, uint64_t deadline)
{
    for (;;) {
        uint64_t now = pn_clock_mono_ns();
        pn_hub_step(hub, now);
        if (hub->push_at < hub->n_pushes || hub->finished.head != NULL) {
            return true;
        }
        if (now >= deadline || !turn(hub, now, deadline)) {
            return false;
        }
    }
}

bool
pn_hub_wait(struct pn_hub *hub, uint64_t deadline)
{
    pn_hub_enter(hub);
    bool has_come = wait_for_push(hub, deadline);
    pn_hub_leave(hub);
    return has_come;
}
