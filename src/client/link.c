#include "client/link.h"

#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/why.h"
#include "client/code.h"
#include "net/resolve.h"
#include "wire/classic.h"
#include "wire/meta.h"

#define READ_MIN 4096u
#define READ_MAX ((size_t)1 << 20)
#define ASKING "*1\r\n$6\r\nASKING\r\n"

void
pn_link_init(struct pn_link *link, uint16_t node)
{
    *link = (struct pn_link){.node = node, .stream.fd = -1, .old.fd = -1};
    pn_list_init(&link->queue);
}

void
pn_link_free(struct pn_link *link)
{
    pn_buffer_free(&link->in);
    pn_buffer_free(&link->out);
    pn_resolve_free(link->asked);
    link->asked = NULL;
    pn_free(link->flight);
    link->flight = NULL;
}

void
pn_link_hang_up(struct pn_link *link)
{
    if (link->is_watched) {
        PN_ASSERT(link->old.fd <
                  0); /* the loop hears of one before it watches another */
        link->old = link->stream;
        link->is_old_told = false;
        link->stream = (struct pn_stream){.fd = -1};
    } else {
        pn_stream_close(&link->stream);
    }
    link->is_watched = false;
    link->watched = 0;
}

/* ---- Opening --------------------------------------------------------------- */

int
pn_link_dial(struct pn_link *link, struct pn_why *why)
{
    int rc = PN_NET_E_RESOLVE;
    while (link->next_addr < link->n_addrs) {
        const struct pn_addr *addr = &link->addr[link->next_addr++];
        rc = pn_stream_dial(&link->stream, addr, &link->stream_opts, why);
        if (rc == PN_OK) {
            link->state = PN_LINK_DIALING;
            return 0;
        }
    }
    return rc;
}

static int
say_hello(struct pn_link *link)
{
    struct pn_out out = {0};
    struct pn_hello dry = link->hello;
    pn_hello_put(&dry, &link->hello_opts, &out);
    if (!pn_buffer_reserve(&link->out, out.len)) {
        return PN_E_NOMEM;
    }
    out = (struct pn_out){.ptr = link->out.ptr + link->out.end, .cap = out.len};
    pn_hello_put(&link->hello, &link->hello_opts, &out);
    link->out.end += out.len;
    return 0;
}

static int
hello_failed(const struct pn_link *link, struct pn_why *why)
{
    return pn_why(why, link->hello.code, "%s: %s", pn_client_strerror(link->hello.code),
                  link->hello.said);
}

/* Says and hears what is to be said and heard. */
static int
shake_hands(struct pn_link *link, struct pn_why *why)
{
    struct pn_message message;
    for (;;) {
        if (link->hello.state == PN_HELLO_SEND) {
            int rc = say_hello(link);
            if (rc < 0) {
                return rc;
            }
        }
        int rc = pn_link_flush(link, NULL);
        if (rc != 0) {
            return rc < 0 ? rc : 0;
        }
        if (link->hello.state == PN_HELLO_DONE) {
            link->state = PN_LINK_READY;
            return 1;
        }
        if (link->hello.state == PN_HELLO_FAILED) {
            return hello_failed(link, why);
        }
        while ((rc = pn_link_next(link, &message)) == 0) {
            ptrdiff_t got = pn_link_fill(link, 0);
            if (got <= 0) {
                return (int)got;
            }
        }
        if (rc < 0) {
            return rc;
        }
        if (message.is_hello) {
            struct pn_bytes reply = {link->in.ptr + message.at, message.len};
            pn_hello_take(&link->hello, &link->hello_opts, reply);
        }
        if (!link->is_held) { /* by a caller who still reads what came before */
            pn_link_release(link);
        }
    }
}

int
pn_link_progress(struct pn_link *link, struct pn_why *why)
{
    if (link->state == PN_LINK_DIALING) {
        int rc = pn_stream_progress(&link->stream, why);
        while (rc < 0 && link->next_addr < link->n_addrs) {
            pn_link_hang_up(link);
            int code = pn_link_dial(link, why);
            rc = code < 0 ? code : pn_stream_progress(&link->stream, why);
        }
        if (rc != 0) {
            return rc < 0 ? rc : 0;
        }
        link->state = PN_LINK_HELLO;
    }
    return link->state == PN_LINK_HELLO ? shake_hands(link, why) : 0;
}

