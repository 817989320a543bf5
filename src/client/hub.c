#include "base/alloc.h"
#include "base/assert.h"
#include "base/clock.h"
#include "client/engine.h"

#include <stdio.h>
#include <string.h>

#define BORN_PAUSE 1000000 /* ns */
#define ATTEMPTS_MAX 16    /* whatever the fleet says: no request goes round for ever */
#define HUNG_NS 100000000  /* who was silent for less may be only slow */
#define FOR_BOTH (PN_REQ_DELETE | PN_REQ_STORE) /* owners, while a fleet warms up */

int
pn_hub_new(struct pn_client *client, bool is_looped, struct pn_hub **out)
{
    struct pn_hub *hub = pn_alloc(sizeof *hub);
    if (hub == NULL) {
        return PN_E_NOMEM;
    }
    *hub =
        (struct pn_hub){.client = client, .is_looped = is_looped, .wake_at = PN_NEVER};
    pn_list_init(&hub->waiting);
    pn_list_init(&hub->finished);
    pn_client_lock(client);
    hub->next_all = client->all;
    hub->at_all = &client->all;
    if (client->all != NULL) {
        client->all->at_all = &hub->next_all;
    }
    client->all = hub;
    pn_client_unlock(client);
    *out = hub;
    return PN_OK;
}

void
pn_hub_free(struct pn_hub *hub)
{
    if (hub == NULL) {
        return;
    }
    struct pn_client *client = hub->client;
    pn_hub_task_abort(hub, pn_clock_mono_ns());
    for (uint32_t i = 0; i < hub->n_links; i++) {
        struct pn_link *link = hub->link[i];
        if (link != NULL) {
            pn_hub_shut(hub, link);
            pn_stream_close(&link->old);
            pn_link_free(link);
            pn_free(link);
        }
    }
    pn_client_lock(client);
    *hub->at_all = hub->next_all;
    if (hub->next_all != NULL) {
        hub->next_all->at_all = hub->at_all;
    }
    pn_client_unlock(client);
    pn_free(hub->link);
    pn_free(hub->busy);
    pn_free(hub->push);
    pn_free(hub);
}

struct pn_client *
pn_hub_client(const struct pn_hub *hub)
{
    return hub->client;
}

/* ---- A request's life -------------------------------------------------------- */

void
pn_hub_submit(struct pn_hub *hub, struct pn_request *request, uint64_t now)
{
    request->rc = 0;
    request->by = PN_NODE_NONE;
    request->to = PN_NODE_NONE;
    request->avoid = PN_NODE_NONE;
    request->second = PN_NODE_NONE;
    request->attempts = 0;
    request->redirects = 0;
    request->leg = 0;
    request->was_there = false;
    request->is_new = true;
    request->is_asking = false;
    request->is_gutter = false;
    request->reply_len = 0;
    hub->pending += request != &hub->task_request;
    pn_hub_requeue(hub, request, now);
}

void
pn_hub_requeue(struct pn_hub *hub, struct pn_request *request, uint64_t at)
{
    request->state = PN_REQ_WAITING;
    request->due_at = at;
    pn_list_add(&hub->waiting, request);
    pn_hub_wake_by(hub, at < request->deadline ? at : request->deadline);
}

void
pn_hub_rouse(struct pn_hub *hub, uint64_t now)
{
    for (struct pn_request *r = hub->waiting.head; r != NULL; r = r->next) {
        r->due_at = r->due_at < now ? r->due_at : now;
    }
    pn_hub_wake_by(hub, now);
}

void
pn_hub_finish(struct pn_hub *hub, struct pn_request *request, int rc)
{
    request->rc = rc;
    request->state = PN_REQ_FINISHED;
    if (rc < 0) {
        request->reply_len = 0;
    }
    if (request == &hub->task_request) {
        pn_hub_wake_by(hub, 0); /* pn_hub_tasks() sees that it ended */
        return;
    }
    hub->pending--;
    pn_list_add(&hub->finished, request);
}

