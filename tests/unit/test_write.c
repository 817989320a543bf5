/* What a write answers, and that a refused one changes nothing. */
#include "fixture.h"

static struct pn_put
put_of(const char *val, uint8_t mode)
{
    return (struct pn_put){.key = "k",
                           .klen = 1,
                           .val = val,
                           .vlen = strlen(val),
                           .ttl_ms = PN_NO_TTL,
                           .mode = mode};
}

static int
do_put(struct pn_store *store, const char *val, uint8_t mode)
{
    struct pn_put put = put_of(val, mode);
    return pn_store_put(store, 1000, &put, NULL);
}

static bool
holds(struct pn_store *store, const char *val)
{
    char buf[16];
    struct pn_item item;
    return pn_store_get(store, 1000, "k", 1, buf, sizeof buf, &item) == PN_OK &&
           item.vlen == strlen(val) && memcmp(buf, val, item.vlen) == 0;
}

static void
test_modes(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    CHECK_EQ(do_put(store, "a", PN_PUT_REPLACE), PN_MISS);
    CHECK_EQ(do_put(store, "b", PN_PUT_ADD), PN_OK);
    CHECK_EQ(do_put(store, "c", PN_PUT_ADD), PN_EXISTS);
    CHECK(holds(store, "b"));
    CHECK_EQ(do_put(store, "d", PN_PUT_REPLACE), PN_OK);
    CHECK(holds(store, "d"));
    CHECK_EQ(do_put(store, "e", PN_PUT_SET), PN_OK);
    CHECK(holds(store, "e"));
    fixture_close(store, 1000);
}

/* A token is good for one write; every kind of write makes it old. */
static void
test_cas(void)
{
    for (uint32_t flags = 0; flags <= PN_STORE_STABLE_CAS;
         flags += PN_STORE_STABLE_CAS) {
        struct pn_store *store = fixture_open(FIXTURE_SIZE, flags);
        struct pn_put put = put_of("a", PN_PUT_CAS);
        struct pn_item item;
        uint64_t first = 0, second = 0;
        CHECK_EQ(pn_store_put(store, 1000, &put, &first), PN_MISS);
        put.mode = PN_PUT_SET;
        CHECK_EQ(pn_store_put(store, 1000, &put, &first), PN_OK);
        CHECK_EQ(pn_store_peek(store, 1000, "k", 1, &item), PN_OK);
        CHECK_EQ(item.cas, first);
        put.mode = PN_PUT_CAS;
        put.cas = first;
        CHECK_EQ(pn_store_put(store, 1000, &put, &second), PN_OK);
        CHECK(second != first);
        CHECK_EQ(pn_store_put(store, 1000, &put, &second), PN_EXISTS);
        put.cas = second;
        CHECK_EQ(pn_store_touch(store, 1000, "k", 1, 5000), PN_OK);
        CHECK_EQ(pn_store_put(store, 1000, &put, NULL), PN_EXISTS);
        CHECK_EQ(pn_store_delete(store, 1000, "k", 1), PN_OK);
        CHECK_EQ(pn_store_put(store, 1000, &put, NULL), PN_MISS);
        fixture_close(store, 1000);
    }
}

static int
incr(struct pn_store *store, int64_t delta, int64_t *value)
{
    struct pn_incr i = {
        .key = "k", .klen = 1, .delta = delta, .initial = 10, .ttl_ms = PN_KEEP_TTL};
    i.create = delta == 0;
    return pn_store_incr(store, 1000, &i, value);
}

