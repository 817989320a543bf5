/*
 * fuzz_ops - operation sequences decoded from bytes, the store beside its model
 *
 * Each draw of the session (tests/model/session.h) takes as many bytes of the
 * input as its range needs; at the end of the input the session ends. The first
 * byte chooses the geometry and whether the store is kept nearly empty.
 */
#include "../model/session.h"

#include <stdio.h>
#include <stdlib.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    const uint8_t *at, *end;
};

static uint32_t
draw_bytes(void *ctx, uint32_t n)
{
    struct bytes *bytes = ctx;
    uint32_t value = 0;
    for (uint32_t range = n - 1; range > 0 && bytes->at < bytes->end; range >>= 8) {
        value = value << 8 | *bytes->at++;
    }
    return value % n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[16] = {1, 2, 3};
    if (size == 0) {
        return 0;
    }
    struct pn_store_opts opts = {
        .size = 4u << 20,
        .item = (data[0] & 2) != 0 ? 16 : 512,
        .flags = PN_STORE_NO_PREFAULT | ((data[0] & 1) != 0 ? PN_STORE_STABLE_CAS : 0),
        .seed = seed};
    struct pn_store *store;
    if (pn_store_open_private(&opts, &store, NULL) < 0) {
        return 0;
    }
    struct bytes bytes = {.at = data + 1, .end = data + size};
    struct session *s = session_new(store, (struct draw){draw_bytes, &bytes},
                                    (data[0] & 4) != 0, opts.flags);
    if (s != NULL) {
        while (bytes.at < bytes.end) {
            session_step(s);
        }
        session_audit(s);
        if (s->failures != 0) {
            abort();
        }
    }
    session_free(s);
    pn_store_close(store);
    return 0;
}
