#include "wire/resp.h"

#include "base/assert.h"
#include "base/compiler.h"
#include "wire/resp_head.h"

_Static_assert(PN_RESP_DEPTH_MAX <= 63, "attributes has a bit for each depth");
_Static_assert(PN_RESP_COUNT_MAX <= UINT32_MAX, "left holds the children of any");

static bool
is_attribute(const struct pn_resp_reader *r, uint32_t depth)
{
    return (r->attributes >> depth & 1) != 0;
}

/* An aggregate with elements begins: what follows stands in it. */
static int
open_aggregate(struct pn_resp_reader *r, uint8_t type, uint32_t children)
{
    uint32_t max = r->limits.depth != 0 ? r->limits.depth : PN_RESP_DEPTH_MAX;
    PN_ASSERT(max <= PN_RESP_DEPTH_MAX);
    if (r->depth == max) {
        return PN_WIRE_E_DEPTH;
    }
    uint64_t bit = UINT64_C(1) << r->depth;
    r->attributes = type == PN_RESP_ATTRIBUTE ? r->attributes | bit
                                              : r->attributes & ~bit;
    r->left[r->depth++] = children;
    return 0;
}

/* Ends every aggregate that has all its elements. One that holds an attribute waits for
 * the value the attribute is about, for an attribute was not counted. */
static void
close_aggregates(struct pn_resp_reader *r, struct pn_resp_token *token)
{
    bool is_about_next = token->type == PN_RESP_ATTRIBUTE; /* one without pairs */
    while (r->depth > 0 && r->left[r->depth - 1] == 0) {
        r->depth--;
        token->closes++;
        is_about_next = is_attribute(r, r->depth);
    }
    token->is_last = r->depth == 0 && !is_about_next;
    r->is_annotated = r->depth == 0 && is_about_next;
}

/* Puts an element whose head was read where it stands. 0, or a code. */
static int
place(struct pn_resp_reader *r, struct pn_resp_token *token)
{
    if (token->type == PN_RESP_PUSH && (r->depth > 0 || r->is_annotated)) {
        return PN_WIRE_E_PUSH;
    }
    token->depth = (uint8_t)r->depth;
    token->closes = 0;
    token->is_last = false;
    if (r->depth > 0 && token->type != PN_RESP_ATTRIBUTE) {
        r->left[r->depth - 1]--;
    }
    if (pn_resp_is_aggregate(token->type) && token->number > 0) {
        uint32_t children = (uint32_t)pn_resp_children(token->type, token->number);
        return open_aggregate(r, token->type, children);
    }
    close_aggregates(r, token);
    return 0;
}

/* The text behind a head of HEAD bytes. > 0 bytes of both. */
static ptrdiff_t
take_text(struct pn_resp_reader *r, const char *buf, size_t len, size_t head,
          struct pn_resp_token *token)
{
    size_t end = head + token->text.len;
    if (len < end + 2) {
        r->need = end + 2;
        return 0;
    }
    if (buf[end] != '\r' || buf[end + 1] != '\n') {
        return PN_WIRE_E_CRLF;
    }
    token->text.ptr = buf + head;
    if (PN_UNLIKELY(token->type == PN_RESP_VERBATIM)) {
        if (token->text.ptr[3] != ':') {
            return PN_WIRE_E_VERBATIM;
        }
        memcpy(token->format, token->text.ptr, 3);
        token->text = (struct pn_bytes){token->text.ptr + 4, token->text.len - 4};
    }
    return (ptrdiff_t)end + 2;
}

ptrdiff_t
pn_resp_next(struct pn_resp_reader *r, const char *buf, size_t len,
             struct pn_resp_token *token)
{
    if (len < r->need) {
        return 0;
    }
    ptrdiff_t n = pn_resp_head(buf, len, &r->limits, &r->seen, token);
    if (n == 0) {
        r->need = len + 1;
    }
    if (n > 0 && pn_resp_has_body(token->type)) {
        n = take_text(r, buf, len, (size_t)n, token);
    }
    if (n <= 0) {
        return n;
    }
    r->need = 0;
    int code = place(r, token);
    return code < 0 ? code : n;
}

/* The CRLF behind a string that was skipped. > 0 it is there. */
static int
end_text(struct pn_resp_scan *s, const char *buf, size_t len)
{
    if (len < s->at) {
        s->need = s->at;
        return 0;
    }
    s->in_text = false;
    bool is_end = buf[s->at - 2] == '\r' && buf[s->at - 1] == '\n';
    return is_end ? 1 : PN_WIRE_E_CRLF;
}

/* Skips whole strings of up to 9999 bytes that are not the last of their aggregate,
 * which is what most of an MGET's reply is made of, as scan_element() and end_text()
 * would, at a fifth of the cost. What is anything else is left to those. */
static void
skip_plain(struct pn_resp_scan *s, const char *buf, size_t len)
{
    struct pn_resp_reader *r = &s->reader;
    if (r->depth == 0) {
        return;
    }
    uint32_t max = r->limits.length != 0 ? r->limits.length : PN_RESP_LENGTH_MAX;
    uint32_t left = r->left[r->depth - 1];
    size_t at = s->at;
    while (left > 1 && len - at >= 8 && buf[at] == PN_RESP_BULK) {
        const char *digit = buf + at + 1;
        uint32_t n = 0, i = 0;
        while (i < 4 && (unsigned)(digit[i] - '0') <= 9) {
            n = n * 10 + (unsigned)(digit[i++] - '0');
        }
        bool has_lead = digit[0] == '0' && i > 1;
        if (i == 0 || has_lead || digit[i] != '\r' || digit[i + 1] != '\n' || n > max ||
            (size_t)(buf + len - digit) < i + n + 4) {
            break;
        }
        const char *end = digit + i + 2 + n;
        if (end[0] != '\r' || end[1] != '\n') {
            break;
        }
        left--;
        at = (size_t)(end + 2 - buf);
    }
    r->left[r->depth - 1] = left;
    s->at = at;
}

/* One element: its head is read and placed, its text skipped. */
static ptrdiff_t
scan_element(struct pn_resp_scan *s, const char *buf, size_t len, bool *is_last)
{
    struct pn_resp_token token;
    ptrdiff_t n = pn_resp_head(buf + s->at, len - s->at, &s->reader.limits,
                               &s->reader.seen, &token);
    if (n <= 0) {
        s->need = len + 1;
        return n;
    }
    int code = place(&s->reader, &token);
    if (code < 0) {
        return code;
    }
    s->at += (size_t)n;
    s->in_text = pn_resp_has_body(token.type);
    s->at += s->in_text ? token.text.len + 2 : 0;
    *is_last = token.is_last;
    return n;
}

ptrdiff_t
pn_resp_scan(struct pn_resp_scan *s, const char *buf, size_t len)
{
    if (len < s->need) {
        return 0;
    }
    for (;;) {
        if (s->in_text) {
            int ended = end_text(s, buf, len);
            if (ended <= 0) {
                return ended;
            }
        }
        if (s->is_last) {
            ptrdiff_t size = (ptrdiff_t)s->at;
            PN_ASSERT(s->reader.depth == 0 && s->reader.seen == 0);
            s->at = s->need = 0;
            s->is_last = false;
            return size;
        }
        skip_plain(s, buf, len);
        ptrdiff_t n = scan_element(s, buf, len, &s->is_last);
        if (n <= 0) {
            return n;
        }
    }
}