struct pn_request *
pn_hub_finished(struct pn_hub *hub)
{
    struct pn_request *request = pn_list_take(&hub->finished);
    if (request != NULL) {
        request->state = PN_REQ_IDLE;
    }
    return request;
}

struct pn_bytes
pn_hub_reply(const struct pn_hub *hub, const struct pn_request *request)
{
    if (request->rc < 0 || request->reply_len == 0) {
        return (struct pn_bytes){"", 0};
    }
    const struct pn_link *link = hub->link[request->link];
    return (struct pn_bytes){link->in.ptr + request->reply_at, request->reply_len};
}

void
pn_hub_release(struct pn_hub *hub)
{
    pn_hub_task_learn(hub); /* its reply goes too */
    while (hub->held != NULL) {
        struct pn_link *link = hub->held;
        hub->held = link->next_held;
        link->is_held = false;
        pn_link_release(link);
    }
    hub->n_pushes = 0;
    hub->push_at = 0;
}

size_t
pn_hub_pending(const struct pn_hub *hub)
{
    return hub->pending;
}

/* Takes REQUEST out of LIST. Was it there? */
static bool
list_drop(struct pn_list *list, const struct pn_request *request)
{
    for (struct pn_request **at = &list->head; *at != NULL; at = &(*at)->next) {
        if (*at == request) {
            *at = request->next;
            if (*at == NULL) {
                list->end = at;
            }
            return true;
        }
    }
    return false;
}

bool
pn_hub_cancel(struct pn_hub *hub, struct pn_request *request)
{
    if (request->state == PN_REQ_FINISHED || request->state == PN_REQ_IDLE) {
        return false;
    }
    if (request->state == PN_REQ_SENT) {
        pn_link_forget(hub->link[request->link], request);
    } else if (!list_drop(&hub->waiting, request)) {
        list_drop(&hub->link[request->by]->queue, request);
    }
    request->state = PN_REQ_IDLE;
    request->rc = PN_CLIENT_E_CANCELLED;
    hub->pending--;
    return true;
}

/* ---- Routing ------------------------------------------------------------------ */

/* Where a redirect sends REQUEST, unless that is down by now: NONE, or its own node. */
static uint16_t
named_node(const struct pn_fleet *fleet, const struct pn_request *request)
{
    const struct pn_node *to = pn_fleet_node(fleet, request->to);
    bool is_up = to != NULL && to->health != PN_NODE_DOWN;
    return is_up ? request->to : request->node;
}

/* Where REQUEST goes now. */
static struct pn_route
route(struct pn_fleet *fleet, const struct pn_request *request, uint64_t now)
{
    uint16_t node = named_node(fleet, request);
    if (node != PN_NODE_NONE) {
        return (struct pn_route){.kind = pn_fleet_node(fleet, node) ? PN_ROUTE_NODE
                                                                    : PN_ROUTE_DOWN,
                                 .node = node,
                                 .second = PN_NODE_NONE};
    }
    struct pn_route_ask ask = {
        .key = request->key.ptr,
        .len = request->key.len,
        .slot = request->slot,
        .flags = (request->flags & PN_REQ_READ ? PN_ROUTE_READ : 0) |
                 (request->flags & FOR_BOTH ? PN_ROUTE_DELETE : 0) |
                 (request->flags & PN_REQ_QUICK ? PN_ROUTE_QUICK : 0),
        .avoid = request->avoid,
    };
    return pn_fleet_route(fleet, &ask, now);
}

