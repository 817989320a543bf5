/*
 * MessagePack -> Python object, on bytes that an enemy may have written.
 *
 * What keeps him from doing harm:
 *
 *   reading     every take_* compares with `end` first, by subtraction of what is left,
 *               which cannot overflow
 *   the stack   `depth` is bounded
 *   memory      a container of n members is made only if n more bytes are there for
 *               them, *beside* those that the containers around it still wait for
 *               (`pending`): without that, 128 nested arrays could each claim the whole
 *               rest, and get 128 times 8 bytes for every byte of input
 *   code        only registered decoders run, on values already checked
 *
 * A byte string may still be slow to decode in one way: keys or members whose Python
 * hashes collide on purpose (ints of more than 64 bits, tuples, UUIDs) make a dict or
 * set quadratic, as they do in any Python program that reads them from a file.
 */
#include "codec_compat.h"
#include "codec_internal.h"
#include "codec_memo.h"

struct reader {
    struct codec_state *state;
    const uint8_t *start;
    const uint8_t *pos;
    const uint8_t *end;  /* of the innermost extension type */
    const uint8_t *last; /* of everything */
    uint64_t pending;    /* members announced and not yet read */
    int depth;
    struct codec_memo memo;
};

static PyObject *
read_value(struct reader *r);

/* ---- Refusals and cursor ---------------------------------------------------- */

/* Always NULL. Offsets count from the MessagePack object's first byte. */
static PyObject *
damaged(const struct reader *r, const char *what)
{
    codec_fail(r->state, "damaged value: %s at byte %zd", what,
               (Py_ssize_t)(r->pos - r->start));
    return NULL;
}

static PyObject *
damaged_from_pending(const struct reader *r, const char *what)
{
    codec_fail_from(r->state, "damaged value: %s at byte %zd", what,
                    (Py_ssize_t)(r->pos - r->start));
    return NULL;
}

static bool
has(const struct reader *r, uint64_t len)
{
    return len <= (uint64_t)(r->end - r->pos);
}

/* A big-endian number of `width` bytes. */
static bool
take_be(struct reader *r, unsigned width, uint64_t *value)
{
    if (!has(r, width)) {
        damaged(r, "it ends within a number");
        return false;
    }
    *value = load_be(r->pos, width);
    r->pos += width;
    return true;
}

static const uint8_t *
take(struct reader *r, uint64_t len)
{
    if (!has(r, len)) {
        damaged(r, "it ends before what it announces");
        return NULL;
    }
    const uint8_t *at = r->pos;
    r->pos += len;
    return at;
}

/* ---- Scalars ---------------------------------------------------------------- */

static PyObject *
read_str(struct reader *r, uint64_t len)
{
    const uint8_t *at = take(r, len);
    if (at == NULL) {
        return NULL;
    }
    PyObject *text = PyUnicode_DecodeUTF8((const char *)at, (Py_ssize_t)len, NULL);
    return text != NULL ? text : damaged_from_pending(r, "a str is not UTF-8");
}

static PyObject *
read_bytes(struct reader *r, uint64_t len)
{
    const uint8_t *at = take(r, len);
    return at == NULL ? NULL
                      : PyBytes_FromStringAndSize((const char *)at, (Py_ssize_t)len);
}

static PyObject *
read_float(struct reader *r)
{
    uint64_t word;
    double number;
    if (!take_be(r, 8, &word)) {
        return NULL;
    }
    memcpy(&number, &word, 8);
    return PyFloat_FromDouble(number);
}

static PyObject *
read_float32(struct reader *r)
{
    uint64_t word;
    float number;
    if (!take_be(r, 4, &word)) {
        return NULL;
    }
    uint32_t half = (uint32_t)word;
    memcpy(&number, &half, 4);
    return PyFloat_FromDouble((double)number);
}

static PyObject *
read_unsigned(struct reader *r, unsigned width)
{
    uint64_t word;
    return take_be(r, width, &word) ? PyLong_FromUnsignedLongLong(word) : NULL;
}

static PyObject *
read_signed(struct reader *r, unsigned width)
{
    uint64_t word;
    if (!take_be(r, width, &word)) {
        return NULL;
    }
    uint64_t sign = (uint64_t)1 << (8 * width - 1);
    return PyLong_FromLongLong((long long)((word ^ sign) - sign));
}

/* ---- Containers ------------------------------------------------------------- */

/* Announces n members. */
static bool
expect(struct reader *r, uint64_t n)
{
    if (!has(r, n) || n + r->pending > (uint64_t)(r->last - r->pos)) {
        damaged(r, "a container announces more members than bytes are left");
        return false;
    }
    if (r->depth >= CODEC_DEPTH_MAX) {
        damaged(r, "nested deeper than 128 levels");
        return false;
    }
    r->depth++;
    r->pending += n;
    return true;
}

static PyObject *
read_member(struct reader *r)
{
    r->pending--;
    return read_value(r);
}

