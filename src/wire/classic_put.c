#include "wire/classic.h"

static const struct rule {
    const char *verb;
    uint8_t len, shape;
} rules[] = {
#define ROW(name, verb, shape) {(verb), sizeof(verb) - 1, (shape)},
    PN_CLASSIC_MAP(ROW)
#undef ROW
};

static const char *const reply_words[] = {
#define ROW(name, word) (word),
    PN_CLASSIC_REPLY_MAP(ROW)
#undef ROW
};

static void
put_word(struct pn_out *out, struct pn_bytes word)
{
    pn_out_char(out, ' ');
    pn_out_bytes(out, word);
}

static void
put_u64(struct pn_out *out, uint64_t n)
{
    pn_out_char(out, ' ');
    pn_out_u64(out, n);
}

static void
put_i64(struct pn_out *out, int64_t n)
{
    pn_out_char(out, ' ');
    pn_out_i64(out, n);
}

/* One key, or several where the verb takes several. */
static int
check_keys(const struct pn_classic_request *request, enum pn_classic_shape shape)
{
    bool is_many = shape == PN_SHAPE_KEYS || shape == PN_SHAPE_GAT;
    bool has_key = shape <= PN_SHAPE_TOUCH;
    struct pn_bytes rest = request->keys;
    struct pn_bytes key = {NULL, 0};
    if (!has_key) {
        return 0;
    }
    if (!is_many) {
        return pn_mc_key_check(rest);
    }
    int code = PN_WIRE_E_KEY_SIZE; /* of no key at all */
    while (pn_word_next(&rest, &key)) {
        code = pn_mc_key_check(key);
        if (code < 0) {
            return code;
        }
    }
    return code;
}

/* Arguments of stats are words on the line; a line end in them would be a command. */
static int
check_line(const struct pn_classic_request *request)
{
    const struct pn_bytes *args = &request->args;
    if (request->keys.len + args->len > PN_MC_LINE_MAX - 128) {
        return PN_WIRE_E_LINE;
    }
    bool is_line = args->len == 0 || (memchr(args->ptr, '\n', args->len) == NULL &&
                                      memchr(args->ptr, '\r', args->len) == NULL);
    return is_line ? 0 : PN_WIRE_E_BARE;
}

static void
put_numbers(struct pn_out *out, const struct pn_classic_request *request,
            enum pn_classic_shape shape)
{
    switch (shape) {
    case PN_SHAPE_STORE:
    case PN_SHAPE_CAS:
        put_u64(out, request->flags);
        put_i64(out, request->exptime);
        put_u64(out, request->value.len);
        if (shape == PN_SHAPE_CAS) {
            put_u64(out, request->cas);
        }
        break;
    case PN_SHAPE_DELTA:
    case PN_SHAPE_LEVEL:
        put_u64(out, request->number);
        break;
    case PN_SHAPE_TOUCH:
        put_i64(out, request->exptime);
        break;
    case PN_SHAPE_DELAY:
        if (request->exptime != 0) {
            put_i64(out, request->exptime);
        }
        break;
    default:
        break;
    }
}

int
pn_classic_put_request(struct pn_out *out, const struct pn_classic_request *request)
{
    const struct rule *rule = &rules[request->verb];
    enum pn_classic_shape shape = rule->shape;
    int code = check_keys(request, shape);
    code = code < 0 ? code : check_line(request);
    if (code < 0) {
        return code;
    }
    pn_out_put(out, rule->verb, rule->len);
    if (shape == PN_SHAPE_GAT) {
        put_i64(out, request->exptime);
    }
    if (shape <= PN_SHAPE_TOUCH) {
        put_word(out, request->keys);
    }
    put_numbers(out, request, shape);
    pn_out_bytes(out, shape == PN_SHAPE_ARGS ? request->args : PN_BYTES(""));
    if (request->is_noreply) {
        put_word(out, PN_BYTES("noreply"));
    }
    pn_out_crlf(out);
    if (shape == PN_SHAPE_STORE || shape == PN_SHAPE_CAS) {
        pn_out_bytes(out, request->value);
        pn_out_crlf(out);
    }
    return 0;
}

void
pn_classic_put_reply(struct pn_out *out, const struct pn_classic_reply *reply)
{
    const char *word = reply_words[reply->kind];
    pn_out_put(out, word, strlen(word));
    switch (reply->kind) {
    case PN_REPLY_NUMBER:
        pn_out_u64(out, reply->number);
        break;
    case PN_REPLY_VALUE:
        put_word(out, reply->key);
        put_u64(out, reply->flags);
        put_u64(out, reply->value.len);
        if (reply->has_cas) {
            put_u64(out, reply->cas);
        }
        pn_out_crlf(out);
        pn_out_bytes(out, reply->value);
        break;
    case PN_REPLY_STAT:
        put_word(out, reply->key);
        break;
    default:
        break;
    }
    if (reply->text.len > 0) {
        pn_out_char(out, ' ');
        pn_out_line(out, reply->text);
    }
    pn_out_crlf(out);
}
