/*
 * The policies that take a hash modulo the number of servers. All of them move almost
 * every key when a server comes or goes; they are here for fleets that exist.
 *
 *   modula             hash % n, weights ignored                      libmemcached
 *   twemproxy modula   hash % sum of weights, over a list in which each server stands
 *                      weight times, servers sorted by (length, bytes)
 *   python-memcached   the same list in the given order; 15 bits of CRC-32. When a
 *                      server does not answer: hashes the digits of hash and try
 */
#include "base/alloc.h"
#include "place/kind.h"

struct modulo_place {
    struct pn_place base;
    uint32_t *list; /* positions, weight times each */
    uint32_t n;
    bool is_zero_one; /* python-memcached before 1.60: hash 0 is 1 */
};

static inline const struct modulo_place *
self_of(const struct pn_place *place)
{
    return (const struct modulo_place *)place;
}

static int
build(struct pn_place *place, const struct pn_place_opts *opts, struct pn_why *why)
{
    enum { LIST_MAX = 1 << 24 };
    struct modulo_place *self = (struct modulo_place *)place;
    self->is_zero_one = (opts->flags & PN_PLACE_ZERO_IS_ONE) != 0;
    bool is_weighted = place->policy->variant != MODULO_LIBMEMCACHED;
    double total = is_weighted ? place->weight_sum : place->n;
    if (total > LIST_MAX) {
        return pn_why(why, PN_E_INVALID,
                      "%s: the weights add up to %.0f, of %d at most: divide them",
                      place->policy->name, total, LIST_MAX);
    }
    if (place->policy->variant == MODULO_TWEMPROXY) {
        place_sort_twemproxy(place);
    }
    self->list = place_alloc((size_t)total, sizeof *self->list);
    if (self->list == NULL) {
        return place_no_memory(why);
    }
    for (uint32_t i = 0; i < place->n; i++) {
        uint32_t times = is_weighted ? (uint32_t)place->member[i].weight : 1;
        while (times-- > 0) {
            self->list[self->n++] = i;
        }
    }
    return PN_OK;
}

static void
release(struct pn_place *place)
{
    pn_free(((struct modulo_place *)place)->list);
}

static inline uint32_t
hash_of(const struct modulo_place *self, const void *key, size_t len)
{
    if (len == 0 && self->base.policy->variant == MODULO_TWEMPROXY) {
        return 0; /* twemproxy does not hash what is empty */
    }
    uint32_t hash = self->base.hash(key, len);
    return hash == 0 && self->is_zero_one ? 1 : hash;
}

static uint32_t
owner(const struct pn_place *place, const void *key, size_t len)
{
    const struct modulo_place *self = self_of(place);
    return self->list[hash_of(self, key, len) % self->n];
}

/* Appends the digits of NUMBER to TEXT; the new end. */
static char *
put_digits(char *text, uint32_t number)
{
    char digits[10];
    unsigned n = 0;
    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (n > 0) {
        *text++ = digits[--n];
    }
    return text;
}

static bool
has(const uint32_t *pos, size_t n, uint32_t wanted)
{
    while (n > 0 && pos[n - 1] != wanted) {
        n--;
    }
    return n > 0;
}

/* python-memcached's chain of ten tries, without those that come again. */
static size_t
follow_chain(const struct modulo_place *self, uint32_t hash, uint32_t *pos,
             size_t count)
{
    enum { TRIES = 10 };
    size_t have = 0;
    for (unsigned i = 0; i < TRIES && have < count; i++) {
        uint32_t next = self->list[hash % self->n];
        if (!has(pos, have, next)) {
            pos[have++] = next;
        }
        char text[20];
        char *end = put_digits(put_digits(text, hash), i);
        hash = hash_of(self, text, (size_t)(end - text));
    }
    return have;
}

static size_t
owners(const struct pn_place *place, const void *key, size_t len, uint32_t *pos,
       size_t count)
{
    const struct modulo_place *self = self_of(place);
    uint32_t hash = hash_of(self, key, len);
    if (place->policy->variant == MODULO_PYTHON) {
        return follow_chain(self, hash, pos, count);
    }
    pos[0] = self->list[hash % self->n];
    return place_spread(place->n, pn_mix64(hash), pos, 1, count);
}

static void
share(const struct pn_place *place, double *out)
{
    const struct modulo_place *self = self_of(place);
    /* 15 bits do not divide evenly; 32 do as far as anybody can tell. */
    uint64_t hashes = place->hash == pn_crc32_15 ? 1u << 15 : UINT64_C(1) << 32;
    for (uint32_t i = 0; i < self->n; i++) {
        uint64_t count = hashes / self->n + (i < hashes % self->n ? 1 : 0);
        out[self->list[i]] += (double)count / (double)hashes;
    }
}

const struct place_kind place_modulo_kind = {
    .size = sizeof(struct modulo_place),
    .build = build,
    .release = release,
    .owner = owner,
    .owners = owners,
    .share = share,
};
