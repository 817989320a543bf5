#include "place/ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"

int
ring_reserve(struct ring *ring, size_t n)
{
    ring->draft = place_alloc(n, sizeof *ring->draft);
    ring->room = n;
    return ring->draft == NULL ? PN_E_NOMEM : PN_OK;
}

void
ring_add(struct ring *ring, uint64_t value, uint64_t low, uint32_t pos)
{
    PN_ASSERT(ring->n < ring->room);
    ring->draft[ring->n++] = (struct ring_draft){value, low, pos};
}

static int
compare(const void *left, const void *right)
{
    const struct ring_draft *a = left, *b = right;
    if (a->value != b->value) {
        return a->value < b->value ? -1 : 1;
    }
    if (a->low != b->low) {
        return a->low < b->low ? -1 : 1;
    }
    return (a->pos > b->pos) - (a->pos < b->pos);
}

/* Sorted, equal points stand in the order of their positions: the first or the last of
 * a run wins all of it. Points are kept, for originals count them. */
static void
resolve_ties(struct ring *ring)
{
    struct ring_draft *d = ring->draft;
    for (size_t i = 0, end; i < ring->n; i = end) {
        for (end = i + 1;
             end < ring->n && d[end].value == d[i].value && d[end].low == d[i].low;) {
            end++;
        }
        uint32_t winner = ring->is_last_win ? d[end - 1].pos : d[i].pos;
        for (size_t k = i; k < end; k++) {
            d[k].pos = winner;
        }
    }
}

static int
allocate(struct ring *ring, bool has_low)
{
    unsigned bits = 1;
    while (bits < 31 && ((size_t)1 << bits) < 4 * ring->n) {
        bits++;
    }
    ring->guide_shift = 64 - bits;
    ring->value = place_alloc(ring->n, sizeof *ring->value);
    ring->low = has_low ? place_alloc(ring->n, sizeof *ring->low) : NULL;
    ring->pos = place_alloc(ring->n, sizeof *ring->pos);
    ring->guide = place_alloc(((size_t)1 << bits) + 1, sizeof *ring->guide);
    if (ring->value == NULL || ring->pos == NULL || ring->guide == NULL ||
        (has_low && ring->low == NULL)) {
        return PN_E_NOMEM;
    }
    return PN_OK;
}

static void
fill_guide(struct ring *ring)
{
    size_t cells = (size_t)1 << (64 - ring->guide_shift);
    size_t point = 0;
    for (size_t cell = 0; cell < cells; cell++) {
        while (point < ring->n && ring->value[point] >> ring->guide_shift < cell) {
            point++;
        }
        ring->guide[cell] = (uint32_t)point;
    }
    ring->guide[cells] = (uint32_t)ring->n;
}

int
ring_seal(struct ring *ring)
{
    PN_ASSERT(ring->n > 0);
    qsort(ring->draft, ring->n, sizeof *ring->draft, compare);
    resolve_ties(ring);
    bool has_low = false;
    for (size_t i = 0; i < ring->n; i++) {
        has_low |= ring->draft[i].low != 0;
    }
    if (allocate(ring, has_low) < 0) {
        return PN_E_NOMEM;
    }
    for (size_t i = 0; i < ring->n; i++) {
        ring->value[i] = ring->draft[i].value;
        ring->pos[i] = ring->draft[i].pos;
        if (has_low) {
            ring->low[i] = ring->draft[i].low;
        }
    }
    fill_guide(ring);
    pn_free(ring->draft);
    ring->draft = NULL;
    return PN_OK;
}

void
ring_release(struct ring *ring)
{
    pn_free(ring->draft);
    pn_free(ring->value);
    pn_free(ring->low);
    pn_free(ring->pos);
    pn_free(ring->guide);
}

/* Does point I stand before the number, so that its owner is further on? */
static inline bool
is_before(const struct ring *ring, size_t i, uint64_t value, uint64_t low)
{
    if (ring->value[i] != value) {
        return ring->value[i] < value;
    }
    uint64_t own = ring->low == NULL ? 0 : ring->low[i];
    return ring->is_strict ? own <= low : own < low;
}

size_t
ring_find(const struct ring *ring, uint64_t value, uint64_t low)
{
    uint64_t cell = value >> ring->guide_shift;
    size_t from = ring->guide[cell], to = ring->guide[cell + 1];
    while (from < to) { /* names may be chosen so that a cell is full: halve */
        size_t middle = from + (to - from) / 2;
        if (is_before(ring, middle, value, low)) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from == ring->n ? 0 : from;
}

size_t
ring_walk(const struct ring *ring, size_t from, uint32_t n, uint32_t *pos, size_t count)
{
    uint64_t seen[PN_PLACE_MEMBERS_MAX / 64];
    memset(seen, 0, ((size_t)n + 63) / 64 * 8);
    size_t have = 0;
    for (size_t step = 0; step < ring->n && have < count; step++) {
        uint32_t p = ring->pos[from];
        if ((seen[p / 64] >> p % 64 & 1) == 0) {
            seen[p / 64] |= (uint64_t)1 << p % 64;
            pos[have++] = p;
        }
        from = from + 1 == ring->n ? 0 : from + 1;
    }
    return have;
}

void
ring_share(const struct ring *ring, double *share)
{
    const double circle = 18446744073709551616.0;
    for (size_t i = 0; i < ring->n; i++) {
        uint64_t before = ring->value[i == 0 ? ring->n - 1 : i - 1];
        uint64_t arc = ring->value[i] - before; /* wraps at the first point */
        share[ring->pos[i]] += ring->n == 1 ? 1 : (double)arc / circle;
    }
}

struct pn_point
ring_point(const struct ring *ring, size_t i)
{
    if (ring->low != NULL) {
        return (struct pn_point){ring->value[i], ring->low[i], ring->pos[i]};
    }
    uint64_t value = ring->is_narrow ? ring->value[i] >> 32 : ring->value[i];
    return (struct pn_point){0, value, ring->pos[i]};
}
