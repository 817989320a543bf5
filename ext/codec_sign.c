/*
 * Signed pickle: TAG_PICKLE, a MAC of 32 bytes, the pickle.
 *
 * Whoever can write to the cache could otherwise run code in every reader, so the MAC
 * is verified before pickle sees a byte. It is BLAKE2b in its keyed mode, which is a
 * MAC by design (no HMAC around it needed). The key is derived from the secret under a
 * label, so that the same secret used for anything else yields unrelated keys, and a
 * secret of any length becomes 32 bytes.
 *
 * What the MAC does not say: under which cache key the value was stored. Someone with
 * write access can put one signed value in another's place, as he can with plain
 * values.
 */
#include "codec_compat.h"
#include "codec_internal.h"

#include <blake2.h>

#define MAC_SIZE 32
#define PICKLE_PROTOCOL 5

static const char key_label[] = "pinyon pickle v1";

/* The optimizer may drop a plain memset of memory that nobody reads again. */
static void
wipe(void *at, size_t len)
{
    volatile uint8_t *byte = at;
    while (len-- > 0) {
        *byte++ = 0;
    }
}

static int
add_key(struct codec *codec, PyObject *secret)
{
    const char *raw = NULL;
    Py_ssize_t len = 0;

    if (PyUnicode_Check(secret)) {
        raw = PyUnicode_AsUTF8AndSize(secret, &len);
    } else if (PyBytes_Check(secret)) {
        raw = PyBytes_AsString(secret);
        len = PyBytes_Size(secret);
    } else { /* without its repr: secrets stay out of messages */
        PyObject *type = PyType_GetQualName(Py_TYPE(secret));
        PyErr_Format(codec->state->errors.argument,
                     "secret= is bytes, str, or a list of them, not %V: give e.g. "
                     "those of secrets.token_bytes(32)",
                     type, "this");
        Py_XDECREF(type);
    }
    if (raw == NULL) {
        return -1;
    }
    if (len < CODEC_SECRET_MIN) {
        PyErr_Format(
            codec->state->errors.config,
            "secret is %zd bytes long; codec=\"pickle\" needs at least %d, e.g. "
            "those of secrets.token_bytes(32)",
            len, CODEC_SECRET_MIN);
        return -1;
    }
    if (codec->secrets == CODEC_SECRETS_MAX) {
        PyErr_Format(codec->state->errors.config, "more than %d secrets",
                     CODEC_SECRETS_MAX);
        return -1;
    }
    /* The label goes in as the key, which takes 64 bytes; a secret may have more. */
    blake2b(codec->keys[codec->secrets++], raw, key_label, CODEC_KEY_SIZE, (size_t)len,
            sizeof key_label - 1);
    return 0;
}

static int
add_keys(struct codec *codec, PyObject *secret)
{
    if (secret == NULL || secret == Py_None) {
        PyErr_SetString(
            codec->state->errors.config,
            "codec=\"pickle\" needs secret=: whoever can write to the cache "
            "could otherwise run code in every process that reads it");
        return -1;
    }
    if (!PyList_Check(secret) && !PyTuple_Check(secret)) {
        return add_key(codec, secret);
    }
    Py_ssize_t n = PySequence_Size(secret);
    if (n == 0) {
        PyErr_SetString(codec->state->errors.config, "secret is an empty list");
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *one = PySequence_GetItem(secret, i);
        int rc = one == NULL ? -1 : add_key(codec, one);
        Py_XDECREF(one);
        if (rc < 0) {
            return -1;
        }
    }
    return 0;
}

int
codec_sign_init(struct codec *codec, PyObject *secret)
{
    if (add_keys(codec, secret) < 0) {
        return -1;
    }
    PyObject *pickle = PyImport_ImportModule("pickle");
    if (pickle == NULL) {
        return -1;
    }
    codec->dumps = PyObject_GetAttrString(pickle, "dumps");
    codec->loads = PyObject_GetAttrString(pickle, "loads");
    Py_DECREF(pickle);
    return codec->dumps == NULL || codec->loads == NULL ? -1 : 0;
}

void
codec_sign_release(struct codec *codec)
{
    Py_CLEAR(codec->dumps);
    Py_CLEAR(codec->loads);
    wipe(codec->keys, sizeof codec->keys);
    codec->secrets = 0;
}

static void
mac_of(const uint8_t *key, const char *body, size_t len, uint8_t *mac)
{
    blake2b(mac, body, key, MAC_SIZE, len, CODEC_KEY_SIZE);
}

int
codec_sign_encode(struct codec *codec, PyObject *value, struct codec_buf *out)
{
    uint8_t head[1 + MAC_SIZE] = {TAG_PICKLE};
    int rc = -1;
    PyObject *pickle = PyObject_CallFunction(codec->dumps, "Oi", value,
                                             PICKLE_PROTOCOL);

    if (pickle == NULL) {
        codec_fail_from(codec->state, "value of type %R cannot be pickled",
                        Py_TYPE(value));
        return -1;
    }
    const char *body = PyBytes_AsString(pickle);
    size_t len = body == NULL ? 0 : (size_t)PyBytes_Size(pickle);
    if (len > CODEC_VALUE_MAX) {
        PyErr_Format(codec->state->errors.value_too_large,
                     "the pickle has %zu bytes; the limit is %zu MiB", len,
                     CODEC_VALUE_MAX >> 20);
    } else if (body != NULL) {
        mac_of(codec->keys[0], body, len, head + 1);
        rc = codec_buf_put(out, head, sizeof head) < 0 ||
                     codec_buf_put(out, body, len) < 0
                 ? -1
                 : 0;
    }
    Py_DECREF(pickle);
    return rc;
}

/* In a time that does not depend on where they differ. */
static bool
is_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= (uint8_t)(a[i] ^ b[i]);
    }
    return difference == 0;
}

static bool
is_signed(const struct codec *codec, const char *mac, const char *body, size_t len)
{
    for (unsigned i = 0; i < codec->secrets; i++) {
        uint8_t expected[MAC_SIZE];
        mac_of(codec->keys[i], body, len, expected);
        if (is_equal(expected, (const uint8_t *)mac, MAC_SIZE)) {
            return true;
        }
    }
    return false;
}

PyObject *
codec_sign_decode(struct codec *codec, const char *buf, size_t len)
{
    const size_t head = 1 + MAC_SIZE;
    if (len < head || !is_signed(codec, buf + 1, buf + head, len - head)) {
        PyErr_SetString(codec->state->errors.unsigned_,
                        "the pickle was not signed with a secret of this cache; it has "
                        "not been loaded");
        return NULL;
    }
    PyObject *body = PyBytes_FromStringAndSize(buf + head, (Py_ssize_t)(len - head));
    PyObject *value = body == NULL ? NULL : codec_call(codec->loads, body, NULL);
    Py_XDECREF(body);
    if (value == NULL) {
        codec_fail_from(codec->state, "the pickle, signed by a secret of this cache, "
                                      "could not be loaded");
    }
    return value;
}
