/*
 * Highest score wins: every node is asked for every key, so that a node that leaves
 * moves its own keys only, evenly over all others. O(n) a lookup.
 *
 *   pymemcache           MurmurHash3_x86_32 of the text "node-key"; ties to the greater
 *                        name
 *   mcrouter rendezvous  MurmurHash64A of node and of key, mixed; ties to the later one
 *     weighted           its low 53 bits as a fraction u, weight / -ln u; ties to the
 *                        earlier one
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "place/mcrouter.h"

struct rendezvous_place {
    struct pn_place base;
    struct pn_murmur3_run *prefix; /* pymemcache: of "node-" */
    uint64_t *endpoint;            /* mcrouter: the node's hash */
    struct mcrouter_salt salt;
    bool is_bytes; /* pymemcache: keys are bytes objects over there */
};

static inline const struct rendezvous_place *
self_of(const struct pn_place *place)
{
    return (const struct rendezvous_place *)place;
}

/* ---- pymemcache: text as Python has it ------------------------------------- */

/*
 * Its murmur3 takes the code points of a str, each cut to a byte: for ASCII the same as
 * UTF-8, for the rest not. What is not UTF-8 is taken byte by byte, for there is no
 * str that it could have been.
 */
static size_t
code_point_cut(const unsigned char *p, size_t left, unsigned char *cut)
{
    static const struct {
        unsigned char mask, lead, payload; /* of the first byte */
        size_t len;
    } forms[] = {{0xe0, 0xc0, 0x1f, 2}, {0xf0, 0xe0, 0x0f, 3}, {0xf8, 0xf0, 0x07, 4}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if ((p[0] & forms[i].mask) != forms[i].lead || left < forms[i].len) {
            continue;
        }
        uint32_t point = p[0] & forms[i].payload;
        size_t k = 1;
        for (; k < forms[i].len && (p[k] & 0xc0) == 0x80; k++) {
            point = point << 6 | (p[k] & 0x3f);
        }
        if (k == forms[i].len) {
            *cut = (unsigned char)point;
            return k;
        }
    }
    *cut = p[0];
    return 1;
}

static void
add_text(struct pn_murmur3_run *run, const void *text, size_t len)
{
    const unsigned char *p = text;
    while (len > 0) {
        size_t ascii = 0;
        while (ascii < len && p[ascii] < 0x80) {
            ascii++;
        }
        pn_murmur3_add(run, p, ascii);
        p += ascii, len -= ascii;
        if (len > 0) {
            unsigned char cut;
            size_t took = code_point_cut(p, len, &cut);
            pn_murmur3_add(run, &cut, 1);
            p += took, len -= took;
        }
    }
}

/* The key as Python's repr() of bytes writes it, which is what an f-string of them
 * holds. */
static void
add_repr(struct pn_murmur3_run *run, const void *key, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *p = key;
    bool has_single = len > 0 && memchr(key, '\'', len) != NULL;
    bool has_double = len > 0 && memchr(key, '"', len) != NULL;
    char quote = has_single && !has_double ? '"' : '\'';
    pn_murmur3_add(run, "b", 1);
    pn_murmur3_add(run, &quote, 1);
    for (size_t i = 0; i < len; i++) {
        char out[4] = {'\\', (char)p[i]};
        size_t n = 2;
        if (p[i] == '\t' || p[i] == '\n' || p[i] == '\r') {
            out[1] = p[i] == '\t' ? 't' : p[i] == '\n' ? 'n' : 'r';
        } else if (p[i] < ' ' || p[i] >= 0x7f) {
            out[1] = 'x', out[2] = hex[p[i] >> 4], out[3] = hex[p[i] & 15];
            n = 4;
        } else if (p[i] != (unsigned char)quote && p[i] != '\\') {
            out[0] = (char)p[i];
            n = 1;
        }
        pn_murmur3_add(run, out, n);
    }
    pn_murmur3_add(run, &quote, 1);
}

/* ---- Scores ---------------------------------------------------------------- */

/* Scores of one place and key compare as numbers; mcrouter's own are doubles too. */
static double
score_pymemcache(const struct rendezvous_place *self, uint32_t pos, const void *key,
                 size_t len)
{
    struct pn_murmur3_run run = self->prefix[pos];
    if (self->is_bytes) {
        add_repr(&run, key, len);
    } else {
        add_text(&run, key, len);
    }
    return pn_murmur3_end(&run);
}

