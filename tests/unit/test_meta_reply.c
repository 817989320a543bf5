#include "wire/meta.h"

#include "wire.h"

static void
test_some(void)
{
    READS(feed_meta_reply, NULL, "VA 4 c5 t-1 W\r\n\r\n\r\n\r\nHD\r\nEN\r\nMN\r\n",
          "VA [Wct] c 5 t -1 \"\\r\\n\\r\\n\"\nHD\nEN\nMN\n");
    READS(feed_meta_reply, NULL, "VA 3 c5\r\nab", "11 left\n");
    READS(feed_meta_reply, NULL, "END\r\n", "malformed PN_WIRE_E_REPLY\n");
    READS(feed_meta_reply, NULL, "HD kab\x01\r\n", "malformed PN_WIRE_E_FLAG\n");
}

/* A server answers flags in the order in which it was asked, W X Z behind them. */
static void
test_order(void)
{
    static const char text[] = "VA 1 t60 kfoo c7 f3 W\r\nv\r\n";
    struct pn_mc_reader reader = {0};
    struct pn_meta_request request;
    char buf[64];
    struct pn_out out = {buf, sizeof buf, 0};
    CHECK_EQ(pn_meta_request(&reader, "mg foo t k v c N30 f\r\n", 22, &request), 22);
    struct pn_meta_reply reply = {
        .code = PN_META_VA,
        .has = pn_meta_bit('c') | pn_meta_bit('f') | pn_meta_bit('k') |
               pn_meta_bit('t') | pn_meta_bit('W'),
        .value = PN_BYTES("v"),
        .key = PN_BYTES("foo"),
        .cas = 7,
        .client_flags = 3,
        .ttl_s = 60,
    };
    pn_meta_put_reply(&out, &reply, &request);
    CHECK_EQ(out.len, sizeof text - 1);
    CHECK_MEM(buf, text, sizeof text - 1);
    out.len = 0;
    pn_meta_put_reply(&out, &reply, NULL);
    CHECK_EQ(out.len, sizeof text - 1);
    CHECK_MEM(buf, "VA 1 W c7 f3 kfoo t60\r\nv\r\n", sizeof text - 1);
}

static void
test_no_injection(void)
{
    char buf[64];
    struct pn_out out = {buf, sizeof buf, 0};
    struct pn_meta_reply reply = {.code = PN_META_SERVER_ERROR,
                                  .text = PN_BYTES("no\r\nHD")};
    pn_meta_put_reply(&out, &reply, NULL);
    CHECK_EQ(out.len, 21);
    CHECK_MEM(buf, "SERVER_ERROR no  HD\r\n", 21);
}

static void
test_key(void)
{
    char room[PN_MC_KEY_MAX];
    struct pn_bytes raw = {NULL, 0};
    CHECK_EQ(pn_meta_key(PN_BYTES("Zm8="), 0, room, &raw), 0);
    CHECK(pn_bytes_equal(raw, PN_BYTES("Zm8=")));
    CHECK_EQ(pn_meta_key(PN_BYTES("Zm8="), pn_meta_bit('b'), room, &raw), 0);
    CHECK(pn_bytes_equal(raw, PN_BYTES("fo")));
    CHECK_EQ(pn_meta_key(PN_BYTES("Zm8"), pn_meta_bit('b'), room, &raw),
             PN_WIRE_E_BASE64);
}

int
main(void)
{
    RUN(test_some);
    RUN(test_order);
    RUN(test_no_injection);
    RUN(test_key);
    return harness_done();
}
