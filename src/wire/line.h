/*
 * line - finding the end of a line without looking twice
 *
 * A peer may send a line one byte at a time. SEEN remembers how far an unfinished one
 * was searched, so a line of n bytes costs n bytes of search however it comes.
 */
#ifndef PN_WIRE_LINE_H
#define PN_WIRE_LINE_H

#include <stddef.h>

/* The line at BUF up to CRLF: > 0 bytes with the CRLF, 0 need more (*seen says how far
 * it was searched; give the same BUF again, or its bytes at another address, with more
 * behind them), PN_WIRE_E_LINE when MAX bytes are no line, PN_WIRE_E_BARE for a CR or
 * an LF on its own. *seen starts as 0 and is 0 again after a line. */
ptrdiff_t
pn_line_crlf(const char *buf, size_t len, size_t max, size_t *seen);

/* The same up to LF, with or without a CR before it: what people type, and what
 * memcached takes. *size is the length of the text alone. */
ptrdiff_t
pn_line_lf(const char *buf, size_t len, size_t max, size_t *seen, size_t *size);

#endif
