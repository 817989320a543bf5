#include "blocking.h"

#include "base/clock.h"
#include "driver.h"

/* ---- A hub ------------------------------------------------------------------ */

static struct pn_hub *
raise_untaken(struct client_object *client, int code)
{
    struct fault_place place = {.node = PN_NODE_NONE};
    fault_raise(fault_of_code(client->st, code, &place));
    return NULL;
}

struct pn_hub *
blocking_take(struct client_object *client, uint64_t now, uint64_t deadline, int code)
{
    struct pn_client *pool = client->share->client;
    for (;;) {
        struct pn_hub *hub = NULL;
        bool is_more = code != 0;
        if (is_more) {
            now = pn_clock_mono_ns();
            if (code != PN_CLIENT_E_POOL || now >= deadline) {
                return raise_untaken(client, code);
            }
            if (PyErr_CheckSignals() < 0) {
                return NULL;
            }
        }
        Py_BEGIN_ALLOW_THREADS code = pn_client_take_slice(
            pool, now, blocking_slice(now, deadline), deadline, is_more, &hub);
        Py_END_ALLOW_THREADS if (code == 0)
        {
            return hub;
        }
    }
}

/* ---- A round ---------------------------------------------------------------- */

/* The parts of the round that begins at FIRST are the hub's no more, and nobody's that
 * would wait at their servers. */
static void
give_up(struct call *call, struct pn_hub *hub, size_t first)
{
    for (size_t i = first; i < call->n_parts; i++) {
        struct pn_request *request = &call->part[i].request;
        if (request->state != PN_REQ_IDLE && call->blocks_ns > 0) {
            pn_hub_abort(hub, request, pn_clock_mono_ns());
        } else if (request->state != PN_REQ_IDLE) {
            pn_hub_cancel(hub, request);
        }
    }
    while (pn_hub_finished(hub) != NULL) {
    }
}

/* Sends the parts from FIRST on; how many are unfinished at UNTIL. */
static size_t
begin_round(struct call *call, struct pn_hub *hub, size_t first, uint64_t now,
            uint64_t until)
{
    size_t n = call->n_parts - first;
    if (n == 1) {
        return pn_hub_run(hub, &call->part[first].request, 1, now, until);
    }
    for (size_t i = first; i < call->n_parts; i++) {
        pn_hub_submit(hub, &call->part[i].request, now);
    }
    return pn_hub_run_more(hub, until);
}

/* Waits for what is left of a round. 0, or -1: a signal handler raised. */
static int
finish_round(struct call *call, struct pn_hub *hub, size_t first)
{
    size_t left;
    do {
        if (PyErr_CheckSignals() < 0) {
            give_up(call, hub, first);
            return -1;
        }
        Py_BEGIN_ALLOW_THREADS uint64_t now = pn_clock_mono_ns();
        left = pn_hub_run_more(hub, now + 100000000);
        Py_END_ALLOW_THREADS
    } while (left > 0);
    return 0;
}

static int
take_round(struct call *call, struct pn_hub *hub, size_t first)
{
    size_t n = call->n_parts; /* conversions add none */
    for (size_t i = first; i < n; i++) {
        struct part *part = &call->part[i];
        struct pn_bytes none = {NULL, 0};
        struct pn_bytes reply = part->request.rc < 0
                                    ? none
                                    : pn_hub_reply(hub, &part->request);
        if (call_take(call, part, reply) < 0) {
            return -1;
        }
    }
    pn_hub_release(hub);
    return 0;
}

int
blocking_run_on(struct call *call, struct pn_hub *hub)
{
    Py_ssize_t n;
    while ((n = call_next(call)) > 0) {
        size_t first = call->n_parts - (size_t)n, left;
        Py_BEGIN_ALLOW_THREADS uint64_t now = pn_clock_mono_ns();
        left = begin_round(call, hub, first, now, now + 100000000);
        Py_END_ALLOW_THREADS if (left > 0 && finish_round(call, hub, first) < 0)
        {
            return -1;
        }
        if (take_round(call, hub, first) < 0) {
            return -1;
        }
    }
    return n < 0 ? -1 : 0;
}

/* ---- The quick way ---------------------------------------------------------- */

/* One part, a hub and an answer within the first slice: the GIL is given back once for
 * all of it. *HUB is NULL when none became free, which is *CODE; the number of parts
 * unfinished. */
static size_t
run_first(struct call *call, struct pn_hub **hub, int *code)
{
    size_t left = 0;
    Py_BEGIN_ALLOW_THREADS uint64_t now = call->now;
    *code = pn_client_take_slice(call->client->share->client, now,
                                 blocking_slice(now, call->deadline), call->deadline,
                                 false, hub);
    if (*code == 0) {
        left = pn_hub_run(*hub, &call->part[0].request, 1, now, now + 100000000);
    }
    Py_END_ALLOW_THREADS return left;
}

/* -1, 0, or 1: nothing was done, *CODE is why there is no hub or 0. */
static int
run_quickly(struct call *call, struct pn_hub **hub, int *code)
{
    *hub = NULL;
    *code = 0;
    if (call->n_parts != 1 || call_next(call) != 1) {
        return 1;
    }
    size_t left = run_first(call, hub, code);
    if (*hub == NULL) {
        call->sent = 0;
        return 1;
    }
    if (left > 0 && finish_round(call, *hub, 0) < 0) {
        return -1;
    }
    return take_round(call, *hub, 0) < 0 ? -1 : 0;
}

int
blocking_run(struct call *call)
{
    struct pn_hub *hub;
    int code;
    int rc = run_quickly(call, &hub, &code);
    if (rc > 0) {
        hub = blocking_take(call->client, call->now, call->deadline, code);
        rc = hub == NULL ? -1 : 0;
    }
    if (rc == 0) {
        rc = blocking_run_on(call, hub);
    }
    if (hub != NULL) {
        uint64_t now = pn_clock_mono_ns();
        pn_client_give(call->client->share->client, hub, now);
        if (rc == 0 && call->client->drivers != NULL) {
            driver_sweep(call->client, now);
        }
    }
    return rc;
}
