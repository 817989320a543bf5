#include "wire/resp_head.h"

#include "base/compiler.h"
#include "wire/double.h"
#include "wire/line.h"

typedef ptrdiff_t (*head_fn)(const char *buf, size_t len,
                             const struct pn_resp_limits *limits, size_t *seen,
                             struct pn_resp_token *token);

/* Digits without a leading zero, as engines write them: two ways to write one length
 * are how two parsers come to disagree about where a message ends. Nineteen digits fit
 * 64 bits, so a sender of digits without end is refused at the twentieth byte. */
ptrdiff_t
pn_resp_number_line(const char *buf, size_t len, int64_t *number)
{
    size_t at = 1;
    bool is_negative = len > 1 && buf[1] == '-';
    at += is_negative || (len > 1 && buf[1] == '+' && buf[0] == PN_RESP_INTEGER);
    size_t first = at;
    uint64_t n = 0;
    while (at < len && (unsigned)(buf[at] - '0') <= 9) {
        if (at - first == 19) {
            return PN_WIRE_E_NUMBER;
        }
        n = n * 10 + (unsigned)(buf[at++] - '0');
    }
    if (at == len) {
        return 0;
    }
    if (at == first) {
        return buf[at] == '?' ? PN_WIRE_E_STREAMED : PN_WIRE_E_NUMBER;
    }
    bool has_lead = buf[first] == '0' && (at - first > 1 || is_negative);
    if (has_lead || buf[at] != '\r' || n > (uint64_t)INT64_MAX + is_negative) {
        return PN_WIRE_E_NUMBER;
    }
    if (at + 1 == len) {
        return 0;
    }
    if (buf[at + 1] != '\n') {
        return PN_WIRE_E_BARE;
    }
    *number = is_negative ? (int64_t)(0 - n) : (int64_t)n;
    return (ptrdiff_t)at + 2;
}

static ptrdiff_t
head_integer(const char *buf, size_t len, const struct pn_resp_limits *limits,
             size_t *seen, struct pn_resp_token *token)
{
    (void)limits;
    (void)seen;
    return pn_resp_number_line(buf, len, &token->number);
}

/* $ and * may be null; no other length is negative. */
static ptrdiff_t
head_size(const char *buf, size_t len, int64_t max, int too_large,
          struct pn_resp_token *token)
{
    int64_t size;
    ptrdiff_t n = pn_resp_number_line(buf, len, &size);
    if (n <= 0) {
        return n;
    }
    if (size == -1 && (buf[0] == PN_RESP_BULK || buf[0] == PN_RESP_ARRAY)) {
        token->type = PN_RESP_NULL;
        return n;
    }
    if (size < 0) {
        return PN_WIRE_E_NUMBER;
    }
    if (size > max) {
        return too_large;
    }
    token->number = size;
    return n;
}

static ptrdiff_t
head_string(const char *buf, size_t len, const struct pn_resp_limits *limits,
            size_t *seen, struct pn_resp_token *token)
{
    (void)seen;
    uint32_t max = limits->length != 0 ? limits->length : PN_RESP_LENGTH_MAX;
    ptrdiff_t n = head_size(buf, len, max, PN_WIRE_E_LENGTH, token);
    if (n > 0) {
        token->text.len = (size_t)token->number;
        token->number = 0;
    }
    return n;
}

static ptrdiff_t
head_verbatim(const char *buf, size_t len, const struct pn_resp_limits *limits,
              size_t *seen, struct pn_resp_token *token)
{
    ptrdiff_t n = head_string(buf, len, limits, seen, token);
    return n > 0 && token->text.len < 4 ? PN_WIRE_E_VERBATIM : n;
}

static ptrdiff_t
head_aggregate(const char *buf, size_t len, const struct pn_resp_limits *limits,
               size_t *seen, struct pn_resp_token *token)
{
    (void)seen;
    int64_t max = limits->count != 0 ? limits->count : PN_RESP_COUNT_MAX;
    return head_size(buf, len, max / pn_resp_children(token->type, 1), PN_WIRE_E_COUNT,
                     token);
}

