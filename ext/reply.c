#include "reply.h"

#include "wire/resp.h"

struct cursor {
    const struct reply_reader *reader;
    struct pn_resp_reader resp;
    const char *at, *end;
};

static PyObject *
build(struct cursor *cursor, const struct pn_resp_token *token);

static PyObject *
raise_malformed(const struct reply_reader *reader, ptrdiff_t code)
{
    int why = code < 0 ? (int)code : PN_WIRE_E_CRLF;
    return fault_raise(fault_of_code(reader->st, why, &reader->place));
}

/* ---- Single values ---------------------------------------------------------- */

PyObject *
reply_text(const struct reply_reader *reader, struct pn_bytes text)
{
    if (!reader->is_decoded) {
        return PyBytes_FromStringAndSize(text.ptr, (Py_ssize_t)text.len);
    }
    PyObject *str = PyUnicode_DecodeUTF8(text.ptr, (Py_ssize_t)text.len, NULL);
    if (str != NULL || !PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        return str;
    }
    PyErr_Clear();
    return fault_of_type(reader->st->serialization_error, "UTF8",
                         "the reply is not UTF-8; use a client without "
                         "decode_responses=True for bytes",
                         &reader->place);
}

/* Of any length; Python refuses more digits than sys.set_int_max_str_digits() says,
 * and then they are left as text. */
static PyObject *
big_number(const struct reply_reader *reader, struct pn_bytes digits)
{
    PyObject *text = PyBytes_FromStringAndSize(digits.ptr, (Py_ssize_t)digits.len);
    PyObject *number = text == NULL
                           ? NULL
                           : PyLong_FromString(PyBytes_AsString(text), NULL, 10);
    Py_XDECREF(text);
    if (number == NULL && PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        return reply_text(reader, digits);
    }
    return number;
}

static PyObject *
build_single(const struct reply_reader *reader, const struct pn_resp_token *token)
{
    switch (token->type) {
    case PN_RESP_BULK:
    case PN_RESP_SIMPLE:
    case PN_RESP_VERBATIM:
        return reply_text(reader, token->text);
    case PN_RESP_INTEGER:
        return PyLong_FromLongLong(token->number);
    case PN_RESP_NULL:
        Py_RETURN_NONE;
    case PN_RESP_BOOLEAN:
        return PyBool_FromLong(token->number != 0);
    case PN_RESP_DOUBLE:
        return PyFloat_FromDouble(token->real);
    case PN_RESP_BIG:
        return big_number(reader, token->text);
    case PN_RESP_ERROR:
    case PN_RESP_BULK_ERROR:
        return fault_of_text(reader->st, token->text, &reader->place);
    default:
        return raise_malformed(reader, PN_WIRE_E_TYPE);
    }
}

/* ---- Aggregates ------------------------------------------------------------- */

/* The next element of the message, whatever it is; attributes are read and dropped. */
static PyObject *
next_value(struct cursor *cursor)
{
    for (;;) {
        struct pn_resp_token token;
        size_t left = (size_t)(cursor->end - cursor->at);
        ptrdiff_t n = pn_resp_next(&cursor->resp, cursor->at, left, &token);
        if (n <= 0) {
            return raise_malformed(cursor->reader, n);
        }
        cursor->at += n;
        PyObject *value = build(cursor, &token);
        if (value == NULL || token.type != PN_RESP_ATTRIBUTE) {
            return value;
        }
        Py_DECREF(value);
    }
}

/* The list grows as elements come: a count is a stranger's word, and so is no reason
 * to take memory for more than the bytes can hold (3 for the least element). */
static PyObject *
build_list(struct cursor *cursor, int64_t count)
{
    if (count > (cursor->end - cursor->at) / 3) {
        return raise_malformed(cursor->reader, PN_WIRE_E_COUNT);
    }
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (int64_t i = 0; list != NULL && i < count; i++) {
        PyObject *value = next_value(cursor);
        if (value == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SetItem(list, (Py_ssize_t)i, value);
        }
    }
    return list;
}

/* Steals LIST. */
static PyObject *
set_of_list(PyObject *list)
{
    PyObject *set = list == NULL ? NULL : PySet_New(list);
    if (set == NULL && list != NULL && PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        return list;
    }
    Py_XDECREF(list);
    return set;
}

/* [[key, value], ...] of [key, value, ...]. */
static PyObject *
pairs_of_list(PyObject *list)
{
    Py_ssize_t n = PyList_Size(list) / 2;
    PyObject *pairs = PyList_New(n);
    for (Py_ssize_t i = 0; pairs != NULL && i < n; i++) {
        PyObject *pair = PyList_GetSlice(list, 2 * i, 2 * i + 2);
        if (pair == NULL) {
            Py_CLEAR(pairs);
        } else {
            PyList_SetItem(pairs, i, pair);
        }
    }
    return pairs;
}

