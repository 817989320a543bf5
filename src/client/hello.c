#include "client/hello.h"

#include "client/code.h"
#include "client/hello_step.h"
#include "wire/resp.h"

#define TOO_MANY "ERR max number of clients" /* of all errors of a connection, an ERR */

static bool
starts(struct pn_bytes text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len >= len && memcmp(text.ptr, prefix, len) == 0;
}

/* Where WORDS stand in TEXT; its length: nowhere. */
static size_t
find(struct pn_bytes text, struct pn_bytes words)
{
    for (size_t i = 0; i + words.len <= text.len; i++) {
        if (memcmp(text.ptr + i, words.ptr, words.len) == 0) {
            return i;
        }
    }
    return text.len;
}

/* The password must not come back: Redis quotes what it does not understand, up to a
 * hundred bytes, and proxies quote whatever they like, whole or cut. So its words end
 * before any four bytes that stand in the password too, and before quoted arguments. */
static size_t
safe_length(struct pn_bytes text, struct pn_bytes password)
{
    size_t safe = find(text, PN_BYTES(", with args"));
    size_t piece = password.len < 4 ? password.len : 4;
    for (size_t i = 0; piece > 0 && i + piece <= password.len; i++) {
        size_t at = find(text, (struct pn_bytes){password.ptr + i, piece});
        safe = at < safe ? at : safe;
    }
    return safe;
}

static void
fail(struct pn_hello *hello, const struct pn_hello_opts *opts, int code,
     struct pn_bytes said)
{
    hello->state = PN_HELLO_FAILED;
    hello->code = code;
    size_t max = sizeof hello->said - sizeof "...";
    struct pn_bytes shown = {said.ptr, said.len < max ? said.len : max};
    shown.len = safe_length(shown, pn_hello_password(opts));
    for (size_t i = 0; i < shown.len; i++) {
        char c = shown.ptr[i];
        hello->said[i] = (char)(c >= ' ' && c <= '~' ? c : '?');
    }
    strncpy(hello->said + shown.len, shown.len < said.len ? "..." : "", sizeof "...");
}

/* "7.0.15": 0x07000f, "8.1-rc1": 0x080100. What does not begin so, is 0. */
static uint32_t
read_version(struct pn_bytes text)
{
    uint32_t version = 0;
    size_t at = 0;
    for (int part = 0; part < 3; part++) {
        unsigned number = 0, digit;
        while (at < text.len &&
               (digit = (unsigned)(unsigned char)text.ptr[at] - '0') <= 9) {
            number = number * 10 + digit;
            at++;
            if (number > UINT8_MAX) {
                return 0;
            }
        }
        version = version << 8 | number;
        at += at < text.len && text.ptr[at] == '.';
    }
    return version;
}

static void
note_server(struct pn_hello *hello, struct pn_bytes name,
            const struct pn_resp_token *value)
{
    if (pn_bytes_equal(name, PN_BYTES("server"))) {
        hello->is_valkey = pn_bytes_equal(value->text, PN_BYTES("valkey"));
    } else if (pn_bytes_equal(name, PN_BYTES("version"))) {
        hello->version = read_version(value->text);
    } else if (pn_bytes_equal(name, PN_BYTES("proto")) && value->number == 2) {
        hello->protocol = 2;
    }
}

/* HELLO's map, or the array of the same that a server of RESP2 makes of it: names and
 * values in turn, of which some are aggregates. */
static void
take_server(struct pn_hello *hello, struct pn_bytes reply)
{
    struct pn_resp_reader reader = {0};
    struct pn_resp_token token;
    struct pn_bytes name = {0};
    bool is_name = true;
    size_t at = 0;
    ptrdiff_t n;
    while (at < reply.len &&
           (n = pn_resp_next(&reader, reply.ptr + at, reply.len - at, &token)) > 0) {
        at += (size_t)n;
        if (token.depth == 1 && is_name) {
            name = token.text;
        } else if (token.depth == 1) {
            note_server(hello, name, &token);
        }
        is_name = token.depth == 1 ? !is_name : is_name;
    }
}

/* Errors that mean the same whatever was asked, for they are about the connection. */
static bool
take_refusal(struct pn_hello *hello, const struct pn_hello_opts *opts,
             struct pn_bytes error)
{
    if (starts(error, "NOAUTH") || starts(error, "WRONGPASS")) {
        fail(hello, opts, PN_CLIENT_E_AUTH, error);
    } else if (starts(error, "LOADING")) {
        hello->is_loading = true;
        fail(hello, opts, PN_CLIENT_E_HELLO, error);
    } else if (starts(error, TOO_MANY)) {
        hello->is_full = true;
        fail(hello, opts, PN_CLIENT_E_HELLO, error);
    } else if (starts(error, "DENIED")) {
        fail(hello, opts, PN_CLIENT_E_HELLO, error);
    } else {
        return false;
    }
    return true;
}

/* Servers and proxies that do not know HELLO have many ways to say so, and in RESP2
 * every part of it is asked for by itself: if one is wrong, that will say which. NOAUTH
 * to a HELLO that authenticates means that it was not even looked at: Valkey does not
 * tell a stranger which commands there are. */
static bool
is_not_understood(const struct pn_hello_opts *opts, struct pn_bytes error)
{
    return starts(error, "NOPROTO") || starts(error, "NOPERM") ||
           (starts(error, "ERR") && !starts(error, TOO_MANY)) ||
           (starts(error, "NOAUTH") && pn_hello_has_auth(opts));
}

