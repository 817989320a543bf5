/*
 * wire - what the unit tests of src/wire check most
 *
 * READS runs an input through a parser in every way it can arrive (feed.h) and compares
 * what was read; the literal may hold zero bytes.
 */
#ifndef PINYON_TEST_UNIT_WIRE_H
#define PINYON_TEST_UNIT_WIRE_H

#include "../support/feed.h"
#include "harness.h"

#define READS(parser, start, input, events)                                       \
    wire_reads((parser), (start), (input), sizeof(input) - 1, (events), __FILE__, \
               __LINE__)

static inline void
wire_reads(feed_fn parser, const union feed_state *start, const void *input, size_t len,
           const char *events, const char *file, int line)
{
    struct feed_said said = {.code = 0};
    bool is_one = feed_all(parser, start, input, len, &said);
    harness_check(is_one, file, line, "read the same however it arrives");
    bool is_same = strcmp(said.events.text, events) == 0;
    harness_check(is_same, file, line, "read as expected");
    if (!is_same) {
        printf("# read\n%s", said.events.text);
    }
    feed_free(&said);
}

#endif
