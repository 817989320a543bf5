/*
 * fuzz_resp - any bytes as replies and commands of RESP
 *
 *   input    { u8 how; u8 cut; bytes... }
 *
 * `how` chooses the parser and, in its high half, limits that small inputs can reach.
 * The streaming reader and the scan are also held against each other: what one calls
 * well-formed the other does.
 */
#include "../support/wirefuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold_whole(const union feed_state *stream, const union feed_state *scan,
           const uint8_t *data, size_t size)
{
    struct feed_said a = {.code = 0};
    struct feed_said b = {.code = 0};
    feed_run(feed_resp, stream, data, size, size, false, &a);
    feed_run(feed_resp_whole, scan, data, size, size, false, &b);
    if (a.code != b.code) {
        fprintf(stderr, "# streamed\n%s# whole\n%s", a.events.text, b.events.text);
        abort();
    }
    feed_free(&a);
    feed_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    union feed_state state;
    memset(&state, 0, sizeof state);
    if (size < 3) {
        return 0;
    }
    struct pn_resp_limits limits = {.length = data[0] >> 4,
                                    .count = data[0] >> 4,
                                    .depth = data[0] >> 6};
    size_t cut = data[1] % (size - 2);
    switch (data[0] & 3) {
    case 0:
        state.reader.limits = limits;
        wirefuzz_hold(feed_resp, &state, data + 2, size - 2, cut);
        break;
    case 1:
        state.command.limits = limits;
        wirefuzz_hold(feed_resp_command, &state, data + 2, size - 2, cut);
        break;
    default: {
        union feed_state scan = {.scan.reader.limits = limits};
        state.reader.limits = limits;
        wirefuzz_hold(feed_resp_whole, &scan, data + 2, size - 2, cut);
        hold_whole(&state, &scan, data + 2, size - 2);
    }
    }
    return 0;
}
