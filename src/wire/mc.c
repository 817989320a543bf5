#include "wire/mc.h"

#include <string.h>

#include "wire/line.h"

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Not zero when one of the eight bytes at P is a space, a control character or DEL.
 * Bytes below 0x21 borrow when 0x21 is taken from them; those from 0x80 on, which are
 * good, are masked. A borrow can accuse only a byte above one that is bad itself. */
static uint64_t
bad_of_eight(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    uint64_t del = x ^ EACH(0x7f);
    return (((x - EACH(0x21)) & ~x) | ((del - EACH(0x01)) & ~del)) & EACH(0x80);
}

static bool
is_key_byte(char c)
{
    return (unsigned char)c > ' ' && c != 0x7f;
}

/* Eight bytes a step; the last step looks at some twice. */
int
pn_mc_key_check(struct pn_bytes key)
{
    if (key.len - 1 >= PN_MC_KEY_MAX) { /* 0 wraps around */
        return PN_WIRE_E_KEY_SIZE;
    }
    uint64_t bad = 0;
    if (key.len >= 8) {
        for (size_t i = 0; i + 8 < key.len; i += 8) {
            bad |= bad_of_eight(key.ptr + i);
        }
        bad |= bad_of_eight(key.ptr + key.len - 8);
    } else {
        for (size_t i = 0; i < key.len; i++) {
            bad |= !is_key_byte(key.ptr[i]);
        }
    }
    return bad != 0 ? PN_WIRE_E_KEY_BYTE : 0;
}

size_t
pn_mc_key_span(const char *p, size_t len)
{
    size_t max = len < PN_MC_KEY_MAX ? len : PN_MC_KEY_MAX;
    size_t i = 0;
    while (i + 8 <= max && bad_of_eight(p + i) == 0) {
        i += 8;
    }
    while (i < max && is_key_byte(p[i])) {
        i++;
    }
    return i;
}

static uint64_t
seconds_up(uint64_t ms)
{
    return ms / 1000 + (ms % 1000 != 0);
}

int64_t
pn_mc_exptime(uint64_t ttl_ms, uint64_t now_unix_ms)
{
    if (ttl_ms == PN_MC_NO_TTL) {
        return 0;
    }
    if (ttl_ms == 0) {
        return -1;
    }
    uint64_t seconds = seconds_up(ttl_ms);
    if (seconds <= PN_MC_RELATIVE_MAX_S) {
        return (int64_t)seconds;
    }
    if (ttl_ms > UINT64_MAX - now_unix_ms) {
        return INT32_MAX;
    }
    uint64_t date = seconds_up(now_unix_ms + ttl_ms);
    return date < INT32_MAX ? (int64_t)date : INT32_MAX;
}

uint64_t
pn_mc_ttl_ms(int64_t exptime, uint64_t now_unix_ms)
{
    if (exptime == 0) {
        return PN_MC_NO_TTL;
    }
    if (exptime < 0) {
        return 0;
    }
    uint64_t ms = exptime > INT64_MAX / 1000 ? INT64_MAX : (uint64_t)exptime * 1000;
    if (exptime <= PN_MC_RELATIVE_MAX_S) {
        return ms;
    }
    return ms > now_unix_ms ? ms - now_unix_ms : 0;
}

/* A line that is too long has no end to go on from; one that holds a bare CR has. */
ptrdiff_t
pn_mc_line(struct pn_mc_reader *r, bool is_reply, const char *buf, size_t len,
           struct pn_bytes *line)
{
    if (len == 0 || len < r->need) {
        return 0;
    }
    size_t size = 0;
    ptrdiff_t n = is_reply ? pn_line_crlf(buf, len, PN_MC_LINE_MAX, &r->seen)
                           : pn_line_lf(buf, len, PN_MC_LINE_MAX, &r->seen, &size);
    r->skip = n > 0 ? (size_t)n : 0;
    r->need = n > 0 ? 0 : len + 1;
    if (n > 0) {
        *line = (struct pn_bytes){buf, is_reply ? (size_t)n - 2 : size};
    }
    return n;
}

ptrdiff_t
pn_mc_value(struct pn_mc_reader *r, const char *buf, size_t len, size_t head,
            uint64_t size, struct pn_bytes *value)
{
    uint32_t max = r->value_max != 0 ? r->value_max : PN_MC_VALUE_MAX;
    if (size > max) { /* a server drops what it would not keep, up to a gigabyte */
        r->skip = size <= PN_MC_VALUE_MAX ? head + (size_t)size + 2 : 0;
        return PN_WIRE_E_VALUE_SIZE;
    }
    size_t end = head + (size_t)size;
    r->skip = end + 2;
    if (len < end + 2) {
        r->need = end + 2;
        return 0;
    }
    if (buf[end] != '\r' || buf[end + 1] != '\n') {
        return PN_WIRE_E_CRLF;
    }
    *value = (struct pn_bytes){buf + head, (size_t)size};
    return (ptrdiff_t)end + 2;
}

int
pn_mc_words(struct pn_bytes line, struct pn_bytes *word, int max)
{
    struct pn_bytes next;
    int n = 0;
    while (pn_word_next(&line, &next)) {
        if (n == max) {
            return PN_WIRE_E_WORDS;
        }
        word[n++] = next;
    }
    return n;
}

void
pn_mc_put_refusal(struct pn_out *out, int code)
{
    static const struct {
        int code;
        const char *text;
    } rows[] = {
        {PN_WIRE_E_VERB, "ERROR\r\n"},
        {PN_WIRE_E_WORDS, "ERROR\r\n"},
        {PN_WIRE_E_LINE, "CLIENT_ERROR line too long\r\n"},
        {PN_WIRE_E_NUMBER, "CLIENT_ERROR invalid numeric argument\r\n"},
        {PN_WIRE_E_CRLF, "CLIENT_ERROR bad data chunk\r\n"},
        {PN_WIRE_E_BASE64, "CLIENT_ERROR error decoding key\r\n"},
        {PN_WIRE_E_FLAG, "CLIENT_ERROR invalid flag\r\n"},
        {PN_WIRE_E_FLAG_TWICE, "CLIENT_ERROR duplicate flag\r\n"},
        {PN_WIRE_E_VALUE_SIZE, "SERVER_ERROR object too large for cache\r\n"},
    };
    const char *text = "CLIENT_ERROR bad command line format\r\n";
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        text = rows[i].code == code ? rows[i].text : text;
    }
    pn_out_put(out, text, strlen(text));
}
