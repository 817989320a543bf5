/*
 * out - a message being written into the caller's buffer
 *
 *     struct pn_out out = {.ptr = buf, .cap = sizeof buf};
 *     pn_resp_put_count(&out, PN_RESP_ARRAY, 2);
 *     pn_resp_put_bulk(&out, "GET", 3);
 *     pn_resp_put_bulk(&out, key, klen);
 *     if (out.len > out.cap) { ... make room for out.len bytes, write again ... }
 *
 * As with snprintf, `len` counts what the whole would take whether it fits or not;
 * beyond `cap` nothing is written. {0} is an empty one that only counts. A piece that
 * does not fit is left out whole, and so are all behind it. No call can fail otherwise.
 */
#ifndef PN_WIRE_OUT_H
#define PN_WIRE_OUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire/text.h"

struct pn_out {
    char *ptr;
    size_t cap, len;
};

static inline void
pn_out_put(struct pn_out *out, const void *data, size_t len)
{
    if (out->len <= out->cap && len <= out->cap - out->len && len > 0) {
        memcpy(out->ptr + out->len, data, len);
    }
    out->len += len;
}

static inline void
pn_out_bytes(struct pn_out *out, struct pn_bytes text)
{
    pn_out_put(out, text.ptr, text.len);
}

static inline void
pn_out_char(struct pn_out *out, char c)
{
    pn_out_put(out, &c, 1);
}

static inline void
pn_out_crlf(struct pn_out *out)
{
    pn_out_put(out, "\r\n", 2);
}

/* N in decimal. */
void
pn_out_u64(struct pn_out *out, uint64_t n);
void
pn_out_i64(struct pn_out *out, int64_t n);

/* LINE as text of a line: a CR or LF, which would end it, becomes a space. An error
 * text that quotes its user's input must not let the user write the next reply. */
void
pn_out_line(struct pn_out *out, struct pn_bytes line);

#endif
