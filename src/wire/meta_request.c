#include "wire/meta_flag.h"

#include "wire/base64.h"

#define NO_SIZE UINT64_MAX

static int
verb_of(struct pn_bytes word)
{
    static const char letters[] = "gsdane"; /* in the order of enum pn_meta_verb */
    if (word.len != 2 || word.ptr[0] != 'm' || word.ptr[1] == '\0') {
        return PN_WIRE_E_VERB;
    }
    const char *at = strchr(letters, word.ptr[1]);
    return at != NULL ? (int)(at - letters) : PN_WIRE_E_VERB;
}

static int
take_flags(struct pn_bytes rest, struct pn_meta_request *request)
{
    struct pn_bytes word;
    request->flags = rest;
    while (pn_word_next(&rest, &word)) {
        const struct pn_meta_flag *flag = pn_meta_flag_of(request->verb, word.ptr[0]);
        uint64_t bit = pn_meta_bit(word.ptr[0]);
        if (flag == NULL) {
            return PN_WIRE_E_FLAG;
        }
        if ((request->has & bit) != 0) {
            return PN_WIRE_E_FLAG_TWICE;
        }
        struct pn_bytes arg = {word.ptr + 1, word.len - 1};
        int code = pn_meta_flag_read(flag, arg, request);
        if (code < 0) {
            return code;
        }
        request->has |= bit;
    }
    return 0;
}

static int
check_key(const struct pn_meta_request *request)
{
    size_t size;
    int code = pn_mc_key_check(request->key);
    if (code == 0 && (request->has & pn_meta_bit('b')) != 0) {
        code = pn_base64_read(request->key, NULL, &size);
    }
    return code;
}

/* KEY [SIZE] FLAGS... The size is read before anything is judged, so that a refusal
 * knows where the next request begins: a server that does not takes the value of a bad
 * `ms` for commands. */
static int
take_line(struct pn_bytes rest, struct pn_meta_request *request, uint64_t *size)
{
    struct pn_bytes word;
    if (request->verb == PN_META_MN) {
        return pn_word_next(&rest, &word) ? PN_WIRE_E_WORDS : 0;
    }
    if (!pn_word_next(&rest, &request->key)) {
        return PN_WIRE_E_WORDS;
    }
    if (request->verb == PN_META_MS) {
        if (!pn_word_next(&rest, &word)) {
            return PN_WIRE_E_WORDS;
        }
        if (!pn_word_u64(word, size) || *size == NO_SIZE) {
            *size = NO_SIZE;
            return PN_WIRE_E_NUMBER;
        }
    }
    int code = take_flags(rest, request);
    return code < 0 ? code : check_key(request);
}

ptrdiff_t
pn_meta_request(struct pn_mc_reader *r, const char *buf, size_t len,
                struct pn_meta_request *request)
{
    struct pn_bytes line;
    struct pn_bytes word;
    ptrdiff_t n = pn_mc_line(r, false, buf, len, &line);
    if (n <= 0) {
        return n;
    }
    int verb = pn_word_next(&line, &word) ? verb_of(word) : PN_WIRE_E_VERB;
    if (verb < 0) {
        return verb;
    }
    struct pn_meta_request got = {.verb = (enum pn_meta_verb)verb};
    uint64_t size = NO_SIZE;
    int code = take_line(line, &got, &size);
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

/* The letters of REQUEST that its verb has, and no others. */
static int
put_flags(struct pn_out *out, const struct pn_meta_request *request)
{
    size_t n;
    const struct pn_meta_flag *flag = pn_meta_flags(&n);
    uint64_t left = request->has;
    for (size_t i = 0; i < n && left != 0; i++) {
        if ((left & flag[i].bit) == 0) {
            continue;
        }
        left &= ~flag[i].bit;
        int code = (flag[i].verbs >> request->verb & 1) != 0
                       ? pn_meta_flag_put(out, &flag[i], request)
                       : PN_WIRE_E_FLAG;
        if (code < 0) {
            return code;
        }
    }
    return left == 0 ? 0 : PN_WIRE_E_FLAG;
}

static int
put_key(struct pn_out *out, const struct pn_meta_request *request)
{
    struct pn_bytes key = request->key;
    if ((request->has & pn_meta_bit('b')) == 0) {
        pn_out_bytes(out, key);
        return pn_mc_key_check(key);
    }
    pn_base64_put(out, key);
    return key.len == 0 || key.len > PN_MC_KEY_RAW_MAX ? PN_WIRE_E_KEY_SIZE : 0;
}

static int
put_line(struct pn_out *out, const struct pn_meta_request *request)
{
    static const char letters[] = "gsdane";
    char verb[2] = {'m', letters[request->verb]};
    int code = 0;
    pn_out_put(out, verb, sizeof verb);
    if (request->verb != PN_META_MN) {
        pn_out_char(out, ' ');
        code = put_key(out, request);
    }
    if (request->verb == PN_META_MS) {
        pn_out_char(out, ' ');
        pn_out_u64(out, request->value.len);
    }
    return code < 0 ? code : put_flags(out, request);
}

/* What was written before a flaw was found is taken back by the length alone. */
int
pn_meta_put_request(struct pn_out *out, const struct pn_meta_request *request)
{
    struct pn_meta_request sent = *request;
    size_t start = out->len;
    if (pn_mc_key_check(sent.key) == PN_WIRE_E_KEY_BYTE) {
        sent.has |= pn_meta_bit('b');
    }
    int code = put_line(out, &sent);
    if (code < 0) {
        out->len = start;
        return code;
    }
    pn_out_crlf(out);
    if (sent.verb == PN_META_MS) {
        pn_out_bytes(out, sent.value);
        pn_out_crlf(out);
    }
    return 0;
}
