#include "words.h"

#include "errors.h"
#include "wire/resp_put.h"

/* ---- One argument ----------------------------------------------------------- */

static int
copy_word(struct arena *arena, const char *data, size_t len, struct pn_bytes *bytes)
{
    char *copy = arena_take(arena, len);
    if (copy == NULL) {
        return -1;
    }
    if (len > 0) {
        memcpy(copy, data, len);
    }
    *bytes = (struct pn_bytes){copy, len};
    return 0;
}

/* TEXT (stolen; NULL passes an error on), an ASCII str. */
static int
copy_text(struct arena *arena, PyObject *text, struct pn_bytes *bytes)
{
    Py_ssize_t len = 0;
    const char *data = text == NULL ? NULL : PyUnicode_AsUTF8AndSize(text, &len);
    int rc = data == NULL ? -1 : copy_word(arena, data, (size_t)len, bytes);
    Py_XDECREF(text);
    return rc;
}

static int
word_of_int(struct arena *arena, PyObject *arg, struct pn_bytes *bytes)
{
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(arg, &overflow);
    if (overflow != 0) { /* of any length, and of no class derived from int */
        PyObject *plain = PyNumber_Index(arg);
        PyObject *text = plain == NULL ? NULL : PyNumber_ToBase(plain, 10);
        Py_XDECREF(plain);
        return copy_text(arena, text, bytes);
    }
    char digits[24];
    struct pn_out out = {.ptr = digits, .cap = sizeof digits};
    pn_out_i64(&out, number);
    return copy_word(arena, digits, out.len, bytes);
}

static int
word_of_float(struct arena *arena, PyObject *arg, struct pn_bytes *bytes)
{
    char *text = PyOS_double_to_string(PyFloat_AsDouble(arg), 'r', 0, Py_DTSF_ADD_DOT_0,
                                       NULL);
    if (text == NULL) {
        return -1;
    }
    int rc = copy_word(arena, text, strlen(text), bytes);
    PyMem_Free(text);
    return rc;
}

static int
word_of_buffer(struct arena *arena, PyObject *arg, struct pn_bytes *bytes)
{
    Py_buffer view;
    if (PyObject_GetBuffer(arg, &view, PyBUF_FULL_RO) < 0) {
        return -1;
    }
    char *copy = arena_take(arena, (size_t)view.len);
    int rc = copy == NULL ? -1 : PyBuffer_ToContiguous(copy, &view, view.len, 'C');
    *bytes = (struct pn_bytes){copy, (size_t)view.len};
    PyBuffer_Release(&view);
    return rc;
}

int
words_one(struct arena *arena, PyObject *arg, struct pn_bytes *bytes)
{
    Py_ssize_t len;
    if (PyUnicode_Check(arg)) {
        bytes->ptr = PyUnicode_AsUTF8AndSize(arg, &len);
        bytes->len = (size_t)len;
        return bytes->ptr == NULL ? -1 : 0;
    }
    if (PyBytes_Check(arg)) {
        char *data;
        PyBytes_AsStringAndSize(arg, &data, &len);
        *bytes = (struct pn_bytes){data, (size_t)len};
        return 0;
    }
    if (PyLong_Check(arg) && !PyBool_Check(arg)) {
        return word_of_int(arena, arg, bytes);
    }
    if (PyFloat_Check(arg)) {
        return word_of_float(arena, arg, bytes);
    }
    if (PyByteArray_Check(arg) || PyMemoryView_Check(arg)) {
        return word_of_buffer(arena, arg, bytes);
    }
    return 1;
}

/* ---- What has no bytes ------------------------------------------------------- */

/* Of the ValueError or BufferError that is set; another one, of memory say, stays. */
static void
refuse_value(struct core_state *st, const char *what)
{
    PyObject *type, *why, *traceback;
    if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        errors_refuse_surrogates(st->argument_error, what);
        return;
    }
    if (!PyErr_ExceptionMatches(PyExc_ValueError) &&
        !PyErr_ExceptionMatches(PyExc_BufferError)) {
        return;
    }
    PyErr_Fetch(&type, &why, &traceback);
    PyErr_Format(st->argument_error, "%s cannot be sent: %S", what, why);
    Py_XDECREF(type);
    Py_XDECREF(why);
    Py_XDECREF(traceback);
}