static ptrdiff_t
head_line(const char *buf, size_t len, const struct pn_resp_limits *limits,
          size_t *seen, struct pn_resp_token *token)
{
    (void)limits;
    ptrdiff_t n = pn_line_crlf(buf, len, PN_RESP_LINE_MAX, seen);
    if (n > 0) {
        token->text = (struct pn_bytes){buf + 1, (size_t)n - 3};
    }
    return n;
}

static ptrdiff_t
head_null(const char *buf, size_t len, const struct pn_resp_limits *limits,
          size_t *seen, struct pn_resp_token *token)
{
    ptrdiff_t n = head_line(buf, len, limits, seen, token);
    return n > 0 && token->text.len > 0 ? PN_WIRE_E_NULL : n;
}

static ptrdiff_t
head_boolean(const char *buf, size_t len, const struct pn_resp_limits *limits,
             size_t *seen, struct pn_resp_token *token)
{
    ptrdiff_t n = head_line(buf, len, limits, seen, token);
    struct pn_bytes text = token->text;
    if (n > 0 && (text.len != 1 || (text.ptr[0] != 't' && text.ptr[0] != 'f'))) {
        return PN_WIRE_E_BOOLEAN;
    }
    if (n > 0) {
        token->number = text.ptr[0] == 't';
        token->text = (struct pn_bytes){NULL, 0};
    }
    return n;
}

static ptrdiff_t
head_double(const char *buf, size_t len, const struct pn_resp_limits *limits,
            size_t *seen, struct pn_resp_token *token)
{
    ptrdiff_t n = head_line(buf, len, limits, seen, token);
    return n > 0 && !pn_double_read(token->text, &token->real) ? PN_WIRE_E_NUMBER : n;
}

static ptrdiff_t
head_big(const char *buf, size_t len, const struct pn_resp_limits *limits, size_t *seen,
         struct pn_resp_token *token)
{
    ptrdiff_t n = head_line(buf, len, limits, seen, token);
    size_t at = n > 0 && token->text.len > 1 &&
                strchr("+-", token->text.ptr[0]) != NULL;
    if (n > 0 && at == token->text.len) {
        return PN_WIRE_E_NUMBER;
    }
    for (; n > 0 && at < token->text.len; at++) {
        if ((unsigned)(token->text.ptr[at] - '0') > 9) {
            return PN_WIRE_E_NUMBER;
        }
    }
    return n;
}

static head_fn
rule_of(char lead)
{
    switch (lead) {
    case PN_RESP_SIMPLE:
    case PN_RESP_ERROR:
        return head_line;
    case PN_RESP_INTEGER:
        return head_integer;
    case PN_RESP_BULK_ERROR:
        return head_string;
    case PN_RESP_VERBATIM:
        return head_verbatim;
    case PN_RESP_ARRAY:
    case PN_RESP_MAP:
    case PN_RESP_SET:
    case PN_RESP_ATTRIBUTE:
    case PN_RESP_PUSH:
        return head_aggregate;
    case PN_RESP_NULL:
        return head_null;
    case PN_RESP_BOOLEAN:
        return head_boolean;
    case PN_RESP_DOUBLE:
        return head_double;
    case PN_RESP_BIG:
        return head_big;
    default:
        return NULL;
    }
}

ptrdiff_t
pn_resp_head(const char *buf, size_t len, const struct pn_resp_limits *limits,
             size_t *seen, struct pn_resp_token *token)
{
    if (len == 0) {
        return 0;
    }
    token->type = token->lead = (uint8_t)buf[0];
    token->number = 0;
    token->text = (struct pn_bytes){NULL, 0};
    if (PN_LIKELY(buf[0] == PN_RESP_BULK)) { /* most of what a cache is answered */
        return head_string(buf, len, limits, seen, token);
    }
    head_fn rule = rule_of(buf[0]);
    if (rule != NULL) {
        return rule(buf, len, limits, seen, token);
    }
    return buf[0] == ';' || buf[0] == '.' ? PN_WIRE_E_STREAMED : PN_WIRE_E_TYPE;
}
