/*
 * hub - connections to the nodes of a fleet, and the requests under way on them
 *
 * The engine of both kinds of callers. It sends each request to the node that the fleet
 * names, dials where there is no connection, matches replies to requests in the order
 * of each connection, follows redirects, tries again what is safe to repeat, asks for
 * the topology when the fleet wants it, and finishes every request by its deadline.
 *
 * Two ways to drive it:
 *
 *   blocking   pn_hub_run() sends all requests, waits with one poll over all nodes, and
 *              returns when all are finished. Resolves names itself.
 *   a loop     the owner polls: pn_hub_change() tells which descriptors to watch,
 *              pn_hub_ready() that one is ready, pn_hub_wake() when to call
 *              pn_hub_step() at the latest. Nothing in it ever waits.
 *
 * Replies stay where they were received: valid from pn_hub_finished() until
 * pn_hub_release(). A request that is cancelled costs nothing but its reply's bytes:
 * the reply is dropped when it comes, and can never be taken for another's.
 *
 * Threads: one at a time. Memory: requests are the caller's; buffers grow to what one
 * call needs and shrink again when idle (4 KiB each way for an idle connection).
 */
#ifndef PN_CLIENT_HUB_H
#define PN_CLIENT_HUB_H

#include "client/client.h"
#include "client/request.h"
#include "net/stream.h"

/* A hub outside of the pool, for a loop; pn_hub_free() closes it. */
int
pn_hub_new(struct pn_client *client, bool is_looped, struct pn_hub **out);
void
pn_hub_free(struct pn_hub *hub);

struct pn_client *
pn_hub_client(const struct pn_hub *hub);

/* ---- Requests --------------------------------------------------------------- */

/* Sends the N requests and waits until each is finished, at the latest at its deadline,
 * or until UNTIL has passed or a signal came: returns how many are unfinished. Their rc
 * tell how it went; none needs pn_hub_finished(). The common case, one request to a
 * node whose connection is idle, is one send and one receive. */
size_t
pn_hub_run(struct pn_hub *hub, struct pn_request *request, size_t n, uint64_t now,
           uint64_t until);
/* Goes on waiting. */
size_t
pn_hub_run_more(struct pn_hub *hub, uint64_t until);

/* Takes REQUEST over; nothing is sent before pn_hub_step(). */
void
pn_hub_submit(struct pn_hub *hub, struct pn_request *request, uint64_t now);
/* Does what is due: routes, dials, writes, ends what is too late. */
void
pn_hub_step(struct pn_hub *hub, uint64_t now);
/* When the next step is due, if nothing happens before; PN_NEVER. */
uint64_t
pn_hub_wake(const struct pn_hub *hub);

/* The next finished request, or NULL. */
struct pn_request *
pn_hub_finished(struct pn_hub *hub);
/* The bytes of its reply: one RESP message (or as many as it expected), or what
 * memcached said. Empty when rc < 0. */
struct pn_bytes
pn_hub_reply(const struct pn_hub *hub, const struct pn_request *request);
/* Replies given so far are read: their room is used again. */
void
pn_hub_release(struct pn_hub *hub);

/* The caller does not wait for REQUEST any more and takes its memory back: it is in
 * no queue when this returns. False: it was finished already (and is still to be
 * taken). */
bool
pn_hub_cancel(struct pn_hub *hub, struct pn_request *request);

/* The same of a request that waits at its server (BLPOP) and must not go on to: the
 * connection it was sent on is closed, and what else was sent there is as if it had
 * been lost. */
bool
pn_hub_abort(struct pn_hub *hub, struct pn_request *request, uint64_t now);

/* The state of its connections was changed for one caller (SELECT, WATCH, SUBSCRIBE):
 * giving the hub back closes them. */
void
pn_hub_soil(struct pn_hub *hub);

/* How many requests are neither finished nor cancelled. */
size_t
pn_hub_pending(const struct pn_hub *hub);

/* ---- Pushes: what the server says without having been asked ------------------ */

/* From now on pushes are kept (RESP3), and on connections where a PN_REQ_PUSH request
 * was sent everything is one (RESP2). */
void
pn_hub_keep_pushes(struct pn_hub *hub, bool keep);
/* The next one; valid until pn_hub_release(). False: none. */
bool
pn_hub_push(struct pn_hub *hub, struct pn_bytes *message, uint16_t *node);
/* Blocking: waits until a push or a finished request is there, or DEADLINE. */
bool
pn_hub_wait(struct pn_hub *hub, uint64_t deadline);
/* Counts connections lost: a subscriber that sees it change subscribes anew. */
uint64_t
pn_hub_losses(const struct pn_hub *hub);

/* ---- Being driven by a loop --------------------------------------------------- */

enum pn_change_kind {
    PN_CHANGE_WATCH,   /* watch .fd for .want; 0: not at all */
    PN_CHANGE_GONE,    /* stop watching .fd; pn_hub_unwatched() lets it be closed */
    PN_CHANGE_RESOLVE, /* resolve .host, then pn_hub_resolved() */
};

struct pn_change {
    enum pn_change_kind kind;
    uint32_t link;
    int fd;
    uint8_t want; /* enum pn_io */
    const char *host;
    uint16_t port;
};

/* The next thing the loop has to do; false: nothing. */
bool
pn_hub_change(struct pn_hub *hub, struct pn_change *change);
void
pn_hub_unwatched(struct pn_hub *hub, uint32_t link);
/* N == 0: the name does not resolve. */
void
pn_hub_resolved(struct pn_hub *hub, uint32_t link, const struct pn_addr *addr, size_t n,
                uint64_t now);
/* The descriptor of LINK is ready for GOT. Finished requests may be there after it. */
void
pn_hub_ready(struct pn_hub *hub, uint32_t link, uint8_t got, uint64_t now);

#endif
