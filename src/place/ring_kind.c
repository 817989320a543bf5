/*
 * The rings people run: ketama in its dialects, hash_ring, uhashring, and one of
 * Pinyon's for bounded loads. They differ in what they call a node, how many points it
 * gets, how a point is hashed, and on which side of a point a key falls; the table at
 * the end of this comment says it all, and each row has its vectors in the tests.
 *
 *                     text j                 its points       how many texts
 *   hash_ring         node-j                 md5 words 0..2   floor(40 n w / sum)
 *   libketama         node-j (cut at 21)     md5 words 0..3   floor(40 n w / sum), f32
 *   libmemcached      host[:port]-j          the key's hash   100
 *     weighted        host[:port]-j          md5 words 0..3   floor(40 n w / sum), f32
 *     SPY             /host:port-j           as above         as above
 *   twemproxy         name or host[:port]-j  md5 words 0..3   floor(40 n w / sum), f32
 *   uhashring-ketama  node-j                 md5 words 0..3   points n w // sum
 *   uhashring         node-j                 md5, 128 bits    points w
 *   bounded           node-j                 XXH64            ceil(160 n w / sum)
 *
 * Arithmetic in binary32 is part of the format: at 61 equal nodes it rounds 40 down to
 * 39. Each rounding is a statement of its own, so that no compiler may fuse two.
 */
#include <math.h>
#include <string.h>

#include "place/ring.h"

struct ring_place {
    struct pn_place base;
    struct ring ring;
};

static inline const struct ring_place *
self_of(const struct pn_place *place)
{
    return (const struct ring_place *)place;
}

/* ---- Points ---------------------------------------------------------------- */

/* "NODE-", to which the number of each point is appended. */
struct point_text {
    char text[PN_PLACE_NAME_MAX + 32];
    size_t len;
};

static void
append(struct point_text *out, const char *text, size_t len)
{
    memcpy(out->text + out->len, text, len);
    out->len += len;
}

static struct point_text
begin_text(const struct place_member *m, int variant)
{
    enum { KETAMA_ADDR = 21 }; /* libketama's char addr[22] */
    struct point_text out = {.len = 0};
    const char *name = m->name;
    size_t len = m->len;
    switch (variant) {
    case RING_LIBKETAMA:
        len = len < KETAMA_ADDR ? len : KETAMA_ADDR;
        break;
    case RING_LIBMEMCACHED:
    case RING_LIBMEMCACHED_WEIGHTED:
    case RING_TWEMPROXY:
        name = place_identity(m, &len);
        break;
    case RING_LIBMEMCACHED_SPY:
    case RING_LIBMEMCACHED_WEIGHTED_SPY:
        append(&out, "/", 1);
        break;
    default:
        break;
    }
    append(&out, name, len);
    bool is_spy = variant == RING_LIBMEMCACHED_SPY ||
                  variant == RING_LIBMEMCACHED_WEIGHTED_SPY;
    if (is_spy && strrchr(m->name, ':') == NULL) {
        append(&out, ":11211", 6);
    }
    append(&out, "-", 1);
    return out;
}

/* The text with J behind it; its length. */
static size_t
finish_text(struct point_text *out, uint32_t j)
{
    char digits[10];
    unsigned n = 0;
    do {
        digits[n++] = (char)('0' + j % 10);
        j /= 10;
    } while (j != 0);
    for (unsigned i = 0; i < n; i++) {
        out->text[out->len + i] = digits[n - 1 - i];
    }
    return out->len + n;
}

static inline uint64_t
big_endian(uint32_t first, uint32_t second)
{
#define SWAP(x) ((x) >> 24 | ((x) >> 8 & 0xff00) | ((x)&0xff00) << 8 | (x) << 24)
    return (uint64_t)SWAP(first) << 32 | SWAP(second);
#undef SWAP
}

