/*
 * bench_wire - parsing and composing alone, no socket: ns and GB/s
 *
 * The reply of a GET of 100 bytes and of an MGET of 100 such values, in RESP and as
 * memcached says it, through Pinyon's parsers and, where its library was there at build
 * time, through the reader of hiredis (which builds a tree of objects: that is what a
 * client on top of it pays). Rounds of all take turns. A streamed reply is consumed as
 * pn_resp_next() goes; a whole one is scanned first. Values are touched by their first
 * byte only: zero copies is what is measured.
 */
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "timing.h"
#include "wire/classic.h"
#include "wire/meta.h"
#include "wire/resp_command.h"
#include "wire/resp_put.h"

#ifdef HAVE_HIREDIS
#include <hiredis/hiredis.h>
#endif

static const char what[] = "replies of 100 bytes: parse, compose; beside hiredis";

enum { VALUE = 100, KEYS = 100, WARM_UP = 10, ROOM = 32 << 10 };

struct text {
    char bytes[ROOM];
    size_t len;
    struct pn_resp_reader reader; /* as a connection keeps one; so are the others */
    struct pn_resp_scan scan;
    struct pn_resp_command command;
    struct pn_mc_reader mc;
#ifdef HAVE_HIREDIS
    redisReader *hiredis;
#endif
};

/* One measured thing: handles the text once and returns something of it. */
typedef uint64_t (*once_fn)(struct text *text);

static uint64_t
resp_stream(struct text *text)
{
    struct pn_resp_token token;
    uint64_t sum = 0;

    for (size_t at = 0; at < text->len;) {
        ptrdiff_t n = pn_resp_next(&text->reader, text->bytes + at, text->len - at,
                                   &token);

        if (n <= 0) {
            report_fail("resp", "the reply was not read");
        }
        sum += token.text.len;
        at += (size_t)n;
    }
    return sum;
}

static uint64_t
resp_whole(struct text *text)
{
    if (pn_resp_scan(&text->scan, text->bytes, text->len) != (ptrdiff_t)text->len) {
        report_fail("resp", "the reply was not whole");
    }
    return resp_stream(text);
}

static uint64_t
resp_command(struct text *text)
{
    struct pn_bytes argv[KEYS + 1];
    size_t argc;

    if (pn_resp_command(&text->command, text->bytes, text->len, argv, KEYS + 1,
                        &argc) <= 0) {
        report_fail("resp", "the command was not read");
    }
    return argv[argc - 1].len;
}

static uint64_t
compose_get(struct text *text)
{
    static const struct pn_bytes argv[] = {{"GET", 3}, {"user:0000000001", 15}};
    char buf[64];
    struct pn_out out = {buf, sizeof buf, 0};

    (void)text;
    pn_resp_put_command(&out, argv, 2);
    timing_keep((uint64_t)(uintptr_t)buf);
    return out.len;
}

static uint64_t
classic_stream(struct text *text)
{
    struct pn_classic_reply reply;
    uint64_t sum = 0;

    for (size_t at = 0; at < text->len;) {
        ptrdiff_t n = pn_classic_reply(&text->mc, text->bytes + at, text->len - at,
                                       &reply);

        if (n <= 0) {
            report_fail("classic", "the reply was not read");
        }
        sum += reply.value.len;
        at += (size_t)n;
    }
    return sum;
}

static uint64_t
meta_stream(struct text *text)
{
    struct pn_meta_reply reply;
    uint64_t sum = 0;

    for (size_t at = 0; at < text->len;) {
        ptrdiff_t n = pn_meta_reply(&text->mc, text->bytes + at, text->len - at,
                                    &reply);

        if (n <= 0) {
            report_fail("meta", "the reply was not read");
        }
        sum += reply.value.len;
        at += (size_t)n;
    }
    return sum;
}

#ifdef HAVE_HIREDIS
static uint64_t
hiredis_read(struct text *text)
{
    void *reply = NULL;
    uint64_t type;

    (void)redisReaderFeed(text->hiredis, text->bytes, text->len);
    if (redisReaderGetReply(text->hiredis, &reply) != REDIS_OK || reply == NULL) {
        report_fail("hiredis", "the reply was not read");
    }
    type = (uint64_t)((redisReply *)reply)->type;
    freeReplyObject(reply);
    return type;
}
#endif

/* ---- What is parsed ---- */

enum which {
    GET_COMMAND,
    GET_REPLY,
    MGET_COMMAND,
    MGET_REPLY,
    CLASSIC_GET,
    CLASSIC_MANY,
    META_GET,
    META_MANY,
    TEXTS,
};

static void
make_resp(struct text *text)
{
    char name[32];
    char bytes[VALUE] = "";
    struct pn_bytes value = {bytes, VALUE};
    struct pn_bytes argv[KEYS + 1] = {PN_BYTES("MGET")};
    char key[KEYS][16];
    struct pn_out out[4];

    for (unsigned i = 0; i < 4; i++) {
        out[i] = (struct pn_out){text[i].bytes, ROOM, 0};
    }
    pn_resp_put_array(&out[MGET_REPLY], KEYS);
    for (unsigned i = 0; i < KEYS; i++) {
        (void)snprintf(name, sizeof name, "user:%010u", i);
        memcpy(key[i], name, 15);
        argv[i + 1] = (struct pn_bytes){key[i], 15};
        pn_resp_put_bulk(&out[MGET_REPLY], value);
    }
    pn_resp_put_bulk(&out[GET_REPLY], value);
    pn_resp_put_command(&out[MGET_COMMAND], argv, KEYS + 1);
    pn_resp_put_command(&out[GET_COMMAND], argv, 2);
    for (unsigned i = 0; i < 4; i++) {
        text[i].len = out[i].len;
    }
}

