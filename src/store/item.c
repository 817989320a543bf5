#include "store/item.h"

#include "store/layout.h"

#if PN_TSAN && defined(__x86_64__)
/* memcpy is intercepted by the sanitizer; a string instruction is not. */
PN_NO_TSAN static void
copy(void *dst, const void *src, size_t n)
{
    __asm__ volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(n) : : "memory");
}
#else
static inline void
copy(void *dst, const void *src, size_t n)
{
    memcpy(dst, src, n);
}
#endif

PN_NOINLINE void
pn_copy_out(void *dst, const char *src, size_t n)
{
    if (n != 0) { /* DST may be NULL then */
        copy(dst, src, n);
    }
}

PN_NOINLINE void
pn_copy_in(char *dst, const void *src, size_t n)
{
    if (n != 0) { /* SRC may be NULL then */
        copy(dst, src, n);
    }
}

PN_NO_TSAN PN_NOINLINE bool
pn_shared_equal(const char *shared, const void *key, size_t n)
{
#if PN_TSAN
    char mine[PN_KEY_MAX];
    copy(mine, shared, n);
    return memcmp(mine, key, n) == 0;
#else
    return memcmp(shared, key, n) == 0;
#endif
}

/* Bytes of the optional fields, without the tags themselves. */
static inline uint32_t
optional_size(uint8_t flags)
{
    static const uint8_t size[16] = {0, 1, 8,  9,  4, 5,  12, 13,
                                     5, 6, 13, 14, 9, 10, 17, 18};
    return size[flags >> 4];
}

/* The optional fields behind the expiry, and their end. They are inside the room. */
static inline const char *
parse_rest(const char *at, struct pn_view *view)
{
    if ((view->flags & PN_HAS_CFLAGS) != 0) {
        view->cflags = pn_peek32(at);
        at += 4;
    }
    if ((view->flags & PN_HAS_CAS) != 0) {
        view->cas = pn_peek64(at);
        at += 8;
    }
    if ((view->flags & PN_HAS_TAGS) != 0) {
        view->ntags = pn_peek8(at);
        view->tags = at + 1;
        at += 1 + view->ntags * 8u;
    }
    return at;
}

bool
pn_item_parse(const char *p, size_t room, struct pn_view *view)
{
    if (PN_UNLIKELY(room < PN_ITEM_MIN)) {
        return false;
    }
    /* Items start at a multiple of 4, so what stands in front is atomic words. */
    const _Atomic uint32_t *word = (const _Atomic uint32_t *)(const void *)p;
    uint32_t lengths = atomic_load_explicit(&word[0], memory_order_relaxed);
    uint32_t second = atomic_load_explicit(&word[1], memory_order_relaxed);
    *view = (struct pn_view){.klen = lengths & 0xff,
                             .vlen = lengths >> 8,
                             .flags = (uint8_t)second,
                             .exp_ms = PN_NO_TTL};
    const char *at = p + PN_ITEM_HEADER;
    if ((view->flags & ~PN_BITS_MASK) != 0) {
        if (PN_UNLIKELY(PN_ITEM_HEADER + optional_size(view->flags) >= room)) {
            return false;
        }
        if ((view->flags & PN_HAS_EXP) != 0) { /* five bytes, across two words */
            uint64_t third = atomic_load_explicit(&word[2], memory_order_relaxed);
            view->exp_ms = second >> 8 | (third & 0xffff) << 24;
            at += 5;
        }
        at = parse_rest(at, view);
    }
    view->key = at;
    view->val = at + view->klen;
    size_t size = (size_t)(view->val - p) + view->vlen;
    view->size = (uint32_t)pn_round_up(size, 4);
    return view->klen > 0 && view->ntags <= PN_TAGS_MAX && view->size <= room;
}

struct pn_draft
pn_draft_again(const struct pn_view *view, struct pn_tag tags[PN_TAGS_MAX])
{
    for (unsigned i = 0; i < view->ntags; i++) {
        tags[i].cell = pn_peek32(view->tags + 8 * (size_t)i);
        tags[i].gen = pn_peek32(view->tags + 8 * (size_t)i + 4);
    }
    return (struct pn_draft){
        .key = view->key,
        .klen = view->klen,
        .val = view->val,
        .vlen = view->vlen,
        .exp_ms = view->exp_ms,
        .cas = view->cas,
        .cflags = view->cflags,
        .flags = view->flags & (PN_BITS_MASK | PN_HAS_CAS),
        .tags = tags,
        .ntags = view->ntags,
    };
}

uint32_t
pn_draft_finish(struct pn_draft *draft)
{
    draft->flags |= (uint8_t)((draft->exp_ms != PN_NO_TTL ? PN_HAS_EXP : 0) |
                              (draft->cflags != 0 ? PN_HAS_CFLAGS : 0) |
                              (draft->ntags != 0 ? PN_HAS_TAGS : 0));
    size_t size = PN_ITEM_HEADER + optional_size(draft->flags) + draft->ntags * 8u +
                  draft->klen + draft->vlen;
    return (uint32_t)pn_round_up(size, 4);
}

void
pn_item_write(char *p, const struct pn_draft *draft)
{
    char head[PN_ITEM_HEADER + 18 + PN_TAGS_MAX * 8];
    char *at = head + PN_ITEM_HEADER;
    pn_store32(head, (uint32_t)draft->klen | (uint32_t)draft->vlen << 8);
    head[4] = (char)draft->flags;
    if ((draft->flags & PN_HAS_EXP) != 0) {
        pn_store40(at, draft->exp_ms);
        at += 5;
    }
    if ((draft->flags & PN_HAS_CFLAGS) != 0) {
        pn_store32(at, draft->cflags);
        at += 4;
    }
    if ((draft->flags & PN_HAS_CAS) != 0) {
        pn_store64(at, draft->cas);
        at += 8;
    }
    if ((draft->flags & PN_HAS_TAGS) != 0) {
        *at++ = (char)draft->ntags;
        for (unsigned i = 0; i < draft->ntags; i++, at += 8) {
            pn_store32(at, draft->tags[i].cell);
            pn_store32(at + 4, draft->tags[i].gen);
        }
    }
    size_t n = (size_t)(at - head);
    pn_copy_in(p, head, n);
    pn_copy_in(p + n, draft->key, draft->klen);
    pn_copy_in(p + n + draft->klen, draft->val, draft->vlen);
}
