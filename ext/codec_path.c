#include "codec_path.h"

#include "codec_internal.h"

#define PATH_END 8 /* segments shown at each end of a long path */

static PyObject *
frame_segment(const struct frame *frame)
{
    switch (frame->kind) {
    case FRAME_LIST:
        return PyUnicode_FromFormat("[%zd]", frame->index);
    case FRAME_DICT:
        if (frame->up != NULL && frame->up->kind == FRAME_REGISTERED &&
            PyUnicode_CheckExact(frame->key)) {
            return PyUnicode_FromFormat(".%.100U", frame->key);
        }
        /* repr of a builtin runs no user code; of anything else only the type is said.
           */
        if (PyUnicode_CheckExact(frame->key) || PyLong_CheckExact(frame->key)) {
            return PyUnicode_FromFormat("[%.100R]", frame->key);
        }
        return PyUnicode_FromFormat("[a %R]", Py_TYPE(frame->key));
    case FRAME_KEYS:
        return PyUnicode_FromString(".keys()");
    case FRAME_SET:
        return PyUnicode_FromString("{member}");
    default:
        return PyUnicode_FromString("");
    }
}

static size_t
depth_of(const struct frame *frame)
{
    size_t depth = 0;
    for (; frame != NULL; frame = frame->up) {
        depth++;
    }
    return depth;
}

/* "value" followed by the segments from the outermost container inwards; of a deep
   value those at both ends. */
static PyObject *
path_of(const struct packer *p)
{
    PyObject *path = PyUnicode_FromString("");
    const size_t depth = depth_of(p->top);
    size_t at = 0; /* counted from within */
    for (const struct frame *f = p->top; f != NULL && path != NULL; f = f->up, at++) {
        if (at > PATH_END && at + PATH_END < depth) {
            continue;
        }
        bool is_gap = at == PATH_END && at + PATH_END < depth;
        PyObject *segment = is_gap ? PyUnicode_FromString("...") : frame_segment(f);
        PyObject *longer = segment == NULL ? NULL : PyUnicode_Concat(segment, path);
        Py_XDECREF(segment);
        Py_DECREF(path);
        path = longer;
    }
    return path;
}

/* Raises SerializationError "value[...]: why"; always -1. */
int
codec_refuse(const struct packer *p, const char *why)
{
    PyObject *path = path_of(p);
    if (path != NULL) {
        codec_fail(p->state, "value%U: %s", path, why);
        Py_DECREF(path);
    }
    return -1;
}

int
codec_refuse_from(const struct packer *p, const char *why)
{
    PyObject *type, *error, *trace;
    PyErr_Fetch(&type, &error, &trace);
    PyObject *path = path_of(p);
    PyErr_Restore(type, error, trace);
    if (path != NULL) {
        codec_fail_from(p->state, "value%U: %s", path, why);
        Py_DECREF(path);
    }
    return -1;
}

int
codec_refuse_type(const struct packer *p, PyObject *value)
{
    PyObject *type = (PyObject *)Py_TYPE(value);
    PyObject *module = PyObject_GetAttr(type, p->state->names.__module__);
    PyObject *name = PyObject_GetAttr(type, p->state->names.__qualname__);
    PyObject *path = path_of(p);

    if (module != NULL && name != NULL && path != NULL) {
        codec_fail(p->state,
                   "value%U: type %S.%S has no exact encoding; register it with "
                   "pinyon.register(%S) or use codec=\"pickle\" with secret=",
                   path, module, name, name);
    }
    Py_XDECREF(module);
    Py_XDECREF(name);
    Py_XDECREF(path);
    return -1;
}

int
codec_refuse_size(const struct packer *p)
{
    PyErr_Format(p->state->errors.value_too_large,
                 "the encoded value is larger than %zu MiB; split it or store a "
                 "reference to it",
                 CODEC_VALUE_MAX >> 20);
    return -1;
}
