/*
 * kind - what a family of policies implements, and what all places share
 *
 * A policy (policy.c) is a name of the public table: a family and what sets it apart
 * from its siblings. A family is one struct place_kind; its own state follows struct
 * pn_place in memory, as its first member.
 *
 * place.c gives a family the live members only, and translates back: inside the room a
 * member is its position among them ("pos"), outside its index in the caller's list.
 * A family may sort place->member while it builds, as twemproxy and Maglev do.
 */
#ifndef PN_PLACE_KIND_H
#define PN_PLACE_KIND_H

#include <stdbool.h>

#include "base/why.h"
#include "pinyon/place.h"
#include "place/hash.h"

struct place_member {
    const char *name;
    size_t len;
    double weight;
    uint32_t zone;
    uint32_t index; /* in the caller's list */
};

struct place_kind;
struct place_policy;

struct pn_place {
    const struct place_kind *kind;
    const struct place_policy *policy;
    struct place_member *member; /* [nall]; the first N are live */
    uint32_t n, nall;
    double weight_sum; /* of the live ones; > 0 */
    pn_hash32_fn hash; /* of keys; the policy's default, or the option */
    uint64_t seed;
    double epsilon;
    char tag[2]; /* {0, 0}: keys are hashed whole */
};

struct place_kind {
    size_t size; /* of the struct that begins with struct pn_place */

    /* Makes the family's tables. What it allocates, release() gives back, also when a
     * build failed half-way. PN_OK or a negative code, and the sentence in *WHY. */
    int (*build)(struct pn_place *place, const struct pn_place_opts *opts,
                 struct pn_why *why);
    void (*release)(struct pn_place *place); /* NULL: nothing to give back */

    /* KEY is cut to its tag already. Position of the owner, or PN_PLACE_NONE. Never
     * called for a place of one member, unless there is a slot(). */
    uint32_t (*owner)(const struct pn_place *place, const void *key, size_t len);

    /* Up to COUNT > 1 distinct positions, best first. NULL: the rest is spread. */
    size_t (*owners)(const struct pn_place *place, const void *key, size_t len,
                     uint32_t *pos, size_t count);

    /* Exact shares by position, all 0 before. NULL: keys are counted. */
    void (*share)(const struct pn_place *place, double *share);

    /* Tables: the slot of KEY, who has slot I, how many there are. Others: NULL. */
    uint32_t (*slot)(const struct pn_place *place, const void *key, size_t len);
    uint32_t (*slot_owner)(const struct pn_place *place, uint32_t slot);
    uint32_t (*slots)(const struct pn_place *place);
};

/* Which options a policy takes, as bits. */
enum place_takes {
    TAKES_HASH = 0x01,
    TAKES_DISTRIBUTION = 0x02,
    TAKES_TAG = 0x04,
    TAKES_SALT = 0x08,
    TAKES_SEED = 0x10,
    TAKES_POINTS = 0x20,
    TAKES_SLOTS = 0x40,
    TAKES_REPLICAS = 0x80,
    TAKES_TABLE = 0x100,
    TAKES_PREVIOUS = 0x200,
    TAKES_EPSILON = 0x400,
    TAKES_ARM = 0x800,
    TAKES_ZERO_IS_ONE = 0x1000,
    TAKES_BYTES = 0x2000,
};

/* What weights a policy can make sense of. */
enum place_weights {
    WEIGHTS_ANY,     /* finite, not negative, not all zero */
    WEIGHTS_WHOLE,   /* whole numbers from 1 on, as the original's configuration */
    WEIGHTS_PART,    /* mcrouter: 0 to 1 */
    WEIGHTS_IGNORED, /* libmemcached's modula takes and forgets them */
    WEIGHTS_EQUAL,   /* the algorithm knows none: anything but 1 is refused */
};

struct place_policy {
    const char *name;
    const char *distribution; /* selects the row; NULL when the policy has none */
    const struct place_kind *kind;
    const char *hash; /* default of the option; NULL when the policy fixes its own */
    int variant;      /* what sets it apart within its family */
    int weights;      /* enum place_weights */
    unsigned takes;   /* enum place_takes */
    char tag[2];      /* fixed by the policy, or {0, 0} */
};

/* The row NAME with DISTRIBUTION (NULL: the first row of that name). NULL, and a
 * sentence that lists the known ones. */
const struct place_policy *
place_policy_find(const char *name, const char *distribution, struct pn_why *why);

/* Refuses options, weights and zones that POLICY does not take. */
int
place_policy_check(const struct place_policy *policy, const struct pn_place_opts *opts,
                   const struct pn_member *member, size_t n, struct pn_why *why);

/* Out of memory, said so. */
int
place_no_memory(struct pn_why *why);

/* COUNT times SIZE bytes, zeroed; NULL also when that overflows. */
void *
place_alloc(size_t count, size_t size);

/* The part of *KEY between the two characters of TAG: the first opening one and the
 * first closing one after it, when something stands between. Else *KEY stays whole. */
void
place_cut_tag(const char tag[2], const void **key, size_t *len);

/* Adds to POS[have..count) the other positions in an order that follows from HASH. */
size_t
place_spread(uint32_t n, uint64_t hash, uint32_t *pos, size_t have, size_t count);

/* What libmemcached and twemproxy hash for a node: "10.0.1.1" for "10.0.1.1:11211",
 * since the port that everyone knows is dropped; "name" for "10.0.1.1:11211 name". */
const char *
place_identity(const struct place_member *member, size_t *len);

/* Sorts the live members by their names, and adds their weights up in that order: a
 * sum of fractions depends on its order by a bit, which rounding makes a point more. */
void
place_sort_by_name(struct pn_place *place);

/* Sorts the live members as twemproxy does when it loads them: shorter identities
 * first, then by their bytes. */
void
place_sort_twemproxy(struct pn_place *place);

/* The families. */
extern const struct place_kind place_ring_kind;       /* ring_kind.c */
extern const struct place_kind place_modulo_kind;     /* modulo.c */
extern const struct place_kind place_rendezvous_kind; /* rendezvous.c */
extern const struct place_kind place_table_kind;      /* table.c */
extern const struct place_kind place_mcrouter_kind;   /* mcrouter.c */
extern const struct place_kind place_jump_kind;       /* jump.c */
extern const struct place_kind place_maglev_kind;     /* maglev.c */

/* Variants within the families. */
enum ring_variant {
    RING_HASH_RING,
    RING_LIBKETAMA,
    RING_LIBMEMCACHED, /* 100 points, or weighted as soon as a weight is above 1 */
    RING_LIBMEMCACHED_WEIGHTED,
    RING_LIBMEMCACHED_SPY,
    RING_LIBMEMCACHED_WEIGHTED_SPY,
    RING_TWEMPROXY,
    RING_UHASHRING_KETAMA,
    RING_UHASHRING,
    RING_BOUNDED,
};
enum modulo_variant { MODULO_LIBMEMCACHED, MODULO_TWEMPROXY, MODULO_PYTHON };
enum table_variant { TABLE_SLOTS, TABLE_REDIS, TABLE_COUCHBASE };
enum rendezvous_variant {
    RENDEZVOUS_PYMEMCACHE,
    RENDEZVOUS_MCROUTER,
    RENDEZVOUS_MCROUTER_WEIGHTED,
};
enum mcrouter_variant { MCROUTER_CH3, MCROUTER_CH3_WEIGHTED, MCROUTER_CRC32 };

#endif
