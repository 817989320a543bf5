#include "wire/resp.h"

#include <stdlib.h>

#include "../support/rng.h"
#include "wire.h"
#include "wire/resp_put.h"

static void
test_flat_stream(void)
{
    READS(feed_resp, NULL, "*2\r\n:1\r\n*1\r\n$1\r\na\r\n:9\r\n",
          "array 2\n  integer 1\n  array 1\n    bulk \"a\" )) .\ninteger 9 .\n");
    READS(
        feed_resp, NULL, "*1\r\n|1\r\n+a\r\n:1\r\n:2\r\n",
        "array 1\n  attribute 1\n    simple \"a\"\n    integer 1 )\n  integer 2 ) .\n");
    READS(feed_resp, NULL, "$3\r\nab", "6 left\n");
}

/* The scan says where a message ends and reads the same ones. */
static void
test_whole(void)
{
    READS(feed_resp_whole, NULL, "*2\r\n:1\r\n*1\r\n$1\r\na\r\n:9\r\n",
          "array 2\n  integer 1\n  array 1\n    bulk \"a\" )) .\ninteger 9 .\n");
    READS(feed_resp_whole, NULL, "|1\r\n+a\r\n$1\r\nb\r\n=5\r\ntxt:x\r\n>1\r\n+p\r\n",
          "attribute 1\n  simple \"a\"\n  bulk \"b\" )\nverbatim txt \"x\" .\n"
          "push 1\n  simple \"p\" ) .\n");
    READS(feed_resp_whole, NULL, "*2\r\n$1\r\na\r\n$1\r\n", "15 left\n");
    READS(feed_resp_whole, NULL, "*2\r\n$1\r\nabc", "malformed PN_WIRE_E_CRLF\n");
    READS(feed_resp_whole, NULL, "$1\r\na\rb", "malformed PN_WIRE_E_CRLF\n");
    READS(feed_resp_whole, NULL, "$1\r\nab\n", "malformed PN_WIRE_E_CRLF\n");
    READS(feed_resp_whole, NULL, "*1\r\n>0\r\n", "malformed PN_WIRE_E_PUSH\n");
}

/* The strings of an array but its last are skipped in a way of their own, which refuses
 * what the other refuses. */
static void
test_strings_of_an_array(void)
{
    READS(feed_resp_whole, NULL, "*3\r\n$1\r\na\r\n$0\r\n\r\n$11\r\n0123456789a\r\n",
          "array 3\n  bulk \"a\"\n  bulk \"\"\n  bulk \"0123456789a\" ) .\n");
    READS(feed_resp_whole, NULL, "*2\r\n$1\r\na\rx:12345\r\n",
          "malformed PN_WIRE_E_CRLF\n");
    READS(feed_resp_whole, NULL, "*2\r\n$1\r\nax\n:12345\r\n",
          "malformed PN_WIRE_E_CRLF\n");
    READS(feed_resp_whole, NULL, "*2\r\n$01\r\na\r\n:12345\r\n",
          "malformed PN_WIRE_E_NUMBER\n");
    READS(feed_resp_whole, NULL, "*2\r\n$1\rxa\r\n:12345\r\n",
          "malformed PN_WIRE_E_BARE\n");
    READS(feed_resp_whole, NULL, "*2\r\n$\r\n\r\n:12345\r\n",
          "malformed PN_WIRE_E_NUMBER\n");
    union feed_state small = {.scan.reader.limits.length = 2};
    READS(feed_resp_whole, &small, "*2\r\n$3\r\nabc\r\n:12345\r\n",
          "malformed PN_WIRE_E_LENGTH\n");
}

/* DEPTH arrays of one in one another. */
static size_t
nest(char *buf, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++) {
        memcpy(buf + (size_t)i * 4, "*1\r\n", 4);
    }
    memcpy(buf + (size_t)depth * 4, ":1\r\n", 4);
    return (size_t)depth * 4 + 4;
}

static void
test_depth(void)
{
    static char buf[4 * (PN_RESP_DEPTH_MAX + 2)];
    struct pn_resp_scan scan = {.at = 0};
    size_t len = nest(buf, PN_RESP_DEPTH_MAX);
    CHECK_EQ(pn_resp_scan(&scan, buf, len), len);
    len = nest(buf, PN_RESP_DEPTH_MAX + 1);
    CHECK_EQ(pn_resp_scan(&scan, buf, len), PN_WIRE_E_DEPTH);
    union feed_state shallow = {.reader.limits.depth = 2};
    READS(feed_resp, &shallow, "*1\r\n*1\r\n*0\r\n",
          "array 1\n  array 1\n    array 0 )) .\n");
    READS(feed_resp, &shallow, "*1\r\n*1\r\n*1\r\n",
          "array 1\n  array 1\nmalformed PN_WIRE_E_DEPTH\n");
}