static void
make_memcached(struct text *text)
{
    char bytes[VALUE] = "";
    struct pn_classic_reply end = {.kind = PN_REPLY_END};
    struct pn_classic_reply value = {.kind = PN_REPLY_VALUE,
                                     .key = PN_BYTES("user:0000000001"),
                                     .value = {bytes, VALUE}};
    struct pn_meta_reply meta = {.code = PN_META_VA,
                                 .has = pn_meta_bit('f') | pn_meta_bit('t'),
                                 .ttl_s = 3600,
                                 .value = {bytes, VALUE}};

    for (unsigned which = CLASSIC_GET; which < TEXTS; which++) {
        struct pn_out out = {text[which].bytes, ROOM, 0};
        bool is_many = which == CLASSIC_MANY || which == META_MANY;

        for (unsigned i = 0; i < (is_many ? KEYS : 1); i++) {
            if (which < META_GET) {
                pn_classic_put_reply(&out, &value);
            } else {
                pn_meta_put_reply(&out, &meta, NULL);
            }
        }
        if (which < META_GET) {
            pn_classic_put_reply(&out, &end);
        }
        text[which].len = out.len;
    }
}

static const struct row {
    const char *name;
    once_fn once;
    enum which which;
    bool is_rate; /* print GB/s, not ns */
    double ns_max;
} rows[] = {
    {"resp_get_reply", resp_stream, GET_REPLY, false, 50},
    {"resp_get_reply_whole", resp_whole, GET_REPLY, false, 0},
    {"resp_get_compose", compose_get, GET_COMMAND, false, 0},
    {"resp_get_command", resp_command, GET_COMMAND, false, 0},
    {"classic_get_reply", classic_stream, CLASSIC_GET, false, 0},
    {"meta_get_reply", meta_stream, META_GET, false, 0},
    {"resp_mget_command", resp_command, MGET_COMMAND, true, 0},
    {"resp_mget_reply", resp_stream, MGET_REPLY, true, 0},
    {"resp_mget_reply_whole", resp_whole, MGET_REPLY, true, 0},
    {"classic_get_many_reply", classic_stream, CLASSIC_MANY, true, 0},
    {"meta_get_many_reply", meta_stream, META_MANY, true, 0},
#ifdef HAVE_HIREDIS
    {"hiredis_get_reply", hiredis_read, GET_REPLY, false, 0},
    {"hiredis_mget_reply", hiredis_read, MGET_REPLY, true, 0},
#endif
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static double
measure(const struct row *row, struct text *text, uint64_t bytes)
{
    uint64_t times = bytes / text->len + 1;
    uint64_t sum = 0;
    uint64_t start = timing_cpu_ns();

    for (uint64_t i = 0; i < times; i++) {
        sum += row->once(text);
    }
    timing_keep(sum);
    return (double)(timing_cpu_ns() - start) / (double)times;
}

static void
report(const struct row *row, struct text *text, struct rounds *rounds)
{
    double ns = rounds_median(rounds);

    if (row->is_rate) {
        report_result(row->name, (double)text->len / ns, "GB/s", NO_TARGET);
    } else {
        report_result(row->name, ns, "ns",
                      row->ns_max > 0 ? AT_MOST(row->ns_max) : NO_TARGET);
    }
}

int
main(int argc, char **argv)
{
    uint64_t count = 100;
    uint64_t bytes = 2u << 20;
    const struct option_spec options[] = {
        {"rounds", "rounds, at most 4000", &count, 0},
        {"bytes", "bytes parsed by each in a round", &bytes, 0},
        {0},
    };
    struct text *text = calloc(TEXTS, sizeof *text);
    struct rounds *rounds = calloc(ROWS, sizeof *rounds);

    report_options(argc, argv, what, options);
    report_begin(argv[0], what);
    report_pin(1);
    if (text == NULL || rounds == NULL) {
        report_fail("memory", "there is none");
    }
    make_resp(text);
    make_memcached(text);
#ifdef HAVE_HIREDIS
    for (unsigned i = 0; i < TEXTS; i++) {
        text[i].hiredis = redisReaderCreate();
    }
#endif
    for (uint64_t round = 0; round < count + WARM_UP; round++) {
        for (unsigned i = 0; i < ROWS; i++) {
            double ns = measure(&rows[i], &text[rows[i].which], bytes);

            if (round >= WARM_UP) {
                rounds_add(&rounds[i], ns);
            }
        }
    }
    for (unsigned i = 0; i < ROWS; i++) {
        report(&rows[i], &text[rows[i].which], &rounds[i]);
    }
#ifdef HAVE_HIREDIS
    for (unsigned i = 0; i < TEXTS; i++) {
        redisReaderFree(text[i].hiredis);
    }
#endif
    free(text);
    free(rounds);
    return 0;
}