/* ---- Sending --------------------------------------------------------------- */

static bool
grow_ring(struct pn_link *link)
{
    uint32_t cap = link->flight_cap > 0 ? link->flight_cap * 2 : 8;
    struct pn_flight *ring = pn_alloc(cap * sizeof *ring);
    if (ring == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < link->flight_n; i++) {
        ring[i] = *pn_link_flight(link, i);
    }
    pn_free(link->flight);
    link->flight = ring;
    link->flight_cap = cap;
    link->flight_at = 0;
    return true;
}

static void
append(struct pn_buffer *out, const void *data, size_t len)
{
    memcpy(out->ptr + out->end, data, len);
    out->end += len;
}

int
pn_link_put(struct pn_link *link, struct pn_request *request, uint64_t now)
{
    PN_ASSERT(link->state == PN_LINK_READY);
    size_t ahead = request->is_asking ? sizeof ASKING - 1 : 0;
    if ((link->flight_n == link->flight_cap && !grow_ring(link)) ||
        !pn_buffer_reserve(&link->out, ahead + request->wire_len)) {
        return PN_E_NOMEM;
    }
    if (request->is_asking) {
        append(&link->out, ASKING, ahead);
    }
    append(&link->out, request->wire, request->wire_len);
    if (request->flags & PN_REQ_PUSH) {
        link->is_subscribed = link->hello.protocol < 3;
        link->has_subscribed = true;
        link->used_at = now;
        return PN_OK;
    }
    link->asked_at = link->flight_n == 0 ? now : link->asked_at;
    *pn_link_flight(link, link->flight_n++) =
        (struct pn_flight){.request = request,
                           .left = request->expect > 0 ? request->expect : 1,
                           .flags = request->flags,
                           .skip = request->is_asking ? 1 : 0,
                           .verb = request->wire[request->wire[0] == 'm']};
    request->is_asking = false;
    request->state = PN_REQ_SENT;
    request->link = link->node;
    request->by = link->node;
    request->sent_at = now;
    request->reply_len = 0;
    link->used_at = now;
    return PN_OK;
}

int
pn_link_flush(struct pn_link *link, uint64_t *sent)
{
    struct pn_buffer *out = &link->out;
    while (out->start < out->end) {
        ptrdiff_t n = pn_stream_write(&link->stream, out->ptr + out->start,
                                      out->end - out->start);
        if (n <= 0) {
            if (out->start > out->end / 2) { /* a peer that is always behind */
                pn_buffer_drop(out, out->start);
            }
            return n < 0 ? (int)n : 1;
        }
        out->start += (size_t)n;
        if (sent != NULL) {
            *sent += (uint64_t)n;
        }
    }
    pn_buffer_drop(out, out->end);
    return 0;
}

/* ---- Receiving ------------------------------------------------------------- */

/* How much room a read should find: what the message under way is known to want. Of a
 * long one no more than has come of it already: a server that promises half a gigabyte
 * and sends three bytes costs no memory. */
static size_t
room_wanted(const struct pn_link *link)
{
    size_t need = link->is_memcached ? link->mc.need : link->scan.need;
    size_t have = pn_buffer_left(&link->in);
    size_t most = have > READ_MAX ? have : READ_MAX;
    size_t more = need > have ? need - have : 0;
    more = more < most ? more : most;
    return more > READ_MIN ? more : READ_MIN;
}

ptrdiff_t
pn_link_fill(struct pn_link *link, int64_t wait_ns)
{
    struct pn_buffer *in = &link->in;
    if (!pn_buffer_reserve(in, room_wanted(link))) {
        return PN_E_NOMEM;
    }
    char *at = in->ptr + in->end;
    size_t room = in->cap - in->end;
    ptrdiff_t n = wait_ns > 0 ? pn_stream_read_within(&link->stream, at, room, wait_ns)
                              : pn_stream_read(&link->stream, at, room);
    if (n > 0) {
        in->end += (size_t)n;
    }
    return n;
}

/* Does an error of memcached with this TEXT leave it unsure where its server
 * believes the next command to begin? A line it could not read may have had a value
 * behind it. */
