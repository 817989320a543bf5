/*
 * place - which node owns a key
 *
 * A place is a pure function from a key to a node, made from a list of members by one
 * of the policies below. It reads no clock, draws no chance and does no I/O: the same
 * policy, members, weights and options give the same owners in every process, language
 * and run, on every machine.
 *
 *   new fleets       slots              a table of 16384 slots; see pn_place_moves()
 *   existing fleets  hash_ring libketama pylibmc pylibmc-md5 pylibmc-weighted modula
 *                    uhashring uhashring-ketama twemproxy pymemcache python-memcached
 *                    redis-cluster couchbase mcrouter mcrouter-weighted maglev
 *   for comparison   jump bounded
 *
 * The second row answers byte for byte what the program of that name answers, its
 * faults included. A policy is named, never guessed: a wrong guess fails nowhere and
 * turns a warm fleet into a cold one. docs/guide/placement.md tells which is which.
 *
 * What holds
 *   - Removing one of n nodes moves that node's keys only. (Not so for modula, maglev,
 *     python-memcached and twemproxy's modula, nor where weights make a ketama ring
 *     round otherwise; pn_place_diff() tells how much.)
 *   - Keys are any bytes, the empty key included.
 *   - Ties, which some originals leave to their libc's qsort, go to the lower index.
 *
 * Ownership: pn_place_new() copies what it is given; nothing of the caller's is kept.
 * Threads:   immutable once made, so that any number of readers need no lock. Publish
 *            a new one by swapping a pointer.
 * Memory:    only pn_place_new(), pn_place_diff() and pn_place_share() allocate.
 *
 *     struct pn_member nodes[] = {{.name = "10.0.1.1:11211", .weight = 1},
 *                                 {.name = "10.0.1.2:11211", .weight = 1}};
 *     struct pn_place *place;
 *     if (pn_place_new("libketama", nodes, 2, NULL, &place, NULL) < 0) ...
 *     uint32_t i = pn_place_owner(place, "user:7", 6);      nodes[i] has the key
 *     pn_place_free(place);
 */
#ifndef PINYON_PLACE_H
#define PINYON_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PN_PLACE_NONE UINT32_MAX    /* nobody owns it: a hole in a server's slot map */
#define PN_PLACE_MEMBERS_MAX 16384u /* of one place */
#define PN_PLACE_NAME_MAX 1024u     /* bytes of a member's name */
#define PN_PLACE_SLOTS_MAX 65536u   /* of a slot table */
#define PN_PLACE_REPLICAS_MAX 4u    /* of a slot table, besides the owner */

/* ---- Making ---------------------------------------------------------------- */

struct pn_member {
    const char *name; /* "host:port", as the replaced client writes it. "host:port name"
                         for twemproxy's named servers. Terminated; copied */
    double weight;    /* 1 is usual; 0 takes nothing where a policy allows it */
    uint32_t zone;    /* slots: replicas go to other zones where they can. 0: none */
    uint8_t is_out;   /* placed as if it were not in the list, keeping its index: what
                         the originals do with an ejected server */
};

enum pn_place_flags {
    PN_PLACE_ARM = 0x01,         /* hashes as compiled where `char` is unsigned */
    PN_PLACE_ZERO_IS_ONE = 0x02, /* python-memcached before 1.60 */
    PN_PLACE_BYTES = 0x04,       /* pymemcache: keys are bytes, not str, over there */
};

/* Zero means the policy's default. What a policy does not take is refused. */
struct pn_place_opts {
    const char *hash;         /* pylibmc pylibmc-md5 modula twemproxy: of the key */
    const char *distribution; /* twemproxy: ketama modula. pylibmc*: consistent spy.
                                 mcrouter: ch3 crc32 rendezvous. mcrouter-weighted: ch3
                                 rendezvous */
    const char *hash_tag;     /* two characters, such as "{}": only what stands between
                                 them is hashed. slots twemproxy */
    const char *salt;         /* mcrouter mcrouter-weighted */
    uint64_t seed;            /* slots jump */
    uint32_t points;          /* uhashring (160) uhashring-ketama (40): of a node */
    uint32_t slots;           /* slots (16384, a power of two) maglev (65537, a prime)
                                 couchbase (1024); given for redis-cluster: 16384 */
    uint32_t replicas;        /* slots: of each slot, besides the owner. 0: none */
    uint32_t flags;           /* enum pn_place_flags */
    double epsilon;           /* bounded: the part by which a node may exceed its share.
                                 0: 0.25 */
    const uint16_t *table;    /* redis-cluster couchbase: SLOTS owners from the server,
                                 UINT16_MAX for none. NULL: even ranges */
    const struct pn_place *previous; /* slots: the table to depart from */
};