/* LINK is to be dialled if the fleet allows: 0, or the time to ask again. */
static uint64_t
allow_dial(struct pn_hub *hub, struct pn_fleet *fleet, struct pn_link *link,
           uint64_t now)
{
    const struct pn_node *node = pn_fleet_node(fleet, link->node);
    uint64_t at = pn_fleet_dial(fleet, link->node, now);
    if (at != 0) {
        return at > now ? at : now + 1;
    }
    const struct pn_client_opts *opts = &hub->client->opts;
    link->born = node->born;
    snprintf(link->endpoint.host, sizeof link->endpoint.host, "%s",
             node->endpoint.host);
    link->endpoint.port = node->endpoint.port;
    link->hello_opts = opts->hello;
    link->is_memcached = opts->hello.is_memcached;
    bool is_sentinel = node->role == PN_ROLE_SENTINEL;
    if (is_sentinel) {
        link->hello_opts.username = opts->sentinel_username;
        link->hello_opts.password = opts->sentinel_password;
        link->hello_opts.db = 0;
    }
    if (opts->fleet.kind == PN_FLEET_SENTINEL) {
        link->hello_opts.role = node->role;
    }
    link->hello_opts.is_readonly = opts->fleet.kind == PN_FLEET_CLUSTER &&
                                   node->role == PN_ROLE_REPLICA;
    link->stream_opts = (struct pn_stream_opts){
        .tls = is_sentinel && !opts->sentinel_tls ? NULL : hub->client->tls,
        .host = link->endpoint.host};
    link->state = PN_LINK_RESOLVING;
    link->is_host_wanted = true;
    link->is_mapped = false;
    link->dial_deadline = now + opts->connect_ns;
    link->epoch = pn_fleet_epoch(fleet);
    pn_hub_wake_by(hub, link->dial_deadline);
    return 0;
}

/* While the fleet warms up a delete goes to the old owner first, if that is there; once
 * more when no answer came. */
static bool
wants_old_owner(const struct pn_fleet *fleet, const struct pn_request *request,
                const struct pn_route *way)
{
    if (!(request->flags & FOR_BOTH) || request->leg > 1 ||
        way->second == PN_NODE_NONE) {
        return false;
    }
    const struct pn_node *old = pn_fleet_node(fleet, way->second);
    return old != NULL && old->health == PN_NODE_UP;
}

/* Why REQUEST goes nowhere. */
static int
nobody(const struct pn_hub *hub, struct pn_request *request, const struct pn_route *way)
{
    const struct pn_client *client = hub->client;
    bool is_unknown = pn_fleet_counters(client->fleet)->map_at == 0;
    if (way->kind == PN_ROUTE_DOWN && is_unknown && client->asked_rc < 0) {
        request->by = client->asked;
        return client->asked_rc;
    }
    if (way->kind == PN_ROUTE_EMPTY) {
        bool is_sentinel = hub->client->opts.fleet.kind == PN_FLEET_SENTINEL;
        return is_sentinel ? PN_CLIENT_E_SERVICE : PN_CLIENT_E_NO_OWNER;
    }
    return request->rc < 0 ? request->rc : PN_CLIENT_E_DOWN;
}

/* Does anybody wait for a reply on LINK? Those of requests that were cancelled may
 * never come. */
static bool
is_awaited(const struct pn_link *link)
{
    for (uint32_t i = 0; i < link->flight_n; i++) {
        if (pn_link_flight(link, i)->request != NULL) {
            return true;
        }
    }
    return false;
}

/* Was LINK dialled for another node, that had the number of NODE before, or for what
 * NODE was then? What sentinels call a primary has said so itself, or is asked. */
static bool
is_outdated(const struct pn_hub *hub, const struct pn_link *link,
            const struct pn_node *node)
{
    return link->born != node->born ||
           (hub->client->opts.fleet.kind == PN_FLEET_SENTINEL &&
            link->hello_opts.role != node->role);
}