/* `need` is honest: with fewer bytes nothing is answered, and with as many of a string
 * there is an answer; the start of a scan is not looked at again. */
static void
test_need(void)
{
    static const char text[] = "*2\r\n$10\r\n0123456789\r\n$3\r\nabc\r\n";
    struct pn_resp_scan scan = {.at = 0};
    struct pn_resp_reader reader = {.depth = 0};
    struct pn_resp_token token;
    char forgotten[sizeof text];
    CHECK_EQ(pn_resp_scan(&scan, text, 9), 0);
    CHECK_EQ(scan.need, 21);
    CHECK_EQ(pn_resp_scan(&scan, text, 20), 0);
    memcpy(forgotten, text, sizeof text);
    memset(forgotten, 'x', 19); /* all before the CRLF that is still to be seen */
    CHECK_EQ(pn_resp_scan(&scan, forgotten, sizeof text - 1), sizeof text - 1);
    CHECK_EQ(pn_resp_next(&reader, text, 4, &token), 4);
    CHECK_EQ(pn_resp_next(&reader, text + 4, 5, &token), 0);
    CHECK_EQ(reader.need, 17);
    CHECK_EQ(pn_resp_next(&reader, text + 4, 17, &token), 17);
    CHECK_EQ(reader.need, 0);
}

/* ---- Random messages: composed, read in random pieces, composed again ---- */

static struct pn_bytes
any_text(struct rng *rng, bool is_line)
{
    static const char bytes[] = "abc\r\n$1:*-+ ~|xyz\\\"0123456789";
    size_t at = rng_below(rng, 10);
    size_t len = rng_below(rng, sizeof bytes - 1 - (uint32_t)at);
    return is_line ? (struct pn_bytes){bytes + 5, len % 6}
                   : (struct pn_bytes){bytes + at, len};
}

static void
put_any(struct rng *rng, struct pn_out *out, unsigned depth)
{
    static const char types[] = "+-:$_#,(!=*%~|";
    struct pn_resp_token token = {.format = "txt"};
    bool is_flat = depth == PN_RESP_DEPTH_MAX - 1 || rng_below(rng, 5) != 0;
    token.type = (uint8_t)types[rng_below(rng, is_flat ? 10 : 14)];
    token.number = (int64_t)rng_next(rng) >> rng_below(rng, 63);
    token.real = (double)token.number / 8;
    token.text = any_text(rng, token.type == '+' || token.type == '-');
    if (token.type == PN_RESP_BIG) {
        token.text = PN_BYTES("-123456789012345678901234567890");
    } else if (token.type == PN_RESP_BOOLEAN) {
        token.number &= 1;
    } else if (pn_resp_is_aggregate(token.type)) {
        token.number = rng_below(rng, 5);
    }
    pn_resp_put(out, 3, &token);
    for (int64_t i = 0; pn_resp_is_aggregate(token.type) &&
                        i < pn_resp_children(token.type, token.number);
         i++) {
        put_any(rng, out, depth + 1);
    }
    if (token.type == PN_RESP_ATTRIBUTE) {
        put_any(rng, out, depth);
    }
}

static void
test_round_trip(void)
{
    enum { ROOM = 1 << 20, SMALL = 4000 };
    struct rng rng = {.state = 11};
    char *buf = malloc(ROOM);
    for (int i = 0; buf != NULL && i < 3000; i++) {
        struct pn_out out = {buf, ROOM, 0};
        put_any(&rng, &out, 0);
        if (out.len > SMALL) {
            continue;
        }
        size_t cut = rng_below(&rng, (uint32_t)out.len);
        struct feed_said streamed = {.code = 0};
        struct feed_said whole = {.code = 0};
        feed_run(feed_resp, NULL, buf, out.len, cut, false, &streamed);
        feed_run(feed_resp_whole, NULL, buf, out.len, cut, false, &whole);
        CHECK(strcmp(streamed.events.text, whole.events.text) == 0);
        CHECK_EQ(streamed.code, 0);
        CHECK_EQ(streamed.again.len, out.len);
        bool is_same = streamed.again.len == out.len &&
                       memcmp(streamed.again.text, buf, out.len) == 0;
        CHECK(is_same);
        feed_free(&streamed);
        feed_free(&whole);
    }
    free(buf);
}

int
main(void)
{
    RUN(test_flat_stream);
    RUN(test_whole);
    RUN(test_strings_of_an_array);
    RUN(test_depth);
    RUN(test_need);
    RUN(test_round_trip);
    return harness_done();
}
