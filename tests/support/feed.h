/*
 * feed - one input through a parser of src/wire, in every way it can arrive
 *
 * At once, cut in two at every place, and byte by byte; each time at the end of a
 * guarded page, moved between calls, consumed bytes gone. The trace must be the same.
 * What was read is also composed again.
 */
#ifndef PINYON_TEST_FEED_H
#define PINYON_TEST_FEED_H

#include "trace.h"
#include "wire/resp_command.h"

union feed_state {
    struct pn_resp_reader reader;
    struct pn_resp_scan scan;
    struct pn_resp_command command;
    struct pn_mc_reader mc;
};

/* What one run said: the events, and the same messages composed from them. */
struct feed_said {
    struct trace events, again;
    int code;    /* of what was malformed, or 0 */
    size_t left; /* bytes at the end that were not consumed */
};

/* One call of a parser: what it answers; at > 0 it has added to SAID. */
typedef ptrdiff_t (*feed_fn)(union feed_state *state, const char *buf, size_t len,
                             struct feed_said *said);

/* Streamed elements; whole messages by the scan; what a server reads. */
ptrdiff_t
feed_resp(union feed_state *state, const char *buf, size_t len, struct feed_said *said);
ptrdiff_t
feed_resp_whole(union feed_state *state, const char *buf, size_t len,
                struct feed_said *said);
ptrdiff_t
feed_resp_command(union feed_state *state, const char *buf, size_t len,
                  struct feed_said *said);
ptrdiff_t
feed_classic_request(union feed_state *state, const char *buf, size_t len,
                     struct feed_said *said);
ptrdiff_t
feed_classic_reply(union feed_state *state, const char *buf, size_t len,
                   struct feed_said *said);
ptrdiff_t
feed_meta_request(union feed_state *state, const char *buf, size_t len,
                  struct feed_said *said);
ptrdiff_t
feed_meta_reply(union feed_state *state, const char *buf, size_t len,
                struct feed_said *said);

/* INPUT in the pieces that end at CUT, at 1, 2, 3, ... when EACH, or at once: fills
 * SAID, whose events end in "malformed NAME" or "N left" if bytes were not consumed. */
void
feed_run(feed_fn parser, const union feed_state *start, const void *input, size_t len,
         size_t cut, bool each, struct feed_said *said);

/* All ways. True when all said the same, which is in SAID; otherwise prints which did
 * not. START may be NULL for a zeroed state. */
bool
feed_all(feed_fn parser, const union feed_state *start, const void *input, size_t len,
         struct feed_said *said);

void
feed_free(struct feed_said *said);

#endif
