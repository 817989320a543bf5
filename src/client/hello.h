/*
 * hello - what is said when a connection begins (sans-I/O)
 *
 * Redis and Valkey: one flight
 *
 *     HELLO 3 [AUTH user pass] [SETNAME name]   RESP2: [AUTH ...] [CLIENT SETNAME ...]
 *     SELECT db             when db != 0
 *     CLIENT SETINFO LIB-NAME pinyon, LIB-VER     an error is of no matter
 *     CLIENT CAPA redirect  to a primary outside of a cluster: a Valkey that is being
 *                           demoted then says where to go; an error is of no matter
 *     READONLY              to a replica of a cluster
 *     ROLE                  when the role is to be verified
 *
 * and, when HELLO is not understood (NOPROTO, unknown command), a second one that says
 * the same in RESP2. Sentinels: AUTH if any. Memcached: `version`, behind a `set` that
 * carries user and password (`memcached -Y`) if any.
 *
 * What was said is part of what a connection is: a connection that changes it (SELECT,
 * READONLY, WATCH, SUBSCRIBE) on the user's behalf is not given to another user.
 */
#ifndef PN_CLIENT_HELLO_H
#define PN_CLIENT_HELLO_H

#include "fleet/fleet.h"
#include "wire/out.h"

/* What all connections of a client begin with; the strings outlive the handshake. */
struct pn_hello_opts {
    const char *username, *password; /* both NULL: no AUTH; one NULL: "default", "" */
    const char *client_name;         /* NULL: none */
    const char *library_version;     /* for CLIENT SETINFO; NULL: not said */
    uint32_t db;
    uint8_t protocol; /* 3: RESP3, falling back to 2; 2: RESP2 */
    bool is_memcached;
    bool is_readonly;  /* say READONLY */
    enum pn_role role; /* PRIMARY or REPLICA: ROLE must say so; SENTINEL: only AUTH is
                          said; else it is not asked */
};

enum pn_hello_state {
    PN_HELLO_SEND, /* pn_hello_put() has something to say */
    PN_HELLO_WAIT, /* for `left` replies */
    PN_HELLO_DONE,
    PN_HELLO_FAILED,
};

struct pn_hello {
    enum pn_hello_state state;
    uint8_t protocol;   /* DONE: what was agreed on; memcached: 0 */
    uint8_t step, left; /* of the flight */
    bool is_fallback;
    int code;         /* FAILED: PN_CLIENT_E_AUTH, _HELLO, _ROLE, _REPLY */
    bool is_loading;  /* FAILED because of -LOADING: try again later */
    bool is_full;     /* FAILED because of too many clients: try again later */
    uint32_t version; /* server's: 7.0.15 is 0x07000f; 0 unknown */
    bool is_valkey;
    /* FAILED: the server's words, printable; cut where four bytes of the password (or
     * all, if it has less) would follow. */
    char said[200];
};

/* {0} to begin. Writes the next flight: state becomes WAIT, or DONE when there is
 * nothing to say. When OUT is too small (len > cap) it stays SEND: make room and call
 * again. Secrets are written to OUT only. */
void
pn_hello_put(struct pn_hello *hello, const struct pn_hello_opts *opts,
             struct pn_out *out);

/* One whole reply (a RESP message, or a line of memcached with its CRLF) of the flight;
 * pushes are none. The state says how to go on; FAILED may come before the last reply,
 * and the connection is of no use then. */
void
pn_hello_take(struct pn_hello *hello, const struct pn_hello_opts *opts,
              struct pn_bytes reply);

#endif
