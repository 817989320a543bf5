#include <string.h>

#include "client/engine.h"
#include "client/judge.h"

#define TRYAGAIN_MAX 6              /* then the caller hears of it */
#define APART_MAX 2                 /* the same, of one who knows what to do then */
#define PAUSE_MIN UINT64_C(2000000) /* ns; doubles at every try */
#define PAUSE_MAX UINT64_C(500000000)

/* How long to leave a server alone that asked for it. Some chance from the clock keeps
 * callers apart who were refused together. */
static uint64_t
pause_after(const struct pn_request *request, uint64_t now)
{
    uint64_t span = PAUSE_MIN << (request->attempts < 8 ? request->attempts : 8);
    span = span < PAUSE_MAX ? span : PAUSE_MAX;
    return span / 2 + (now * UINT64_C(0x9E3779B97F4A7C15) >> 32) % (span / 2);
}

static void
count(struct pn_hub *hub, struct pn_link *link, const struct pn_request *request,
      uint64_t now)
{
    struct pn_client_node *node = pn_client_node(hub->client, link->node);
    uint64_t took = now - request->sent_at;
    uint64_t known = link->rtt_ns;
    known = known == 0 || took < known ? took : (known * 7 + took) / 8;
    link->rtt_ns = (uint32_t)(known < UINT32_MAX ? known : UINT32_MAX);
    if (node == NULL) {
        return;
    }
    atomic_fetch_add_explicit(&node->counts.calls, 1, memory_order_relaxed);
    if (request->is_gutter) {
        atomic_fetch_add_explicit(&node->counts.gutter, 1, memory_order_relaxed);
    }
    pn_latency_add(&node->counts, took);
}

/* The answer says that the node is well. That is told to the fleet once a node after
 * any trouble of any; an answer to CLUSTER SLOTS is none, who is cut off gives it
 * too. */
static void
tell_well(struct pn_hub *hub, struct pn_link *link, const struct pn_request *request,
          uint64_t now)
{
    struct pn_client_node *node = pn_client_node(hub->client, link->node);
    uint32_t troubles = atomic_load_explicit(&hub->client->troubles,
                                             memory_order_relaxed);
    bool is_query = request == &hub->task_request && hub->task.kind == PN_TASK_SLOTS;
    if (node == NULL || is_query ||
        atomic_load_explicit(&node->told, memory_order_relaxed) == troubles) {
        return;
    }
    atomic_store_explicit(&node->told, troubles, memory_order_relaxed);
    struct pn_fleet *fleet = pn_client_lock(hub->client);
    pn_fleet_well(fleet, link->node, now);
    pn_client_unlock(hub->client);
}

/* Another node is to be asked: now, or after a pause. False: enough of that. */
static bool
redirect(struct pn_hub *hub, struct pn_request *request, uint16_t node, uint64_t now)
{
    struct pn_fleet *fleet = pn_client_lock(hub->client);
    bool may = node != PN_NODE_NONE && pn_fleet_may_redirect(fleet, request->redirects);
    pn_client_unlock(hub->client);
    if (!may) {
        pn_hub_finish(hub, request, PN_CLIENT_E_REDIRECTS);
        return false;
    }
    request->redirects++;
    PN_COUNT(hub->client, request->by, redirects, 1);
    request->to = node;
    request->reply_len = 0;
    pn_hub_requeue(hub, request, now);
    return true;
}

static void
follow(struct pn_hub *hub, struct pn_link *link, struct pn_request *request,
       const struct pn_verdict *verdict, uint64_t now)
{
    struct pn_fleet *fleet = pn_client_lock(hub->client);
    uint16_t node;
    if (verdict->kind == PN_VERDICT_MOVED) {
        node = pn_fleet_moved(fleet, link->node, verdict->slot, &verdict->endpoint,
                              now);
    } else if (verdict->kind == PN_VERDICT_ASK) {
        node = pn_fleet_asked(fleet, link->node, &verdict->endpoint);
    } else {
        pn_fleet_trouble(fleet, link->node, PN_TROUBLE_ROLE, now);
        node = pn_fleet_node_at(fleet, &verdict->endpoint);
    }
    pn_client_unlock(hub->client);
    request->is_asking = verdict->kind == PN_VERDICT_ASK;
    redirect(hub, request, node, now);
}

/* How often the same node is asked again. */
static uint32_t
tries_of(const struct pn_request *request, const struct pn_verdict *verdict)
{
    bool is_apart = verdict->kind == PN_VERDICT_APART && request->flags & PN_REQ_APART;
    return is_apart ? APART_MAX : TRYAGAIN_MAX;
}

/* The server is not to be asked now, and says so: nothing was executed. */
static void
wait_or_answer(struct pn_hub *hub, struct pn_link *link, struct pn_request *request,
               const struct pn_verdict *verdict, uint64_t now)
{
    bool is_elsewhere = verdict->kind == PN_VERDICT_ELSEWHERE;
    uint64_t at = now + pause_after(request, now);
    request->attempts++;
    struct pn_fleet *fleet = pn_client_lock(hub->client);
    if (is_elsewhere || verdict->has_trouble) {
        pn_fleet_trouble(fleet, link->node, verdict->trouble, now);
    }
    if (is_elsewhere) {
        if (pn_fleet_retry(fleet, request->attempts + 1u, now) == PN_NEVER) {
            at = PN_NEVER;
        }
    } else if (request->attempts > tries_of(request, verdict)) {
        at = PN_NEVER;
    }
    pn_client_unlock(hub->client);
    bool is_enough = request->flags & PN_REQ_NO_RETRY ||
                     (request->flags & PN_REQ_QUICK && request->attempts > 1);
    if (at >= request->deadline || is_enough) {
        pn_hub_finish(hub, request, 0); /* what the server said says it best */
        return;
    }
    request->reply_len = 0;
    request->to = is_elsewhere ? PN_NODE_NONE : link->node;
    request->avoid = is_elsewhere ? link->node : PN_NODE_NONE;
    pn_hub_requeue(hub, request, at);
}