/* Puts REQUEST into the queue of the link it is to go by; or it waits, or ends. */
static void
assign(struct pn_hub *hub, struct pn_fleet *fleet, struct pn_request *request,
       uint64_t now)
{
    struct pn_route way = route(fleet, request, now);
    if (way.kind == PN_ROUTE_WAIT) {
        pn_hub_requeue(hub, request, way.at > now ? way.at : now + 1000000);
        return;
    }
    if (way.kind != PN_ROUTE_NODE) {
        request->by = way.node != PN_NODE_NONE ? way.node : request->by;
        int code = nobody(hub, request, &way);
        pn_hub_finish(hub, request, code);
        return;
    }
    bool is_first_leg = wants_old_owner(fleet, request, &way);
    way.node = is_first_leg ? way.second : way.node;
    struct pn_link *link = pn_hub_link(hub, way.node);
    if (link == NULL || !pn_hub_set_busy(hub, link)) {
        pn_hub_finish(hub, request, PN_E_NOMEM);
        return;
    }
    request->by = way.node;
    if (link->state != PN_LINK_CLOSED &&
        is_outdated(hub, link, pn_fleet_node(fleet, way.node))) {
        if (link->state != PN_LINK_READY || is_awaited(link)) {
            pn_hub_requeue(hub, request, now + BORN_PAUSE);
            return; /* replies are still to come of what it was */
        }
        pn_hub_shut(hub, link);
    }
    if (link->state != PN_LINK_READY && request->flags & PN_REQ_STAY) {
        pn_hub_finish(hub, request, PN_CLIENT_E_LOST);
        return;
    }
    uint64_t at = link->state == PN_LINK_CLOSED ? allow_dial(hub, fleet, link, now) : 0;
    if (at != 0 && request->flags & PN_REQ_QUICK &&
        pn_fleet_node(fleet, way.node)->failures > 0) {
        pn_hub_finish(hub, request, request->rc < 0 ? request->rc : PN_CLIENT_E_DOWN);
        return;
    }
    if (at != 0) {
        pn_hub_requeue(hub, request, at);
        return;
    }
    request->second = way.second;
    request->leg = is_first_leg ? 1 : request->leg;
    request->is_gutter = way.is_gutter;
    request->to = PN_NODE_NONE;
    pn_list_add(&link->queue, request);
    pn_hub_wake_by(hub, request->deadline);
}

/* Assigns what is due, and ends what is too late. */
static void
assign_all(struct pn_hub *hub, uint64_t now)
{
    struct pn_request *r = pn_list_take_all(&hub->waiting);
    if (r == NULL) {
        return;
    }
    struct pn_fleet *fleet = pn_client_lock(hub->client);
    for (struct pn_request *next; r != NULL; r = next) {
        next = r->next;
        if (r->deadline <= now) {
            pn_hub_finish(hub, r, PN_CLIENT_E_UNSENT);
        } else if (r->due_at > now) {
            pn_hub_requeue(hub, r, r->due_at);
        } else if (r->attempts >= ATTEMPTS_MAX) {
            pn_hub_finish(hub, r, r->rc < 0 ? r->rc : PN_CLIENT_E_DOWN);
        } else {
            if (r->is_new) {
                r->is_new = false;
                pn_fleet_spend(fleet, now);
            }
            assign(hub, fleet, r, now);
        }
    }
    pn_client_unlock(hub->client);
}

/* ---- Time ----------------------------------------------------------------------- */

/* Is the time over of a request that was sent on LINK? */
static bool
is_late(const struct pn_link *link, uint64_t now)
{
    for (uint32_t i = 0; i < link->flight_n; i++) {
        const struct pn_request *request = pn_link_flight(link, i)->request;
        if (request != NULL && request->deadline <= now) {
            return true;
        }
    }
    return false;
}

/* REQUEST is late: is it LINK that is to blame? On a loop others share it, who may have
 * more time than a caller of a millisecond. */
static bool
is_hung(const struct pn_hub *hub, const struct pn_link *link,
        const struct pn_request *request, uint64_t now)
{
    uint64_t since = link->heard_at > link->asked_at ? link->heard_at : link->asked_at;
    return !hub->is_looped ||
           (link->heard_at <= request->sent_at && now >= since + HUNG_NS);
}