static bool
is_shifting(const struct pn_meta_reply *reply)
{
    const struct pn_bytes harmless[] = {
        PN_BYTES("cannot increment or decrement non-numeric value"),
        PN_BYTES("invalid flag"),
        PN_BYTES("invalid numeric delta argument"),
        PN_BYTES("object too large for cache"),
        PN_BYTES("out of memory storing object"),
    };
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        if (pn_bytes_equal(reply->text, harmless[i])) {
            return false;
        }
    }
    return reply->code != PN_META_SERVER_ERROR;
}

/* Is REPLY one that its command may get? What is not tells that a reply was left out
 * or put in, and that all behind it are other commands'. */
static bool
is_answer(const struct pn_flight *flight, const struct pn_meta_reply *reply)
{
    enum { HD = 1 << PN_META_HD, VA = 1 << PN_META_VA, EN = 1 << PN_META_EN };
    enum { NS = 1 << PN_META_NS, EX = 1 << PN_META_EX, NF = 1 << PN_META_NF };
    unsigned code = 1u << reply->code, may = ~0u;
    switch (flight->verb) {
    case 'g':
        may = VA | EN | (flight->flags & PN_REQ_VALUE ? 0 : HD);
        break;
    case 's':
        may = HD | NS | EX | NF;
        break;
    case 'd':
        may = HD | NF | EX;
        break;
    case 'a':
        may = HD | VA | NF | NS | EX | EN;
        break;
    default:
        break;
    }
    return reply->code >= PN_META_ERROR || (may & code) != 0;
}

/* Does REPLY name the key that was asked for, if any? */
static bool
is_of_key(const struct pn_flight *flight, const struct pn_meta_reply *reply)
{
    char room[PN_MC_KEY_MAX];
    struct pn_bytes raw;
    const struct pn_request *request = flight->request;
    if (request == NULL || request->key.len == 0 ||
        (reply->has & pn_meta_bit('k')) == 0) {
        return true;
    }
    return pn_meta_key(reply->key, reply->has, room, &raw) == 0 &&
           pn_bytes_equal(raw, request->key);
}

static bool
is_classic_answer(const struct pn_flight *flight, const struct pn_classic_reply *reply)
{
    bool is_get = flight != NULL && flight->verb == 'g';
    return !is_get || reply->kind == PN_REPLY_VALUE || reply->kind == PN_REPLY_END ||
           (reply->kind >= PN_REPLY_ERROR && reply->kind <= PN_REPLY_SERVER_ERROR);
}

/* All messages of a classic answer that are there, to the last one. */
static ptrdiff_t
classic_messages(struct pn_link *link, const struct pn_flight *flight, const char *buf,
                 size_t len, bool *is_end)
{
    size_t at = 0;
    *is_end = false;
    while (!*is_end) {
        struct pn_classic_reply reply;
        ptrdiff_t n = pn_classic_reply(&link->mc, buf + at, len - at, &reply);
        if (n <= 0) {
            return n < 0 ? n : (ptrdiff_t)at;
        }
        if (!is_classic_answer(flight, &reply)) {
            return PN_CLIENT_E_REPLY;
        }
        at += (size_t)n;
        *is_end = pn_classic_is_last(&reply);
    }
    return (ptrdiff_t)at;
}

/* One message of memcached at BUF (of a classic answer all), as the entry it belongs to
 * reads them: bytes, 0 need more, < 0 a code. *is_end: it is the last of the answer. */
static ptrdiff_t
memcached_message(struct pn_link *link, const struct pn_flight *flight, const char *buf,
                  size_t len, bool *is_end)
{
    if (flight == NULL || flight->flags & PN_REQ_CLASSIC) {
        return classic_messages(link, flight, buf, len, is_end);
    }
    *is_end = true;
    struct pn_meta_reply reply;
    ptrdiff_t n = pn_meta_reply(&link->mc, buf, len, &reply);
    if (n > 0 && !(flight->flags & PN_REQ_NOOP) &&
        !(is_answer(flight, &reply) && is_of_key(flight, &reply))) {
        return PN_CLIENT_E_REPLY;
    }
    if (n > 0) {
        link->is_doubtful |= reply.code >= PN_META_ERROR && is_shifting(&reply);
        *is_end = !(flight->flags & PN_REQ_NOOP) || reply.code == PN_META_NOOP ||
                  link->is_doubtful;
    }
    return n;
}

