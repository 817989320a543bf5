/*
 * base64 - keys of any bytes in memcached's meta commands (RFC 4648, with padding)
 *
 * Standard alphabet, `=` at the end, no line breaks. Reading is strict: one text for
 * one key, so that two spellings cannot be two items.
 */
#ifndef PN_WIRE_BASE64_H
#define PN_WIRE_BASE64_H

#include "wire/out.h"

static inline size_t
pn_base64_size(size_t raw)
{
    return (raw + 2) / 3 * 4;
}

void
pn_base64_put(struct pn_out *out, struct pn_bytes raw);

/* Writes the bytes that TEXT stands for to RAW, at least TEXT.len / 4 * 3 bytes, and
 * how many to *len. 0, or PN_WIRE_E_BASE64. RAW may be NULL to check only. */
int
pn_base64_read(struct pn_bytes text, char *raw, size_t *len);

#endif
