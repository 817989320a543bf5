/*
 * Standard types as bodies of extension types. Numbers are big-endian.
 *
 *   bigint     two's complement, shortest
 *   bytearray  the bytes
 *   complex    real f64, imag f64
 *   date       year u16, month u8, day u8
 *   time       hour u8, minute u8, second u8, flags u8, microsecond u32, zone
 *   datetime   date, time
 *   timedelta  days i32, seconds u32, microseconds u32
 *   timezone   offset i64 in microseconds, then nothing or 0x01 and the name
 *   zoneinfo   the key, e.g. "Europe/Paris"
 *   decimal    str() of it, which is exact
 *   uuid       16 bytes
 *
 * flags: bit 0 is fold; bits 1 and 2 say what `zone` is: 0 absent, 1 the body of a
 * timezone, 2 that of a zoneinfo.
 *
 * datetime's C API is outside the limited API, so fields are read as attributes and
 * values made by the constructors, which check what hostile bytes say. Reading the ten
 * bytes that pickle uses would be one call instead of eight, but datetime takes them
 * back without looking at them.
 */
#include "codec_compat.h"
#include "codec_internal.h"

#define REFUSED (-2)

#define IS_A(value, state, field) \
    (Py_TYPE(value) == (PyTypeObject *)(state)->classes.field)

/* Appends an int attribute of the given width. */
static int
put_field(PyObject *value, PyObject *name, unsigned width, struct codec_buf *out)
{
    uint8_t raw[8];
    PyObject *field = PyObject_GetAttr(value, name);
    if (field == NULL) {
        return -1;
    }
    long long number = PyLong_AsLongLong(field);
    Py_DECREF(field);
    if (number == -1 && PyErr_Occurred()) {
        return -1;
    }
    store_be(raw, (uint64_t)number, width);
    return codec_buf_put(out, raw, width);
}

static int
put_text(PyObject *text, struct codec_buf *out)
{
    Py_ssize_t len;
    const char *utf8 = PyUnicode_AsUTF8AndSize(text, &len);
    return utf8 == NULL ? -1 : codec_buf_put(out, utf8, (size_t)len);
}

static int
put_bigint(const struct codec_state *state, PyObject *value, struct codec_buf *out)
{
    int rc = -1;
    PyObject *bits = PyObject_CallMethodObjArgs(value, state->names.bit_length, NULL);
    PyObject *to_bytes = PyObject_GetAttr(value, state->names.to_bytes);
    PyObject *args = NULL;
    PyObject *raw = NULL;

    if (bits == NULL || to_bytes == NULL) {
        goto out;
    }
    /* One bit more than the magnitude, for the sign. */
    Py_ssize_t len = PyLong_AsSsize_t(bits) / 8 + 1;
    args = Py_BuildValue("(nO)", len, state->big_text);
    raw = args == NULL ? NULL : PyObject_Call(to_bytes, args, state->signed_kw);
    if (raw != NULL) {
        rc = codec_buf_put(out, PyBytes_AsString(raw), (size_t)len);
    }
out:
    Py_XDECREF(bits);
    Py_XDECREF(to_bytes);
    Py_XDECREF(args);
    Py_XDECREF(raw);
    return rc;
}

