#include "base/alloc.h"
#include "base/clock.h"
#include "base/why.h"
#include "client/engine.h"

#include <string.h>

/* ---- The hub's links --------------------------------------------------------- */

static bool
grow_links(struct pn_hub *hub, uint16_t node)
{
    uint32_t n = hub->n_links > 0 ? hub->n_links : 8;
    while (n <= node) {
        n *= 2;
    }
    struct pn_link **link = pn_alloc(n * sizeof *link);
    if (link == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < hub->n_links; i++) {
        link[i] = hub->link[i];
    }
    struct pn_link **old = hub->link;
    hub->link = link; /* in this order: a fork may come between any two */
    hub->n_links = n;
    pn_free(old);
    return true;
}

struct pn_link *
pn_hub_link(struct pn_hub *hub, uint16_t node)
{
    if (node >= hub->n_links && !grow_links(hub, node)) {
        return NULL;
    }
    if (hub->link[node] == NULL) {
        struct pn_link *link = pn_alloc(sizeof *link);
        if (link == NULL) {
            return NULL;
        }
        pn_link_init(link, node);
        hub->link[node] = link;
    }
    return hub->link[node];
}

bool
pn_hub_set_busy(struct pn_hub *hub, struct pn_link *link)
{
    if (link->busy_at > 0) {
        return true;
    }
    if (hub->n_busy == hub->busy_cap) {
        uint32_t cap = hub->busy_cap > 0 ? hub->busy_cap * 2 : 8;
        struct pn_link **busy = pn_alloc(cap * sizeof *busy);
        if (busy == NULL) {
            return false;
        }
        for (uint32_t i = 0; i < hub->n_busy; i++) {
            busy[i] = hub->busy[i];
        }
        pn_free(hub->busy);
        hub->busy = busy;
        hub->busy_cap = cap;
    }
    hub->busy[hub->n_busy++] = link;
    link->busy_at = hub->n_busy;
    return true;
}

void
pn_hub_clear_busy(struct pn_hub *hub, struct pn_link *link)
{
    if (link->busy_at == 0) {
        return;
    }
    struct pn_link *last = hub->busy[--hub->n_busy];
    hub->busy[link->busy_at - 1] = last;
    last->busy_at = link->busy_at;
    link->busy_at = 0;
}

/* ---- Losing ------------------------------------------------------------------ */

/* The connection is no more; its buffers keep what callers may still read. */
static void
drop_stream(struct pn_hub *hub, struct pn_link *link)
{
    pn_link_hang_up(link);
    link->state = PN_LINK_CLOSED;
    link->is_subscribed = link->has_subscribed = false;
    link->is_doubtful = false;
    link->hello = (struct pn_hello){0};
    link->scan = (struct pn_resp_scan){0};
    link->mc = (struct pn_mc_reader){0};
    link->in.end = link->in.start;
    link->n_addrs = link->next_addr = 0;
    link->flight_n = 0;
    pn_buffer_drop(&link->out, link->out.end);
    pn_hub_watch(hub, link);
}

static void
close_link(struct pn_hub *hub, struct pn_link *link)
{
    if (link->state == PN_LINK_READY) {
        atomic_fetch_add_explicit(&hub->client->closed, 1, memory_order_relaxed);
    }
    drop_stream(hub, link);
}

void
pn_hub_shut(struct pn_hub *hub, struct pn_link *link)
{
    if (link->state == PN_LINK_CLOSED) {
        return;
    }
    if (link->state != PN_LINK_READY) { /* else no lock: its caller may have it */
        pn_fleet_undial(pn_client_lock(hub->client), link->node);
        pn_client_unlock(hub->client);
    }
    close_link(hub, link);
}

static enum pn_trouble
trouble_of(const struct pn_link *link, int code)
{
    if (link->state != PN_LINK_READY) {
        return link->hello.is_loading     ? PN_TROUBLE_LOADING
               : code == PN_CLIENT_E_ROLE ? PN_TROUBLE_ROLE
                                          : PN_TROUBLE_DIAL;
    }
    if (code == PN_NET_E_TIMEOUT) {
        return PN_TROUBLE_TIMEOUT;
    }
    bool is_wire = code <= -200 && code > -300;
    return is_wire || code == PN_CLIENT_E_REPLY ? PN_TROUBLE_PROTOCOL : PN_TROUBLE_LOST;
}

