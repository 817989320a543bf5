/*
 * The envelope of a value: item bits, metadata, one-byte tags.
 *
 * Scalars are nearly all that a hot path sees, so they are told apart here by their
 * exact type and never reach the MessagePack walk.
 */
#include "codec.h"

#include "codec_internal.h"

#define BITS_KNOWN (CODEC_BIT_INT | CODEC_BIT_ZSTD | CODEC_BIT_META | CODEC_BIT_RAW)
#define ZSTD_LEVEL_MIN (-7)
#define ZSTD_LEVEL_MAX 19
#define META_TIME_MAX (((uint64_t)1 << 48) - 1)

/* The layout of INT is the store's: little-endian, whatever the machine is. */
static void
store_le(char *to, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        to[i] = (char)(uint8_t)(value >> (8 * i));
    }
}

static uint64_t
load_le(const char *from, unsigned width)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint64_t)(uint8_t)from[i] << (8 * i);
    }
    return value;
}

/* ---- Life ------------------------------------------------------------------- */

static int
choose_kind(struct codec *codec, PyObject *name)
{
    if (name == NULL || name == Py_None) {
        return 0;
    }
    if (PyUnicode_Check(name)) {
        if (PyUnicode_CompareWithASCIIString(name, "msgpack") == 0) {
            return 0;
        }
        if (PyUnicode_CompareWithASCIIString(name, "pickle") == 0) {
            codec->kind = CODEC_PICKLE;
            return 0;
        }
    }
    PyErr_Format(codec->state->errors.config,
                 "codec must be \"msgpack\" or \"pickle\", not %R", name);
    return -1;
}

static int
configure(struct codec *codec, const struct codec_opts *opts)
{
    if (choose_kind(codec, opts->name) < 0) {
        return -1;
    }
    if (opts->zstd_level < ZSTD_LEVEL_MIN || opts->zstd_level > ZSTD_LEVEL_MAX) {
        PyErr_Format(codec->state->errors.config,
                     "compress_level must be %d to %d, not %d", ZSTD_LEVEL_MIN,
                     ZSTD_LEVEL_MAX, opts->zstd_level);
        return -1;
    }
    if (codec->kind == CODEC_PICKLE) {
        return codec_sign_init(codec, opts->secret);
    }
    if (opts->secret != NULL && opts->secret != Py_None) {
        PyErr_SetString(codec->state->errors.config,
                        "secret= signs pickles: give codec=\"pickle\" with it");
        return -1;
    }
    return 0;
}

int
codec_init(struct codec *codec, struct codec_state *state,
           const struct codec_opts *opts)
{
    memset(codec, 0, sizeof *codec);
    codec->state = state;
    codec->zstd_min = opts->zstd_min < 0 ? SIZE_MAX : (size_t)opts->zstd_min;
    codec->zstd_level = opts->zstd_level;
    if (configure(codec, opts) < 0) {
        codec_release(codec);
        return -1;
    }
    return 0;
}

void
codec_release(struct codec *codec)
{
    codec_zstd_release(codec);
    codec_sign_release(codec);
}

int
codec_traverse(struct codec *codec, visitproc visit, void *arg)
{
    Py_VISIT(codec->dumps);
    Py_VISIT(codec->loads);
    return 0;
}

/* ---- Writing ---------------------------------------------------------------- */

static int
put_tagged_le(struct codec_buf *out, enum codec_tag tag, uint64_t word)
{
    char raw[9] = {(char)tag};
    store_le(raw + 1, word, 8);
    return codec_buf_put(out, raw, sizeof raw);
}

/* Whatever is not a scalar. */
static int
encode_structure(struct codec *codec, PyObject *value, struct codec_buf *out)
{
    if (codec->kind == CODEC_PICKLE) {
        return codec_sign_encode(codec, value, out);
    }
    return codec_buf_put_u8(out, TAG_MSGPACK) < 0 ? -1 : codec_pack(codec, value, out);
}

static int
encode_int(struct codec *codec, PyObject *value, struct codec_buf *out, uint8_t *bits)
{
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0) {
        return encode_structure(codec, value, out);
    }
    if (*bits != 0) {
        return put_tagged_le(out, TAG_INT, (uint64_t)number);
    }
    char raw[8];
    store_le(raw, (uint64_t)number, 8);
    *bits |= CODEC_BIT_INT;
    return codec_buf_put(out, raw, sizeof raw);
}

static int
check_size(struct codec *codec, size_t len)
{
    if (len <= CODEC_VALUE_MAX) {
        return 0;
    }
    PyErr_Format(codec->state->errors.value_too_large,
                 "a value of %zu bytes; the limit is %zu MiB", len,
                 CODEC_VALUE_MAX >> 20);
    return -1;
}

