/*
 * item - one key and its value as bytes in a segment
 *
 *   { u8 klen; u24 vlen; u8 flags; [u40 exp_ms]; [u32 cflags]; [u64 cas];
 *     [u8 ntag; ntag x { u32 cell; u32 gen }]; key; value }
 *
 * starting at a multiple of 4. The low half of `flags` is enum pn_item_bits, the
 * high half says which optional fields are there. A large value's item holds a
 * descriptor in place of the value (large.h); its slot says so.
 *
 * The bytes are in shared memory and may be damaged or, for a reader, in the
 * middle of being overwritten: every length is loaded once, checked against the
 * room there is, and then used.
 */
#ifndef PN_STORE_ITEM_H
#define PN_STORE_ITEM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "pinyon/store.h"

#define PN_ITEM_HEADER 5u
#define PN_ITEM_MIN 8u /* bytes, rounded: header, one key byte, no value */

enum pn_item_has {
    PN_HAS_EXP = 0x80,
    PN_HAS_CFLAGS = 0x40,
    PN_HAS_CAS = 0x20,
    PN_HAS_TAGS = 0x10,
    PN_BITS_MASK = 0x0f,
};

/* An item taken apart. KEY, VAL and TAGS point into the region. */
struct pn_view {
    const char *key, *val, *tags; /* tags: ntags x 8 bytes */
    uint32_t klen, vlen;
    uint32_t size; /* of the whole, rounded up to 4 */
    uint32_t cflags;
    uint64_t exp_ms; /* PN_NO_TTL when it has none */
    uint64_t cas;
    uint8_t flags, ntags;
};

/* Copies between private memory and a region that others may be writing. The
 * copy may be torn: whoever reads validates afterwards. Kept out of line so that
 * neither compiler nor sanitizer reasons about a race that is intended. */
void
pn_copy_out(void *dst, const char *src, size_t n);
void
pn_copy_in(char *dst, const void *src, size_t n);
bool
pn_shared_equal(const char *shared, const void *key, size_t n);

/* Numbers at any address of the region: one load, used after it was taken, whatever
 * others write meanwhile. */
static inline uint8_t
pn_peek8(const char *p)
{
    return atomic_load_explicit((const _Atomic uint8_t *)(const void *)p,
                                memory_order_relaxed);
}

static inline uint32_t
pn_peek32(const char *p)
{
#if PN_TSAN
    uint32_t v;
    pn_copy_out(&v, p, sizeof v);
#else
    uint32_t v = pn_load32(p);
    __asm__ volatile("" : "+r"(v));
#endif
    return v;
}

static inline uint64_t
pn_peek64(const char *p)
{
#if PN_TSAN
    uint64_t v;
    pn_copy_out(&v, p, sizeof v);
#else
    uint64_t v = pn_load64(p);
    __asm__ volatile("" : "+r"(v));
#endif
    return v;
}

/* What an item will be made of. */
struct pn_draft {
    const void *key, *val;
    const struct pn_tag *tags;
    size_t klen, vlen;
    uint64_t exp_ms; /* PN_NO_TTL */
    uint64_t cas;    /* stored when HAS_CAS is in flags */
    uint32_t cflags;
    uint8_t flags, ntags;
};

/* Takes apart the item at P, of which at most ROOM bytes may be looked at.
 * False when it does not fit: damaged, or overwritten while we looked. */
bool
pn_item_parse(const char *p, size_t room, struct pn_view *view);

/* A draft of an item that is there, to be stored at another place. Key and value stay
 * in the region; the tags are copied to TAGS. */
struct pn_draft
pn_draft_again(const struct pn_view *view, struct pn_tag tags[PN_TAGS_MAX]);

/* Sets the flags that follow from the other fields; returns the whole size. */
uint32_t
pn_draft_finish(struct pn_draft *draft);

/* Writes DRAFT at P, where its size is free. */
void
pn_item_write(char *p, const struct pn_draft *draft);

#endif
