#include "errors.h"

#include <string.h>

#include <pinyon/error.h>

/* The exception of each code: one line for every line of PN_ERROR_MAP, or the
 * switch below does not compile. */
#define EXC_PN_E_INVALID st->config_error
#define EXC_PN_E_NOMEM PyExc_MemoryError
#define EXC_PN_E_OS st->region_error
#define EXC_PN_E_NOSPACE st->region_full
#define EXC_PN_E_NAME st->config_error
#define EXC_PN_E_ABSENT st->region_absent
#define EXC_PN_E_OWNER st->region_refused
#define EXC_PN_E_MODE st->region_refused
#define EXC_PN_E_MAGIC st->region_refused
#define EXC_PN_E_VERSION st->region_refused
#define EXC_PN_E_ABI st->region_refused
#define EXC_PN_E_SIZE st->region_refused
#define EXC_PN_E_SEED st->region_refused
#define EXC_PN_E_DAMAGED st->region_damaged
#define EXC_PN_E_NAMESPACE st->region_refused
#define EXC_PN_E_BOOT st->region_refused
#define EXC_PN_E_KEY_SIZE st->key_too_long
#define EXC_PN_E_VALUE_SIZE st->value_too_large
#define EXC_PN_E_TAGS st->config_error
#define EXC_PN_E_TYPE st->not_a_counter
#define EXC_PN_E_RANGE st->counter_range
#define EXC_PN_E_READ_ONLY st->region_error
#define EXC_PN_E_CONDEMNED st->region_damaged

static PyObject *
exception_of(const struct core_state *st, int code)
{
    switch (code) {
#define EXC_CASE(name, number, text) \
    case name:                       \
        return EXC_##name;
        PN_ERROR_MAP(EXC_CASE)
#undef EXC_CASE
    default:
        return st->cache_error;
    }
}

/* Sets KIND's exception with MESSAGE (stolen; NULL passes an error on). */
static PyObject *
raise_object(PyObject *type, PyObject *message, const char *kind)
{
    if (message == NULL) {
        return NULL;
    }
    PyObject *exc = PyObject_CallFunctionObjArgs(type, message, NULL);
    Py_DECREF(message);
    if (exc == NULL) {
        return NULL;
    }
    PyObject *name = PyUnicode_FromString(kind);
    if (name != NULL && PyObject_SetAttrString(exc, "kind", name) == 0) {
        PyErr_SetObject(type, exc);
    }
    Py_XDECREF(name);
    Py_DECREF(exc);
    return NULL;
}

PyObject *
errors_raise(struct core_state *st, int code, const char *where)
{
    return raise_object(exception_of(st, code),
                        PyUnicode_FromFormat("%s: %s", where, pn_strerror(code)),
                        pn_error_name(code));
}

PyObject *
errors_raise_why(struct core_state *st, const struct pn_why *why)
{
    const char *text = why->text[0] != '\0' ? why->text : pn_strerror(why->code);
    PyObject *message = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    return raise_object(exception_of(st, why->code), message, pn_error_name(why->code));
}

PyObject *
errors_raise_closed(struct core_state *st)
{
    PyErr_SetString(st->closed_error, "the cache is closed; make a new Cache to go on");
    return NULL;
}

PyObject *
errors_refuse_surrogates(PyObject *type, const char *what)
{
    if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        PyErr_Clear(); /* what it said holds the text, which may be secret */
        PyErr_Format(type, "%s with lone surrogates is not text: give bytes", what);
    }
    return NULL;
}

PyObject *
errors_raise_busy(struct core_state *st, const char *what)
{
    PyObject *message = PyUnicode_FromFormat(
        "%s: another process held the store's lock for too long and nothing was "
        "changed; try again",
        what);
    return raise_object(st->busy_error, message, "PN_BUSY");
}

/* Makes one exception NAME under BASE and, when not NULL, OTHER. */
static PyObject *
make_exception(PyObject *module, const char *name, PyObject *base, PyObject *other)
{
    PyObject *full = PyUnicode_FromFormat("pinyon.%s", name);
    if (full == NULL) {
        return NULL;
    }
    PyObject *exc = NULL;
    PyObject *bases = other != NULL ? PyTuple_Pack(2, base, other) : Py_NewRef(base);
    const char *text = PyUnicode_AsUTF8AndSize(full, NULL);
    if (bases != NULL && text != NULL) {
        exc = PyErr_NewException(text, bases, NULL);
    }
    Py_XDECREF(bases);
    Py_DECREF(full);
    if (exc != NULL && PyModule_AddObjectRef(module, name, exc) < 0) {
        Py_CLEAR(exc);
    }
    return exc;
}

int
errors_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
#define EXC_MAKE(field, name, base, other)                                 \
    if ((st->field = make_exception(module, name, base, other)) == NULL) { \
        return -1;                                                         \
    }
    CORE_EXCEPTIONS(EXC_MAKE)
#undef EXC_MAKE
    static const char *const names[] = {"kind", "node", "command"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (PyObject_SetAttrString(st->cache_error, names[i], Py_None) < 0) {
            return -1;
        }
    }
    if (PyObject_SetAttrString(st->server_error, "replies", Py_None) < 0 ||
        PyObject_SetAttrString(st->cache_error, "ambiguous", Py_False) < 0 ||
        PyObject_SetAttrString(st->connection_lost, "ambiguous", Py_True) < 0) {
        return -1;
    }
    return PyObject_SetAttrString(st->ambiguous_timeout, "ambiguous", Py_True);
}
