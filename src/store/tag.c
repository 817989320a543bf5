#include "store/tag.h"

bool
pn_tags_are_current(const struct pn_store *st, const char *tags, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct pn_tag tag = pn_tag_read(tags, i);
        if (atomic_load_explicit(pn_cell_at(st, tag.cell), memory_order_acquire) !=
            tag.gen) {
            return false;
        }
    }
    return true;
}

/* Bits that choose no shard: two tags of one shard's keys should not meet more
 * often than others. */
static uint32_t
cell_of(const struct pn_store *st, const void *tag, size_t len)
{
    return (uint32_t)(pn_hash(&st->hash, tag, len) >> 8) & (st->geo.ncell - 1);
}

struct pn_tag
pn_store_tag(const struct pn_store *st, const void *tag, size_t len)
{
    uint32_t cell = cell_of(st, tag, len);
    return (struct pn_tag){.cell = cell,
                           .gen = atomic_load_explicit(pn_cell_at(st, cell),
                                                       memory_order_acquire)};
}

int
pn_store_invalidate(struct pn_store *st, const void *tag, size_t len)
{
    atomic_fetch_add_explicit(pn_cell_at(st, cell_of(st, tag, len)), 1,
                              memory_order_acq_rel);
    atomic_fetch_add_explicit(&pn_super_of(st)->invalidations, 1, memory_order_relaxed);
    return PN_OK;
}
