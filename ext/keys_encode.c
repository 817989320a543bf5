/*
 * The canonical encoding of one value: equal values of equal type give equal bytes in
 * every process and run, and different ones different bytes.
 *
 * It is injective by construction: every value starts with a tag, and whatever has no
 * fixed length carries it. Members of sets and dicts are sorted by their encoded bytes,
 * since neither their order nor a comparison of the members themselves is any use.
 *
 * What meets and what differs follows what a function can tell apart:
 *   - 1, 1.0, True, "1" and b"1" differ; so do (1, 2) and [1, 2]
 *   - 0.0 and -0.0 differ, although they are equal: 1/x and copysign see it, and a
 *     needless miss costs less than a wrong answer
 *   - all NaNs meet, or f(nan) would never hit
 *   - dicts meet whatever the order of insertion, which is no part of their equality
 *   - aware datetimes differ by zone even when they name the same instant
 */
#include "codec_compat.h"
#include "codec_internal.h"
#include "keys_internal.h"

#include <stdlib.h>

/* ---- Pieces ----------------------------------------------------------------- */

int
keys_refuse(struct key_walk *walk, PyObject *value, const char *why)
{
    PyObject *cls = PyType_Check(value) ? value : (PyObject *)Py_TYPE(value);
    walk->offender = Py_NewRef(cls);
    walk->why = why;
    return -1;
}

/* A tag and a length in base 128, least significant group first. */
int
keys_put_length(struct codec_buf *out, unsigned tag, size_t len)
{
    uint8_t raw[11];
    size_t n = 0;
    raw[n++] = (uint8_t)tag;
    for (; len >= 0x80; len >>= 7) {
        raw[n++] = (uint8_t)(len | 0x80);
    }
    raw[n++] = (uint8_t)len;
    return codec_buf_put(out, raw, n);
}

static int
put_chunk(struct codec_buf *out, unsigned tag, unsigned tag_short, const char *bytes,
          size_t len)
{
    int rc = len < 64 ? codec_buf_put_u8(out, tag_short + (unsigned)len)
                      : keys_put_length(out, tag, len);
    return rc < 0 ? -1 : codec_buf_put(out, bytes, len);
}

int
keys_put_str(PyObject *text, struct codec_buf *out)
{
    Py_ssize_t len;
    const char *utf8 = PyUnicode_AsUTF8AndSize(text, &len);
    return utf8 == NULL ? -1
                        : put_chunk(out, KEY_STR, KEY_STR_SHORT, utf8, (size_t)len);
}

/* Lone surrogates, as in names of files that are not UTF-8, have no UTF-8, but a form
   of three bytes that no UTF-8 contains. */
static int
encode_surrogates(PyObject *text, struct codec_buf *out)
{
    PyObject *raw = PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass");
    int rc = -1;
    if (raw != NULL) {
        rc = put_chunk(out, KEY_STR, KEY_STR_SHORT, PyBytes_AsString(raw),
                       (size_t)PyBytes_Size(raw));
        Py_DECREF(raw);
    }
    return rc;
}

static int
encode_str(PyObject *text, struct codec_buf *out)
{
    int rc = keys_put_str(text, out);
    if (rc < 0 && PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        PyErr_Clear();
        return encode_surrogates(text, out);
    }
    return rc;
}

static int
encode_bytes(PyObject *value, struct codec_buf *out)
{
    return put_chunk(out, KEY_BYTES, KEY_BYTES_SHORT, PyBytes_AsString(value),
                     (size_t)PyBytes_Size(value));
}

static int
encode_float(PyObject *value, struct codec_buf *out)
{
    double number = PyFloat_AsDouble(value);
    uint64_t word = 0x7ff8000000000000; /* any NaN */
    uint8_t raw[9] = {KEY_FLOAT};
    if (number == number) {
        memcpy(&word, &number, 8);
    }
    store_be(raw + 1, word, 8);
    return codec_buf_put(out, raw, sizeof raw);
}

/* Body of a standard type, e.g. an int of more than 64 bits or a datetime. 1: none. */
static int
encode_standard(struct key_walk *walk, PyObject *value, struct codec_buf *out)
{
    struct codec_buf body;
    const char *why = NULL;

    codec_buf_init(&body);
    int type = codec_std_body(walk->state, value, &body, &why);
    int rc = 1;
    if (type == -2) {
        rc = keys_refuse(walk, value, why);
    } else if (type < 0) {
        rc = -1;
    } else if (type > 0) {
        rc = keys_put_length(out, KEY_STANDARD + (unsigned)type, body.len) < 0 ||
                     codec_buf_put(out, body.data, body.len) < 0
                 ? -1
                 : 0;
    }
    codec_buf_release(&body);
    return rc;
}

/* Shortest two's complement; zero is the tag alone. */
static int
encode_int(struct key_walk *walk, PyObject *value, struct codec_buf *out)
{
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0) {
        return encode_standard(walk, value, out);
    }
    uint8_t raw[9];
    unsigned width = 0;
    /* How many bytes it takes to hold the magnitude and a sign bit. */
    uint64_t rest = (uint64_t)(number < 0 ? ~number : number);
    if (number != 0) {
        for (width = 1; rest >= 0x80; width++) {
            rest >>= 8;
        }
    }
    raw[0] = (uint8_t)(KEY_INT + width);
    store_be(raw + 1, (uint64_t)number, width);
    return codec_buf_put(out, raw, width + 1);
}

/* ---- Sequences -------------------------------------------------------------- */