static void
test_counters(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_item item;
    int64_t value = 77;
    CHECK_EQ(incr(store, 1, &value), PN_MISS);
    CHECK_EQ(value, 77);
    CHECK_EQ(incr(store, 0, &value), PN_OK);
    CHECK_EQ(value, 10);
    CHECK_EQ(incr(store, -15, &value), PN_OK);
    CHECK_EQ(value, -5);
    CHECK_EQ(incr(store, INT64_MIN, &value), PN_E_RANGE);
    CHECK_EQ(value, -5);
    CHECK_EQ(incr(store, INT64_MAX, &value), PN_OK);
    CHECK_EQ(value, INT64_MAX - 5);
    CHECK_EQ(incr(store, 6, &value), PN_E_RANGE);
    CHECK_EQ(incr(store, 5, &value), PN_OK);
    CHECK(value == INT64_MAX);
    CHECK_EQ(pn_store_touch(store, 1000, "k", 1, 500), PN_OK);
    CHECK_EQ(incr(store, -1, &value), PN_OK); /* keeps the expiry */
    CHECK_EQ(pn_store_peek(store, 1000, "k", 1, &item), PN_OK);
    CHECK_EQ(item.exp_ms, 1500);
    CHECK_EQ(item.bits, PN_ITEM_INT);
    CHECK_EQ(do_put(store, "12345678", PN_PUT_SET), PN_OK);
    CHECK_EQ(incr(store, 1, &value), PN_E_TYPE);
    CHECK(holds(store, "12345678"));
    struct pn_put put = put_of("12345678", PN_PUT_SET); /* a counter by its bits */
    put.bits = PN_ITEM_INT;
    CHECK_EQ(pn_store_put(store, 1000, &put, NULL), PN_OK);
    CHECK_EQ(incr(store, 0, &value), PN_OK);
    CHECK_MEM(&value, "12345678", 8);
    put.vlen = 7;
    CHECK_EQ(pn_store_put(store, 1000, &put, NULL), PN_E_INVALID);
    fixture_close(store, 1000);
}

static void
test_refused(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    char long_key[256] = {0};
    struct pn_tag tags[16] = {{0}};
    uint64_t cas = 77;
    CHECK_EQ(do_put(store, "old", PN_PUT_SET), PN_OK);
    struct pn_put bad[] = {put_of("x", PN_PUT_SET), put_of("x", PN_PUT_SET),
                           put_of("x", 4),          put_of("x", PN_PUT_SET),
                           put_of("x", PN_PUT_SET), put_of("x", PN_PUT_SET)};
    static const int want[] = {PN_E_KEY_SIZE, PN_E_KEY_SIZE,   PN_E_INVALID,
                               PN_E_TAGS,     PN_E_VALUE_SIZE, PN_E_INVALID};
    bad[0].klen = 0;
    bad[1].key = long_key;
    bad[1].klen = sizeof long_key;
    bad[3].tags = tags;
    bad[3].ntags = 16;
    bad[4].vlen = (size_t)pn_store_value_max(store) + 1;
    bad[5].val = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQ(pn_store_put(store, 1000, &bad[i], &cas), want[i]);
        CHECK_EQ(cas, 77);
        CHECK(holds(store, "old"));
    }
    struct pn_put none = put_of("x", PN_PUT_SET); /* no time to live: away with it */
    none.ttl_ms = 0;
    CHECK_EQ(pn_store_put(store, 1000, &none, NULL), PN_OK);
    CHECK(!holds(store, "old"));
    fixture_close(store, 1000);
}

static void
test_many(void)
{
    enum { N = 40 };
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_put put[N];
    uint64_t keys[N];
    int rc[N];
    for (uint64_t i = 0; i < N; i++) {
        keys[i] = i / 2; /* the second of two adds is refused */
        put[i] = (struct pn_put){.key = &keys[i],
                                 .klen = 8,
                                 .val = &keys[i],
                                 .vlen = 8,
                                 .ttl_ms = PN_NO_TTL,
                                 .mode = PN_PUT_ADD};
    }
    put[10].klen = 0;
    CHECK_EQ(pn_store_put_many(store, 1000, put, rc, N), N / 2);
    for (int i = 0; i < N; i++) {
        CHECK_EQ(rc[i], i == 10                 ? PN_E_KEY_SIZE
                        : i % 2 == 0 || i == 11 ? PN_OK
                                                : PN_EXISTS);
    }
    fixture_close(store, 1000);
}

int
main(void)
{
    RUN(test_modes);
    RUN(test_cas);
    RUN(test_counters);
    RUN(test_refused);
    RUN(test_many);
    return harness_done();
}