/* No other try can end better. */
static bool
is_final(const struct pn_link *link, int code)
{
    if (link->hello.is_loading || link->hello.is_full) {
        return false;
    }
    return code == PN_CLIENT_E_AUTH || code == PN_CLIENT_E_HELLO ||
           code == PN_NET_E_CERTIFICATE || code == PN_NET_E_FILES ||
           code == PN_NET_E_TLS || code == PN_NET_E_ADDRESS;
}

/* REQUEST was on the wire when its connection was lost. */
static void
retry_sent(struct pn_hub *hub, struct pn_request *request, int code, uint64_t now)
{
    bool is_safe = (request->flags & (PN_REQ_READ | PN_REQ_SAFE)) != 0;
    bool may = is_safe && !(request->flags & (PN_REQ_NO_RETRY | PN_REQ_STAY));
    uint64_t at = PN_NEVER;
    request->attempts++;
    request->reply_len = 0;
    if (may && request->deadline > now) {
        struct pn_fleet *fleet = pn_client_lock(hub->client);
        at = pn_fleet_retry(fleet, request->attempts + 1u, now);
        pn_client_unlock(hub->client);
    }
    if (at == PN_NEVER) {
        pn_hub_finish(hub, request, is_safe ? code : PN_CLIENT_E_LOST);
        return;
    }
    PN_COUNT(hub->client, request->by, retries, 1);
    request->avoid = request->by;
    request->rc = code;
    pn_hub_requeue(hub, request, at);
}

/* REQUEST waited for a connection that did not come about: nothing was sent. */
static void
retry_unsent(struct pn_hub *hub, struct pn_request *request, int code, bool is_over,
             uint64_t now)
{
    bool is_pinned = request->node != PN_NODE_NONE;
    request->attempts++;
    if (is_over || is_pinned || request->flags & (PN_REQ_STAY | PN_REQ_NO_RETRY)) {
        pn_hub_finish(hub, request, code);
        return;
    }
    PN_COUNT(hub->client, request->by, retries, 1);
    request->avoid = request->by;
    request->rc = code;
    pn_hub_requeue(hub, request, now);
}

/* An idle connection that its server closes is no trouble: the next request finds out
 * whether the node is there. */
static bool
is_farewell(const struct pn_link *link, int code)
{
    return link->state == PN_LINK_READY && link->flight_n == 0 &&
           link->queue.head == NULL &&
           (code == PN_NET_E_CLOSED || code == PN_NET_E_RESET);
}

/* Tells the fleet, and keeps what to tell people. */
static void
report(struct pn_hub *hub, struct pn_link *link, int code, const struct pn_why *why,
       uint64_t now)
{
    struct pn_why made, more;
    const char *text = pn_client_strerror(code);
    if (why != NULL && why->code != 0) {
        text = why->text;
    } else if (code <= -300 && code > -400) { /* net's, which may know more, with TLS */
        pn_stream_why(&link->stream, code, &more);
        text = more.text;
    }
    pn_why(&made, code, "%s:%u: %s", link->endpoint.host, (unsigned)link->endpoint.port,
           text);
    atomic_fetch_add_explicit(&hub->client->troubles, 1, memory_order_relaxed);
    enum pn_trouble trouble = trouble_of(link, code);
    struct pn_fleet *fleet = pn_client_lock(hub->client);
    pn_fleet_trouble(fleet, link->node, trouble, now);
    if (link->state != PN_LINK_READY && trouble != PN_TROUBLE_DIAL) {
        pn_fleet_undial(fleet,
                        link->node); /* it stood: what was said is no failed dial */
    }
    pn_client_blame(hub->client, link->node, &made);
    pn_client_unlock(hub->client);
}

void
pn_hub_lose(struct pn_hub *hub, struct pn_link *link, int code,
            const struct pn_why *why, uint64_t now)
{
    if (is_farewell(link, code)) {
        hub->losses++;
        pn_hub_shut(hub, link);
        pn_hub_clear_busy(hub, link);
        return;
    }
    report(hub, link, code, why, now);
    bool was_ready = link->state == PN_LINK_READY;
    bool is_over = is_final(link, code);
    hub->losses += was_ready;
    if (was_ready) {
        PN_COUNT(hub->client, link->node, disconnects, 1);
    }
    struct pn_request *queued = pn_list_take_all(&link->queue);
    uint32_t n = link->flight_n;
    close_link(hub, link);
    for (uint32_t i = 0; i < n; i++) { /* the ring's memory is still there */
        struct pn_request *request = pn_link_flight(link, i)->request;
        if (request != NULL) {
            PN_COUNT(hub->client, link->node, errors, 1);
            retry_sent(hub, request, code, now);
        }
    }
    for (struct pn_request *next; queued != NULL; queued = next) {
        next = queued->next;
        PN_COUNT(hub->client, link->node, errors, 1);
        retry_unsent(hub, queued, code, is_over, now);
    }
    pn_hub_clear_busy(hub, link);
}