int
words_refuse(struct core_state *st, PyObject *arg, int rc, const char *what)
{
    if (rc < 0) {
        refuse_value(st, what);
        return -1;
    }
    PyObject *type = PyType_GetQualName(Py_TYPE(arg));
    if (type != NULL) {
        PyErr_Format(st->argument_error, "%s is %U: give str, bytes, int or float",
                     what, type);
        Py_DECREF(type);
    }
    return -1;
}

int
words_key(struct core_state *st, PyObject *key, struct pn_bytes *bytes)
{
    if (words_one(NULL, key, bytes) == 0) {
        return 0;
    }
    errors_refuse_surrogates(st->key_value_error, "a key");
    return -1;
}

/* ---- A command -------------------------------------------------------------- */

/* Argument I of the command NAME is refused. */
static int
refuse_argument(struct core_state *st, PyObject *arg, int rc, Py_ssize_t i,
                struct pn_bytes name)
{
    char what[96];
    PyOS_snprintf(what, sizeof what, "argument %zd of %.*s", i,
                  (int)(name.len < 40 ? name.len : 40), name.ptr);
    return words_refuse(st, arg, rc, what);
}

/* How many words there are in NAME. */
static size_t
count_words(struct pn_bytes name)
{
    struct pn_bytes word;
    size_t n = 0;
    while (pn_word_next(&name, &word)) {
        n++;
    }
    return n;
}

/* The words of ARG[0], then ARG[1..N), where they are now. */
static int
gather(struct core_state *st, struct arena *arena, PyObject *const *arg, Py_ssize_t n,
       struct words *words)
{
    struct pn_bytes name;
    int rc = n == 0 ? 1 : words_one(arena, arg[0], &name);
    if (rc < 0) {
        return words_refuse(st, arg[0], rc, "a command's name");
    }
    size_t in_name = rc == 0 ? count_words(name) : 0;
    if (in_name == 0 || PyLong_Check(arg[0]) || PyFloat_Check(arg[0])) {
        PyErr_SetString(st->argument_error,
                        "a command begins with its name, str or bytes");
        return -1;
    }
    words->argc = in_name + (size_t)n - 1;
    words->argv = arena_take(arena, words->argc * sizeof *words->argv);
    if (words->argv == NULL) {
        return -1;
    }
    for (size_t i = 0; i < in_name; i++) {
        pn_word_next(&name, &words->argv[i]);
    }
    for (Py_ssize_t i = 1; i < n; i++) {
        rc = words_one(arena, arg[i], &words->argv[in_name + (size_t)i - 1]);
        if (rc != 0) {
            return refuse_argument(st, arg[i], rc, i, words->argv[0]);
        }
    }
    return 0;
}

/* The number of bytes that N takes in decimal is at most 20. */
static size_t
wire_bound(const struct words *words)
{
    size_t size = 24;
    for (size_t i = 0; i < words->argc; i++) {
        size += words->argv[i].len + 26;
    }
    return size;
}

int
words_take(struct core_state *st, struct arena *arena, PyObject *const *arg,
           Py_ssize_t n, struct words *words)
{
    if (gather(st, arena, arg, n, words) < 0) {
        return -1;
    }
    if (words->argc > PN_RESP_ARGS_MAX) {
        PyErr_Format(st->argument_error, "a command has at most %d arguments",
                     (int)PN_RESP_ARGS_MAX);
        return -1;
    }
    size_t cap = wire_bound(words);
    struct pn_out out = {.ptr = arena_take(arena, cap), .cap = cap};
    if (out.ptr == NULL) {
        return -1;
    }
    pn_resp_put_array(&out, words->argc);
    for (size_t i = 0; i < words->argc; i++) {
        struct pn_bytes *word = &words->argv[i];
        if (word->len > PN_RESP_LENGTH_MAX) {
            PyErr_Format(st->value_too_large,
                         "argument %zd has %zu bytes, of %d at most", (Py_ssize_t)i,
                         word->len, (int)PN_RESP_LENGTH_MAX);
            return -1;
        }
        pn_resp_put_bulk(&out, *word);
        word->ptr = out.ptr + out.len - 2 - word->len;
    }
    words->wire = (struct pn_bytes){out.ptr, out.len};
    return 0;
}

PyObject **
words_items(struct arena *arena, PyObject *tuple, Py_ssize_t *n)
{
    *n = PyTuple_Size(tuple);
    PyObject **item = arena_take(arena, (size_t)*n * sizeof(PyObject *));
    for (Py_ssize_t i = 0; item != NULL && i < *n; i++) {
        item[i] = PyTuple_GetItem(tuple, i);
    }
    return item;
}
