/*
 * large - values that do not fit half a segment
 *
 * Such a value takes whole segments, borrowed from all shards in turn, and its
 * item holds a descriptor in place of the value:
 *
 *   { u32 total; u32 nparts; nparts x { u32 segment; u32 generation } }
 *
 *   FREE -> CLAIMED (by a process, under the lending shard's lock)
 *        -> LARGE (under the key's shard lock, just before the slot is published)
 *        -> RELEASED (after the slot is gone; no lock of the lending shard)
 *        -> FREE (by the lending shard, when it looks)
 *
 * A part's generation is incremented when it is released: a reader that finds the
 * generation of the descriptor before and after copying a part has copied that
 * value's bytes. No lock is ever held while the data is copied, and freeing costs
 * parts, not bytes.
 *
 * A death leaves CLAIMED segments of a dead owner, which are reaped by who needs them
 * and once in every round of sweeps, or LARGE ones that no descriptor names, which the
 * recovery of the key's shard finds by the hash they carry.
 *
 * At most half of each shard is lent. A value that does not fit that budget evicts
 * older large values, never the small ones beyond it.
 */
#ifndef PN_STORE_LARGE_H
#define PN_STORE_LARGE_H

#include "store/handle.h"

#define PN_LARGE_PARTS_MAX 2048u

/* A descriptor in private memory. */
struct pn_large {
    uint32_t total, nparts;
    struct pn_part {
        uint32_t seg, gen;
    } part[PN_LARGE_PARTS_MAX];
};

static inline size_t
pn_large_size(const struct pn_large *d)
{
    return 8 + 8 * (size_t)d->nparts;
}

/* Borrows segments for VLEN bytes and copies VAL into them. No lock is held. PN_OK,
 * PN_BUSY when others hold too much of the room at this moment, or PN_E_VALUE_SIZE;
 * then nothing is borrowed. */
int
pn_large_write(struct pn_store *st, const void *val, size_t vlen, uint64_t now_ms,
               struct pn_large *d);

/* Under the key's shard lock, before its slot is published. */
void
pn_large_mark(struct pn_store *st, const struct pn_large *d, uint64_t hash);

/* Under the same lock: it came to nothing, the parts are only claimed again. */
void
pn_large_unmark(struct pn_store *st, const struct pn_large *d);

/* Gives all claimed parts of a private descriptor back. */
void
pn_large_abandon(struct pn_store *st, const struct pn_large *d);

/* Gives back the parts of the descriptor that lies in the region. Parts that are
 * no longer its own (by generation) are left alone. */
void
pn_large_release(struct pn_store *st, const char *desc, uint32_t len);

/* Lock-free: copies the large value of item V to BUF. PN_OK when every part was its own
 * before and after the copy; PN_SMALL; anything negative: something changed. *TOTAL is
 * the value's size. The caller validates V itself. */
int
pn_large_copy(const struct pn_store *st, const struct pn_view *v, void *buf, size_t cap,
              uint32_t *total);

/* Total size from a descriptor in the region; 0 when it cannot be one. */
uint32_t
pn_large_total(const struct pn_store *st, const char *desc, uint32_t len,
               uint32_t *nparts);

/* The I-th part of a descriptor in the region; false when it is not a segment. */
bool
pn_large_part(const struct pn_store *st, const char *desc, uint32_t i,
              struct pn_part *part);

/* Releases segment ID if it is still generation GEN of a large value. */
void
pn_large_release_part(struct pn_store *st, uint32_t id, uint32_t gen);

/* Returns segments claimed by processes that died. */
void
pn_large_reap(struct pn_store *st);

#endif