static int
encode_tuple(struct key_walk *walk, PyObject *tuple, struct codec_buf *out)
{
    Py_ssize_t n = PyTuple_Size(tuple);
    if (keys_put_length(out, KEY_TUPLE, (size_t)n) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (keys_encode(walk, PyTuple_GetItem(tuple, i), out) < 0) {
            return -1;
        }
    }
    return 0;
}

/* A list may change under a __pinyon_key__ of a member: a snapshot cannot. */
static int
encode_list(struct key_walk *walk, PyObject *list, struct codec_buf *out)
{
    PyObject *members = PyList_AsTuple(list);
    if (members == NULL) {
        return -1;
    }
    size_t mark = out->len;
    int rc = encode_tuple(walk, members, out);
    if (rc == 0) {
        out->room[mark] = KEY_LIST;
    }
    Py_DECREF(members);
    return rc;
}

/* ---- Sets and dicts --------------------------------------------------------- */

struct slice {
    const char *base; /* of the scratch buffer, filled in before sorting */
    size_t at;
    size_t len;
    size_t key_len; /* the part that is compared */
};

static int
compare_slices(const void *left, const void *right)
{
    const struct slice *a = left;
    const struct slice *b = right;
    size_t common = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = memcmp(a->base + a->at, b->base + b->at, common);
    return order != 0 ? order : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

/* Appends the slices of `scratch` in the order of their keys. */
static int
put_sorted(struct slice *slices, Py_ssize_t n, const struct codec_buf *scratch,
           struct codec_buf *out)
{
    for (Py_ssize_t i = 0; i < n; i++) {
        slices[i].base = scratch->data;
    }
    qsort(slices, (size_t)n, sizeof *slices, compare_slices);
    for (Py_ssize_t i = 0; i < n; i++) {
        if (codec_buf_put(out, scratch->data + slices[i].at, slices[i].len) < 0) {
            return -1;
        }
    }
    return 0;
}

/* One member, or a (key, value) pair, into the scratch buffer. */
static int
encode_slice(struct key_walk *walk, PyObject *member, bool is_pair,
             struct codec_buf *scratch, struct slice *slice)
{
    PyObject *key = is_pair ? PyTuple_GetItem(member, 0) : member;
    slice->at = scratch->len;
    if (keys_encode(walk, key, scratch) < 0) {
        return -1;
    }
    slice->key_len = scratch->len - slice->at;
    if (is_pair && keys_encode(walk, PyTuple_GetItem(member, 1), scratch) < 0) {
        return -1;
    }
    slice->len = scratch->len - slice->at;
    return 0;
}

/* `members` is a list of the members of a set, or of the items of a dict. */
int
keys_encode_unordered(struct key_walk *walk, PyObject *members, unsigned tag,
                      struct codec_buf *out)
{
    Py_ssize_t n = PyList_Size(members);
    struct slice *slices = PyMem_Calloc((size_t)n + 1, sizeof *slices);
    struct codec_buf scratch;
    int rc = 0;

    if (slices == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    codec_buf_init(&scratch);
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        rc = encode_slice(walk, PyList_GetItem(members, i), tag == KEY_DICT, &scratch,
                          &slices[i]);
    }
    if (rc == 0) {
        rc = keys_put_length(out, tag, (size_t)n);
    }
    if (rc == 0) {
        rc = put_sorted(slices, n, &scratch, out);
    }
    codec_buf_release(&scratch);
    PyMem_Free(slices);
    return rc;
}

static int
encode_members(struct key_walk *walk, PyObject *value, unsigned tag,
               struct codec_buf *out)
{
    PyObject *members = tag == KEY_DICT ? PyDict_Items(value) : PySequence_List(value);
    int rc = members == NULL ? -1 : keys_encode_unordered(walk, members, tag, out);
    Py_XDECREF(members);
    return rc;
}

/* ---- Dispatch --------------------------------------------------------------- */

static int
encode_container(struct key_walk *walk, PyObject *value, struct codec_buf *out)
{
    PyTypeObject *type = Py_TYPE(value);

    if (type == &PyTuple_Type) {
        return encode_tuple(walk, value, out);
    }
    if (type == &PyList_Type) {
        return encode_list(walk, value, out);
    }
    if (type == &PyDict_Type) {
        return encode_members(walk, value, KEY_DICT, out);
    }
    if (type == &PySet_Type) {
        return encode_members(walk, value, KEY_SET, out);
    }
    if (type == &PyFrozenSet_Type) {
        return encode_members(walk, value, KEY_FROZENSET, out);
    }
    int rc = encode_standard(walk, value, out);
    return rc == 1 ? keys_encode_object(walk, value, out) : rc;
}

int
keys_encode(struct key_walk *walk, PyObject *value, struct codec_buf *out)
{
    PyTypeObject *type = Py_TYPE(value);

    if (type == &PyLong_Type) {
        return encode_int(walk, value, out);
    }
    if (type == &PyUnicode_Type) {
        return encode_str(value, out);
    }
    if (value == Py_None) {
        return codec_buf_put_u8(out, KEY_NONE);
    }
    if (type == &PyBool_Type) {
        return codec_buf_put_u8(out, value == Py_True ? KEY_TRUE : KEY_FALSE);
    }
    if (type == &PyFloat_Type) {
        return encode_float(value, out);
    }
    if (type == &PyBytes_Type) {
        return encode_bytes(value, out);
    }
    if (walk->depth == KEYS_DEPTH_MAX || out->len > KEYS_BYTES_MAX) {
        return keys_refuse(walk, value,
                           "it is nested too deep, too large, or contains "
                           "itself");
    }
    walk->depth++;
    int rc = encode_container(walk, value, out);
    walk->depth--;
    return rc;
}
