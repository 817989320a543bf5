/*
 * fixture - a small private store with a fixed seed and a clock of the test's own
 *
 * Keys are numbers, values patterns of (key, seq), so that a test says in one line
 * what it stores and what it finds.
 */
#ifndef PN_TEST_FIXTURE_H
#define PN_TEST_FIXTURE_H

#include "../support/pattern.h"
#include "harness.h"
#include "pinyon/store.h"

#include <stdlib.h>

enum { FIXTURE_SIZE = 4 << 20 };

static inline struct pn_store *
fixture_open(uint64_t size, uint32_t flags)
{
    static const uint8_t seed[16] = {7};
    struct pn_store_opts opts = {.size = size, .flags = flags, .seed = seed};
    struct pn_store *store = NULL;
    struct pn_why why = {.text = ""};
    if (!CHECK_EQ(pn_store_open_private(&opts, &store, &why), PN_OK)) {
        printf("# %s\n", why.text);
    }
    return store;
}

/* Checks every invariant, then closes. Each test ends with it. */
static inline void
fixture_close(struct pn_store *store, uint64_t now_ms)
{
    struct pn_store_report report = {0};
    if (!CHECK_EQ(pn_store_check(store, now_ms, &report), PN_OK)) {
        printf("# %s\n", report.first);
    }
    pn_store_close(store);
}

static inline struct pn_store_stats
fixture_stats(struct pn_store *store)
{
    struct pn_store_stats stats = {0};
    CHECK_EQ(pn_store_stats(store, &stats), PN_OK);
    return stats;
}

/* Stores the pattern of (K, SEQ), VLEN bytes. */
static inline int
fixture_put(struct pn_store *store, uint64_t now_ms, uint64_t k, uint64_t seq,
            size_t vlen, uint64_t ttl_ms)
{
    unsigned char small[512];
    unsigned char *val = vlen <= sizeof small ? small : malloc(vlen);
    struct pn_put put = {
        .key = &k, .klen = sizeof k, .val = val, .vlen = vlen, .ttl_ms = ttl_ms};
    pattern_fill(val, vlen, k, seq);
    int rc = pn_store_put(store, now_ms, &put, NULL);
    if (val != small) {
        free(val);
    }
    return rc;
}

/* 1: key K answers with the whole pattern of (K, SEQ), VLEN bytes; 0: a miss;
 * anything else is wrong. */
static inline int
fixture_has(struct pn_store *store, uint64_t now_ms, uint64_t k, uint64_t seq,
            size_t vlen)
{
    unsigned char small[512];
    unsigned char *buf = vlen <= sizeof small ? small : malloc(vlen);
    struct pn_item item;
    int rc = pn_store_get(store, now_ms, &k, sizeof k, buf, vlen, &item);
    int has = rc == PN_MISS ? 0
              : rc == PN_OK && item.vlen == vlen && pattern_holds(buf, vlen, k, seq)
                  ? 1
                  : -1;
    if (buf != small) {
        free(buf);
    }
    return has;
}

#endif
