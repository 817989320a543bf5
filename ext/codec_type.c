#include "codec_type.h"

#include "codec.h"

struct codec_object {
    PyObject_HEAD
    struct codec codec;
};

static struct codec *
codec_of(PyObject *self)
{
    return &((struct codec_object *)self)->codec;
}

static PyObject *
codec_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    char codec[] = "codec";
    char secret[] = "secret";
    char compress_min[] = "compress_min";
    char compress_level[] = "compress_level";
    char *names[] = {codec, secret, compress_min, compress_level, NULL};
    struct codec_opts opts = CODEC_OPTS_INIT;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$Oni:Codec", names, &opts.name,
                                     &opts.secret, &opts.zstd_min, &opts.zstd_level)) {
        return NULL;
    }
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    PyObject *self = alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    struct codec_state *state = codec_state_of(PyType_GetModule(type));
    if (codec_init(codec_of(self), state, &opts) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return self;
}

static int
codec_type_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return codec_traverse(codec_of(self), visit, arg);
}

static void
codec_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    codec_release(codec_of(self));
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

/* The optional (soft_expiry_ms, load_us) of encode. */
static int
put_meta(PyObject *const *args, struct codec_buf *out, uint8_t *bits)
{
    struct codec_meta meta;
    meta.soft_expiry_ms = PyLong_AsUnsignedLongLong(args[0]);
    if (PyErr_Occurred()) {
        return -1;
    }
    unsigned long long load = PyLong_AsUnsignedLongLong(args[1]);
    if (PyErr_Occurred()) {
        return -1;
    }
    meta.load_us = load < UINT32_MAX ? (uint32_t)load : UINT32_MAX;
    codec_meta_put(out, &meta, bits);
    return 0;
}

PyDoc_STRVAR(
    encode_doc,
    "encode(value[, soft_expiry_ms, load_us]) -> (bytes, item bits)\n\n"
    "SerializationError says where in the value something has no exact encoding.");

static PyObject *
codec_encode_method(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    struct codec_buf out;
    uint8_t bits = 0;
    PyObject *pair = NULL;

    if (nargs != 1 && nargs != 3) {
        PyErr_SetString(PyExc_TypeError, "encode(value[, soft_expiry_ms, load_us])");
        return NULL;
    }
    codec_buf_init(&out);
    if ((nargs == 1 || put_meta(args + 1, &out, &bits) == 0) &&
        codec_encode(codec_of(self), args[0], &out, &bits) == 0) {
        pair = Py_BuildValue("(y#i)", out.data, (Py_ssize_t)out.len, (int)bits);
    }
    codec_buf_release(&out);
    return pair;
}

/* (data, bits) of decode and meta; `data` is bytes, which stays in place. */
static int
parse_item(PyObject *const *args, Py_ssize_t nargs, char **data, Py_ssize_t *len,
           uint8_t *bits)
{
    if (nargs != 2 || !PyBytes_Check(args[0]) || !PyLong_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "expected (data: bytes, bits: int)");
        return -1;
    }
    long number = PyLong_AsLong(args[1]);
    if (number < 0 || number > 0xff) {
        PyErr_SetString(PyExc_ValueError, "bits must be 0 to 255");
        return -1;
    }
    *bits = (uint8_t)number;
    return PyBytes_AsStringAndSize(args[0], data, len);
}

PyDoc_STRVAR(decode_doc, "decode(data, bits) -> value\n\n"
                         "SerializationError when the bytes are damaged.");

static PyObject *
codec_decode_method(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    char *data;
    Py_ssize_t len;
    uint8_t bits;
    if (parse_item(args, nargs, &data, &len, &bits) < 0) {
        return NULL;
    }
    return codec_decode(codec_of(self), data, (size_t)len, bits);
}

PyDoc_STRVAR(meta_doc, "meta(data, bits) -> (soft_expiry_ms, load_us) or None");

static PyObject *
codec_meta_method(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    char *data;
    Py_ssize_t len;
    uint8_t bits;
    struct codec_meta meta;

    (void)self;
    if (parse_item(args, nargs, &data, &len, &bits) < 0) {
        return NULL;
    }
    if (!codec_meta_get(data, (size_t)len, bits, &meta)) {
        return Py_NewRef(Py_None);
    }
    return Py_BuildValue("(KI)", (unsigned long long)meta.soft_expiry_ms,
                         (unsigned int)meta.load_us);
}

PyDoc_STRVAR(
    codec_doc,
    "Codec(codec='msgpack', *, secret=None, compress_min=1024, "
    "compress_level=1)\n\n"
    "Python values to bytes and back, exactly: what decode returns equals what\n"
    "encode was given, type included. codec='pickle' needs secret=, bytes or str\n"
    "of at least 16 bytes, or a list of them: the first signs, all verify.");

#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef codec_methods[] = {
    {"encode", METHOD(codec_encode_method), METH_FASTCALL, encode_doc},
    {"decode", METHOD(codec_decode_method), METH_FASTCALL, decode_doc},
    {"meta", METHOD(codec_meta_method), METH_FASTCALL, meta_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot codec_slots[] = {
    {Py_tp_doc, (void *)(uintptr_t)codec_doc},
    {Py_tp_new, codec_new},
    {Py_tp_dealloc, codec_dealloc},
    {Py_tp_traverse, codec_type_traverse},
    {Py_tp_methods, codec_methods},
    {0, NULL},
};

static PyType_Spec codec_spec = {
    .name = "pinyon._core.Codec",
    .basicsize = sizeof(struct codec_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = codec_slots,
};

PyDoc_STRVAR(
    register_doc,
    "register(cls, name, encode, decode)\n\n"
    "Lets values of exactly `cls` through the codec: encode(obj) returns a value\n"
    "that the codec knows, decode(value) the object again.");

static PyObject *
register_function(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 4) {
        PyErr_SetString(PyExc_TypeError, "register(cls, name, encode, decode)");
        return NULL;
    }
    if (codec_register(codec_state_of(module), args[0], args[1], args[2], args[3]) <
        0) {
        return NULL;
    }
    return Py_NewRef(Py_None);
}

PyDoc_STRVAR(is_registered_doc, "is_registered(cls) -> bool");

static PyObject *
is_registered_function(PyObject *module, PyObject *cls)
{
    int rc = PyDict_Contains(codec_state_of(module)->by_type, cls);
    return rc < 0 ? NULL : PyBool_FromLong(rc);
}

static PyMethodDef module_functions[] = {
    {"is_registered", is_registered_function, METH_O, is_registered_doc},
    {"register", METHOD(register_function), METH_FASTCALL, register_doc},
    {NULL, NULL, 0, NULL},
};

int
codec_type_add(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &codec_spec, NULL);
    if (type == NULL) {
        return -1;
    }
    int rc = PyModule_AddType(module, (PyTypeObject *)type);
    Py_DECREF(type);
    return rc < 0 ? -1 : PyModule_AddFunctions(module, module_functions);
}
