/*
 * resp_head - the grammar of one element of RESP, alone
 *
 *     head    line CRLF            + - : , # _ (
 *             length CRLF          $ ! =         text and CRLF follow
 *             count CRLF           * % ~ | >     elements follow
 *
 * Knows nothing of nesting: that is the reader's (resp.c).
 */
#ifndef PN_WIRE_RESP_HEAD_H
#define PN_WIRE_RESP_HEAD_H

#include "wire/resp.h"

/* Reads the head at BUF. Of a string with a length only token->text.len is set: the
 * text and its CRLF begin where the head ends and may not be there yet. *seen is 0 at
 * the start of an element, see line.h. */
ptrdiff_t
pn_resp_head(const char *buf, size_t len, const struct pn_resp_limits *limits,
             size_t *seen, struct pn_resp_token *token);

/* Has this type a length and a text behind its head? */
static inline bool
pn_resp_has_body(uint8_t type)
{
    return type == PN_RESP_BULK || type == PN_RESP_BULK_ERROR ||
           type == PN_RESP_VERBATIM;
}

/* ":-12\r\n", "$5\r\n": the number behind the first byte. > 0 bytes of the line, 0 need
 * more, or PN_WIRE_E_NUMBER, _BARE, _STREAMED. */
ptrdiff_t
pn_resp_number_line(const char *buf, size_t len, int64_t *number);

#endif