/* The points of one text. */
static void
add_points(struct ring_place *self, int variant, const char *text, size_t len,
           uint32_t pos)
{
    struct ring *ring = &self->ring;
    uint32_t w[4];
    switch (variant) {
    case RING_LIBMEMCACHED:
    case RING_LIBMEMCACHED_SPY:
        ring_add(ring, (uint64_t)self->base.hash(text, len) << 32, 0, pos);
        return;
    case RING_BOUNDED:
        ring_add(ring, pn_xxh64(text, len, 0), 0, pos);
        return;
    case RING_UHASHRING:
        pn_md5(text, len, w);
        ring_add(ring, big_endian(w[0], w[1]), big_endian(w[2], w[3]), pos);
        return;
    default:
        break;
    }
    pn_md5(text, len, w);
    for (unsigned i = 0; i < (variant == RING_HASH_RING ? 3 : 4); i++) {
        ring_add(ring, (uint64_t)w[i] << 32, 0, pos);
    }
}

/* ---- How many -------------------------------------------------------------- */

/* ketama.c: the share as float, the product in double, cut to float, cut to whole. */
static double
texts_of_libketama(double weight, double sum, uint32_t n)
{
    float part = (float)weight / (float)sum;
    double wide = (double)part * 40.0;
    wide *= (double)n;
    float narrow = (float)wide;
    return floorf(narrow);
}

/* hosts.cc and nc_ketama.c: float all the way, and a little added. */
static double
texts_of_libmemcached(double weight, double sum, uint32_t n)
{
    float part = (float)weight / (float)sum;
    float points = part * 160.0f;
    points = points / 4.0f;
    points = points * (float)n;
    points = points + 0.0000000001f;
    return floorf(points);
}

static double
texts_of(const struct pn_place *place, int variant, double weight, uint32_t points)
{
    double n = place->n, sum = place->weight_sum;
    switch (variant) {
    case RING_HASH_RING:
        return floor(40 * n * weight / sum);
    case RING_LIBKETAMA:
        return texts_of_libketama(weight, sum, place->n);
    case RING_LIBMEMCACHED:
    case RING_LIBMEMCACHED_SPY:
        return 100;
    case RING_UHASHRING_KETAMA:
        return floor(points * n * weight / sum);
    case RING_UHASHRING:
        return points * weight;
    case RING_BOUNDED:
        return ceil(160 * n * weight / sum);
    default:
        return texts_of_libmemcached(weight, sum, place->n);
    }
}

/* libmemcached makes the weighted ring of itself as soon as one server is pushed with
 * a weight above 1. */
static int
variant_of(const struct pn_place *place)
{
    int variant = place->policy->variant;
    bool is_weighted = false;
    for (uint32_t i = 0; i < place->n; i++) {
        is_weighted |= place->member[i].weight > 1;
    }
    if (is_weighted && variant == RING_LIBMEMCACHED) {
        return RING_LIBMEMCACHED_WEIGHTED;
    }
    if (is_weighted && variant == RING_LIBMEMCACHED_SPY) {
        return RING_LIBMEMCACHED_WEIGHTED_SPY;
    }
    return variant;
}

/* ---- The family ------------------------------------------------------------ */

