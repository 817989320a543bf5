/*
 * fuzz_memcache - any bytes as requests and replies of memcached, classic and meta
 *
 *   input    { u8 how; u8 cut; bytes... }
 *
 * `how` chooses the parser and, in its high half, a limit of values that small inputs
 * can reach.
 */
#include "../support/wirefuzz.h"

#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const feed_fn parsers[] = {feed_classic_request, feed_classic_reply,
                                      feed_meta_request, feed_meta_reply};
    union feed_state state;
    memset(&state, 0, sizeof state);
    if (size < 3) {
        return 0;
    }
    state.mc.value_max = data[0] >> 4;
    wirefuzz_hold(parsers[data[0] & 3], &state, data + 2, size - 2,
                  data[1] % (size - 2));
    return 0;
}
