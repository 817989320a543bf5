#define _GNU_SOURCE
#include "../support/rng.h"
#include "harness.h"
#include "store/item.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned char bytes[4096]; /* keys and values to be stored; never written */

static struct pn_draft
draw_draft(struct rng *rng, struct pn_tag tags[PN_TAGS_MAX])
{
    struct pn_draft d = {.key = bytes,
                         .klen = 1 + rng_below(rng, 255),
                         .val = bytes + 300,
                         .vlen = rng_below(rng, 3000),
                         .exp_ms = PN_NO_TTL,
                         .tags = tags};
    d.flags = (uint8_t)rng_below(rng, 16);
    if (rng_one_in(rng, 2)) {
        d.exp_ms = rng_next(rng) >> 24;
    }
    if (rng_one_in(rng, 2)) {
        d.cflags = 1 + rng_below(rng, UINT32_MAX - 1);
    }
    if (rng_one_in(rng, 2)) {
        d.flags |= PN_HAS_CAS;
        d.cas = rng_next(rng);
    }
    d.ntags = (uint8_t)(rng_one_in(rng, 2) ? rng_below(rng, PN_TAGS_MAX + 1) : 0);
    for (unsigned i = 0; i < d.ntags; i++) {
        tags[i] = (struct pn_tag){(uint32_t)rng_next(rng), (uint32_t)rng_next(rng)};
    }
    return d;
}

static void
check_view(const struct pn_view *v, const struct pn_draft *d)
{
    CHECK_EQ(v->klen, d->klen);
    CHECK_EQ(v->vlen, d->vlen);
    CHECK_EQ(v->flags, d->flags);
    CHECK_EQ(v->exp_ms, d->exp_ms);
    CHECK_EQ(v->cflags, d->cflags);
    CHECK_EQ(v->cas, d->cas);
    CHECK_EQ(v->ntags, d->ntags);
    CHECK_MEM(v->key, d->key, d->klen);
    CHECK_MEM(v->val, d->val, d->vlen);
    if (d->ntags != 0) {
        CHECK_MEM(v->tags, d->tags, d->ntags * 8u);
    }
}

/* What was written is read, at every combination of fields; and an item is read in
 * no less room than it has, without a byte behind it being touched. */
static void
test_round_trip(void)
{
    struct rng rng = {.state = 1};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(map != MAP_FAILED);
    CHECK_EQ(mprotect(map + 2 * page, page, PROT_NONE), 0);
    for (int i = 0; i < 3000; i++) {
        struct pn_tag tags[PN_TAGS_MAX];
        struct pn_draft d = draw_draft(&rng, tags);
        uint32_t size = pn_draft_finish(&d);
        CHECK_EQ(size % 4, 0);
        char *p = map + 2 * page - size; /* its end is the guard page */
        pn_item_write(p, &d);
        struct pn_view v;
        if (CHECK(pn_item_parse(p, size, &v))) {
            CHECK_EQ(v.size, size);
            check_view(&v, &d);
        }
        for (size_t room = 0; room < size; room += 1 + room / 7) {
            CHECK(!pn_item_parse(p, room, &v));
        }
    }
    munmap(map, 3 * page);
}

/* Whatever the bytes are, what a view says lies within the room. */
static void
test_noise(void)
{
    struct rng rng = {.state = 2};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(map != MAP_FAILED);
    CHECK_EQ(mprotect(map + page, page, PROT_NONE), 0);
    int parsed = 0;
    for (int i = 0; i < 100000; i++) {
        size_t room = 4 * (size_t)rng_below(&rng, 100);
        char *p = map + page - room;
        for (size_t at = 0; at < room; at++) {
            p[at] = (char)rng_next(&rng);
        }
        if (room > 4 && !rng_one_in(&rng, 4)) { /* lengths that may fit */
            p[0] = (char)(p[0] & 31);
            p[2] = p[3] = 0;
        }
        struct pn_view v;
        if (!pn_item_parse(p, room, &v)) {
            continue;
        }
        parsed++;
        CHECK(v.klen >= 1 && v.klen <= 255);
        CHECK(v.ntags <= PN_TAGS_MAX);
        CHECK(v.key > p && v.key + v.klen == v.val);
        CHECK(v.val + v.vlen <= p + room);
        CHECK(v.size <= room && v.size >= PN_ITEM_MIN && v.size % 4 == 0);
        CHECK(v.ntags == 0 || (v.tags > p && v.tags + 8u * v.ntags == v.key));
    }
    CHECK(parsed > 1000); /* else the noise tests nothing */
    munmap(map, 2 * page);
}

static void
test_copies(void)
{
    char src[300], dst[300];
    for (size_t n = 0; n < 260; n++) {
        for (size_t i = 0; i < sizeof src; i++) {
            src[i] = (char)(i * 7 + n);
            dst[i] = 0x55;
        }
        pn_copy_out(dst, src, n);
        CHECK_MEM(dst, src, n);
        CHECK_EQ(dst[n], 0x55);
        pn_copy_in(dst + 1, src, n);
        CHECK_MEM(dst + 1, src, n);
        CHECK(n > 255 || pn_shared_equal(src, dst + 1, n));
        if (n > 0 && n <= 255) {
            dst[n] ^= 1;
            CHECK(!pn_shared_equal(src, dst + 1, n));
        }
    }
}

int
main(void)
{
    struct rng rng = {.state = 0};
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)rng_next(&rng);
    }
    RUN(test_round_trip);
    RUN(test_noise);
    RUN(test_copies);
    return harness_done();
}
