/*
 * session - one store and its model, driven operation by operation
 *
 * The model is a plain table of what each key should answer. A session draws an
 * operation, does it to the store and to the model at the same virtual time and
 * compares. Where the draws come from is the caller's business: a seeded
 * generator (model_store.c) or the bytes of a fuzzer (tests/fuzz/fuzz_ops.c).
 *
 * A cache may forget. A miss of a key the model holds is counted in `lost`, is
 * final (the key must not come back by itself), and is legal only as far as the
 * store owns up to evictions; a session that is STRICT keeps the store so empty
 * that none is.
 *
 * Threads: none.
 */
#ifndef PINYON_TEST_SESSION_H
#define PINYON_TEST_SESSION_H

#include "pinyon/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_KEYS 512u
#define SESSION_TAGS 24u

/* Where the draws of a session come from. */
struct draw {
    uint32_t (*below)(void *ctx, uint32_t n); /* a number in [0, n) */
    void *ctx;
};

struct entry {
    bool is_live;
    bool is_counter;
    uint8_t bits, ntags;
    uint32_t cflags, vlen;
    uint64_t seq;   /* the pattern's */
    int64_t number; /* of a counter */
    uint64_t exp_ms;
    uint64_t cas;     /* the token the last write answered with */
    uint64_t old_cas; /* one that was replaced, 0: none */
    struct pn_tag tag[3];
};

struct session {
    struct pn_store *store;
    struct draw draw;
    bool is_strict, is_stable_cas;
    uint64_t now_ms, next_seq;
    uint64_t live_bytes, live_max; /* strict: the model never holds more */
    uint64_t lost, puts, hits, checks;
    uint64_t value_max;
    uint32_t segment_size;
    unsigned failures;
    unsigned long step;
    const char *op; /* for messages */
    struct pn_lease lease;
    uint32_t lease_key;
    bool has_lease, is_lease_cleared;
    struct entry entry[SESSION_KEYS];
    unsigned char *buf; /* value_max + 16 bytes */
};

/* STORE stays the caller's. Returns NULL when there is no memory. */
struct session *
session_new(struct pn_store *store, struct draw draw, bool is_strict, uint32_t flags);
void
session_free(struct session *session); /* NULL is fine */

/* One operation, drawn. */
void
session_step(struct session *session);

/* Every key, the checker, and the account of losses. */
void
session_audit(struct session *session);

/* The bytes of key ID: any content, 1 to 255 of them, all different. */
size_t
session_key(uint32_t id, unsigned char key[255]);

#endif