/* Steals LIST. */
static PyObject *
dict_of_list(PyObject *list)
{
    PyObject *dict = list == NULL ? NULL : PyDict_New();
    Py_ssize_t n = dict == NULL ? 0 : PyList_Size(list);
    for (Py_ssize_t i = 0; dict != NULL && i < n; i += 2) {
        if (PyDict_SetItem(dict, PyList_GetItem(list, i), PyList_GetItem(list, i + 1)) <
            0) {
            Py_CLEAR(dict);
        }
    }
    if (dict == NULL && list != NULL && PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        dict = pairs_of_list(list);
    }
    Py_XDECREF(list);
    return dict;
}

static PyObject *
build(struct cursor *cursor, const struct pn_resp_token *token)
{
    if (!pn_resp_is_aggregate(token->type)) {
        return build_single(cursor->reader, token);
    }
    PyObject *list = build_list(cursor, pn_resp_children(token->type, token->number));
    switch (token->type) {
    case PN_RESP_SET:
        return set_of_list(list);
    case PN_RESP_MAP:
        return dict_of_list(list);
    default:
        return list;
    }
}

/* ---- Bulk strings and arrays of them, which most replies are ---------------- */

/* These read bytes that the hub has found whole, without the reader's bookkeeping, and
 * leave *AT alone where there is something else: no error, the general way is taken. */

/* The digits at *AT up to their CRLF. False: no plain number. */
static bool
quick_number(const char **at, const char *end, size_t *number)
{
    const char *p = *at;
    const char *stop = end - p < 10 ? end : p + 10; /* more than a length has */
    size_t n = 0;
    while (p < stop && (unsigned)(*p - '0') <= 9) {
        n = n * 10 + (unsigned)(*p++ - '0');
    }
    if (p == *at || end - p < 2 || *p != '\r') {
        return false;
    }
    *number = n;
    *at = p + 2;
    return true;
}

/* A bulk as bytes, or the null of RESP2; NULL perhaps without an exception. */
static PyObject *
quick_bulk(const char **at, const char *end)
{
    const char *p = *at;
    size_t len;
    if (end - p < 5 || *p++ != '$') {
        return NULL;
    }
    if (*p == '-') {
        *at = p + 4;
        Py_RETURN_NONE;
    }
    if (!quick_number(&p, end, &len) || (size_t)(end - p) < len + 2) {
        return NULL;
    }
    *at = p + len + 2;
    return PyBytes_FromStringAndSize(p, (Py_ssize_t)len);
}

/* The same, or the null of RESP3. */
static PyObject *
quick_item(const char **at, const char *end)
{
    if (end - *at >= 3 && **at == '_') {
        *at += 3;
        Py_RETURN_NONE;
    }
    return quick_bulk(at, end);
}

/* How many there are in the array at *AT, which moves on to the first. False: it is no
 * array that could be whole. */
static bool
quick_count(const char **at, const char *end, size_t *count)
{
    const char *p = *at + 1;
    if (end - p < 3 || p[-1] != '*' || !quick_number(&p, end, count) ||
        *count > (size_t)(end - p) / 3) {
        return false;
    }
    *at = p;
    return true;
}

/* An array of nothing but bulks and nulls. */
static PyObject *
quick_array(const char **at, const char *end)
{
    const char *p = *at;
    size_t count;
    if (!quick_count(&p, end, &count)) {
        return NULL;
    }
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *value = quick_item(&p, end);
        if (value == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SetItem(list, (Py_ssize_t)i, value);
        }
    }
    if (list != NULL) {
        *at = p;
    }
    return list;
}

PyObject *
reply_take_found(struct pn_bytes bytes, PyObject *const *key, size_t n)
{
    const char *p = bytes.ptr, *end = bytes.ptr + bytes.len;
    size_t count;
    if (!quick_count(&p, end, &count) || count != n) {
        return NULL;
    }
    PyObject *found = PyDict_New();
    for (size_t i = 0; found != NULL && i < n; i++) {
        PyObject *value = quick_item(&p, end);
        bool is_bad = value == NULL ||
                      (value != Py_None && PyDict_SetItem(found, key[i], value) < 0);
        Py_XDECREF(value);
        if (is_bad) {
            Py_CLEAR(found);
        }
    }
    return found;
}

PyObject *
reply_take(const struct reply_reader *reader, struct pn_bytes *bytes)
{
    struct cursor cursor = {.reader = reader,
                            .at = bytes->ptr,
                            .end = bytes->ptr + bytes->len};
    PyObject *value = NULL;
    if (!reader->is_decoded && bytes->len > 1) {
        value = *cursor.at == '*' ? quick_array(&cursor.at, cursor.end)
                                  : quick_bulk(&cursor.at, cursor.end);
    }
    if (value == NULL && !PyErr_Occurred()) {
        value = next_value(&cursor);
    }
    *bytes = (struct pn_bytes){cursor.at, (size_t)(cursor.end - cursor.at)};
    return value;
}
