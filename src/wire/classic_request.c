#include "wire/classic.h"

static const struct rule {
    const char *verb;
    uint8_t len, shape;
} rules[] = {
#define ROW(name, verb, shape) {(verb), sizeof(verb) - 1, (shape)},
    PN_CLASSIC_MAP(ROW)
#undef ROW
};

enum { RULES = sizeof rules / sizeof rules[0] };

/* No value follows the line, as far as it could be read. */
#define NO_SIZE UINT64_MAX

/* Nineteen rows, the frequent first: a length and a byte tell most of them apart. */
static const struct rule *
rule_of(struct pn_bytes word)
{
    for (unsigned i = 0; i < RULES; i++) {
        if (word.len == rules[i].len &&
            memcmp(word.ptr, rules[i].verb, word.len) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}

static bool
word_is(struct pn_bytes word, struct pn_bytes text)
{
    return pn_bytes_equal(word, text);
}

static int
take_u32(struct pn_bytes word, uint32_t *value)
{
    uint64_t n;
    if (!pn_word_u64(word, &n) || n > UINT32_MAX) {
        return PN_WIRE_E_NUMBER;
    }
    *value = (uint32_t)n;
    return 0;
}

static int
take_u64(struct pn_bytes word, uint64_t *value)
{
    return pn_word_u64(word, value) ? 0 : PN_WIRE_E_NUMBER;
}

static int
take_i64(struct pn_bytes word, int64_t *value)
{
    return pn_word_i64(word, value) ? 0 : PN_WIRE_E_NUMBER;
}

static int
take_key(struct pn_bytes word, struct pn_classic_request *request)
{
    request->keys = word;
    return pn_mc_key_check(word);
}

/* KEYS is what is left of the line: at least one key, each fit to be one. */
static int
take_keys(struct pn_bytes keys, struct pn_classic_request *request)
{
    struct pn_bytes rest = keys;
    struct pn_bytes key;
    int n = 0;
    while (pn_word_next(&rest, &key)) {
        int code = pn_mc_key_check(key);
        if (code < 0) {
            return code;
        }
        if (n++ == 0) {
            keys = (struct pn_bytes){key.ptr, keys.len - (size_t)(key.ptr - keys.ptr)};
        }
    }
    while (keys.len > 0 && keys.ptr[keys.len - 1] == ' ') {
        keys.len--;
    }
    request->keys = keys;
    return n > 0 ? 0 : PN_WIRE_E_WORDS;
}

static int
take_gat(struct pn_bytes rest, struct pn_classic_request *request)
{
    struct pn_bytes exptime;
    if (!pn_word_next(&rest, &exptime)) {
        return PN_WIRE_E_WORDS;
    }
    int code = take_i64(exptime, &request->exptime);
    return code < 0 ? code : take_keys(rest, request);
}

/* KEY FLAGS EXPTIME SIZE [CAS]. The size comes first: when it can be read, a refusal
 * of the rest still knows where the next request begins. */
static int
take_store(const struct pn_bytes *word, int n, bool is_cas,
           struct pn_classic_request *request, uint64_t *size)
{
    if (n != 4 + is_cas) {
        return PN_WIRE_E_WORDS;
    }
    if (!pn_word_u64(word[3], size) || *size == NO_SIZE) {
        *size = NO_SIZE;
        return PN_WIRE_E_NUMBER;
    }
    int code = take_key(word[0], request);
    if (code == 0) {
        code = take_u32(word[1], &request->flags);
    }
    if (code == 0) {
        code = take_i64(word[2], &request->exptime);
    }
    return code == 0 && is_cas ? take_u64(word[4], &request->cas) : code;
}

/* A key and, but for delete, a number. Old clients say `delete KEY 0`. */
static int
take_key_number(const struct pn_bytes *word, int n, enum pn_classic_shape shape,
                struct pn_classic_request *request)
{
    int wanted = shape == PN_SHAPE_KEY ? 1 : 2;
    bool is_old = shape == PN_SHAPE_KEY && n == 2 && word_is(word[1], PN_BYTES("0"));
    if (n != wanted && !is_old) {
        return PN_WIRE_E_WORDS;
    }
    int code = take_key(word[0], request);
    if (code < 0 || shape == PN_SHAPE_KEY) {
        return code;
    }
    return shape == PN_SHAPE_DELTA ? take_u64(word[1], &request->number)
                                   : take_i64(word[1], &request->exptime);
}

/* What has neither key nor value: at most one number. */
static int
take_number(const struct pn_bytes *word, int n, enum pn_classic_shape shape,
            struct pn_classic_request *request)
{
    bool is_optional = shape == PN_SHAPE_DELAY;
    if (n > (shape == PN_SHAPE_NONE ? 0 : 1) || (n == 0 && shape == PN_SHAPE_LEVEL)) {
        return PN_WIRE_E_WORDS;
    }
    if (n == 0) {
        return 0;
    }
    return is_optional ? take_i64(word[0], &request->exptime)
                       : take_u64(word[0], &request->number);
}

/* The words behind a verb that takes few of them. */
static int
take_few(struct pn_bytes rest, enum pn_classic_shape shape,
         struct pn_classic_request *request, uint64_t *size)
{
    struct pn_bytes word[6];
    int n = pn_mc_words(rest, word, 6);
    int least = shape == PN_SHAPE_KEY; /* `delete noreply` names a key */
    if (n > least && shape != PN_SHAPE_NONE &&
        word_is(word[n - 1], PN_BYTES("noreply"))) {
        request->is_noreply = true;
        n--;
    }
    if (n < 0) {
        return n;
    }
    switch (shape) {
    case PN_SHAPE_STORE:
    case PN_SHAPE_CAS:
        return take_store(word, n, shape == PN_SHAPE_CAS, request, size);
    case PN_SHAPE_KEY:
    case PN_SHAPE_DELTA:
    case PN_SHAPE_TOUCH:
        return take_key_number(word, n, shape, request);
    default:
        return take_number(word, n, shape, request);
    }
}

static int
take_words(struct pn_bytes rest, enum pn_classic_shape shape,
           struct pn_classic_request *request, uint64_t *size)
{
    switch (shape) {
    case PN_SHAPE_KEYS:
        return take_keys(rest, request);
    case PN_SHAPE_GAT:
        return take_gat(rest, request);
    case PN_SHAPE_ARGS:
        request->args = rest;
        return 0;
    default:
        return take_few(rest, shape, request, size);
    }
}

ptrdiff_t
pn_classic_request(struct pn_mc_reader *r, const char *buf, size_t len,
                   struct pn_classic_request *request)
{
    struct pn_bytes line;
    struct pn_bytes verb;
    ptrdiff_t n = pn_mc_line(r, false, buf, len, &line);
    if (n <= 0) {
        return n;
    }
    const struct rule *rule = pn_word_next(&line, &verb) ? rule_of(verb) : NULL;
    if (rule == NULL) {
        return PN_WIRE_E_VERB;
    }
    struct pn_classic_request got = {.verb = (enum pn_classic_verb)(rule - rules)};
    uint64_t size = NO_SIZE;
    int code = take_words(line, rule->shape, &got, &size);
    if (code < 0) {
        r->skip += size <= PN_MC_VALUE_MAX ? (size_t)size + 2 : 0;
        return code;
    }
    if (size != NO_SIZE) {
        n = pn_mc_value(r, buf, len, (size_t)n, size, &got.value);
    }
    if (n > 0) {
        *request = got;
    }
    return n;
}
