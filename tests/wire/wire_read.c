/*
 * wire_read - what src/wire reads in bytes, or makes of them
 *
 *     wire_read PARSER <bytes >events         as trace.h writes them
 *     wire_read --again PARSER <bytes >bytes  the same messages composed
 *
 * PARSER is resp, resp-command, classic-request, classic-reply, meta-request or
 * meta-reply. The bytes go through it in every way they can arrive; it leaves with 1
 * when that makes a difference. For tests that talk to real servers (tests/interop).
 */
#include "../support/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    feed_fn parser;
} parsers[] = {
    {"resp", feed_resp},
    {"resp-command", feed_resp_command},
    {"classic-request", feed_classic_request},
    {"classic-reply", feed_classic_reply},
    {"meta-request", feed_meta_request},
    {"meta-reply", feed_meta_reply},
};

/* A long input is cut in two at a few places only: at every one would take hours. */
enum { EVERYWHERE_MAX = 3000 };

static bool
read_it(feed_fn parser, const struct trace *input, struct feed_said *said)
{
    if (input->len <= EVERYWHERE_MAX) {
        return feed_all(parser, NULL, input->text, input->len, said);
    }
    feed_run(parser, NULL, input->text, input->len, input->len, false, said);
    for (size_t cut = 1; cut < input->len; cut += input->len / 16) {
        struct feed_said other = {.code = 0};
        feed_run(parser, NULL, input->text, input->len, cut, false, &other);
        bool is_same = strcmp(other.events.text, said->events.text) == 0;
        feed_free(&other);
        if (!is_same) {
            return false;
        }
    }
    return true;
}

static feed_fn
parser_of(const char *name)
{
    for (unsigned i = 0; name != NULL && i < sizeof parsers / sizeof parsers[0]; i++) {
        if (strcmp(parsers[i].name, name) == 0) {
            return parsers[i].parser;
        }
    }
    fprintf(stderr, "usage: wire_read [--again] PARSER <bytes\n");
    exit(2);
}

int
main(int argc, char **argv)
{
    bool is_again = argc > 1 && strcmp(argv[1], "--again") == 0;
    feed_fn parser = parser_of(argv[1 + is_again]);
    struct trace input = {0};
    struct feed_said said = {.code = 0};
    char piece[4096];
    for (size_t n; (n = fread(piece, 1, sizeof piece, stdin)) > 0;) {
        trace_bytes(&input, piece, n);
    }
    trace_bytes(&input, "", 0);
    bool is_same = read_it(parser, &input, &said);
    const struct trace *out = is_again ? &said.again : &said.events;
    bool is_written = fwrite(out->text, 1, out->len, stdout) == out->len;
    trace_free(&input);
    feed_free(&said);
    return is_same && is_written ? 0 : 1;
}
