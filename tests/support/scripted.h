/*
 * scripted - a server that says what a test wants said
 *
 * Real servers cannot be made to answer TRYAGAIN six times or to hang up in the middle
 * of a reply; this one can. It listens on a port of its own on loopback, and for every
 * command calls the test's function, which writes the answer. HELLO, CLIENT and, of
 * memcached, `version` are answered before the test hears of them.
 *
 * Threads: one, the server's; the function runs there, one call at a time.
 */
#ifndef PINYON_TEST_SCRIPTED_H
#define PINYON_TEST_SCRIPTED_H

#include "wire/out.h"

struct scripted_talk {
    struct pn_bytes argv[8];
    size_t argc;
    unsigned connection; /* counted from 0 */
    unsigned turn;       /* of all commands the test heard, from 0 */
    struct pn_out out;   /* the answer; may be empty */
    bool hangs_up;       /* after the answer */
};

typedef void (*scripted_fn)(struct scripted_talk *talk, void *context);

struct scripted;

/* CONTEXT is FN's. */
struct scripted *
scripted_start(scripted_fn fn, void *context);
uint16_t
scripted_port(const struct scripted *server);
/* Connections there ever were, and are. */
unsigned
scripted_connections(const struct scripted *server);
unsigned
scripted_open(const struct scripted *server);
/* Closes every connection. */
void
scripted_hang_up(struct scripted *server);
void
scripted_stop(struct scripted *server);

/* Is the I-th word TEXT? */
bool
scripted_is(const struct scripted_talk *talk, size_t i, const char *text);
void
scripted_say(struct scripted_talk *talk, const char *text);

#endif
