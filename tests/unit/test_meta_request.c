#include "wire/meta.h"

#include "../support/rng.h"
#include "wire.h"
#include "wire/meta_flag.h"

static void
test_some(void)
{
    READS(feed_meta_request, NULL, "ms k 4 T0\r\n\r\n\r\n\r\nmg k v\r\nmn\n",
          "ms \"k\" [T] T 0 \"\\r\\n\\r\\n\"\nmg \"k\" [v]\nmn\n");
    READS(feed_meta_request, NULL, "ms k 4\r\nab", "10 left\n");
}

/* The size is known before anything is refused, so the value is not run as commands. */
static void
test_skip(void)
{
    static const struct {
        const char *text;
        size_t skip;
    } rows[] = {
        {"ms k 9 Y\r\nflush_all\r\n", 10 + 11},
        {"ms k 9 T1 T2\r\n", 14 + 11},
        {"ms k x\r\n", 8},
        {"ms k 99999999999\r\n", 0},
        {"mg k Y\r\nmn\r\n", 8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pn_mc_reader reader = {0};
        struct pn_meta_request request;
        CHECK(pn_meta_request(&reader, rows[i].text, strlen(rows[i].text), &request) <
              0);
        CHECK_EQ(reader.skip, rows[i].skip);
    }
}

static bool
put(struct pn_meta_request request, int code, const char *text)
{
    char buf[400];
    struct pn_out out = {buf, sizeof buf, 0};
    int got = pn_meta_put_request(&out, &request);
    return got == code && out.len == strlen(text) && memcmp(buf, text, out.len) == 0;
}

/* Whatever a key holds, what is sent is a key of memcached or nothing. */
static void
test_keys(void)
{
    char key[PN_MC_KEY_MAX + 1];
    struct pn_meta_request request = {.verb = PN_META_MG, .key = PN_BYTES("a b")};
    CHECK(put(request, 0, "mg YSBi b\r\n"));
    request.has = pn_meta_bit('b');
    request.key = PN_BYTES("ab");
    CHECK(put(request, 0, "mg YWI= b\r\n"));
    request.has = 0;
    memset(key, 'k', sizeof key);
    request.key = (struct pn_bytes){key, PN_MC_KEY_MAX + 1};
    CHECK(put(request, PN_WIRE_E_KEY_SIZE, ""));
    key[0] = ' ';
    request.key.len = PN_MC_KEY_RAW_MAX + 1;
    CHECK(put(request, PN_WIRE_E_KEY_SIZE, ""));
    request.key.len = PN_MC_KEY_RAW_MAX;
    struct pn_out out = {0};
    CHECK_EQ(pn_meta_put_request(&out, &request), 0);
    CHECK_EQ(out.len, 3 + 248 + 2 + 2);
}

static void
test_flags_of_others(void)
{
    struct pn_meta_request request = {.verb = PN_META_MG,
                                      .key = PN_BYTES("k"),
                                      .has = pn_meta_bit('x')};
    CHECK(put(request, PN_WIRE_E_FLAG, ""));
    request.has = pn_meta_bit('y');
    CHECK(put(request, PN_WIRE_E_FLAG, ""));
    request.verb = PN_META_MS;
    request.has = pn_meta_bit('M');
    CHECK(put(request, PN_WIRE_E_FLAG, ""));
    request.mode = 'e';
    CHECK(put(request, 0, "ms k 0 ME\r\n\r\n"));
}

static struct pn_meta_request
any_request(struct rng *rng)
{
    size_t n;
    const struct pn_meta_flag *flag = pn_meta_flags(&n);
    struct pn_meta_request r = {
        .verb = (enum pn_meta_verb)rng_below(rng, PN_META_ME + 1),
        .mode = 'S',
        .key = rng_one_in(rng, 3) ? PN_BYTES("k\r\n \x01") : PN_BYTES("key"),
        .value = {"\r\nHD\r\n", rng_below(rng, 7)},
        .opaque = PN_BYTES("op"),
        .proxy_path = PN_BYTES("p"),
        .proxy_hint = PN_BYTES("l"),
        .cas_compare = rng_next(rng),
        .cas_new = rng_next(rng),
        .delta = rng_next(rng),
        .initial = rng_next(rng),
        .ttl = (int64_t)rng_next(rng),
        .vivify = (int64_t)rng_next(rng),
        .recache = -1,
        .client_flags = (uint32_t)rng_next(rng),
    };
    r.mode = r.verb == PN_META_MA ? 'D' : 'P';
    r.key = r.verb == PN_META_MN ? PN_BYTES("") : r.key;
    for (size_t i = 0; i < n; i++) {
        bool is_there = (flag[i].verbs >> r.verb & 1) != 0 && rng_one_in(rng, 2);
        r.has |= is_there ? pn_meta_bit(flag[i].name) : 0;
    }
    return r;
}

static void
test_round_trip(void)
{
    struct rng rng = {.state = 9};
    for (int i = 0; i < 5000; i++) {
        char buf[600];
        struct pn_out out = {buf, sizeof buf, 0};
        struct feed_said said = {.code = 0};
        struct pn_meta_request request = any_request(&rng);
        CHECK_EQ(pn_meta_put_request(&out, &request), 0);
        feed_run(feed_meta_request, NULL, buf, out.len,
                 rng_below(&rng, (uint32_t)out.len), false, &said);
        bool is_same = said.again.len == out.len &&
                       memcmp(said.again.text, buf, out.len) == 0;
        if (!CHECK(is_same)) {
            printf("# %.*s# became %s", (int)out.len, buf, said.events.text);
        }
        feed_free(&said);
    }
}

int
main(void)
{
    RUN(test_some);
    RUN(test_skip);
    RUN(test_keys);
    RUN(test_flags_of_others);
    RUN(test_round_trip);
    return harness_done();
}
