/*
 * tag - generations that make many items disappear at once
 *
 * A fixed table of u32 generations; a tag's cell is chosen by hash. An item notes
 * cell and generation of each of its tags when it is stored; any difference later
 * is a miss. Invalidating a tag is one atomic add: no lock, no walk, nothing that
 * a death can leave half done. Two tags that share a cell fall together.
 *
 * Lock-free throughout.
 */
#ifndef PN_STORE_TAG_H
#define PN_STORE_TAG_H

#include "store/handle.h"

/* The I-th of the tags of an item. */
static inline struct pn_tag
pn_tag_read(const char *tags, unsigned i)
{
    uint64_t pair = pn_peek64(tags + 8 * (size_t)i);
    return (struct pn_tag){.cell = (uint32_t)pair, .gen = (uint32_t)(pair >> 32)};
}

bool
pn_tags_are_current(const struct pn_store *st, const char *tags, unsigned n);

#endif
