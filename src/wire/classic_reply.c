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

ptrdiff_t
pn_classic_reply(struct pn_mc_reader *r, const char *buf, size_t len,
                 struct pn_classic_reply *reply)
{
    struct pn_bytes rest;
    struct pn_bytes word;
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
    struct pn_classic_reply got = {.kind = (enum pn_classic_kind)kind};
    uint64_t size = 0;
    int code = got.kind == PN_REPLY_VALUE ? take_value_line(rest, &got, &size)
                                          : take_rest(rest, word, &got);
    if (code < 0) {
        return code;
    }
    if (got.kind == PN_REPLY_VALUE) {
        n = pn_mc_value(r, buf, len, (size_t)n, size, &got.value);
    }
    if (n > 0) {
        *reply = got;
    }
    return n;
}
