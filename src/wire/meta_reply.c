#include "wire/meta.h"

#include "wire/base64.h"

static const char *const words[] = {
#define ROW(name, word) (word),
    PN_META_MAP(ROW)
#undef ROW
};

enum { CODES = sizeof words / sizeof words[0] };

static int
code_of(struct pn_bytes word)
{
    for (int i = 0; i < CODES; i++) {
        if (word.len == strlen(words[i]) && memcmp(word.ptr, words[i], word.len) == 0) {
            return i;
        }
    }
    return PN_WIRE_E_REPLY;
}

static bool
is_error(enum pn_meta_code code)
{
    return code >= PN_META_ERROR;
}

static bool
take_u32(struct pn_bytes arg, uint32_t *value)
{
    uint64_t n;
    if (!pn_word_u64(arg, &n) || n > UINT32_MAX) {
        return false;
    }
    *value = (uint32_t)n;
    return true;
}

/* One flag of a reply. Letters unknown to us are passed over: a newer server may say
 * more than we asked for. */
static bool
take_flag(char name, struct pn_bytes arg, struct pn_meta_reply *reply)
{
    switch (name) {
    case 'c':
        return pn_word_u64(arg, &reply->cas);
    case 'f':
        return take_u32(arg, &reply->client_flags);
    case 'h':
        reply->is_hit_before = arg.len == 1 && arg.ptr[0] == '1';
        return arg.len == 1 && (arg.ptr[0] == '0' || arg.ptr[0] == '1');
    case 'k':
        reply->key = arg;
        return pn_mc_key_check(arg) == 0;
    case 'l':
        return pn_word_u64(arg, &reply->idle_s);
    case 'O':
        reply->opaque = arg;
        return arg.len > 0;
    case 's':
        return pn_word_u64(arg, &reply->size);
    case 't':
        return pn_word_i64(arg, &reply->ttl_s);
    default:
        return true;
    }
}

static int
take_flags(struct pn_bytes rest, struct pn_meta_reply *reply)
{
    struct pn_bytes word;
    reply->flags = rest;
    while (pn_word_next(&rest, &word)) {
        struct pn_bytes arg = {word.ptr + 1, word.len - 1};
        if (!take_flag(word.ptr[0], arg, reply)) {
            return PN_WIRE_E_FLAG;
        }
        reply->has |= pn_meta_bit(word.ptr[0]);
    }
    return 0;
}

/* What stands behind the code on its line. */
static int
take_rest(struct pn_bytes rest, struct pn_meta_reply *reply, uint64_t *size)
{
    struct pn_bytes word;
    if (is_error(reply->code) || reply->code == PN_META_DEBUG) {
        size_t space = rest.len > 0;
        reply->text = (struct pn_bytes){rest.ptr + space, rest.len - space};
        return 0;
    }
    if (reply->code == PN_META_VA) {
        if (!pn_word_next(&rest, &word)) {
            return PN_WIRE_E_WORDS;
        }
        if (!pn_word_u64(word, size)) {
            return PN_WIRE_E_NUMBER;
        }
    }
    return take_flags(rest, reply);
}

ptrdiff_t
pn_meta_reply(struct pn_mc_reader *r, const char *buf, size_t len,
              struct pn_meta_reply *reply)
{
    struct pn_bytes line;
    struct pn_bytes word;
    ptrdiff_t n = pn_mc_line(r, true, buf, len, &line);
    if (n <= 0) {
        return n;
    }
    int kind = line.len > 0 && line.ptr[0] != ' ' && pn_word_next(&line, &word)
                   ? code_of(word)
                   : PN_WIRE_E_REPLY;
    if (kind < 0) {
        return kind;
    }
    struct pn_meta_reply got = {.code = (enum pn_meta_code)kind};
    uint64_t size = 0;
    int code = take_rest(line, &got, &size);
    if (code < 0) {
        return code;
    }
    if (got.code == PN_META_VA) {
        n = pn_mc_value(r, buf, len, (size_t)n, size, &got.value);
    }
    if (n > 0) {
        *reply = got;
    }
    return n;
}

static void
put_flag(struct pn_out *out, char name, const struct pn_meta_reply *reply)
{
    char head[2] = {' ', name};
    pn_out_put(out, head, sizeof head);
    switch (name) {
    case 'c':
        pn_out_u64(out, reply->cas);
        break;
    case 'f':
        pn_out_u64(out, reply->client_flags);
        break;
    case 'h':
        pn_out_char(out, reply->is_hit_before ? '1' : '0');
        break;
    case 'k':
        pn_out_bytes(out, reply->key);
        break;
    case 'l':
        pn_out_u64(out, reply->idle_s);
        break;
    case 'O':
        pn_out_bytes(out, reply->opaque);
        break;
    case 's':
        pn_out_u64(out, reply->size);
        break;
    case 't':
        pn_out_i64(out, reply->ttl_s);
        break;
    default:
        break;
    }
}

static void
put_flags(struct pn_out *out, const struct pn_meta_reply *reply, struct pn_bytes order)
{
    uint64_t left = reply->has;
    struct pn_bytes word;
    while (pn_word_next(&order, &word)) {
        if ((left & pn_meta_bit(word.ptr[0])) != 0) {
            put_flag(out, word.ptr[0], reply);
            left &= ~pn_meta_bit(word.ptr[0]);
        }
    }
    for (int name = 'A'; name <= 'z'; name++) {
        if ((left & pn_meta_bit((char)name)) != 0) {
            put_flag(out, (char)name, reply);
        }
    }
}

void
pn_meta_put_reply(struct pn_out *out, const struct pn_meta_reply *reply,
                  const struct pn_meta_request *request)
{
    bool has_text = is_error(reply->code) || reply->code == PN_META_DEBUG;
    pn_out_put(out, words[reply->code], strlen(words[reply->code]));
    if (has_text && reply->text.len > 0) {
        pn_out_char(out, ' ');
        pn_out_line(out, reply->text);
    }
    if (reply->code == PN_META_VA) {
        pn_out_char(out, ' ');
        pn_out_u64(out, reply->value.len);
    }
    if (!has_text) {
        put_flags(out, reply, request != NULL ? request->flags : PN_BYTES(""));
    }
    pn_out_crlf(out);
    if (reply->code == PN_META_VA) {
        pn_out_bytes(out, reply->value);
        pn_out_crlf(out);
    }
}

int
pn_meta_key(struct pn_bytes key, uint64_t has, char *room, struct pn_bytes *raw)
{
    if ((has & pn_meta_bit('b')) == 0) {
        *raw = key;
        return 0;
    }
    size_t size;
    if (key.len > PN_MC_KEY_MAX || pn_base64_read(key, room, &size) < 0) {
        return PN_WIRE_E_BASE64;
    }
    *raw = (struct pn_bytes){room, size};
    return 0;
}
