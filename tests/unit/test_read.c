#include "fixture.h"

#include "store/handle.h"
#include "store/index.h"

/* Two keys with the same shard, bucket and tag: only their bytes tell them apart. */
static bool
find_twins(struct pn_store *store, uint64_t *a, uint64_t *b)
{
    enum { TRIED = 300000 };
    uint64_t *hash = calloc(TRIED, sizeof *hash);
    size_t cells = (size_t)store->geo.nshard * store->geo.nbucket;
    uint32_t *last = calloc(cells * 64,
                            sizeof *last); /* by place and part of the tag */
    bool is_found = false;
    for (uint64_t k = 1; k < TRIED && !is_found; k++) {
        struct pn_probe pb;
        pn_probe_init(store, &k, sizeof k, &pb);
        size_t place = (size_t)pb.shard * store->geo.nbucket + pb.bucket;
        uint32_t *seen = &last[place * 64 + pb.tag % 64];
        hash[k] = pb.tag;
        if (*seen != 0 && hash[*seen] == pb.tag) {
            *a = *seen;
            *b = k;
            is_found = true;
        }
        *seen = (uint32_t)k;
    }
    free(last);
    free(hash);
    return is_found;
}

static void
test_twins(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t a = 0, b = 0;
    if (!CHECK(find_twins(store, &a, &b))) {
        return;
    }
    CHECK_EQ(fixture_put(store, 1000, a, 1, 40, PN_NO_TTL), PN_OK);
    CHECK_EQ(fixture_has(store, 1000, b, 1, 40), 0);
    CHECK_EQ(fixture_put(store, 1000, b, 2, 50, PN_NO_TTL), PN_OK);
    CHECK_EQ(fixture_has(store, 1000, a, 1, 40), 1);
    CHECK_EQ(fixture_has(store, 1000, b, 2, 50), 1);
    CHECK_EQ(pn_store_delete(store, 1000, &a, sizeof a), PN_OK);
    CHECK_EQ(fixture_has(store, 1000, a, 1, 40), 0);
    CHECK_EQ(fixture_has(store, 1000, b, 2, 50), 1);
    fixture_close(store, 1000);
}

/* Keys that are each other's beginning, of any bytes, up to the longest. */
static void
test_prefixes(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    char key[PN_KEY_MAX + 1] = {0};
    for (size_t len = 1; len <= PN_KEY_MAX; len++) {
        struct pn_put put = {.key = key,
                             .klen = len,
                             .val = &len,
                             .vlen = sizeof len,
                             .ttl_ms = PN_NO_TTL};
        CHECK_EQ(pn_store_put(store, 1000, &put, NULL), PN_OK);
    }
    for (size_t len = 1; len <= PN_KEY_MAX; len++) {
        size_t value = 0;
        struct pn_item item;
        CHECK_EQ(pn_store_get(store, 1000, key, len, &value, sizeof value, &item),
                 PN_OK);
        CHECK_EQ(value, len);
    }
    struct pn_item item;
    CHECK_EQ(pn_store_get(store, 1000, key, 0, key, 1, &item), PN_E_KEY_SIZE);
    CHECK_EQ(pn_store_get(store, 1000, key, 256, key, 1, &item), PN_E_KEY_SIZE);
    CHECK_EQ(pn_store_peek(store, 1000, key, 0, &item), PN_E_KEY_SIZE);
    fixture_close(store, 1000);
}

/* Frequency goes up to three and stops: a hot key is a pure read. A peek does not
 * count, neither for the item nor for the statistics. */
static void
test_frequency(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t k = 1;
    struct pn_probe pb;
    struct pn_found found;
    struct pn_item item;
    CHECK_EQ(fixture_put(store, 1000, k, 1, 40, PN_NO_TTL), PN_OK);
    pn_probe_init(store, &k, sizeof k, &pb);
    for (unsigned reads = 0; reads < 6; reads++) {
        CHECK(pn_index_find(store, &pb, &found));
        CHECK_EQ(pn_slot_freq(found.word), reads < 3 ? reads : 3);
        CHECK_EQ(pn_store_peek(store, 1000, &k, sizeof k, &item), PN_OK);
        CHECK_EQ(fixture_has(store, 1000, k, 1, 40), 1);
    }
    CHECK_EQ(fixture_has(store, 1000, 2, 1, 40), 0);
    CHECK_EQ(fixture_stats(store).hits, 6);
    CHECK_EQ(fixture_stats(store).misses, 1);
    fixture_close(store, 1000);
}

static void
test_many(void)
{
    enum { N = 100 };
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_get get[N];
    uint64_t keys[N], values[N];
    for (uint64_t i = 0; i < N; i++) {
        keys[i] = i;
        get[i] = (struct pn_get){
            .key = &keys[i], .klen = 8, .buf = &values[i], .cap = sizeof values[i]};
        if (i % 3 == 0) {
            CHECK_EQ(fixture_put(store, 1000, i, 1, 8, PN_NO_TTL), PN_OK);
        } else if (i % 3 == 1) {
            CHECK_EQ(fixture_put(store, 1000, i, 1, 9, PN_NO_TTL), PN_OK);
        }
    }
    get[50].klen = 0;
    CHECK_EQ(pn_store_get_many(store, 1000, get, N), 34);
    for (uint64_t i = 0; i < N; i++) {
        int want = i % 3 == 0 ? PN_OK : i % 3 == 1 ? PN_SMALL : PN_MISS;
        CHECK_EQ(get[i].rc, i == 50 ? PN_E_KEY_SIZE : want);
        if (want == PN_OK) {
            CHECK_EQ(values[i], i);
        }
    }
    CHECK_EQ(pn_store_get_many(store, 1000, get, 0), 0);
    fixture_close(store, 1000);
}

int
main(void)
{
    RUN(test_twins);
    RUN(test_prefixes);
    RUN(test_frequency);
    RUN(test_many);
    return harness_done();
}
