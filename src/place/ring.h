/*
 * ring - points of nodes on a circle of numbers
 *
 * A key belongs to the first point at or behind its own number ("at or": some originals
 * search strictly behind), the first point following the last. Points have 32, 64 or
 * 128 bits; those of 32 stand in the upper half of a word, so that one search does for
 * all. A guide of four to eight cells per point says where to begin, by the number's
 * top bits: most cells hold no point, so that most lookups end there, without a branch
 * that the CPU guesses wrong.
 *
 *     value   |--a--b-----c-|-----|--a---b-c--|...      sorted
 *     guide   0            3     3           6          first point of each cell
 *
 * Ties are resolved once, when the ring is sealed: all points of one value get the
 * owner that the original would find there.
 */
#ifndef PN_PLACE_RING_H
#define PN_PLACE_RING_H

#include "place/kind.h"

struct ring_draft {
    uint64_t value, low;
    uint32_t pos;
};

struct ring {
    uint64_t *value;
    uint64_t *low; /* the lower halves of 128 bits; NULL when all are 0 */
    uint32_t *pos; /* whose the point is */
    uint32_t *guide;
    size_t n;
    unsigned guide_shift;
    bool is_strict;   /* the owner is strictly behind, not at the number */
    bool is_narrow;   /* points have 32 bits, shifted up by 32 */
    bool is_last_win; /* equal points: the highest position owns, not the lowest */
    struct ring_draft *draft; /* until the ring is sealed */
    size_t room;
};

/* Room for N points to come. PN_OK or PN_E_NOMEM. */
int
ring_reserve(struct ring *ring, size_t n);

/* Adds a point to the draft; there is room for it. */
void
ring_add(struct ring *ring, uint64_t value, uint64_t low, uint32_t pos);

/* Sorts, resolves ties, makes the guide, drops the draft. PN_OK, PN_E_NOMEM. */
int
ring_seal(struct ring *ring);

void
ring_release(struct ring *ring);

/* The number of the point that owns VALUE (and LOW, where there are 128 bits). */
size_t
ring_find(const struct ring *ring, uint64_t value, uint64_t low);

/* Up to COUNT distinct positions clockwise from point FROM; N is how many exist. */
size_t
ring_walk(const struct ring *ring, size_t from, uint32_t n, uint32_t *pos,
          size_t count);

/* The part of the circle that each position owns, added to SHARE. */
void
ring_share(const struct ring *ring, double *share);

/* The point as its original numbers it, with a position for an owner. */
struct pn_point
ring_point(const struct ring *ring, size_t i);

/* The ring of PLACE, NULL when its family is another (ring_kind.c). */
const struct ring *
place_ring_of(const struct pn_place *place);

/* pn_place_find() of a key cut to its tag. */
size_t
place_ring_find(const struct pn_place *place, const void *key, size_t len,
                struct pn_point *at);

#endif
