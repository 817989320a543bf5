/*
 * blocking - a call that waits for its replies
 *
 * The GIL is given back once for the whole of a call: taking a hub, sending, waiting.
 * Replies are turned into objects with it, from where they were received, and then the
 * hub is given back. Waiting is cut into slices of 100 ms, after which, and after every
 * signal, Python's signal handlers run: one that raises (Ctrl-C) ends the call, and the
 * replies that it would have had are read by nobody.
 */
#ifndef PINYON_EXT_BLOCKING_H
#define PINYON_EXT_BLOCKING_H

#include "call.h"

/* Runs CALL, which is sealed, on HUB. 0, or -1 with an exception set. */
int
blocking_run_on(struct call *call, struct pn_hub *hub);

/* The same on a hub of the pool. The replies are values when it returns. */
int
blocking_run(struct call *call);

/* A hub of the pool by DEADLINE; NULL with an exception set. CODE: what a first slice
 * of waiting came to, 0 when there was none. */
struct pn_hub *
blocking_take(struct client_object *client, uint64_t now, uint64_t deadline, int code);

/* The end of a slice of waiting until DEADLINE. */
static inline uint64_t
blocking_slice(uint64_t now, uint64_t deadline)
{
    uint64_t end = now + 100000000;
    return end < deadline ? end : deadline;
}

#endif
