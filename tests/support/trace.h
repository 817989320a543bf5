/*
 * trace - what the parsers of src/wire said, as lines of text
 *
 *     *2\r\n$1\r\na\r\n:7\r\n        array 2
 *                                  bulk "a"
 *                                  integer 7 ) .
 *
 * One line a message, or an element of RESP: indented by depth, a `)` for each
 * aggregate that ends with it, a `.` at the end of the message. Tests compare such
 * text, transcripts are written in it.
 */
#ifndef PINYON_TEST_TRACE_H
#define PINYON_TEST_TRACE_H

#include <stddef.h>

#include "wire/classic.h"
#include "wire/meta.h"
#include "wire/resp.h"

/* Text that grows; {0} is empty. Always terminated once something was added. */
struct trace {
    char *text;
    size_t len, cap;
};

void
trace_free(struct trace *trace);
void
trace_add(struct trace *trace, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds LEN bytes that the caller fills. */
char *
trace_room(struct trace *trace, size_t len);
void
trace_bytes(struct trace *trace, const void *data, size_t len);

/* "text" with escapes, or <n bytes, sum ...> when it is long. */
void
trace_quoted(struct trace *trace, struct pn_bytes text);

void
trace_token(struct trace *trace, const struct pn_resp_token *token);
void
trace_command(struct trace *trace, const struct pn_bytes *argv, size_t argc);
void
trace_classic_request(struct trace *trace, const struct pn_classic_request *request);
void
trace_classic_reply(struct trace *trace, const struct pn_classic_reply *reply);
void
trace_meta_request(struct trace *trace, const struct pn_meta_request *request);
void
trace_meta_reply(struct trace *trace, const struct pn_meta_reply *reply);

#endif