static void
act(struct pn_hub *hub, struct pn_link *link, struct pn_request *request,
    const struct pn_verdict *verdict, uint64_t now)
{
    switch (verdict->kind) {
    case PN_VERDICT_MOVED:
    case PN_VERDICT_ASK:
    case PN_VERDICT_REDIRECT:
        if (request->node != PN_NODE_NONE || request->flags & PN_REQ_STAY) {
            break; /* whoever names the node wants to hear of it */
        }
        follow(hub, link, request, verdict, now);
        return;
    case PN_VERDICT_AGAIN:
    case PN_VERDICT_APART:
    case PN_VERDICT_ELSEWHERE:
        if (request->node != PN_NODE_NONE || request->flags & PN_REQ_STAY) {
            break;
        }
        wait_or_answer(hub, link, request, verdict, now);
        return;
    case PN_VERDICT_ANSWER:
    case PN_VERDICT_AUTH:
        break;
    }
    if (verdict->has_trouble) {
        struct pn_fleet *fleet = pn_client_lock(hub->client);
        pn_fleet_trouble(fleet, link->node, verdict->trouble, now);
        pn_client_unlock(hub->client);
    }
    pn_hub_finish(hub, request, 0);
}

/* ---- While a fleet warms up -------------------------------------------------- */

/* Does REPLY say that something was deleted: HD, or a number but 0? */
static bool
is_deleted(struct pn_bytes reply)
{
    bool is_number = reply.ptr[0] == PN_RESP_INTEGER;
    return is_number ? reply.ptr[1] != '0' : reply.ptr[0] == 'H';
}

static bool
is_error(const struct pn_link *link, struct pn_bytes reply)
{
    if (!link->is_memcached) {
        return reply.ptr[0] == PN_RESP_ERROR;
    }
    return memcmp(reply.ptr, "ER", 2) == 0 || /* ERROR, and its two longer ones */
           (reply.len > 12 && memcmp(reply.ptr + 6, "_ERROR", 6) == 0);
}

/* The old owner has answered what goes to both: now to the new one. Not so when it
 * could not delete: what it has would be found, and it is known too late. (A set that
 * it refuses leaves nothing there.) */
static bool
goes_to_new(struct pn_hub *hub, struct pn_link *link, struct pn_request *request,
            struct pn_bytes reply, uint64_t now)
{
    if (request->leg != 1 ||
        (request->flags & PN_REQ_DELETE && is_error(link, reply))) {
        return false;
    }
    request->was_there = is_deleted(reply);
    request->leg = 2;
    request->reply_len = 0;
    pn_hub_requeue(hub, request, now);
    return true;
}

/* What only the old owner had was deleted all the same: the new one's NF or 0, in the
 * buffer that is ours, becomes HD or 1. */
static void
tell_of_old(struct pn_link *link, const struct pn_request *request)
{
    char *reply = link->in.ptr + request->reply_at;
    if (!(request->flags & PN_REQ_DELETE) || !request->was_there) {
        return;
    }
    if (memcmp(reply, "NF", 2) == 0) {
        memcpy(reply, "HD", 2);
    } else if (memcmp(reply, ":0\r", 3) == 0) {
        reply[1] = '1';
    }
}

/* What the new owner of memcached does not have may be at the old one's. Was REQUEST
 * sent on its way once more? */
static bool
goes_to_old(struct pn_hub *hub, struct pn_request *request, struct pn_bytes reply,
            uint64_t now)
{
    bool is_miss = reply.len >= 2 && reply.ptr[0] == 'E' && reply.ptr[1] == 'N';
    if (request->second == PN_NODE_NONE || !is_miss ||
        !(request->flags & PN_REQ_READ) || request->flags & PN_REQ_NOOP) {
        return false;
    }
    uint16_t old = request->second;
    request->second = PN_NODE_NONE;
    request->to = old;
    request->reply_len = 0;
    pn_hub_requeue(hub, request, now);
    return true;
}

void
pn_hub_answered(struct pn_hub *hub, struct pn_link *link, struct pn_request *request,
                uint64_t now)
{
    struct pn_bytes reply = {link->in.ptr + request->reply_at, request->reply_len};
    count(hub, link, request, now);
    bool is_judged = !link->is_memcached && reply.ptr[0] == PN_RESP_ERROR &&
                     request->expect <= 1 && !(request->flags & PN_REQ_RAW);
    if (!is_judged) {
        tell_well(hub, link, request, now);
    }
    if (goes_to_new(hub, link, request, reply, now)) {
        return;
    }
    tell_of_old(link, request);
    if (link->is_memcached) {
        if (!goes_to_old(hub, request, reply, now)) {
            pn_hub_finish(hub, request, 0);
        }
        return;
    }
    if (!is_judged) {
        pn_hub_finish(hub, request, 0);
        return;
    }
    struct pn_verdict verdict;
    pn_judge((struct pn_bytes){reply.ptr + 1, reply.len - 3}, &verdict);
    if (verdict.has_trouble) {
        atomic_fetch_add_explicit(&hub->client->troubles, 1, memory_order_relaxed);
    } else {
        tell_well(hub, link, request, now);
    }
    act(hub, link, request, &verdict, now);
}