static int
build(struct pn_place *place, const struct pn_place_opts *opts, struct pn_why *why)
{
    enum { POINTS_MAX = 1 << 26, POINTS_PER_TEXT_MAX = 4 };
    struct ring_place *self = (struct ring_place *)place;
    struct ring *ring = &self->ring;
    int variant = variant_of(place);
    ring->is_strict = variant == RING_HASH_RING || variant == RING_UHASHRING ||
                      variant == RING_UHASHRING_KETAMA;
    ring->is_last_win = ring->is_strict;
    ring->is_narrow = variant != RING_UHASHRING && variant != RING_BOUNDED;
    if (variant == RING_TWEMPROXY) {
        place_sort_twemproxy(place);
    } else if (variant == RING_BOUNDED) { /* ours, so no original's order matters */
        place_sort_by_name(place);
    }
    uint32_t points = opts->points;
    if (points == 0) {
        points = variant == RING_UHASHRING ? 160 : 40;
    }
    double total = 0;
    for (uint32_t i = 0; i < place->n; i++) {
        total += texts_of(place, variant, place->member[i].weight, points);
    }
    if (!(total >= 1) || total > POINTS_MAX) {
        return pn_why(why, PN_E_INVALID,
                      "%s: these weights make a ring of %.0f points; it has 1 to "
                      "%d: give other weights",
                      place->policy->name, total, POINTS_MAX);
    }
    if (ring_reserve(ring, (size_t)total * POINTS_PER_TEXT_MAX) < 0) {
        return place_no_memory(why);
    }
    for (uint32_t i = 0; i < place->n; i++) {
        const struct place_member *m = &place->member[i];
        struct point_text text = begin_text(m, variant);
        uint32_t texts = (uint32_t)texts_of(place, variant, m->weight, points);
        for (uint32_t j = 0; j < texts; j++) {
            add_points(self, variant, text.text, finish_text(&text, j), i);
        }
    }
    return ring_seal(ring) < 0 ? place_no_memory(why) : PN_OK;
}

static void
release(struct pn_place *place)
{
    ring_release(&((struct ring_place *)place)->ring);
}

/* Where KEY falls, and the point that owns it. */
static inline size_t
locate(const struct ring_place *self, const void *key, size_t len, uint64_t *value,
       uint64_t *low)
{
    const struct pn_place *place = &self->base;
    uint32_t w[4];
    *low = 0;
    if (self->ring.is_narrow) {
        /* twemproxy does not hash what is empty. */
        bool is_zero = len == 0 && place->policy->variant == RING_TWEMPROXY;
        *value = is_zero ? 0 : (uint64_t)place->hash(key, len) << 32;
    } else if (place->policy->variant == RING_BOUNDED) {
        *value = pn_xxh64(key, len, 0);
    } else {
        pn_md5(key, len, w);
        *value = big_endian(w[0], w[1]);
        *low = big_endian(w[2], w[3]);
    }
    return ring_find(&self->ring, *value, *low);
}

static uint32_t
owner(const struct pn_place *place, const void *key, size_t len)
{
    uint64_t value, low;
    const struct ring_place *self = self_of(place);
    return self->ring.pos[locate(self, key, len, &value, &low)];
}

static size_t
owners(const struct pn_place *place, const void *key, size_t len, uint32_t *pos,
       size_t count)
{
    uint64_t value, low;
    const struct ring_place *self = self_of(place);
    size_t from = locate(self, key, len, &value, &low);
    return ring_walk(&self->ring, from, place->n, pos, count);
}

/* The arcs tell the shares where hashes cover the circle; 15 bits of CRC do not. */
static void
share(const struct pn_place *place, double *out)
{
    if (place->hash == pn_crc32_15) {
        for (uint64_t hash = 0; hash < 1u << 15; hash++) {
            out[self_of(place)->ring.pos[ring_find(&self_of(place)->ring, hash << 32,
                                                   0)]] += 1.0 / (1u << 15);
        }
        return;
    }
    ring_share(&self_of(place)->ring, out);
}

const struct place_kind place_ring_kind = {
    .size = sizeof(struct ring_place),
    .build = build,
    .release = release,
    .owner = owner,
    .owners = owners,
    .share = share,
};

const struct ring *
place_ring_of(const struct pn_place *place)
{
    return place->kind == &place_ring_kind ? &self_of(place)->ring : NULL;
}

size_t
place_ring_find(const struct pn_place *place, const void *key, size_t len,
                struct pn_point *at)
{
    const struct ring_place *self = self_of(place);
    uint64_t value, low;
    size_t i = locate(self, key, len, &value, &low);
    bool is_wide = self->ring.low != NULL;
    *at = (struct pn_point){.high = is_wide ? value : 0,
                            .low = is_wide ? low : value >> (self->ring.is_narrow * 32),
                            .owner = place->member[self->ring.pos[i]].index};
    return i;
}
