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

/* The digits of *TEXT, at least one and at most nine, which are cut from it. */
static bool
take_digits(struct pn_bytes *text, uint32_t *value)
{
    uint32_t n = 0;
    size_t i = 0;
    while (i < text->len && i < 10 && (unsigned char)(text->ptr[i] - '0') <= 9) {
        n = n * 10 + (uint32_t)(text->ptr[i] - '0');
        i++;
    }
    *value = n;
    *text = (struct pn_bytes){text->ptr + i, text->len - i};
    return i > 0 && i < 10;
}

/* "VALUE KEY FLAGS SIZE", the line that a get's reply is made of, in one go: a quarter
 * of what cutting words costs. False: it is not of this plain form (a CAS, two spaces,
 * a flag of ten digits), and judged below. */
static bool
take_plain_value(struct pn_bytes line, struct pn_classic_reply *reply, uint64_t *size)
{
    uint32_t number;
    if (line.len < 11 || memcmp(line.ptr, "VALUE ", 6) != 0) {
        return false;
    }
    struct pn_bytes rest = {line.ptr + 6, line.len - 6};
    const char *space = memchr(rest.ptr, ' ', rest.len);
    if (space == NULL) {
        return false;
    }
    reply->key = (struct pn_bytes){rest.ptr, (size_t)(space - rest.ptr)};
    rest = (struct pn_bytes){space + 1, rest.len - reply->key.len - 1};
    if (!take_digits(&rest, &reply->flags) || rest.len == 0 || rest.ptr[0] != ' ') {
        return false;
    }
    rest = (struct pn_bytes){rest.ptr + 1, rest.len - 1};
    if (!take_digits(&rest, &number) || rest.len > 0 ||
        pn_mc_key_check(reply->key) < 0) {
        return false;
    }
    *size = number;
    return true;
}

/* The line of a message but its value. 0, or a code. */
static int
take_line(struct pn_bytes rest, struct pn_classic_reply *reply, uint64_t *size)
{
    struct pn_bytes word;
    if (take_plain_value(rest, reply, size)) {
        return 0;
    }
    int kind = rest.len > 0 && rest.ptr[0] != ' ' && pn_word_next(&rest, &word)
                   ? kind_of(word)
                   : PN_WIRE_E_REPLY;
    if (kind < 0) {
        return kind;
    }
    *reply = (struct pn_classic_reply){.kind = (enum pn_classic_kind)kind};
    return kind == PN_REPLY_VALUE ? take_value_line(rest, reply, size)
                                  : take_rest(rest, word, reply);
}

ptrdiff_t
pn_classic_reply(struct pn_mc_reader *r, const char *buf, size_t len,
                 struct pn_classic_reply *reply)
{
    struct pn_bytes line;
    ptrdiff_t n = pn_mc_line(r, true, buf, len, &line);
    if (n <= 0) {
        return n;
    }
    struct pn_classic_reply got = {.kind = PN_REPLY_VALUE};
    uint64_t size = 0;
    int code = take_line(line, &got, &size);
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
