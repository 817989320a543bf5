/*
 * hello_step - the steps of a handshake, and which of them a flight has
 *
 * A flight is the steps below, in their order, without those that opts do not ask for.
 * Replies come in the same order, so `step` is all that must be kept of it: the step
 * whose reply is awaited next.
 */
#ifndef PN_CLIENT_HELLO_STEP_H
#define PN_CLIENT_HELLO_STEP_H

#include "client/hello.h"

enum pn_hello_step {
    PN_STEP_HELLO,
    PN_STEP_AUTH,
    PN_STEP_SETNAME,
    PN_STEP_SELECT,
    PN_STEP_LIB_NAME,
    PN_STEP_LIB_VER,
    PN_STEP_CAPA,
    PN_STEP_READONLY,
    PN_STEP_ROLE,
    PN_STEP_MC_AUTH,
    PN_STEP_MC_VERSION,
    PN_HELLO_STEPS,
};

static inline bool
pn_hello_has_auth(const struct pn_hello_opts *opts)
{
    return opts->username != NULL || opts->password != NULL;
}

static inline struct pn_bytes
pn_hello_password(const struct pn_hello_opts *opts)
{
    const char *text = opts->password != NULL ? opts->password : "";
    return (struct pn_bytes){text, strlen(text)};
}

/* What the flight is said in: 3 or 2; 0 of memcached. */
uint8_t
pn_hello_protocol(const struct pn_hello *hello, const struct pn_hello_opts *opts);

/* The first step from STEP on that the flight has; PN_HELLO_STEPS: none. */
unsigned
pn_hello_next(unsigned step, uint8_t protocol, const struct pn_hello_opts *opts);

#endif