static int
put_complex(PyObject *value, struct codec_buf *out)
{
    double parts[2] = {PyComplex_RealAsDouble(value), PyComplex_ImagAsDouble(value)};
    for (int i = 0; i < 2; i++) {
        uint8_t raw[8];
        uint64_t word;
        memcpy(&word, &parts[i], 8);
        store_be(raw, word, 8);
        if (codec_buf_put(out, raw, 8) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
put_timedelta(const struct codec_state *state, PyObject *value, struct codec_buf *out)
{
    return put_field(value, state->names.days, 4, out) < 0 ||
                   put_field(value, state->names.seconds, 4, out) < 0 ||
                   put_field(value, state->names.microseconds, 4, out) < 0
               ? -1
               : 0;
}

/* __getinitargs__ is how timezone lets itself be copied: (offset,) or (offset, name).
   Comparing tzname() with the default name instead could not tell a given name that
   happens to equal it. */
static int
put_timezone(const struct codec_state *state, PyObject *value, struct codec_buf *out)
{
    int rc = -1;
    PyObject *args = PyObject_CallMethodObjArgs(value, state->names.__getinitargs__,
                                                NULL);
    if (args == NULL) {
        return -1;
    }
    struct codec_buf delta;
    codec_buf_init(&delta);
    if (put_timedelta(state, PyTuple_GetItem(args, 0), &delta) == 0) {
        const uint8_t *raw = (const uint8_t *)delta.data;
        int64_t offset = (int64_t)(int32_t)load_be(raw, 4) * 86400;
        offset = (offset + (int64_t)load_be(raw + 4, 4)) * 1000000;
        offset += (int64_t)load_be(raw + 8, 4);
        uint8_t number[8];
        store_be(number, (uint64_t)offset, 8);
        rc = codec_buf_put(out, number, 8);
    }
    if (rc == 0 && PyTuple_Size(args) == 2) {
        rc = codec_buf_put_u8(out, 1) < 0 ? -1
                                          : put_text(PyTuple_GetItem(args, 1), out);
    }
    codec_buf_release(&delta);
    Py_DECREF(args);
    return rc;
}

static int
put_zoneinfo(const struct codec_state *state, PyObject *value, struct codec_buf *out,
             const char **why)
{
    PyObject *key = PyObject_GetAttr(value, state->names.key);
    int rc = -1;
    if (key != NULL && PyUnicode_Check(key)) {
        rc = put_text(key, out);
    } else if (key != NULL) {
        *why = "a ZoneInfo without a key (made by from_file) cannot be found again";
        rc = REFUSED;
    }
    Py_XDECREF(key);
    return rc;
}

/* Appends flags, and the body of the zone to `zone`. */
static int
put_flags(const struct codec_state *state, PyObject *value, struct codec_buf *out,
          struct codec_buf *zone, const char **why)
{
    int rc = 0;
    enum zone_kind kind = ZONE_NAIVE;
    PyObject *tz = PyObject_GetAttr(value, state->names.tzinfo);
    PyObject *fold = PyObject_GetAttr(value, state->names.fold);

    if (tz == NULL || fold == NULL) {
        rc = -1;
    } else if (IS_A(tz, state, timezone)) {
        kind = ZONE_FIXED;
        rc = put_timezone(state, tz, zone);
    } else if (IS_A(tz, state, zoneinfo)) {
        kind = ZONE_NAMED;
        rc = put_zoneinfo(state, tz, zone, why);
    } else if (tz != Py_None) {
        *why = "its tzinfo is neither datetime.timezone nor zoneinfo.ZoneInfo";
        rc = REFUSED;
    }
    if (rc == 0) {
        unsigned flags = (unsigned)PyLong_AsLong(fold) | (unsigned)kind << 1;
        rc = codec_buf_put_u8(out, flags);
    }
    Py_XDECREF(tz);
    Py_XDECREF(fold);
    return rc;
}

static int
put_date(const struct codec_state *state, PyObject *value, struct codec_buf *out)
{
    return put_field(value, state->names.year, 2, out) < 0 ||
                   put_field(value, state->names.month, 1, out) < 0 ||
                   put_field(value, state->names.day, 1, out) < 0
               ? -1
               : 0;
}

static int
put_time(const struct codec_state *state, PyObject *value, struct codec_buf *out,
         const char **why)
{
    struct codec_buf zone;
    int rc = -1;

    codec_buf_init(&zone);
    if (put_field(value, state->names.hour, 1, out) == 0 &&
        put_field(value, state->names.minute, 1, out) == 0 &&
        put_field(value, state->names.second, 1, out) == 0) {
        rc = put_flags(state, value, out, &zone, why);
    }
    if (rc == 0 && (put_field(value, state->names.microsecond, 4, out) < 0 ||
                    codec_buf_put(out, zone.data, zone.len) < 0)) {
        rc = -1;
    }
    codec_buf_release(&zone);
    return rc;
}

static int
put_datetime(const struct codec_state *state, PyObject *value, struct codec_buf *out,
             const char **why)
{
    return put_date(state, value, out) < 0 ? -1 : put_time(state, value, out, why);
}

static int
put_decimal(PyObject *value, struct codec_buf *out)
{
    PyObject *text = PyObject_Str(value);
    int rc = text == NULL ? -1 : put_text(text, out);
    Py_XDECREF(text);
    return rc;
}

static int
put_uuid(const struct codec_state *state, PyObject *value, struct codec_buf *out)
{
    PyObject *raw = PyObject_GetAttr(value, state->names.bytes);
    int rc = -1;
    if (raw != NULL && PyBytes_CheckExact(raw)) {
        rc = codec_buf_put(out, PyBytes_AsString(raw), (size_t)PyBytes_Size(raw));
    } else if (raw != NULL) {
        PyErr_SetString(PyExc_TypeError, "UUID.bytes is not bytes");
    }
    Py_XDECREF(raw);
    return rc;
}

int
codec_std_body(const struct codec_state *state, PyObject *value, struct codec_buf *out,
               const char **why)
{
    int rc;
    int type;

    if (PyLong_CheckExact(value)) {
        type = EXT_BIGINT;
        rc = put_bigint(state, value, out);
    } else if (PyByteArray_CheckExact(value)) {
        type = EXT_BYTEARRAY;
        rc = codec_buf_put(out, PyByteArray_AsString(value),
                           (size_t)PyByteArray_Size(value));
    } else if (PyComplex_CheckExact(value)) {
        type = EXT_COMPLEX;
        rc = put_complex(value, out);
    } else if (IS_A(value, state, datetime)) {
        type = EXT_DATETIME;
        rc = put_datetime(state, value, out, why);
    } else if (IS_A(value, state, date)) {
        type = EXT_DATE;
        rc = put_date(state, value, out);
    } else if (IS_A(value, state, decimal)) {
        type = EXT_DECIMAL;
        rc = put_decimal(value, out);
    } else if (IS_A(value, state, uuid)) {
        type = EXT_UUID;
        rc = put_uuid(state, value, out);
    } else if (IS_A(value, state, time)) {
        type = EXT_TIME;
        rc = put_time(state, value, out, why);
    } else if (IS_A(value, state, timedelta)) {
        type = EXT_TIMEDELTA;
        rc = put_timedelta(state, value, out);
    } else if (IS_A(value, state, timezone)) {
        type = EXT_TIMEZONE;
        rc = put_timezone(state, value, out);
    } else if (IS_A(value, state, zoneinfo)) {
        type = EXT_ZONEINFO;
        rc = put_zoneinfo(state, value, out, why);
    } else {
        return 0;
    }
    return rc == 0 ? type : rc;
}
