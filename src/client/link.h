/*
 * link - one connection to one node: dial, handshake, requests out, replies in
 *
 * A link knows its bytes and the order of what was asked on it; what a reply means for
 * the request, and what to do when the connection breaks, is the hub's business.
 *
 *     CLOSED -> RESOLVING -> DIALING -> HELLO -> READY -> CLOSED
 *               (a loop's)   TCP, TLS
 *
 * In flight are entries, not requests: an entry whose request was cancelled stays, so
 * that its reply is known for what it is and dropped.
 */
#ifndef PN_CLIENT_LINK_H
#define PN_CLIENT_LINK_H

#include "client/buffer.h"
#include "client/hello.h"
#include "client/request.h"
#include "net/stream.h"
#include "wire/mc.h"
#include "wire/resp.h"

#define PN_LINK_ADDRESSES 8

enum pn_link_state {
    PN_LINK_CLOSED,
    PN_LINK_RESOLVING,
    PN_LINK_DIALING,
    PN_LINK_HELLO,
    PN_LINK_READY,
};

/* One request that was written to the connection. */
struct pn_flight {
    struct pn_request *request; /* NULL: nobody waits, drop the reply */
    uint32_t left;              /* messages that are still to come */
    uint16_t flags;             /* of the request: how its reply ends */
    uint8_t skip;               /* messages before them: of ASKING */
    char verb;                  /* memcached: of mg g, of ms s ...; of get g */
};

struct pn_link {
    struct pn_stream stream;
    enum pn_link_state state;
    uint16_t node;
    uint32_t born; /* which node of that number */
    bool is_memcached;
    bool is_subscribed;  /* RESP2 pub/sub: every message is a push */
    bool has_subscribed; /* a PN_REQ_PUSH was sent: an error may answer it */
    bool is_doubtful; /* after an error that may shift replies: close when possible */
    bool is_watched;  /* a loop polls stream.fd ... */
    uint8_t watched;  /* ... for this */
    bool is_changed;  /* the loop is to be told something */
    bool is_mapped;   /* endpoint is what opts.remap made of the fleet's */
    bool is_host_wanted; /* RESOLVING: the loop was not told yet */
    bool shares_cpu;     /* with its peer, as of the last look */
    bool is_old_told;    /* of .old */
    bool is_held;        /* the hub's: in its list by .next_held */
    uint8_t n_addrs, next_addr;
    uint64_t opened_at, heard_at, used_at, dial_deadline;
    uint64_t epoch;    /* of the map, when it was dialled */
    uint64_t asked_at; /* what is in flight: since when anything is */
    uint32_t rtt_ns;   /* of the last replies: falls at once, rises slowly; 0: none */
    uint32_t spins;    /* calls that asked whether to spin */

    struct pn_hello hello;
    struct pn_hello_opts hello_opts;
    struct pn_stream_opts stream_opts;
    struct pn_addr addr[PN_LINK_ADDRESSES];
    uint64_t turn_deadline;   /* DIALING: of the address at hand */
    struct pn_resolve *asked; /* for its name, not by a loop; NULL: nobody */
    uint64_t asked_for_at;
    struct pn_endpoint endpoint;

    /* in: [0, start) replies the caller may still read, [start, end) not yet a
     * message */
    struct pn_buffer in, out;
    struct pn_resp_scan scan;
    struct pn_mc_reader mc;

    struct pn_flight *flight; /* a ring */
    uint32_t flight_cap, flight_at, flight_n;

    struct pn_list queue; /* WAITING for this link to be READY */
    struct pn_stream old; /* a loop still watches it */

    uint32_t busy_at;          /* its place in the hub's list of busy ones, from 1 */
    struct pn_link *next_held; /* hub: replies in `in` are not released yet */
};

/* One message from the connection. */
struct pn_message {
    size_t at, len; /* in link->in */
    bool is_push;
    bool is_hello;
    struct pn_flight *flight; /* what it belongs to; NULL for the two above */
};

void
pn_link_init(struct pn_link *link, uint16_t node);
/* Frees the buffers; the stream is closed already. */
void
pn_link_free(struct pn_link *link);

/* Lets go of the connection. One that a loop watches is only closed when the loop has
 * let go of it too: its number would be given to another socket, of which no loop
 * knows. */
void
pn_link_hang_up(struct pn_link *link);

/* Begins to connect to the next of its addresses. 0 in progress, or the code of the
 * last of them. */
int
pn_link_dial(struct pn_link *link, struct pn_why *why);

/* Goes on with TCP, TLS and the handshake. 0 in progress, 1 READY (just now), < 0 a
 * code: the link is to be closed. A refused address goes on with the next. */
int
pn_link_progress(struct pn_link *link, struct pn_why *why);

/* Writes REQUEST behind what is to be sent, and expects its replies. PN_OK or
 * PN_E_NOMEM, when nothing has changed. */
int
pn_link_put(struct pn_link *link, struct pn_request *request, uint64_t now);

/* Sends. 0 all of it, 1 some is left, < 0 a code. */
int
pn_link_flush(struct pn_link *link, uint64_t *sent);

/* Receives what is there, or waits up to WAIT_NS for it. Bytes, 0, or a code. */
ptrdiff_t
pn_link_fill(struct pn_link *link, int64_t wait_ns);

/* The next whole message: 1, 0 there is none, < 0 malformed or unasked for. The message
 * is taken: link->in.start stands behind it, its entry counts one less. */
int
pn_link_next(struct pn_link *link, struct pn_message *message);

/* The oldest entry in flight is done with. */
void
pn_link_landed(struct pn_link *link);

/* The entry of REQUEST is nobody's from now on. */
void
pn_link_forget(struct pn_link *link, const struct pn_request *request);

/* Replies given so far are read; what has come of an unfinished one stays. */
void
pn_link_release(struct pn_link *link);

static inline struct pn_flight *
pn_link_flight(const struct pn_link *link, uint32_t i)
{
    return &link->flight[(link->flight_at + i) & (link->flight_cap - 1)];
}

static inline bool
pn_link_is_idle(const struct pn_link *link)
{
    return link->state == PN_LINK_READY && link->flight_n == 0 &&
           pn_buffer_left(&link->out) == 0;
}

/* What the stream is to be polled for. */
uint8_t
pn_link_want(const struct pn_link *link);

#endif