/* CityHash's mix of two words. */
static uint64_t
mix128(uint64_t upper, uint64_t lower)
{
    const uint64_t k = 0x9ddfea08eb382d69ull;
    uint64_t a = (lower ^ upper) * k;
    a ^= a >> 47;
    uint64_t b = (upper ^ a) * k;
    b ^= b >> 47;
    return b * k;
}

static double
score_mcrouter(const struct rendezvous_place *self, uint32_t pos, uint64_t hash)
{
    uint64_t score = mix128(self->endpoint[pos], hash);
    if (self->base.policy->variant == RENDEZVOUS_MCROUTER) {
        return (double)score;
    }
    double u = (double)(score & ((UINT64_C(1) << 53) - 1)) / 9007199254740992.0;
    return u > 0 ? self->base.member[pos].weight * (1.0 / -log(u)) : 0;
}

/* Does node A beat B when both score the same? */
static bool
wins_tie(const struct pn_place *place, uint32_t a, uint32_t b)
{
    switch (place->policy->variant) {
    case RENDEZVOUS_PYMEMCACHE:
        return strcmp(place->member[a].name, place->member[b].name) > 0;
    case RENDEZVOUS_MCROUTER:
        return a > b;
    default:
        return a < b;
    }
}

/* Up to COUNT positions by descending score: an insertion into a short sorted list. */
static size_t
owners(const struct pn_place *place, const void *key, size_t len, uint32_t *pos,
       size_t count)
{
    enum { KEEP = 64 };
    const struct rendezvous_place *self = self_of(place);
    bool is_text = place->policy->variant == RENDEZVOUS_PYMEMCACHE;
    struct mcrouter_key routed;
    uint64_t hash = 0;
    if (!is_text) {
        mcrouter_route(&routed, &self->salt, key, len);
        hash = pn_murmur64a(routed.key, routed.len, 2718281828u);
    }
    double best[KEEP];
    size_t have = 0, keep = count < KEEP ? count : KEEP;
    for (uint32_t i = 0; i < place->n; i++) {
        double score = is_text ? score_pymemcache(self, i, key, len)
                               : score_mcrouter(self, i, hash);
        size_t at = have;
        while (at > 0 && (score > best[at - 1] ||
                          (score == best[at - 1] && wins_tie(place, i, pos[at - 1])))) {
            at--;
        }
        if (at == keep) {
            continue;
        }
        have += have < keep;
        memmove(pos + at + 1, pos + at, (have - at - 1) * sizeof *pos);
        memmove(best + at + 1, best + at, (have - at - 1) * sizeof *best);
        pos[at] = i;
        best[at] = score;
    }
    return place_spread(place->n, pn_xxh64(key, len, 1), pos, have, count);
}

static uint32_t
owner(const struct pn_place *place, const void *key, size_t len)
{
    uint32_t pos;
    owners(place, key, len, &pos, 1);
    return pos;
}

/* ---- The family ------------------------------------------------------------ */

static int
build(struct pn_place *place, const struct pn_place_opts *opts, struct pn_why *why)
{
    struct rendezvous_place *self = (struct rendezvous_place *)place;
    self->is_bytes = (opts->flags & PN_PLACE_BYTES) != 0;
    self->prefix = place_alloc(place->n, sizeof *self->prefix);
    self->endpoint = place_alloc(place->n, sizeof *self->endpoint);
    if (self->prefix == NULL || self->endpoint == NULL) {
        return place_no_memory(why);
    }
    for (uint32_t i = 0; i < place->n; i++) {
        const struct place_member *m = &place->member[i];
        self->prefix[i] = pn_murmur3_begin(0);
        add_text(&self->prefix[i], m->name, m->len);
        pn_murmur3_add(&self->prefix[i], "-", 1);
        self->endpoint[i] = pn_murmur64a(m->name, m->len, 4193360111u);
    }
    return mcrouter_take_salt(&self->salt, opts->salt, why);
}

static void
release(struct pn_place *place)
{
    struct rendezvous_place *self = (struct rendezvous_place *)place;
    pn_free(self->prefix);
    pn_free(self->endpoint);
}

const struct place_kind place_rendezvous_kind = {
    .size = sizeof(struct rendezvous_place),
    .build = build,
    .release = release,
    .owner = owner,
    .owners = owners,
};
