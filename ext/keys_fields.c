/*
 * Canonical encoding of objects, by what their class declares: __pinyon_key__, Enum,
 * dataclass, NamedTuple, arrays, paths. The class's module and qualified name always go
 * in front, so that Euro(5) and Dollar(5) differ.
 *
 * Anything else is refused. id() and repr() name an object, not its value; pickle's
 * bytes differ between equal objects.
 */
#include "codec_compat.h"
#include "keys_internal.h"

/* 1 when the attribute is there (*found is a new reference), 0 when not, -1 on error.
   */
static int
look_up(PyObject *object, PyObject *name, PyObject **found)
{
    *found = PyObject_GetAttr(object, name);
    if (*found != NULL) {
        return 1;
    }
    if (!PyErr_ExceptionMatches(PyExc_AttributeError)) {
        return -1;
    }
    PyErr_Clear();
    return 0;
}

static PyObject *
full_name(const struct codec_state *state, PyObject *cls)
{
    PyObject *module = PyObject_GetAttr(cls, state->names.__module__);
    PyObject *name = PyObject_GetAttr(cls, state->names.__qualname__);
    PyObject *full = NULL;
    if (module != NULL && name != NULL) {
        full = PyUnicode_FromFormat("%S.%S", module, name);
    }
    Py_XDECREF(module);
    Py_XDECREF(name);
    return full;
}

int
keys_put_class(const struct codec_state *state, PyObject *cls, struct codec_buf *out)
{
    PyObject *name = full_name(state, cls);
    int rc = name == NULL ? -1 : keys_put_str(name, out);
    Py_XDECREF(name);
    return rc;
}

static int
put_tag_and_class(struct key_walk *walk, PyObject *value, unsigned tag,
                  struct codec_buf *out)
{
    if (codec_buf_put_u8(out, tag) < 0) {
        return -1;
    }
    return keys_put_class(walk->state, (PyObject *)Py_TYPE(value), out);
}

/* ---- What the object says itself ---------------------------------------------- */

static int
encode_custom(struct key_walk *walk, PyObject *value, PyObject *method,
              struct codec_buf *out)
{
    PyObject *key = codec_call(method, value, NULL);
    int rc = -1;
    if (key != NULL && put_tag_and_class(walk, value, KEY_CUSTOM, out) == 0) {
        rc = keys_encode(walk, key, out);
    }
    Py_XDECREF(key);
    return rc;
}

/* A class as an argument: `cls` of a class method, or say f(dict). Classes made within
   functions share their names with their likes and are refused. */
static int
encode_class(struct key_walk *walk, PyObject *cls, struct codec_buf *out)
{
    PyObject *name = full_name(walk->state, cls);
    int is_local = name == NULL ? -1
                                : PyUnicode_Contains(name, walk->state->local_mark);
    int rc = -1;
    if (is_local > 0) {
        rc = keys_refuse(walk, cls,
                         "a class made within a function has no name of its "
                         "own");
    } else if (is_local == 0 && codec_buf_put_u8(out, KEY_CLASS) == 0) {
        rc = keys_put_str(name, out);
    }
    Py_XDECREF(name);
    return rc;
}

/* By name, which survives a change of values; a nameless combination of flags by value.
   */
static int
encode_enum(struct key_walk *walk, PyObject *value, struct codec_buf *out)
{
    const struct codec_state *state = walk->state;
    PyObject *said = PyObject_GetAttr(value, state->names.name);
    int rc = -1;
    if (said == Py_None) {
        Py_DECREF(said);
        said = PyObject_GetAttr(value, state->names._value_);
    }
    if (said != NULL && put_tag_and_class(walk, value, KEY_ENUM, out) == 0) {
        rc = keys_encode(walk, said, out);
    }
    Py_XDECREF(said);
    return rc;
}

/* ---- Dataclasses and named tuples --------------------------------------------- */

/* A field that does not take part in the comparison (compare=False) does not tell two
   instances apart; its author said so. */
static int
is_compared(struct key_walk *walk, PyObject *field)
{
    PyObject *flag = PyObject_GetAttr(field, walk->state->names.compare);
    int truth = flag == NULL ? -1 : PyObject_IsTrue(flag);
    Py_XDECREF(flag);
    return truth;
}

static int
encode_field(struct key_walk *walk, PyObject *value, PyObject *name,
             struct codec_buf *out)
{
    PyObject *member = PyObject_GetAttr(value, name);
    int rc = -1;
    if (member != NULL && keys_put_str(name, out) == 0) {
        rc = keys_encode(walk, member, out);
    }
    Py_XDECREF(member);
    return rc;
}

/* `fields` is __dataclass_fields__. How many of them count is not known beforehand, so
   KEY_NONE, which begins no name, ends the list. */
static int
encode_dataclass(struct key_walk *walk, PyObject *value, PyObject *fields,
                 struct codec_buf *out)
{
    PyObject *items = PyDict_Check(fields) ? PyDict_Items(fields) : NULL;
    if (items == NULL) {
        return PyErr_Occurred() ? -1 : keys_refuse(walk, value, NULL);
    }
    int rc = put_tag_and_class(walk, value, KEY_DATACLASS, out);
    Py_ssize_t n = PyList_Size(items);
    for (Py_ssize_t i = 0; rc == 0 && i < n; i++) {
        PyObject *item = PyList_GetItem(items, i);
        int compared = is_compared(walk, PyTuple_GetItem(item, 1));
        if (compared < 0) {
            rc = -1;
        } else if (compared > 0) {
            rc = encode_field(walk, value, PyTuple_GetItem(item, 0), out);
        }
    }
    Py_DECREF(items);
    return rc < 0 ? -1 : codec_buf_put_u8(out, KEY_NONE);
}

