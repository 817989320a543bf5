/*
 * resp_put - RESP2 and RESP3, from elements to bytes
 *
 * A client composes commands, a server replies. What a server says to a client that
 * has not asked for RESP3 is said in RESP2: pn_resp_put() writes the nearest thing,
 * the same that Redis does.
 *
 * The same out buffer takes message after message: a pipeline is one write. A long
 * value need not be copied into it: write pn_resp_put_length(), hand the value to the
 * socket as a piece of its own, and go on with pn_out_crlf().
 */
#ifndef PN_WIRE_RESP_PUT_H
#define PN_WIRE_RESP_PUT_H

#include "wire/out.h"
#include "wire/resp.h"

/* ARGC arguments as a command: an array of bulk strings. About 5 ns an argument. */
void
pn_resp_put_command(struct pn_out *out, const struct pn_bytes *argv, size_t argc);

/* TOKEN as PROTOCOL (2 or 3) writes it; the elements of an aggregate follow, one call
 * each. Of `depth`, `closes`, `is_last` and `lead` nothing is used, but that a `lead`
 * of '$' or '*' chooses the null of RESP2. In RESP2
 *
 *     null -> $-1     map -> array of twice as many     set, push -> array
 *     boolean -> integer   double, big number, verbatim -> bulk   bulk error -> error
 *
 * An attribute has no form there: do not send it (asserted). */
void
pn_resp_put(struct pn_out *out, unsigned protocol, const struct pn_resp_token *token);

/* Short ways for what a server says most; the same in both protocols. */
void
pn_resp_put_bulk(struct pn_out *out, struct pn_bytes text);
void
pn_resp_put_length(struct pn_out *out, size_t len); /* "$len\r\n" */
void
pn_resp_put_integer(struct pn_out *out, int64_t n);
void
pn_resp_put_array(struct pn_out *out, size_t count);
void
pn_resp_put_simple(struct pn_out *out, struct pn_bytes text);

/* "-ERR what went wrong": the first word is the class clients act on. */
void
pn_resp_put_error(struct pn_out *out, struct pn_bytes text);

#endif
