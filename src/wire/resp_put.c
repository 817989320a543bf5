#include "wire/resp_put.h"

#include "base/assert.h"
#include "wire/double.h"

/* "$12\r\n" in one go: a head is written for every argument of every command. */
static void
put_head(struct pn_out *out, char lead, uint64_t n)
{
    char text[24];
    size_t at = sizeof text;
    text[--at] = '\n';
    text[--at] = '\r';
    do {
        text[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    text[--at] = lead;
    pn_out_put(out, text + at, sizeof text - at);
}

static void
put_line(struct pn_out *out, char lead, struct pn_bytes text)
{
    pn_out_char(out, lead);
    pn_out_line(out, text);
    pn_out_crlf(out);
}

/* A string of up to 999 bytes that fits: one look at the room instead of three. False:
 * it is not such a one, nothing was written. */
static bool
put_short(struct pn_out *out, char lead, struct pn_bytes text)
{
    bool fits = out->len <= out->cap && out->cap - out->len >= text.len + 8;
    if (text.len - 1 >= 999 || !fits) {
        return false;
    }
    char *at = out->ptr + out->len;
    unsigned n = (unsigned)text.len, rest = n;
    *at++ = lead;
    if (n >= 100) {
        *at++ = (char)('0' + n / 100);
        rest = n % 100;
    }
    if (n >= 10) {
        *at++ = (char)('0' + rest / 10);
        rest %= 10;
    }
    *at++ = (char)('0' + rest);
    memcpy(at, "\r\n", 2);
    memcpy(at + 2, text.ptr, n);
    memcpy(at + 2 + n, "\r\n", 2);
    out->len = (size_t)(at - out->ptr) + n + 4;
    return true;
}

static void
put_string(struct pn_out *out, char lead, struct pn_bytes text)
{
    if (put_short(out, lead, text)) {
        return;
    }
    put_head(out, lead, text.len);
    pn_out_bytes(out, text);
    pn_out_crlf(out);
}

void
pn_resp_put_bulk(struct pn_out *out, struct pn_bytes text)
{
    put_string(out, PN_RESP_BULK, text);
}

void
pn_resp_put_length(struct pn_out *out, size_t len)
{
    put_head(out, PN_RESP_BULK, len);
}

void
pn_resp_put_integer(struct pn_out *out, int64_t n)
{
    pn_out_char(out, PN_RESP_INTEGER);
    pn_out_i64(out, n);
    pn_out_crlf(out);
}

void
pn_resp_put_array(struct pn_out *out, size_t count)
{
    put_head(out, PN_RESP_ARRAY, count);
}

void
pn_resp_put_simple(struct pn_out *out, struct pn_bytes text)
{
    put_line(out, PN_RESP_SIMPLE, text);
}

void
pn_resp_put_error(struct pn_out *out, struct pn_bytes text)
{
    put_line(out, PN_RESP_ERROR, text);
}

void
pn_resp_put_command(struct pn_out *out, const struct pn_bytes *argv, size_t argc)
{
    put_head(out, PN_RESP_ARRAY, argc);
    for (size_t i = 0; i < argc; i++) {
        put_string(out, PN_RESP_BULK, argv[i]);
    }
}

/* The digits are counted by writing them to nowhere, then written: doubles are rare. */
static void
put_double(struct pn_out *out, unsigned protocol, double value)
{
    if (protocol == 2) {
        struct pn_out counted = {0};
        pn_double_write(&counted, value);
        put_head(out, PN_RESP_BULK, counted.len);
    } else {
        pn_out_char(out, PN_RESP_DOUBLE);
    }
    pn_double_write(out, value);
    pn_out_crlf(out);
}

static void
put_verbatim(struct pn_out *out, const struct pn_resp_token *token)
{
    put_head(out, PN_RESP_VERBATIM, token->text.len + 4);
    pn_out_put(out, token->format, 3);
    pn_out_char(out, ':');
    pn_out_bytes(out, token->text);
    pn_out_crlf(out);
}

static void
put_null(struct pn_out *out, unsigned protocol, uint8_t lead)
{
    if (lead == PN_RESP_ARRAY) {
        pn_out_bytes(out, PN_BYTES("*-1\r\n"));
    } else if (protocol == 2 || lead == PN_RESP_BULK) {
        pn_out_bytes(out, PN_BYTES("$-1\r\n"));
    } else {
        pn_out_bytes(out, PN_BYTES("_\r\n"));
    }
}

static void
put_aggregate(struct pn_out *out, unsigned protocol, const struct pn_resp_token *token)
{
    PN_ASSERT(token->number >= 0);
    if (protocol == 2) {
        PN_ASSERT(token->type != PN_RESP_ATTRIBUTE);
        int64_t children = pn_resp_children(token->type, token->number);
        put_head(out, PN_RESP_ARRAY, (uint64_t)children);
    } else {
        put_head(out, (char)token->type, (uint64_t)token->number);
    }
}

void
pn_resp_put(struct pn_out *out, unsigned protocol, const struct pn_resp_token *token)
{
    bool is_old = protocol == 2;
    switch (token->type) {
    case PN_RESP_SIMPLE:
    case PN_RESP_ERROR:
        put_line(out, (char)token->type, token->text);
        break;
    case PN_RESP_INTEGER:
        pn_resp_put_integer(out, token->number);
        break;
    case PN_RESP_BULK:
        pn_resp_put_bulk(out, token->text);
        break;
    case PN_RESP_BULK_ERROR:
        is_old ? pn_resp_put_error(out, token->text)
               : put_string(out, PN_RESP_BULK_ERROR, token->text);
        break;
    case PN_RESP_VERBATIM:
        is_old ? pn_resp_put_bulk(out, token->text) : put_verbatim(out, token);
        break;
    case PN_RESP_BIG:
        is_old ? pn_resp_put_bulk(out, token->text)
               : put_line(out, PN_RESP_BIG, token->text);
        break;
    case PN_RESP_DOUBLE:
        put_double(out, protocol, token->real);
        break;
    case PN_RESP_BOOLEAN:
        pn_out_bytes(out, is_old               ? token->number != 0 ? PN_BYTES(":1\r\n")
                                                                    : PN_BYTES(":0\r\n")
                                        : token->number != 0 ? PN_BYTES("#t\r\n")
                                               : PN_BYTES("#f\r\n"));
        break;
    case PN_RESP_NULL:
        put_null(out, protocol, token->lead);
        break;
    default:
        PN_ASSERT(pn_resp_is_aggregate(token->type));
        put_aggregate(out, protocol, token);
    }
}