/* LINK is closed by us, and its node no worse for it. */
static void
hang_up(struct pn_hub *hub, struct pn_link *link, uint64_t now)
{
    struct pn_request *queued = pn_list_take_all(&link->queue);
    uint32_t n = link->flight_n;
    hub->losses++;
    close_link(hub, link);
    for (uint32_t i = 0; i < n; i++) {
        struct pn_request *request = pn_link_flight(link, i)->request;
        if (request != NULL) {
            retry_sent(hub, request, PN_CLIENT_E_LOST, now);
        }
    }
    for (struct pn_request *next; queued != NULL; queued = next) {
        next = queued->next;
        if (queued->flags & PN_REQ_STAY) {
            pn_hub_finish(hub, queued, PN_CLIENT_E_LOST);
        } else {
            pn_hub_requeue(hub, queued, now);
        }
    }
    pn_hub_clear_busy(hub, link);
}

bool
pn_hub_abort(struct pn_hub *hub, struct pn_request *request, uint64_t now)
{
    bool was_sent = request->state == PN_REQ_SENT;
    bool is_cancelled = pn_hub_cancel(hub, request);
    if (is_cancelled && was_sent) {
        hang_up(hub, hub->link[request->link], now);
    }
    return is_cancelled;
}

/* ---- Opening ------------------------------------------------------------------- */

static void
opened(struct pn_hub *hub, struct pn_link *link, uint64_t now)
{
    struct pn_client *client = hub->client;
    link->opened_at = link->used_at = link->heard_at = now;
    atomic_fetch_add_explicit(&client->opened, 1, memory_order_relaxed);
    PN_COUNT(hub->client, link->node, connects, 1);
    struct pn_fleet *fleet = pn_client_lock(client);
    pn_fleet_connected(fleet, link->node, now);
    pn_client_blame(client, link->node, NULL);
    pn_client_unlock(client);
}

/* ---- Sending --------------------------------------------------------------------- */

/* May a connection that was idle be used? */
static bool
is_fit(struct pn_hub *hub, struct pn_link *link, uint64_t now)
{
    const struct pn_client_opts *opts = &hub->client->opts;
    if (link->flight_n > 0 || hub->is_looped) {
        return true;
    }
    uint64_t idle = now - link->used_at;
    return idle <= opts->check_ns ||
           (idle <= opts->idle_ns && now - link->opened_at <= opts->lifetime_ns &&
            pn_stream_is_quiet(&link->stream));
}

static void
send_queue(struct pn_hub *hub, struct pn_link *link, uint64_t now)
{
    struct pn_request *r = pn_list_take_all(&link->queue);
    for (struct pn_request *next; r != NULL; r = next) {
        next = r->next;
        int rc = pn_link_put(link, r, now);
        if (rc < 0) {
            pn_hub_finish(hub, r, rc);
        } else if (r->flags & PN_REQ_PUSH) {
            r->by = link->node;
            pn_hub_finish(hub, r, 0);
        }
    }
}

/* ---- Receiving ----------------------------------------------------------- */

static void
hold(struct pn_hub *hub, struct pn_link *link)
{
    if (!link->is_held) {
        link->is_held = true;
        link->next_held = hub->held;
        hub->held = link;
    }
}

static void
keep_push(struct pn_hub *hub, struct pn_link *link, const struct pn_message *message)
{
    if (hub->n_pushes == hub->push_cap) {
        uint32_t cap = hub->push_cap > 0 ? hub->push_cap * 2 : 16;
        struct pn_push *push = pn_alloc(cap * sizeof *push);
        if (push == NULL) {
            return; /* a subscriber short of memory misses a message */
        }
        if (hub->n_pushes > 0) {
            memcpy(push, hub->push, hub->n_pushes * sizeof *push);
        }
        pn_free(hub->push);
        hub->push = push;
        hub->push_cap = cap;
    }
    hub->push[hub->n_pushes++] =
        (struct pn_push){.link = link->node, .at = message->at, .len = message->len};
    hold(hub, link);
}

