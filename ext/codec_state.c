#include "codec_state.h"

#include <stdarg.h>
#include <string.h>

#include "codec_compat.h"
#include "codec_internal.h"

static PyObject *
import_class(const char *module, const char *name)
{
    PyObject *mod = PyImport_ImportModule(module);
    if (mod == NULL) {
        return NULL;
    }
    PyObject *cls = PyObject_GetAttrString(mod, name);
    Py_DECREF(mod);
    return cls;
}

/* The classes are imported at once, about 5 ms a process in all, rather than when the
   first Decimal is met: lazy slots would have to be published atomically to the other
   threads of a free-threaded build. */
static int
load_classes(struct codec_state *state)
{
#define X(field, module, name)                         \
    state->classes.field = import_class(module, name); \
    if (state->classes.field == NULL) {                \
        goto fail;                                     \
    }
    CODEC_CLASSES(X)
#undef X
    return 0;
fail:
    return -1;
}

static int
load_names(struct codec_state *state)
{
#define X(field)                                             \
    state->names.field = PyUnicode_InternFromString(#field); \
    if (state->names.field == NULL) {                        \
        goto fail;                                           \
    }
    CODEC_NAMES(X)
#undef X
    return 0;
fail:
    return -1;
}

int
codec_state_init(struct codec_state *state, const struct codec_errors *errors)
{
    memset(state, 0, sizeof *state);
#define X(field) state->errors.field = Py_NewRef(errors->field);
    CODEC_ERRORS(X)
#undef X
    if (load_classes(state) < 0 || load_names(state) < 0) {
        return -1;
    }
    state->from_bytes = PyObject_GetAttr((PyObject *)&PyLong_Type,
                                         state->names.from_bytes);
    state->signed_kw = Py_BuildValue("{sO}", "signed", Py_True);
    state->big_text = PyUnicode_InternFromString("big");
    state->local_mark = PyUnicode_InternFromString("<locals>");
    state->by_type = PyDict_New();
    state->by_name = PyDict_New();
    if (state->from_bytes == NULL || state->signed_kw == NULL ||
        state->big_text == NULL || state->local_mark == NULL ||
        state->by_type == NULL || state->by_name == NULL) {
        return -1;
    }
    return 0;
}

/* Every reference that the state holds, for traverse and clear alike. */
#define STATE_REFERENCES(Y) \
    Y(from_bytes) Y(signed_kw) Y(big_text) Y(local_mark) Y(by_type) Y(by_name)

int
codec_state_traverse(struct codec_state *state, visitproc visit, void *arg)
{
#define X(field, module, name) Py_VISIT(state->classes.field);
    CODEC_CLASSES(X)
#undef X
#define X(field) Py_VISIT(state->errors.field);
    CODEC_ERRORS(X)
#undef X
#define Y(field) Py_VISIT(state->field);
    STATE_REFERENCES(Y)
#undef Y
    return 0;
}

void
codec_state_clear(struct codec_state *state)
{
#define X(field, module, name) Py_CLEAR(state->classes.field);
    CODEC_CLASSES(X)
#undef X
#define X(field) Py_CLEAR(state->names.field);
    CODEC_NAMES(X)
#undef X
#define X(field) Py_CLEAR(state->errors.field);
    CODEC_ERRORS(X)
#undef X
#define Y(field) Py_CLEAR(state->field);
    STATE_REFERENCES(Y)
#undef Y
}

/* Whether both classes have one module-level name: then the newer is a redefinition, as
   by a reload or in a notebook. Classes made within functions share names by chance. */
static int
is_redefined(const struct codec_state *state, PyObject *old, PyObject *new)
{
    PyObject *const names[] = {state->names.__module__, state->names.__qualname__};
    int rc = 1;

    for (int i = 0; rc > 0 && i < 2; i++) {
        PyObject *a = PyObject_GetAttr(old, names[i]);
        PyObject *b = PyObject_GetAttr(new, names[i]);
        rc = a == NULL || b == NULL ? -1 : PyObject_RichCompareBool(a, b, Py_EQ);
        if (rc > 0 && PyUnicode_Check(a)) {
            int is_local = PyUnicode_Contains(a, state->local_mark);
            rc = is_local < 0 ? -1 : !is_local;
        }
        Py_XDECREF(a);
        Py_XDECREF(b);
    }
    return rc;
}

/* The name is taken by `old`: gives it free, or refuses. */
static int
replace_class(struct codec_state *state, PyObject *name, PyObject *old, PyObject *new)
{
    int rc = is_redefined(state, old, new);
    if (rc > 0) {
        return PyDict_DelItem(state->by_type, old);
    }
    if (rc == 0) {
        PyErr_Format(state->errors.config,
                     "the name %R is taken by %R; register %R under another name", name,
                     old, new);
    }
    return -1;
}

/* Two registrations that would make bytes ambiguous are refused. */
static int
check_registration(struct codec_state *state, PyObject *cls, PyObject *name)
{
    int rc = 0;
    PyObject *by_name = codec_dict_get(state->by_name, name);
    PyObject *by_type = codec_dict_get(state->by_type, cls);

    if (PyErr_Occurred()) {
        rc = -1;
    } else if (by_type != NULL &&
               PyUnicode_Compare(PyTuple_GetItem(by_type, 0), name) != 0) {
        PyErr_Format(state->errors.config, "%R is registered already, as %R", cls,
                     PyTuple_GetItem(by_type, 0));
        rc = -1;
    } else if (by_name != NULL && PyTuple_GetItem(by_name, 0) != cls) {
        rc = replace_class(state, name, PyTuple_GetItem(by_name, 0), cls);
    }
    Py_XDECREF(by_name);
    Py_XDECREF(by_type);
    return rc;
}

int
codec_register(struct codec_state *state, PyObject *cls, PyObject *name,
               PyObject *encode, PyObject *decode)
{
    if (!PyType_Check(cls) || !PyUnicode_CheckExact(name) ||
        !PyCallable_Check(encode) || !PyCallable_Check(decode)) {
        PyErr_Format(state->errors.argument,
                     "register(%.200R, %.200R, %.200R, %.200R): give a class, a str, "
                     "and two functions",
                     cls, name, encode, decode);
        return -1;
    }
    if (check_registration(state, cls, name) < 0) {
        return -1;
    }
    PyObject *out = PyTuple_Pack(2, name, encode);
    PyObject *in = PyTuple_Pack(2, cls, decode);
    int rc = -1;
    /* by_name first: what can be written can then be read. */
    if (out != NULL && in != NULL && PyDict_SetItem(state->by_name, name, in) == 0) {
        rc = PyDict_SetItem(state->by_type, cls, out);
    }
    Py_XDECREF(out);
    Py_XDECREF(in);
    return rc;
}

void
codec_fail(const struct codec_state *state, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    PyErr_FormatV(state->errors.serialization, format, args);
    va_end(args);
}

void
codec_fail_from(const struct codec_state *state, const char *format, ...)
{
    PyObject *type, *cause, *trace;

    if (PyErr_ExceptionMatches(PyExc_MemoryError) ||
        !PyErr_ExceptionMatches(PyExc_Exception)) {
        return;
    }
    PyErr_Fetch(&type, &cause, &trace);
    PyErr_NormalizeException(&type, &cause, &trace);
    if (trace != NULL) {
        PyException_SetTraceback(cause, trace);
    }
    Py_XDECREF(type);
    Py_XDECREF(trace);

    va_list args;
    va_start(args, format);
    PyErr_FormatV(state->errors.serialization, format, args);
    va_end(args);

    PyObject *error;
    PyErr_Fetch(&type, &error, &trace);
    PyErr_NormalizeException(&type, &error, &trace);
    PyException_SetCause(error, cause); /* steals the reference */
    PyErr_Restore(type, error, trace);
}