static int
encode_bytes(struct codec *codec, PyObject *value, struct codec_buf *out, uint8_t *bits)
{
    size_t len = (size_t)PyBytes_Size(value);
    if (check_size(codec, len) < 0) {
        return -1;
    }
    *bits |= CODEC_BIT_RAW;
    if (out->len > 0) {
        return codec_buf_put(out, PyBytes_AsString(value), len);
    }
    codec_buf_lend(out, value);
    return 0;
}

static int
encode_str(struct codec *codec, PyObject *value, struct codec_buf *out)
{
    Py_ssize_t len;
    const char *utf8 = PyUnicode_AsUTF8AndSize(value, &len);
    if (utf8 == NULL) {
        codec_fail_from(codec->state, "value: a str with lone surrogates is not text; "
                                      "store its bytes instead");
        return -1;
    }
    if (check_size(codec, (size_t)len) < 0 ||
        codec_buf_reserve(out, (size_t)len + 1) < 0 ||
        codec_buf_put_u8(out, TAG_STR) < 0) {
        return -1;
    }
    return codec_buf_put(out, utf8, (size_t)len);
}

static int
encode_float(PyObject *value, struct codec_buf *out)
{
    double number = PyFloat_AsDouble(value);
    uint64_t word;
    memcpy(&word, &number, 8);
    return put_tagged_le(out, TAG_FLOAT, word);
}

static int
encode_plain(struct codec *codec, PyObject *value, struct codec_buf *out, uint8_t *bits)
{
    PyTypeObject *type = Py_TYPE(value);

    if (type == &PyBytes_Type) {
        return encode_bytes(codec, value, out, bits);
    }
    if (type == &PyUnicode_Type) {
        return encode_str(codec, value, out);
    }
    if (type == &PyLong_Type) {
        return encode_int(codec, value, out, bits);
    }
    if (value == Py_None) {
        return codec_buf_put_u8(out, TAG_NONE);
    }
    if (type == &PyFloat_Type) {
        return encode_float(value, out);
    }
    if (type == &PyBool_Type) {
        return codec_buf_put_u8(out, value == Py_True ? TAG_TRUE : TAG_FALSE);
    }
    return encode_structure(codec, value, out);
}

int
codec_encode(struct codec *codec, PyObject *value, struct codec_buf *out,
             uint8_t *item_bits)
{
    uint8_t bits = *item_bits;
    size_t head = out->len;

    if (encode_plain(codec, value, out, &bits) < 0) {
        return -1;
    }
    if (out->len - head >= codec->zstd_min && !(bits & CODEC_BIT_INT)) {
        int rc = codec_deflate(codec, out, head);
        if (rc < 0) {
            return -1;
        }
        if (rc > 0) {
            bits |= CODEC_BIT_ZSTD;
        }
    }
    *item_bits = bits;
    return 0;
}

/* ---- Reading ---------------------------------------------------------------- */

static PyObject *
damaged(struct codec *codec, const char *what)
{
    codec_fail(codec->state, "damaged value: %s", what);
    return NULL;
}

static PyObject *
decode_float(const char *body)
{
    uint64_t word = load_le(body, 8);
    double number;
    memcpy(&number, &word, 8);
    return PyFloat_FromDouble(number);
}

static PyObject *
decode_str(struct codec *codec, const char *body, size_t len)
{
    PyObject *text = PyUnicode_DecodeUTF8(body, (Py_ssize_t)len, NULL);
    if (text == NULL) {
        codec_fail_from(codec->state, "damaged value: a str is not UTF-8");
    }
    return text;
}

/* The format is chosen by the reader's settings, never by the bytes: a cache that signs
   does not take unsigned structures, and one that does not never unpickles. */
static PyObject *
decode_structure(struct codec *codec, const char *buf, size_t len)
{
    if (buf[0] == TAG_PICKLE && codec->kind == CODEC_PICKLE) {
        return codec_sign_decode(codec, buf, len);
    }
    if (buf[0] == TAG_MSGPACK && codec->kind == CODEC_MSGPACK) {
        return codec_unpack(codec, (const uint8_t *)buf + 1, len - 1);
    }
    if (buf[0] == TAG_PICKLE) {
        PyErr_SetString(codec->state->errors.type_not_allowed,
                        "the value was written with codec=\"pickle\"; to read it open "
                        "the cache with codec=\"pickle\" and its secret=");
    } else if (buf[0] == TAG_MSGPACK) {
        PyErr_SetString(
            codec->state->errors.unsigned_,
            "the value was written without a signature (codec=\"msgpack\"); "
            "this cache reads only what its secret signed");
    } else {
        codec_fail(codec->state,
                   "the value has format 0x%02x, which this version of Pinyon does not "
                   "know: a newer one or another program wrote it",
                   (unsigned)(uint8_t)buf[0]);
    }
    return NULL;
}