static int
encode_namedtuple(struct key_walk *walk, PyObject *value, struct codec_buf *out)
{
    Py_ssize_t n = PyTuple_Size(value);
    if (put_tag_and_class(walk, value, KEY_NAMEDTUPLE, out) < 0 ||
        keys_put_length(out, KEY_TUPLE, (size_t)n) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (keys_encode(walk, PyTuple_GetItem(value, i), out) < 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- Arrays and paths --------------------------------------------------------- */

/* Pointers to objects are no values. In a struct format, names stand between colons. */
static bool
has_objects(const char *format)
{
    bool is_name = false;
    for (; *format != '\0'; format++) {
        if (*format == ':') {
            is_name = !is_name;
        } else if (*format == 'O' && !is_name) {
            return true;
        }
    }
    return false;
}

static int
put_shape(const Py_buffer *view, struct codec_buf *out)
{
    if (keys_put_length(out, KEY_TUPLE, (size_t)view->ndim) < 0) {
        return -1;
    }
    for (int i = 0; i < view->ndim; i++) {
        if (keys_put_length(out, KEY_INT, (size_t)view->shape[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Element type, shape and the elements in C order, whatever order they are stored in.
   */
static int
put_view(Py_buffer *view, const char *format, struct codec_buf *out)
{
    size_t size = (size_t)view->len;
    if (keys_put_length(out, KEY_STR, strlen(format)) < 0 ||
        codec_buf_put(out, format, strlen(format)) < 0 || put_shape(view, out) < 0 ||
        keys_put_length(out, KEY_BYTES, size) < 0 || codec_buf_reserve(out, size) < 0) {
        return -1;
    }
    if (PyBuffer_ToContiguous(out->room + out->len, view, view->len, 'C') < 0) {
        return -1;
    }
    out->len += size;
    return 0;
}

static int
encode_array(struct key_walk *walk, PyObject *value, struct codec_buf *out)
{
    Py_buffer view;
    int rc;
    if (PyObject_GetBuffer(value, &view, PyBUF_FULL_RO) < 0) {
        PyErr_Clear();
        return keys_refuse(walk, value, "its elements have no plain bytes");
    }
    const char *format = view.format == NULL ? "B" : view.format;
    if (has_objects(format)) {
        rc = keys_refuse(walk, value, "its elements are Python objects");
    } else {
        rc = put_tag_and_class(walk, value, KEY_ARRAY, out);
        rc = rc < 0 ? -1 : put_view(&view, format, out);
    }
    PyBuffer_Release(&view);
    return rc;
}

static int
encode_path(struct key_walk *walk, PyObject *value, struct codec_buf *out)
{
    PyObject *text = PyOS_FSPath(value);
    int rc = -1;
    if (text != NULL && put_tag_and_class(walk, value, KEY_PATH, out) == 0) {
        rc = keys_encode(walk, text, out);
    }
    Py_XDECREF(text);
    return rc;
}

/* Classes known by the module that defines them, without importing it. Subclasses are
   not: a masked array is more than its buffer. */
static int
encode_by_module(struct key_walk *walk, PyObject *value, struct codec_buf *out)
{
    PyObject *module;
    int rc = look_up((PyObject *)Py_TYPE(value), walk->state->names.__module__,
                     &module);
    if (rc < 0) {
        return -1;
    }
    Py_ssize_t len = 0;
    const char *name = "";
    if (rc > 0 && PyUnicode_Check(module)) {
        name = PyUnicode_AsUTF8AndSize(module, &len);
    }
    if (name == NULL) {
        rc = -1;
    } else if (strcmp(name, "numpy") == 0 || strcmp(name, "array") == 0 ||
               PyMemoryView_Check(value)) {
        rc = encode_array(walk, value, out);
    } else if (strcmp(name, "pathlib") == 0 || strncmp(name, "pathlib.", 8) == 0) {
        rc = encode_path(walk, value, out);
    } else {
        rc = keys_refuse(walk, value, NULL);
    }
    Py_XDECREF(module);
    return rc;
}

/* ---- Dispatch --------------------------------------------------------------- */

/* Dataclass or NamedTuple: 1 when neither. */
static int
encode_declared(struct key_walk *walk, PyObject *value, struct codec_buf *out)
{
    PyObject *fields;
    PyObject *cls = (PyObject *)Py_TYPE(value);
    int rc = look_up(cls, walk->state->names.__dataclass_fields__, &fields);
    if (rc > 0) {
        rc = encode_dataclass(walk, value, fields, out);
        Py_DECREF(fields);
        return rc;
    }
    if (rc == 0 && PyTuple_Check(value)) {
        rc = look_up(cls, walk->state->names._fields, &fields);
        if (rc > 0) {
            Py_DECREF(fields);
            return encode_namedtuple(walk, value, out);
        }
    }
    return rc < 0 ? -1 : 1;
}

int
keys_encode_object(struct key_walk *walk, PyObject *value, struct codec_buf *out)
{
    const struct codec_state *state = walk->state;
    PyObject *method;

    /* Special methods are looked up on the class, as Python does: then an instance
       attribute cannot stand in, and a class that defines one for its instances is
       still itself an argument. */
    int rc = look_up((PyObject *)Py_TYPE(value), state->names.__pinyon_key__, &method);
    if (rc > 0) {
        rc = encode_custom(walk, value, method, out);
        Py_DECREF(method);
        return rc;
    }
    if (rc < 0) {
        return -1;
    }
    if (PyType_Check(value)) {
        return encode_class(walk, value, out);
    }
    rc = PyObject_IsInstance(value, state->classes.enum_);
    if (rc != 0) {
        return rc < 0 ? -1 : encode_enum(walk, value, out);
    }
    rc = encode_declared(walk, value, out);
    return rc == 1 ? encode_by_module(walk, value, out) : rc;
}