static PyObject *
read_list(struct reader *r, uint64_t n)
{
    if (!expect(r, n)) {
        return NULL;
    }
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (Py_ssize_t i = 0; list != NULL && i < (Py_ssize_t)n; i++) {
        PyObject *member = read_member(r);
        if (member == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SetItem(list, i, member);
        }
    }
    r->depth--;
    return list;
}

static PyObject *
read_tuple(struct reader *r, uint64_t n)
{
    if (!expect(r, n)) {
        return NULL;
    }
    PyObject *tuple = PyTuple_New((Py_ssize_t)n);
    for (Py_ssize_t i = 0; tuple != NULL && i < (Py_ssize_t)n; i++) {
        PyObject *member = read_member(r);
        if (member == NULL) {
            Py_CLEAR(tuple);
        } else {
            PyTuple_SetItem(tuple, i, member);
        }
    }
    r->depth--;
    return tuple;
}

/* A key of a dict. Short text within another container is likely to come again. */
static PyObject *
read_key(struct reader *r)
{
    size_t len = has(r, 1) ? (size_t)(*r->pos ^ 0xa0) : 0;
    if (len == 0 || len > 31 || r->depth < 2 || !has(r, len + 1)) {
        return read_member(r);
    }
    PyObject *text = codec_memo_text(&r->memo, r->pos + 1, len);
    r->pending--;
    r->pos += len + 1;
    return text != NULL ? text : damaged_from_pending(r, "a str is not UTF-8");
}

static int
read_pair(struct reader *r, PyObject *dict)
{
    PyObject *key = read_key(r);
    PyObject *value = key == NULL ? NULL : read_member(r);
    int rc = -1;

    if (value != NULL) {
        rc = PyDict_SetItem(dict, key, value);
        if (rc < 0) {
            damaged_from_pending(r, "a key of a dict is not hashable");
        }
    }
    Py_XDECREF(key);
    Py_XDECREF(value);
    return rc;
}

static PyObject *
read_dict(struct reader *r, uint64_t n)
{
    if (!expect(r, 2 * n)) {
        return NULL;
    }
    PyObject *dict = PyDict_New();
    for (uint64_t i = 0; dict != NULL && i < n; i++) {
        if (read_pair(r, dict) < 0) {
            Py_CLEAR(dict);
        }
    }
    r->depth--;
    if (dict != NULL && (uint64_t)PyDict_Size(dict) != n) {
        Py_DECREF(dict);
        return damaged(r, "a dict has a key twice");
    }
    return dict;
}

/* ---- Extension types -------------------------------------------------------- */

/* The number of members of an array that must come next. */
static bool
take_array(struct reader *r, uint64_t *n)
{
    const uint8_t *head = take(r, 1);
    if (head == NULL) {
        return false;
    }
    if (*head >= 0x90 && *head <= 0x9f) {
        *n = *head & 0x0f;
        return true;
    }
    if (*head == 0xdc || *head == 0xdd) {
        return take_be(r, *head == 0xdc ? 2 : 4, n);
    }
    damaged(r, "an array was expected");
    return false;
}

static PyObject *
read_ext_tuple(struct reader *r)
{
    uint64_t n;
    return take_array(r, &n) ? read_tuple(r, n) : NULL;
}

static PyObject *
read_ext_set(struct reader *r, PyObject *(*make)(PyObject *))
{
    PyObject *members = read_ext_tuple(r);
    if (members == NULL) {
        return NULL;
    }
    PyObject *set = make(members);
    Py_ssize_t n = PyTuple_Size(members);
    Py_DECREF(members);
    if (set == NULL) {
        return damaged_from_pending(r, "a member of a set is not hashable");
    }
    if (PySet_Size(set) != n) {
        Py_DECREF(set);
        return damaged(r, "a set has a member twice");
    }
    return set;
}

/* The object that a registered decoder makes of `basic`. */
static PyObject *
rebuild(struct reader *r, PyObject *name, PyObject *basic)
{
    PyObject *entry = codec_dict_get(r->state->by_name, name);
    if (entry == NULL) {
        if (!PyErr_Occurred()) {
            codec_fail(r->state,
                       "the value holds a %R, which is not registered in this process; "
                       "call pinyon.register for it before reading",
                       name);
        }
        return NULL;
    }
    PyObject *cls = PyTuple_GetItem(entry, 0);
    PyObject *value = codec_call(PyTuple_GetItem(entry, 1), basic, NULL);
    if (value == NULL) {
        codec_fail_from(r->state,
                        "the registered decoder of %R failed; if the class has changed "
                        "since, give the function another version=, or delete or "
                        "clear() what is stored",
                        name);
    } else if ((PyObject *)Py_TYPE(value) != cls) {
        codec_fail(r->state, "the registered decoder of %R returned a %R, not a %R",
                   name, Py_TYPE(value), cls);
        Py_CLEAR(value);
    }
    Py_DECREF(entry);
    return value;
}

