/* The edges of the public face that no other test walks along. */
#include "fixture.h"

#include "base/clock.h"

static void
test_defaults(void)
{
    struct pn_store *store = NULL;
    CHECK_EQ(pn_store_open_private(NULL, &store, NULL), PN_OK);
    CHECK_EQ(fixture_stats(store).size, PN_STORE_SIZE_DEFAULT);
    CHECK_EQ(fixture_put(store, PN_NOW, 1, 1, 10, PN_NO_TTL), PN_OK);
    CHECK_EQ(fixture_has(store, PN_NOW, 1, 1, 10), 1);
    fixture_close(store, PN_NOW);
    pn_store_close(NULL);
}

/* Two stores of one process know nothing of each other. */
static void
test_two(void)
{
    struct pn_store *a = fixture_open(FIXTURE_SIZE, 0);
    struct pn_store *b = fixture_open(FIXTURE_SIZE, 0);
    CHECK_EQ(fixture_put(a, 1000, 1, 1, 10, PN_NO_TTL), PN_OK);
    CHECK_EQ(fixture_has(b, 1000, 1, 1, 10), 0);
    fixture_close(a, 1000);
    CHECK_EQ(fixture_put(b, 1000, 1, 2, 10, PN_NO_TTL), PN_OK);
    CHECK_EQ(fixture_has(b, 1000, 1, 2, 10), 1);
    fixture_close(b, 1000);
}

/* The store's clock begins at its making; Unix time runs beside it. */
static void
test_clock(void)
{
    uint64_t unix_before = pn_clock_unix_ms();
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t first = pn_store_now(store), second = pn_store_now(store);
    CHECK(second >= first && second < 3600000);
    CHECK_EQ(pn_store_unix_ms(store, 5000) - pn_store_unix_ms(store, 0), 5000);
    CHECK(pn_store_unix_ms(store, second) + 1000 >= unix_before);
    CHECK(pn_store_unix_ms(store, PN_NOW) <= pn_clock_unix_ms() + 1000);
    fixture_close(store, PN_NOW);
}

/* Everything in a value's way of saying what it is comes back. */
static void
test_description(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    for (unsigned bits = 0; bits < 16; bits++) {
        char value[8] = {0};
        struct pn_item item = {0};
        struct pn_put put = {.key = "k",
                             .klen = 1,
                             .val = value,
                             .vlen = sizeof value,
                             .ttl_ms = bits % 2 ? 500 : PN_NO_TTL,
                             .cflags = bits * 0x11111111u,
                             .bits = (uint8_t)bits};
        CHECK_EQ(pn_store_put(store, 1000, &put, NULL), PN_OK);
        CHECK_EQ(pn_store_get(store, 1000, "k", 1, value, sizeof value, &item), PN_OK);
        CHECK_EQ(item.bits, bits);
        CHECK_EQ(item.cflags, bits * 0x11111111u);
        CHECK_EQ(item.exp_ms, bits % 2 ? 1500 : PN_NO_TTL);
        CHECK_EQ(item.vlen, sizeof value);
    }
    fixture_close(store, 1000);
}

int
main(void)
{
    RUN(test_defaults);
    RUN(test_two);
    RUN(test_clock);
    RUN(test_description);
    return harness_done();
}
