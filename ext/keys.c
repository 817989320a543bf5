/*
 * User keys, and the text forms of digests.
 *
 * The common key, an ASCII str without a prefix, costs one PyUnicode_AsUTF8AndSize,
 * which for ASCII is a pointer into the object: no copy, no hash.
 */
#include "errors.h"
#include "keys_internal.h"

#include <blake2.h>

static const char digest_mark[] = {'~', 'b', '2', ':'};

/* ---- Digests and text ------------------------------------------------------- */

size_t
keys_base64(const uint8_t *from, size_t len, char *to)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *start = to;
    size_t i = 0;

    for (; i + 3 <= len; i += 3) {
        unsigned word = (unsigned)from[i] << 16 | (unsigned)from[i + 1] << 8 |
                        from[i + 2];
        *to++ = digits[word >> 18];
        *to++ = digits[word >> 12 & 63];
        *to++ = digits[word >> 6 & 63];
        *to++ = digits[word & 63];
    }
    if (i < len) {
        unsigned word = (unsigned)from[i] << 16;
        word |= i + 1 < len ? (unsigned)from[i + 1] << 8 : 0;
        *to++ = digits[word >> 18];
        *to++ = digits[word >> 12 & 63];
        if (i + 1 < len) {
            *to++ = digits[word >> 6 & 63];
        }
    }
    return (size_t)(to - start);
}

/* Without a key: a constant one would be no secret and cost a second block, and a
   secret one would have to be given to every process of the deployment. */
void
keys_digest(const char *text, size_t len, uint8_t *digest)
{
    blake2b(digest, text, NULL, KEY_DIGEST_SIZE, len, 0);
}

void
keys_digest_text(const char *text, size_t len, char *to)
{
    uint8_t digest[KEY_DIGEST_SIZE];
    keys_digest(text, len, digest);
    memcpy(to, digest_mark, sizeof digest_mark);
    keys_base64(digest, sizeof digest, to + sizeof digest_mark);
}

bool
keys_is_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte <= 0x20 || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

/* ---- User keys -------------------------------------------------------------- */

/* A user's key that looks like a digest must become one itself, or else it could be
   made to collide with the long key of that digest. So must what looks like a key that
   the far tier keeps for itself: "~g:", the generation of a tag, and "~l:", a lease. */
static bool
is_ours(const char *text, size_t len)
{
    if (len < 4 || text[0] != '~') {
        return false;
    }
    return (len == KEY_DIGEST_TEXT &&
            memcmp(text, digest_mark, sizeof digest_mark) == 0) ||
           memcmp(text, "~g:", 3) == 0 || memcmp(text, "~l:", 3) == 0;
}

static int
check_length(const struct keyctx *ctx, size_t len)
{
    if (len == 0) {
        PyErr_SetString(ctx->state->errors.key_value,
                        "an empty key: keys have 1 to 65536 bytes; give it a name");
        return -1;
    }
    if (len > KEY_USER_MAX) {
        PyErr_Format(ctx->state->errors.key_too_long,
                     "a key of %zu bytes: keys have 1 to %d bytes; use a digest of it",
                     len, KEY_USER_MAX);
        return -1;
    }
    return 0;
}

int
key_from_text(const struct keyctx *ctx, const char *text, size_t len,
              struct key_buf *out)
{
    if (len - 1 >= KEY_USER_MAX) {
        return check_length(ctx, len);
    }
    bool is_digested = ctx->prefix_len + len > ctx->max || is_ours(text, len) ||
                       (ctx->is_text && !keys_is_text(text, len));
    if (!is_digested && ctx->prefix_len == 0) {
        out->data = text;
        out->len = len;
        return 0;
    }
    memcpy(out->room, ctx->prefix, ctx->prefix_len);
    if (is_digested) {
        keys_digest_text(text, len, out->room + ctx->prefix_len);
        len = KEY_DIGEST_TEXT;
    } else {
        memcpy(out->room + ctx->prefix_len, text, len);
    }
    out->data = out->room;
    out->len = ctx->prefix_len + len;
    return 0;
}

static int
refuse_type(const struct keyctx *ctx, PyObject *key)
{
    PyObject *type = PyType_GetQualName(Py_TYPE(key));
    PyErr_Format(ctx->state->errors.key_type,
                 "a key must be str or bytes, not %V; write str(key), or let "
                 "@cache.cached make the key from arguments",
                 type, "this");
    Py_XDECREF(type);
    return -1;
}

int
key_from_object(const struct keyctx *ctx, PyObject *key, struct key_buf *out)
{
    Py_ssize_t len;
    const char *text;

    if (PyUnicode_Check(key)) {
        text = PyUnicode_AsUTF8AndSize(key, &len);
        if (text == NULL) {
            errors_refuse_surrogates(ctx->state->errors.key_value, "a key");
        }
    } else if (PyBytes_Check(key)) {
        text = PyBytes_AsString(key);
        len = PyBytes_Size(key);
    } else {
        return refuse_type(ctx, key);
    }
    return text == NULL ? -1 : key_from_text(ctx, text, (size_t)len, out);
}

int
keyctx_init(struct keyctx *ctx, struct codec_state *state, PyObject *prefix,
            bool memcached)
{
    Py_ssize_t len = 0;
    const char *text = "";

    if (prefix != NULL && prefix != Py_None) {
        if (!PyUnicode_Check(prefix)) {
            PyErr_Format(PyExc_TypeError, "prefix must be a str, not %R",
                         Py_TYPE(prefix));
            return -1;
        }
        text = PyUnicode_AsUTF8AndSize(prefix, &len);
        if (text == NULL) {
            PyErr_Format(state->errors.config,
                         "the prefix %R has lone surrogates, which are not text",
                         prefix);
            return -1;
        }
    }
    if (len > KEY_PREFIX_MAX) {
        PyErr_Format(state->errors.config, "a prefix of %zd bytes; the limit is %d",
                     len, KEY_PREFIX_MAX);
        return -1;
    }
    if (memcached && !keys_is_text(text, (size_t)len)) {
        PyErr_Format(state->errors.config,
                     "the prefix %R has blanks or control characters, which memcached "
                     "does not take",
                     prefix);
        return -1;
    }
    ctx->state = state;
    ctx->max = memcached ? KEY_MEMCACHED_MAX : KEY_ENGINE_MAX;
    ctx->is_text = memcached;
    ctx->prefix_len = (size_t)len;
    memcpy(ctx->prefix, text, (size_t)len);
    return 0;
}