static PyObject *
read_ext_registered(struct reader *r)
{
    if (!expect(r, 2)) {
        return NULL;
    }
    PyObject *name = read_member(r);
    PyObject *basic = name == NULL ? NULL : read_member(r);
    PyObject *value = NULL;

    r->depth--;
    if (basic != NULL && !PyUnicode_CheckExact(name)) {
        damaged(r, "the name of a type is not a str");
    } else if (basic != NULL) {
        value = rebuild(r, name, basic);
    }
    Py_XDECREF(name);
    Py_XDECREF(basic);
    return value;
}

static PyObject *
read_ext_standard(struct reader *r, unsigned type)
{
    PyObject *value = codec_std_make(r->state, type, r->pos, (size_t)(r->end - r->pos));
    if (value == NULL && !PyErr_Occurred()) {
        codec_fail(
            r->state,
            "extension type %u is unknown to this version of Pinyon: a newer one "
            "or another program wrote the value",
            type);
    } else if (value == NULL) {
        damaged_from_pending(r, "the body of an extension type is wrong");
    }
    r->pos = r->end;
    return value;
}

static PyObject *
read_ext_body(struct reader *r, unsigned type)
{
    switch (type) {
    case EXT_TUPLE:
        return read_ext_tuple(r);
    case EXT_SET:
        return read_ext_set(r, PySet_New);
    case EXT_FROZENSET:
        return read_ext_set(r, PyFrozenSet_New);
    case EXT_REGISTERED:
        return read_ext_registered(r);
    default:
        return read_ext_standard(r, type);
    }
}

/* The body must be used up exactly. */
static PyObject *
read_ext(struct reader *r, uint64_t len)
{
    const uint8_t *type = take(r, 1);
    if (type == NULL) {
        return NULL;
    }
    if (!has(r, len)) {
        return damaged(r, "it ends before what it announces");
    }
    const uint8_t *outer_end = r->end;
    r->end = r->pos + len;
    PyObject *value = read_ext_body(r, *type);
    if (value != NULL && r->pos != r->end) {
        Py_DECREF(value);
        value = damaged(r, "an extension type is longer than its content");
    }
    r->end = outer_end;
    return value;
}

/* ---- Dispatch --------------------------------------------------------------- */

/* str, bin, ext, array and map whose length stands in `width` bytes. */
static PyObject *
read_sized(struct reader *r, unsigned width,
           PyObject *(*read_rest)(struct reader *, uint64_t))
{
    uint64_t len;
    return take_be(r, width, &len) ? read_rest(r, len) : NULL;
}

/* First bytes 0xc0 to 0xdf, MessagePack's table. */
static PyObject *
read_headed(struct reader *r, uint8_t head)
{
    switch (head) {
    case 0xc0:
        return Py_NewRef(Py_None);
    case 0xc2:
    case 0xc3:
        return PyBool_FromLong(head & 1);
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return read_sized(r, 1u << (head - 0xc4), read_bytes);
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return read_sized(r, 1u << (head - 0xc7), read_ext);
    case 0xca:
        return read_float32(r);
    case 0xcb:
        return read_float(r);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return read_unsigned(r, 1u << (head - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return read_signed(r, 1u << (head - 0xd0));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
        return read_ext(r, 1u << (head - 0xd4));
    case 0xd9:
    case 0xda:
    case 0xdb:
        return read_sized(r, 1u << (head - 0xd9), read_str);
    case 0xdc:
    case 0xdd:
        return read_sized(r, 2u << (head - 0xdc), read_list);
    case 0xde:
    case 0xdf:
        return read_sized(r, 2u << (head - 0xde), read_dict);
    default:
        return damaged(r, "0xc1 is no MessagePack");
    }
}

static PyObject *
read_value(struct reader *r)
{
    const uint8_t *at = take(r, 1);
    if (at == NULL) {
        return NULL;
    }
    uint8_t head = *at;
    if (head < 0x80) {
        return PyLong_FromLong(head);
    }
    if (head >= 0xe0) {
        return PyLong_FromLong((long)head - 256);
    }
    if (head >= 0xc0) {
        return read_headed(r, head);
    }
    if (head >= 0xa0) {
        return read_str(r, head & 0x1f);
    }
    return head >= 0x90 ? read_list(r, head & 0x0f) : read_dict(r, head & 0x0f);
}

PyObject *
codec_unpack(struct codec *codec, const uint8_t *buf, size_t len)
{
    struct reader r;
    r.state = codec->state;
    r.start = r.pos = buf;
    r.end = r.last = buf + len;
    r.pending = 0;
    r.depth = 0;
    r.memo.is_ready = false;
    PyObject *value = read_value(&r);
    codec_memo_release(&r.memo);
    if (value != NULL && r.pos != r.end) {
        Py_DECREF(value);
        value = damaged(&r, "it goes on after its end");
    }
    return value;
}