static ptrdiff_t
one_message(struct pn_link *link, struct pn_flight *flight, bool *is_end)
{
    const char *buf = link->in.ptr + link->in.start;
    size_t len = pn_buffer_left(&link->in);
    if (len == 0) {
        return 0;
    }
    if (link->is_memcached) {
        return memcached_message(link, flight, buf, len, is_end);
    }
    *is_end = true;
    return pn_resp_scan(&link->scan, buf, len);
}

/* Has something begun to come that nobody asked for, and that is no push? It would be
 * taken for the reply to what is asked next. */
static bool
is_unasked(const struct pn_link *link)
{
    if (link->state != PN_LINK_READY || link->flight_n > 0 ||
        pn_buffer_left(&link->in) == 0) {
        return false;
    }
    char first = link->in.ptr[link->in.start];
    bool is_push = link->is_subscribed || first == PN_RESP_PUSH ||
                   (link->has_subscribed && first == PN_RESP_ERROR);
    return link->is_memcached || !is_push;
}

/* RESP: a string, nothing, or an error. */
static bool
is_value(char first)
{
    return first == PN_RESP_BULK || first == PN_RESP_SIMPLE || first == PN_RESP_NULL ||
           first == PN_RESP_VERBATIM || first == PN_RESP_ERROR ||
           first == PN_RESP_BULK_ERROR || first == PN_RESP_ATTRIBUTE;
}

int
pn_link_next(struct pn_link *link, struct pn_message *message)
{
    for (;;) {
        struct pn_flight *flight = link->flight_n > 0 ? pn_link_flight(link, 0) : NULL;
        bool is_end = true;
        ptrdiff_t n = one_message(link, flight, &is_end);
        if (n <= 0) {
            return n == 0 && is_unasked(link) ? PN_CLIENT_E_REPLY : (int)n;
        }
        size_t at = link->in.start;
        *message = (struct pn_message){.at = at, .len = (size_t)n};
        link->in.start += (size_t)n;
        if (!link->is_memcached &&
            (link->in.ptr[at] == PN_RESP_PUSH || link->is_subscribed)) {
            message->is_push = true;
            return 1;
        }
        if (link->state == PN_LINK_HELLO) {
            message->is_hello = true;
            return 1;
        }
        if (flight == NULL) {
            /* A SUBSCRIBE that is refused has no entry, and its error is no push. */
            message->is_push = link->has_subscribed &&
                               link->in.ptr[at] == PN_RESP_ERROR;
            return message->is_push ? 1 : PN_CLIENT_E_REPLY;
        }
        if (flight->skip > 0) {
            flight->skip--;
            continue;
        }
        if (!link->is_memcached && flight->flags & PN_REQ_VALUE &&
            !is_value(link->in.ptr[at])) {
            return PN_CLIENT_E_REPLY;
        }
        flight->left -= is_end ? 1 : 0;
        message->flight = flight;
        return 1;
    }
}

void
pn_link_landed(struct pn_link *link)
{
    PN_ASSERT(link->flight_n > 0);
    link->flight_at = (link->flight_at + 1) & (link->flight_cap - 1);
    link->flight_n--;
}

void
pn_link_forget(struct pn_link *link, const struct pn_request *request)
{
    for (uint32_t i = 0; i < link->flight_n; i++) {
        struct pn_flight *flight = pn_link_flight(link, i);
        if (flight->request == request) {
            flight->request = NULL;
            return;
        }
    }
}

void
pn_link_release(struct pn_link *link)
{
    struct pn_request *partial = link->flight_n > 0 ? pn_link_flight(link, 0)->request
                                                    : NULL;
    size_t count = link->in.start;
    if (partial != NULL && partial->reply_len > 0) {
        count = partial->reply_at;
        partial->reply_at = 0;
    }
    pn_buffer_drop(&link->in, count);
}

uint8_t
pn_link_want(const struct pn_link *link)
{
    switch (link->state) {
    case PN_LINK_DIALING:
        return link->stream.want;
    case PN_LINK_HELLO:
    case PN_LINK_READY:
        return PN_IO_READ | (pn_buffer_left(&link->out) > 0 ? PN_IO_WRITE : 0);
    default:
        return 0;
    }
}
