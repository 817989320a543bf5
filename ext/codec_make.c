/*
 * Bodies of extension types -> standard types: the way back of codec_std.c, where the
 * layouts stand. The bytes may be an enemy's: lengths and ranges that the constructors
 * would not check, or not before arithmetic, are checked here.
 */
#include "codec_compat.h"
#include "codec_internal.h"

static PyObject *
wrong_length(void)
{
    PyErr_SetString(PyExc_ValueError, "wrong length");
    return NULL;
}

static PyObject *
make_bigint(const struct codec_state *state, const uint8_t *body, size_t len)
{
    PyObject *args = Py_BuildValue("(y#O)", (const char *)body, (Py_ssize_t)len,
                                   state->big_text);
    PyObject *value = NULL;
    if (args != NULL) {
        value = PyObject_Call(state->from_bytes, args, state->signed_kw);
        Py_DECREF(args);
    }
    return value;
}

static PyObject *
make_complex(const uint8_t *body, size_t len)
{
    double parts[2];
    if (len != 16) {
        return wrong_length();
    }
    for (int i = 0; i < 2; i++) {
        uint64_t word = load_be(body + 8 * i, 8);
        memcpy(&parts[i], &word, 8);
    }
    return PyComplex_FromDoubles(parts[0], parts[1]);
}

static PyObject *
make_timedelta(const struct codec_state *state, const uint8_t *body, size_t len)
{
    if (len != 12) {
        return wrong_length();
    }
    int days = (int32_t)load_be(body, 4);
    uint64_t seconds = load_be(body + 4, 4);
    uint64_t micros = load_be(body + 8, 4);
    if (seconds >= 86400 || micros >= 1000000) {
        PyErr_SetString(PyExc_ValueError, "timedelta out of range");
        return NULL;
    }
    return PyObject_CallFunction(state->classes.timedelta, "iii", days, (int)seconds,
                                 (int)micros);
}

static PyObject *
make_timezone(const struct codec_state *state, const uint8_t *body, size_t len)
{
    if (len < 8 || (len > 8 && body[8] != 1)) {
        return wrong_length();
    }
    int64_t offset = (int64_t)load_be(body, 8);
    if (offset <= -86400000000 || offset >= 86400000000) {
        PyErr_SetString(PyExc_ValueError, "offset of a day or more");
        return NULL;
    }
    PyObject *delta = PyObject_CallFunction(state->classes.timedelta, "iLL", 0,
                                            (long long)0, (long long)offset);
    PyObject *name = NULL;
    PyObject *value = NULL;
    if (delta != NULL && len > 8) {
        name = PyUnicode_DecodeUTF8((const char *)body + 9, (Py_ssize_t)len - 9, NULL);
    }
    if (delta != NULL && !PyErr_Occurred()) {
        value = codec_call(state->classes.timezone, delta, name);
    }
    Py_XDECREF(delta);
    Py_XDECREF(name);
    return value;
}

static PyObject *
make_from_text(PyObject *cls, const uint8_t *body, size_t len)
{
    PyObject *text = PyUnicode_DecodeUTF8((const char *)body, (Py_ssize_t)len, NULL);
    PyObject *value = text == NULL ? NULL : codec_call(cls, text, NULL);
    Py_XDECREF(text);
    return value;
}

static PyObject *
make_uuid(const struct codec_state *state, const uint8_t *body, size_t len)
{
    PyObject *raw = PyBytes_FromStringAndSize((const char *)body, (Py_ssize_t)len);
    PyObject *value = NULL;
    if (raw != NULL) {
        /* UUID(hex=None, bytes=raw): it checks the length. */
        value = codec_call(state->classes.uuid, Py_None, raw);
        Py_DECREF(raw);
    }
    return value;
}

static PyObject *
make_date(const struct codec_state *state, const uint8_t *body, size_t len)
{
    if (len != 4) {
        return wrong_length();
    }
    return PyObject_CallFunction(state->classes.date, "iii", (int)load_be(body, 2),
                                 (int)body[2], (int)body[3]);
}

/* The tzinfo at the end of a time: a new reference, None for a naive one. */
static PyObject *
make_zone(const struct codec_state *state, unsigned flags, const uint8_t *body,
          size_t len)
{
    switch (flags >> 1) {
    case ZONE_NAIVE:
        return len == 0 ? Py_NewRef(Py_None) : wrong_length();
    case ZONE_FIXED:
        return make_timezone(state, body, len);
    case ZONE_NAMED:
        return make_from_text(state->classes.zoneinfo, body, len);
    default:
        PyErr_SetString(PyExc_ValueError, "unknown kind of time zone");
        return NULL;
    }
}

/* cls(*fields, fold=...): `args` is stolen. */
static PyObject *
make_folded(PyObject *cls, PyObject *args, unsigned flags)
{
    PyObject *kwargs = NULL;
    PyObject *value = NULL;
    if (args != NULL && (flags & 1)) {
        kwargs = Py_BuildValue("{si}", "fold", 1);
    }
    if (args != NULL && !PyErr_Occurred()) {
        value = PyObject_Call(cls, args, kwargs);
    }
    Py_XDECREF(args);
    Py_XDECREF(kwargs);
    return value;
}

static PyObject *
make_time(const struct codec_state *state, const uint8_t *date, const uint8_t *body,
          size_t len)
{
    if (len < 8) {
        return wrong_length();
    }
    unsigned flags = body[3];
    uint64_t micro = load_be(body + 4, 4);
    if (micro >= 1000000) {
        PyErr_SetString(PyExc_ValueError, "microsecond out of range");
        return NULL;
    }
    PyObject *zone = make_zone(state, flags, body + 8, len - 8);
    if (zone == NULL) {
        return NULL;
    }
    if (date == NULL) {
        return make_folded(state->classes.time,
                           Py_BuildValue("(iiiiN)", body[0], body[1], body[2],
                                         (int)micro, zone),
                           flags);
    }
    return make_folded(state->classes.datetime,
                       Py_BuildValue("(iiiiiiiN)", (int)load_be(date, 2), date[2],
                                     date[3], body[0], body[1], body[2], (int)micro,
                                     zone),
                       flags);
}

PyObject *
codec_std_make(const struct codec_state *state, unsigned type, const uint8_t *body,
               size_t len)
{
    switch (type) {
    case EXT_BIGINT:
        return make_bigint(state, body, len);
    case EXT_BYTEARRAY:
        return PyByteArray_FromStringAndSize((const char *)body, (Py_ssize_t)len);
    case EXT_COMPLEX:
        return make_complex(body, len);
    case EXT_DATETIME:
        return len < 4 ? wrong_length() : make_time(state, body, body + 4, len - 4);
    case EXT_DATE:
        return make_date(state, body, len);
    case EXT_TIME:
        return make_time(state, NULL, body, len);
    case EXT_TIMEDELTA:
        return make_timedelta(state, body, len);
    case EXT_TIMEZONE:
        return make_timezone(state, body, len);
    case EXT_DECIMAL:
        return make_from_text(state->classes.decimal, body, len);
    case EXT_UUID:
        return make_uuid(state, body, len);
    case EXT_ZONEINFO:
        return make_from_text(state->classes.zoneinfo, body, len);
    default:
        return NULL;
    }
}