static void
take_error(struct pn_hello *hello, const struct pn_hello_opts *opts,
           struct pn_bytes error)
{
    if (hello->step == PN_STEP_HELLO && is_not_understood(opts, error)) {
        hello->is_fallback = true;
        return;
    }
    if (take_refusal(hello, opts, error)) {
        return;
    }
    switch (hello->step) {
    case PN_STEP_SETNAME: /* a name is for people; one that cannot be is a mistake */
        if (find(error, PN_BYTES("names cannot")) < error.len) {
            fail(hello, opts, PN_CLIENT_E_HELLO, error);
        }
        break;
    case PN_STEP_LIB_NAME:
    case PN_STEP_LIB_VER:
    case PN_STEP_CAPA:
        break;
    case PN_STEP_AUTH:
        fail(hello, opts, PN_CLIENT_E_AUTH, error);
        break;
    case PN_STEP_ROLE:
        fail(hello, opts, PN_CLIENT_E_ROLE, error);
        break;
    default:
        fail(hello, opts, PN_CLIENT_E_HELLO, error);
    }
}

/* ROLE's first element: master, slave or sentinel. */
static void
take_role(struct pn_hello *hello, const struct pn_hello_opts *opts,
          struct pn_bytes reply)
{
    struct pn_resp_reader reader = {0};
    struct pn_resp_token token;
    ptrdiff_t head = pn_resp_next(&reader, reply.ptr, reply.len, &token);
    if (head <= 0 || token.type != PN_RESP_ARRAY || token.number < 1 ||
        pn_resp_next(&reader, reply.ptr + head, reply.len - (size_t)head, &token) <=
            0) {
        fail(hello, opts, PN_CLIENT_E_REPLY, PN_BYTES("ROLE answers no role"));
        return;
    }
    struct pn_bytes wanted = opts->role == PN_ROLE_PRIMARY ? PN_BYTES("master")
                                                           : PN_BYTES("slave");
    if (!pn_bytes_equal(token.text, wanted)) {
        char text[64];
        struct pn_out said = {.ptr = text, .cap = sizeof text};
        pn_out_bytes(&said, PN_BYTES("ROLE is "));
        pn_out_put(&said, token.text.ptr, token.text.len < 32 ? token.text.len : 32);
        fail(hello, opts, PN_CLIENT_E_ROLE, (struct pn_bytes){text, said.len});
    }
}

static void
take_answer(struct pn_hello *hello, const struct pn_hello_opts *opts,
            const struct pn_resp_token *first, struct pn_bytes reply)
{
    if (hello->step == PN_STEP_HELLO) {
        if (first->type == PN_RESP_MAP || first->type == PN_RESP_ARRAY) {
            take_server(hello, reply);
        } else {
            fail(hello, opts, PN_CLIENT_E_REPLY, first->text);
        }
    } else if (hello->step == PN_STEP_ROLE) {
        take_role(hello, opts, reply);
    }
}

static void
take_redis(struct pn_hello *hello, const struct pn_hello_opts *opts,
           struct pn_bytes reply)
{
    struct pn_resp_reader reader = {0};
    struct pn_resp_token first;
    if (pn_resp_next(&reader, reply.ptr, reply.len, &first) <= 0) {
        fail(hello, opts, PN_CLIENT_E_REPLY, reply);
    } else if (hello->is_fallback && hello->protocol == 3) {
        return; /* the rest of a flight that did not succeed */
    } else if (first.type == PN_RESP_ERROR || first.type == PN_RESP_BULK_ERROR) {
        take_error(hello, opts, first.text);
    } else {
        take_answer(hello, opts, &first, reply);
    }
}

/* ERROR: a proxy that has no `version`; it speaks the protocol all the same. */
static void
take_memcached(struct pn_hello *hello, const struct pn_hello_opts *opts,
               struct pn_bytes line)
{
    while (line.len > 0 &&
           (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r')) {
        line.len--;
    }
    if (hello->step == PN_STEP_MC_AUTH) {
        if (!pn_bytes_equal(line, PN_BYTES("STORED"))) {
            fail(hello, opts, PN_CLIENT_E_AUTH, line);
        }
    } else if (starts(line, "VERSION ")) {
        hello->version = read_version((struct pn_bytes){line.ptr + 8, line.len - 8});
    } else if (starts(line, "ERROR Too many open connections")) {
        hello->is_full = true;
        fail(hello, opts, PN_CLIENT_E_HELLO, line);
    } else if (find(line, PN_BYTES("unauthenticated")) < line.len) {
        fail(hello, opts, PN_CLIENT_E_AUTH, line);
    } else if (!pn_bytes_equal(line, PN_BYTES("ERROR"))) {
        fail(hello, opts, PN_CLIENT_E_REPLY, line);
    }
}

void
pn_hello_take(struct pn_hello *hello, const struct pn_hello_opts *opts,
              struct pn_bytes reply)
{
    if (hello->state != PN_HELLO_WAIT) {
        return;
    }
    uint8_t flight = pn_hello_protocol(hello, opts); /* before the reply changes it */
    if (opts->is_memcached) {
        take_memcached(hello, opts, reply);
    } else {
        take_redis(hello, opts, reply);
    }
    if (hello->state == PN_HELLO_FAILED) {
        return;
    }
    hello->step = (uint8_t)pn_hello_next(hello->step + 1u, flight, opts);
    hello->left--;
    if (hello->left == 0) {
        bool is_again = hello->is_fallback && hello->protocol == 3;
        hello->state = is_again ? PN_HELLO_SEND : PN_HELLO_DONE;
    }
}