/* REQUEST, which is LINK's, ends with RC, for its time is over. */
static void
expire(struct pn_hub *hub, const struct pn_link *link, struct pn_request *request,
       int rc)
{
    PN_COUNT(hub->client, link->node, timeouts, 1);
    PN_COUNT(hub->client, link->node, errors, 1);
    pn_hub_finish(hub, request, rc);
}

/* Ends the requests of LINK whose time is over. */
static void
expire_link(struct pn_hub *hub, struct pn_link *link, uint64_t now)
{
    struct pn_request *r = pn_list_take_all(&link->queue);
    for (struct pn_request *next; r != NULL; r = next) {
        next = r->next;
        if (r->deadline <= now) {
            expire(hub, link, r, PN_CLIENT_E_UNSENT);
        } else {
            pn_hub_wake_by(hub, r->deadline);
            pn_list_add(&link->queue, r);
        }
    }
    bool is_lost = false;
    for (uint32_t i = 0; i < link->flight_n; i++) {
        struct pn_flight *flight = pn_link_flight(link, i);
        r = flight->request;
        if (r == NULL) {
            continue;
        }
        if (r->deadline > now) {
            pn_hub_wake_by(hub, r->deadline);
            continue;
        }
        flight->request = NULL;
        is_lost |= is_hung(hub, link, r, now);
        bool is_safe = (r->flags & (PN_REQ_READ | PN_REQ_SAFE)) != 0;
        expire(hub, link, r, is_safe ? PN_CLIENT_E_TIMEOUT : PN_CLIENT_E_AMBIGUOUS);
    }
    if (is_lost) {
        pn_hub_lose(hub, link, PN_NET_E_TIMEOUT, NULL, now);
    } else if (link->state != PN_LINK_READY && link->state != PN_LINK_CLOSED) {
        pn_hub_dial_late(hub, link, now);
    }
}

void
pn_hub_step(struct pn_hub *hub, uint64_t now)
{
    bool is_due = hub->wake_at <= now;
    if (atomic_load_explicit(&hub->client->fleet_wake, memory_order_relaxed) <= now ||
        hub->task.kind != PN_TASK_NONE) {
        pn_hub_tasks(hub, now);
    }
    if (is_due) {
        hub->wake_at = PN_NEVER;
    }
    assign_all(hub, now);
    for (uint32_t i = hub->n_busy; i-- > 0;) {
        struct pn_link *link = hub->busy[i];
        if (is_due) {
            if (is_late(link,
                        now)) { /* a reply that has come is none that is missing */
                pn_hub_receive(hub, link, 0);
            }
            expire_link(hub, link, now);
        }
        pn_hub_go_on(hub, link, 0, now);
    }
}

uint64_t
pn_hub_wake(const struct pn_hub *hub)
{
    if (hub->task.kind !=
        PN_TASK_NONE) { /* one at a time: others may do what else is due */
        return hub->wake_at;
    }
    uint64_t fleet = atomic_load_explicit(&hub->client->fleet_wake,
                                          memory_order_relaxed);
    return fleet < hub->wake_at ? fleet : hub->wake_at;
}

/* ---- Pushes ---------------------------------------------------------------------- */

void
pn_hub_keep_pushes(struct pn_hub *hub, bool keep)
{
    hub->keeps_pushes = keep;
}

bool
pn_hub_push(struct pn_hub *hub, struct pn_bytes *message, uint16_t *node)
{
    if (hub->push_at == hub->n_pushes) {
        return false;
    }
    const struct pn_push *push = &hub->push[hub->push_at++];
    *message = (struct pn_bytes){hub->link[push->link]->in.ptr + push->at, push->len};
    *node = (uint16_t)push->link;
    return true;
}

void
pn_hub_soil(struct pn_hub *hub)
{
    hub->is_soiled = true;
}

uint64_t
pn_hub_losses(const struct pn_hub *hub)
{
    return hub->losses;
}