static PyObject *
decode_tagged(struct codec *codec, const char *buf, size_t len)
{
    if (len == 0) {
        return damaged(codec, "it is empty");
    }
    switch (buf[0]) {
    case TAG_STR:
        return decode_str(codec, buf + 1, len - 1);
    case TAG_BYTES:
        return PyBytes_FromStringAndSize(buf + 1, (Py_ssize_t)len - 1);
    case TAG_NONE:
        return len == 1 ? Py_NewRef(Py_None) : damaged(codec, "wrong length");
    case TAG_FALSE:
    case TAG_TRUE:
        return len == 1 ? PyBool_FromLong(buf[0] == TAG_TRUE)
                        : damaged(codec, "wrong length");
    case TAG_INT:
        return len == 9 ? PyLong_FromLongLong((long long)load_le(buf + 1, 8))
                        : damaged(codec, "wrong length");
    case TAG_FLOAT:
        return len == 9 ? decode_float(buf + 1) : damaged(codec, "wrong length");
    default:
        return decode_structure(codec, buf, len);
    }
}

static PyObject *
decode_zstd(struct codec *codec, const char *frame, size_t len, bool is_raw)
{
    Py_ssize_t size = codec_frame_size(codec, frame, len);
    if (size < 0) {
        return NULL;
    }
    PyObject *plain = PyBytes_FromStringAndSize(NULL, size);
    if (plain == NULL) {
        return NULL;
    }
    char *to = PyBytes_AsString(plain);
    if (codec_inflate(codec, frame, len, to, (size_t)size) < 0) {
        Py_DECREF(plain);
        return NULL;
    }
    if (is_raw) {
        return plain;
    }
    PyObject *value = decode_tagged(codec, to, (size_t)size);
    Py_DECREF(plain);
    return value;
}

/* Items with more than the INT or RAW bit alone. */
static PyObject *
decode_flagged(struct codec *codec, const char *buf, size_t len, uint8_t bits)
{
    if ((bits & ~BITS_KNOWN) || (bits & CODEC_BIT_INT)) {
        return damaged(codec, "its item bits contradict each other");
    }
    if (bits & CODEC_BIT_META) {
        if (len < CODEC_META_SIZE) {
            return damaged(codec, "it ends within its metadata");
        }
        buf += CODEC_META_SIZE;
        len -= CODEC_META_SIZE;
    }
    if (bits & CODEC_BIT_ZSTD) {
        return decode_zstd(codec, buf, len, bits & CODEC_BIT_RAW);
    }
    return bits & CODEC_BIT_RAW ? PyBytes_FromStringAndSize(buf, (Py_ssize_t)len)
                                : decode_tagged(codec, buf, len);
}

PyObject *
codec_decode(struct codec *codec, const char *buf, size_t len, uint8_t item_bits)
{
    switch (item_bits) {
    case 0:
        return decode_tagged(codec, buf, len);
    case CODEC_BIT_RAW:
        return PyBytes_FromStringAndSize(buf, (Py_ssize_t)len);
    case CODEC_BIT_INT:
        return len == 8 ? PyLong_FromLongLong((long long)load_le(buf, 8))
                        : damaged(codec, "an int is not 8 bytes long");
    default:
        return decode_flagged(codec, buf, len, item_bits);
    }
}

/* ---- Metadata --------------------------------------------------------------- */

void
codec_meta_put(struct codec_buf *out, const struct codec_meta *meta, uint8_t *item_bits)
{
    uint64_t time = meta->soft_expiry_ms;
    store_le(out->room, time < META_TIME_MAX ? time : META_TIME_MAX, 6);
    store_le(out->room + 6, meta->load_us, 4);
    out->len = CODEC_META_SIZE;
    *item_bits |= CODEC_BIT_META;
}

bool
codec_meta_get(const char *buf, size_t len, uint8_t item_bits, struct codec_meta *meta)
{
    if (!(item_bits & CODEC_BIT_META) || len < CODEC_META_SIZE) {
        return false;
    }
    meta->soft_expiry_ms = load_le(buf, 6);
    meta->load_us = (uint32_t)load_le(buf + 6, 4);
    return true;
}
