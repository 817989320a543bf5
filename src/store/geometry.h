/*
 * geometry - where everything in a region of a given size stands
 *
 * A pure function of (size, expected item size): every process computes it for
 * itself and compares it with what it finds, so that no damaged number in the
 * region is ever used to find something else in it.
 */
#ifndef PN_STORE_GEOMETRY_H
#define PN_STORE_GEOMETRY_H

#include <stdint.h>

#define PN_ITEM_HINT_DEFAULT 112u

struct pn_geometry {
    uint64_t region_size;
    uint32_t item_hint;
    uint32_t nshard; /* a power of two */
    uint32_t seg_per_shard;
    uint32_t nseg;          /* nshard * seg_per_shard; shard s owns a run of them */
    uint32_t seg_size;      /* a power of two */
    uint32_t inline_max;    /* largest whole item in a segment, header included */
    uint32_t nbucket, novf; /* per shard */
    uint32_t ncell;         /* tag generations, a power of two */
    uint32_t nclass;        /* TTL classes in use */
    uint64_t off_proc, off_shard, off_lease, off_cell, off_seg_hdr;
    uint64_t off_index;    /* shard 0's buckets */
    uint64_t index_stride; /* to the next shard's */
    uint64_t off_ovf;      /* from the start of a shard's index */
    uint64_t off_ghost;    /* from the start of a shard's index */
    uint64_t off_seg;      /* the first segment */
    uint64_t large_max;    /* bytes of the largest value */
};

/* Fills *GEO for a region of SIZE bytes (rounded down to the page) and items of
 * about ITEM bytes of key and value. PN_OK or PN_E_INVALID. */
int
pn_geometry_init(struct pn_geometry *geo, uint64_t size, uint32_t item);

#endif
