#include "wire/classic.h"

static const struct rule {
    const char *word;
    uint8_t len;
} rules[] = {
#define ROW(name, word) {(word), sizeof(word) - 1},
    PN_CLASSIC_REPLY_MAP(ROW)
#undef ROW
};

static int
kind_of(struct pn_bytes word)
{
    for (int i = 0; i < PN_REPLY_NUMBER; i++) {
        if (word.len == rules[i].len &&
            memcmp(word.ptr, rules[i].word, word.len) == 0) {
            return i;
        }
    }
    return pn_word_u64(word, &(uint64_t){0}) ? PN_REPLY_NUMBER : PN_WIRE_E_REPLY;
}

/* KEY FLAGS SIZE [CAS] */
static int
take_value_line(struct pn_bytes rest, struct pn_classic_reply *reply, uint64_t *size)
{
    struct pn_bytes word[4];
    uint64_t flags;
    int n = pn_mc_words(rest, word, 4);
    if (n < 3) {
        return PN_WIRE_E_WORDS;
    }
    reply->key = word[0];
    reply->has_cas = n == 4;
    if (!pn_word_u64(word[1], &flags) || flags > UINT32_MAX ||
        !pn_word_u64(word[2], size) ||
        (reply->has_cas && !pn_word_u64(word[3], &reply->cas))) {
        return PN_WIRE_E_NUMBER;
    }
    reply->flags = (uint32_t)flags;
    return pn_mc_key_check(word[0]);
}

/* What stands behind the word that names the message. */
static int
take_rest(struct pn_bytes rest, struct pn_bytes word, struct pn_classic_reply *reply)
{
    switch (reply->kind) {
    case PN_REPLY_STAT:
        if (!pn_word_next(&rest, &reply->key)) {
            return PN_WIRE_E_WORDS;
        }
        break;
    case PN_REPLY_NUMBER:
        (void)pn_word_u64(word, &reply->number);
        return rest.len == 0 ? 0 : PN_WIRE_E_WORDS;
    case PN_REPLY_VERSION:
    case PN_REPLY_ERROR:
    case PN_REPLY_CLIENT_ERROR:
    case PN_REPLY_SERVER_ERROR:
        break;
    default:
        return rest.len == 0 ? 0 : PN_WIRE_E_WORDS;
    }
    size_t space = rest.len > 0; /* one space is not part of the text */
    reply->text = (struct pn_bytes){rest.ptr + space, rest.len - space};
    return 0;
}

/* The digits at P, at most nine. NULL: there is none, or no byte behind them. */
static const char *
take_digits(const char *p, const char *end, uint32_t *value)
{
    const char *first = p;
    const char *stop = end - p < 9 ? end : p + 9;
    uint32_t n = 0;
    while (p < stop && (unsigned char)(*p - '0') <= 9) {
        n = n * 10 + (uint32_t)(*p++ - '0');
    }
    *value = n;
    return p > first && p < end ? p : NULL;
}

/* "VALUE KEY FLAGS SIZE", the line that a get's reply is made of: its bytes with the
 * CRLF, looked at once, a fifth of what finding the line and cutting words costs. 0: it
 * is not of this plain form (a CAS, two spaces, a flag of ten digits) or not whole, and
 * judged below. */
static ptrdiff_t
take_plain_line(const char *buf, size_t len, struct pn_classic_reply *reply,
                uint64_t *size)
{
    const char *end = buf + len;
    uint32_t flags, number;
    if (len < 6 || memcmp(buf, "VALUE ", 6) != 0) {
        return 0;
    }
    struct pn_bytes key = {buf + 6, pn_mc_key_span(buf + 6, len - 6)};
    const char *p = key.ptr + key.len;
    if (key.len == 0 || p == end || *p != ' ') {
        return 0;
    }
    p = take_digits(p + 1, end, &flags);
    if (p == NULL || *p != ' ') {
        return 0;
    }
    p = take_digits(p + 1, end, &number);
    if (p == NULL || *p != '\r' || end - p < 2 || p[1] != '\n') {
        return 0;
    }
    *reply = (struct pn_classic_reply){.kind = PN_REPLY_VALUE, .key = key};
    reply->flags = flags;
    *size = number;
    return p + 2 - buf;
}

/* The line of a message, whatever it is: its bytes with the CRLF, 0 need more, or a
 * code. */
static ptrdiff_t
take_line(struct pn_mc_reader *r, const char *buf, size_t len,
          struct pn_classic_reply *reply, uint64_t *size)
{
    struct pn_bytes rest, word;
    ptrdiff_t n = pn_mc_line(r, true, buf, len, &rest);
    if (n <= 0) {
        return n;
    }
    int kind = rest.len > 0 && rest.ptr[0] != ' ' && pn_word_next(&rest, &word)
                   ? kind_of(word)
                   : PN_WIRE_E_REPLY;
    if (kind < 0) {
        return kind;
    }
    *reply = (struct pn_classic_reply){.kind = (enum pn_classic_kind)kind};
    int code = kind == PN_REPLY_VALUE ? take_value_line(rest, reply, size)
                                      : take_rest(rest, word, reply);
    return code < 0 ? code : n;
}

ptrdiff_t
pn_classic_reply(struct pn_mc_reader *r, const char *buf, size_t len,
                 struct pn_classic_reply *reply)
{
    struct pn_classic_reply got;
    uint64_t size = 0;
    if (len < r->need) {
        return 0;
    }
    ptrdiff_t n = take_plain_line(buf, len, &got, &size);
    if (n > 0) {
        r->need = r->seen = 0;
    } else {
        n = take_line(r, buf, len, &got, &size);
    }
    if (n > 0 && got.kind == PN_REPLY_VALUE) {
        n = pn_mc_value(r, buf, len, (size_t)n, size, &got.value);
    }
    if (n > 0) {
        *reply = got;
    }
    return n;
}
