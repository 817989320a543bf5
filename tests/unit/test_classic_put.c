#include "wire/classic.h"

#include "../support/rng.h"
#include "wire.h"

static void
test_refused(void)
{
    static char many[PN_MC_LINE_MAX];
    const struct {
        struct pn_classic_request request;
        int code;
    } rows[] = {
        {{.verb = PN_CLASSIC_GET}, PN_WIRE_E_KEY_SIZE},
        {{.verb = PN_CLASSIC_GET, .keys = PN_BYTES("  ")}, PN_WIRE_E_KEY_SIZE},
        {{.verb = PN_CLASSIC_GET, .keys = PN_BYTES("a b\r\nflush_all")},
         PN_WIRE_E_KEY_BYTE},
        {{.verb = PN_CLASSIC_SET, .keys = PN_BYTES("a b")}, PN_WIRE_E_KEY_BYTE},
        {{.verb = PN_CLASSIC_STATS, .args = PN_BYTES(" a\r\nquit")}, PN_WIRE_E_BARE},
        {{.verb = PN_CLASSIC_GET, .keys = {many, sizeof many}}, PN_WIRE_E_LINE},
    };
    memset(many, ' ', sizeof many);
    many[0] = 'k';
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pn_out out = {0};
        CHECK_EQ(pn_classic_put_request(&out, &rows[i].request), rows[i].code);
        CHECK_EQ(out.len, 0);
    }
}

static void
test_no_injection(void)
{
    char buf[64];
    struct pn_out out = {buf, sizeof buf, 0};
    struct pn_classic_reply reply = {.kind = PN_REPLY_CLIENT_ERROR,
                                     .text = PN_BYTES("no\r\nEND")};
    pn_classic_put_reply(&out, &reply);
    CHECK_EQ(out.len, 22);
    CHECK_MEM(buf, "CLIENT_ERROR no  END\r\n", 22);
}

static struct pn_classic_request
any_request(struct rng *rng)
{
    static const char value[] = "a\r\nEND\r\nb";
    struct pn_classic_request r = {
        .verb = (enum pn_classic_verb)rng_below(rng, PN_CLASSIC_QUIT + 1),
        .exptime = (int64_t)(rng_next(rng) >> 33) - 5,
        .flags = (uint32_t)rng_next(rng),
        .cas = rng_next(rng),
        .number = rng_next(rng),
        .value = {value, rng_below(rng, sizeof value)},
        .keys = PN_BYTES("key"),
        .is_noreply = rng_one_in(rng, 2),
    };
    bool is_many = r.verb <= PN_CLASSIC_GATS;
    bool has_reply = is_many || r.verb >= PN_CLASSIC_STATS;
    r.keys = is_many ? PN_BYTES("a bc d") : r.keys;
    r.is_noreply = r.is_noreply && !has_reply;
    return r;
}

/* Any request, composed and read and composed, is the same bytes. */
static void
test_round_trip(void)
{
    struct rng rng = {.state = 5};
    for (int i = 0; i < 5000; i++) {
        char buf[256];
        struct pn_out out = {buf, sizeof buf, 0};
        struct feed_said said = {.code = 0};
        struct pn_classic_request request = any_request(&rng);
        CHECK_EQ(pn_classic_put_request(&out, &request), 0);
        feed_run(feed_classic_request, NULL, buf, out.len,
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
    RUN(test_refused);
    RUN(test_no_injection);
    RUN(test_round_trip);
    return harness_done();
}