static void
take_message(struct pn_hub *hub, struct pn_link *link, const struct pn_message *message,
             uint64_t now)
{
    if (message->is_push) {
        if (hub->keeps_pushes) {
            keep_push(hub, link, message);
        }
        return;
    }
    struct pn_request *request = message->flight->request;
    if (request != NULL) {
        if (request->reply_len == 0) {
            request->reply_at = message->at;
        }
        request->reply_len = message->at + message->len - request->reply_at;
    }
    if (message->flight->left > 0) {
        return;
    }
    pn_link_landed(link);
    if (request != NULL) {
        hold(hub, link);
        pn_hub_answered(hub, link, request, now);
    }
}

/* Takes all whole messages; the link may be lost in doing so. */
static void
take_messages(struct pn_hub *hub, struct pn_link *link, uint64_t now)
{
    struct pn_message message;
    int rc = 0;
    /* Behind an error that may shift replies nothing is known to be whose it seems. */
    while (!link->is_doubtful && (rc = pn_link_next(link, &message)) > 0) {
        take_message(hub, link, &message, now);
    }
    if (link->is_doubtful && rc >= 0) {
        rc = PN_CLIENT_E_REPLY;
    }
    if (rc < 0) {
        pn_hub_lose(hub, link, rc, NULL, now);
    } else if (!link->is_held) {
        pn_link_release(link);
    }
}

bool
pn_hub_receive(struct pn_hub *hub, struct pn_link *link, int64_t wait_ns)
{
    size_t total = 0;
    for (;;) {
        ptrdiff_t n = pn_link_fill(link, total == 0 ? wait_ns : 0);
        if (n == 0) {
            break;
        }
        uint64_t now = pn_clock_mono_ns();
        if (n < 0) {
            pn_hub_lose(hub, link, (int)n, NULL, now);
            return true;
        }
        total += (size_t)n;
        link->heard_at = now;
        bool was_full = link->in.end == link->in.cap;
        take_messages(hub, link, now);
        if (link->state != PN_LINK_READY || !was_full) {
            break;
        }
    }
    if (total > 0) {
        PN_COUNT(hub->client, link->node, bytes_in, total);
    }
    return total > 0;
}

/* ---- All of it ----------------------------------------------------------- */

/* Connects or shakes hands. True: the link is READY. */
static bool
progress(struct pn_hub *hub, struct pn_link *link, uint8_t got, uint64_t now)
{
    if (link->state == PN_LINK_RESOLVING) {
        pn_hub_dial(hub, link, now);
    }
    bool is_waiting = link->state == PN_LINK_DIALING && !link->stream.is_connected;
    if (link->state < PN_LINK_DIALING || (is_waiting && got == 0)) {
        return false;
    }
    struct pn_why why = {0};
    int rc = pn_hub_dial_more(hub, link, &why, now);
    if (rc < 0) {
        pn_hub_lose(hub, link, rc, &why, now);
    } else if (rc > 0) {
        opened(hub, link, now);
        take_messages(hub, link,
                      now); /* what came behind the handshake answers nothing */
    }
    return link->state == PN_LINK_READY;
}

void
pn_hub_go_on(struct pn_hub *hub, struct pn_link *link, uint8_t got, uint64_t now)
{
    if (link->state == PN_LINK_READY && got & PN_IO_READ) {
        pn_hub_receive(hub, link, 0);
    }
    if (link->state == PN_LINK_READY && link->queue.head != NULL &&
        !is_fit(hub, link, now)) {
        struct pn_request *queued = pn_list_take_all(&link->queue);
        pn_hub_shut(hub, link);
        for (struct pn_request *next; queued != NULL; queued = next) {
            next = queued->next;
            pn_hub_requeue(hub, queued, now);
        }
    }
    bool is_ready = link->state == PN_LINK_READY ||
                    (link->state != PN_LINK_CLOSED && progress(hub, link, got, now));
    if (is_ready) {
        send_queue(hub, link, now);
        uint64_t sent = 0;
        int rc = pn_link_flush(link, &sent);
        if (sent > 0) {
            PN_COUNT(hub->client, link->node, bytes_out, sent);
        }
        if (rc < 0) {
            pn_hub_lose(hub, link, rc, NULL, now);
        }
    }
    bool is_done = link->state == PN_LINK_CLOSED || pn_link_is_idle(link);
    if (is_done && link->queue.head == NULL) {
        pn_hub_clear_busy(hub, link);
    }
    pn_hub_watch(hub, link);
}