struct pn_place;

/*
 * Places keys on MEMBER[0..n) by POLICY; OPTS and WHY may be NULL. PN_OK; PN_E_INVALID
 * with a sentence that names the wrong thing; PN_E_NOMEM. Takes O(points * log points):
 * 1 ms for a ring of 100 nodes.
 */
PN_API int
pn_place_new(const char *policy, const struct pn_member *member, size_t n,
             const struct pn_place_opts *opts, struct pn_place **out,
             struct pn_why *why);

/* NULL is fine. No reader may be inside. */
PN_API void
pn_place_free(struct pn_place *place);

/* The name of the I-th policy, in the order above; NULL behind the last. */
PN_API const char *
pn_place_policy(size_t i);

/* ---- Looking up ------------------------------------------------------------ */

/* The index of the member that owns KEY, or PN_PLACE_NONE. */
PN_API uint32_t
pn_place_owner(const struct pn_place *place, const void *key, size_t len);

/*
 * Up to COUNT distinct owners of KEY, best first; returns how many. The order is the
 * original's where it has one: clockwise on a ring, by score for pymemcache, the rehash
 * chain for python-memcached, the replicas for slots, the map for redis-cluster and
 * couchbase (then possibly one). Others, which know no second owner, get the rest
 * in an order that depends on the key, so that a dead node's keys spread.
 */
PN_API size_t
pn_place_owners(const struct pn_place *place, const void *key, size_t len,
                uint32_t *owner, size_t count);

/*
 * Bounded loads: the first of KEY's owners with LOAD[i] < (1 + epsilon) * its share of
 * the sum of all loads and this one. LOAD has one number for each member. For reads
 * of replicated hot keys; a write that goes elsewhere is not found again. Looks
 * at 64 owners at most and then takes the first.
 */
PN_API uint32_t
pn_place_owner_under(const struct pn_place *place, const void *key, size_t len,
                     const uint32_t *load);

/* The slot of KEY: slots redis-cluster couchbase maglev; else PN_PLACE_NONE. */
PN_API uint32_t
pn_place_slot(const struct pn_place *place, const void *key, size_t len);

/* ---- Comparing ------------------------------------------------------------- */

/* The part of all keys each member owns, SHARE[0..n): exact for tables and rings,
 * else counted over 65536 keys (a node's sd is then 1 % of its share at 6 nodes). */
PN_API int
pn_place_share(const struct pn_place *place, double *share);

/*
 * What happens to keys when OLD gives way to NEW: MOVED[i * n_new + j] becomes the part
 * of all keys that member i of OLD had and member j of NEW has. Exact for two tables
 * that cut keys into the same slots, else counted over 65536 keys. Members are matched
 * by the caller, for a renamed node is another node.
 */
PN_API int
pn_place_diff(const struct pn_place *old, const struct pn_place *new_, double *moved);

struct pn_move {
    uint32_t slot, from, to; /* indexes of the old and the new members; from may be
                                PN_PLACE_NONE */
};

/* The slots whose owner's name changes from OLD to NEW, in order: the first CAP of them
 * to MOVE; returns how many there are, or PN_E_INVALID when the two do not cut
 * keys into the same slots. */
PN_API int64_t
pn_place_moves(const struct pn_place *old, const struct pn_place *new_,
               struct pn_move *move, size_t cap);

/* How many members the place was made of, those that are out included. */
PN_API uint32_t
pn_place_size(const struct pn_place *place);

/* slots: one more than the table it departed from. 0 for others. */
PN_API uint64_t
pn_place_epoch(const struct pn_place *place);

/* ---- Rings from inside, for tools and shims -------------------------------- */

/* A point of a ring as its original numbers it: 32 bits in LOW for most, 128 for
 * uhashring, 64 for bounded. */
struct pn_point {
    uint64_t high, low;
    uint32_t owner;
};

/* Points of the ring; 0 for what is no ring. */
PN_API size_t
pn_place_points(const struct pn_place *place);

/* The I-th point in order; I < pn_place_points(). */
PN_API struct pn_point
pn_place_point(const struct pn_place *place, size_t i);

/* Where KEY falls: *AT becomes its own hash (owner: whose it is); returns the
 * number of the point that owns it. Only for rings. */
PN_API size_t
pn_place_find(const struct pn_place *place, const void *key, size_t len,
              struct pn_point *at);

#ifdef __cplusplus
}
#endif

#endif
