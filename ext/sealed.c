/*
 * Sealed - one item of an engine that others share, taken out of its envelope.
 *
 *     cache._unseal(key, bytes) -> Sealed
 *
 * A Sealed borrows nothing: it holds the bytes and the cache whose codec opens them.
 * The engine's answers are parsed here and judged in python/pinyon/far_calls.py, which
 * knows the generations that the tags have now. Sealing is seal.c's.
 */
#include "base/clock.h"
#include "cache.h"
#include "envelope.h"
#include "load.h"

struct sealed_object {
    PyObject_HEAD
    struct cache_object *cache; /* strong, as RAW */
    PyObject *raw;
    struct envelope in; /* points into RAW */
};

/* ---- Unsealing ------------------------------------------------------------- */

PyObject *
cache_unseal(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
             PyObject *kwnames)
{
    char *data;
    Py_ssize_t len;
    (void)kwnames;
    if (nargs != 2) {
        PyErr_Format(PyExc_TypeError, "_unseal() takes 2 arguments (%zd given)", nargs);
        return NULL;
    }
    if (PyBytes_AsStringAndSize(args[1], &data, &len) < 0) {
        return NULL;
    }
    struct sealed_object *out = core_alloc(self->st->sealed_type);
    if (out == NULL) {
        return NULL;
    }
    out->cache = (struct cache_object *)Py_NewRef((PyObject *)self);
    out->raw = Py_NewRef(args[1]);
    const char *why = envelope_parse(data, (size_t)len, &out->in);
    if (why != NULL) {
        PyErr_Format(self->st->serialization_error, "the value of key %R: %s", args[0],
                     why);
        Py_CLEAR(out);
    }
    return (PyObject *)out;
}

static uint64_t
grace_of(const struct sealed_object *self)
{
    return (uint64_t)(self->in.cflags & ITEM_GRACE_MASK) * ITEM_GRACE_UNIT;
}

static bool
is_early(struct sealed_object *self, const struct early *early, uint64_t now)
{
    struct codec_meta meta;
    return early->beta > 0.0 &&
           codec_meta_get(self->in.payload, self->in.payload_len, self->in.bits,
                          &meta) &&
           load_is_early(self->cache, &meta, early, now, self->in.soft_ms);
}

static enum found
classify(struct sealed_object *self, const struct early *early)
{
    const struct envelope *in = &self->in;
    if (in->soft_ms != 0) {
        uint64_t now = pn_clock_unix_ms();
        if (now >= in->soft_ms) {
            return now - in->soft_ms < grace_of(self) ? FOUND_STALE : FOUND_MISS;
        }
        if (is_early(self, early, now)) {
            return FOUND_EARLY;
        }
    }
    return in->cflags & ITEM_NEGATIVE ? FOUND_NEGATIVE : FOUND_FRESH;
}

static PyObject *
sealed_found(struct sealed_object *self, PyObject *const *args, Py_ssize_t nargs)
{
    struct early early = {.beta = 0.0};
    if (nargs == 2) {
        early.beta = PyFloat_AsDouble(args[0]);
        early.cap_ms = PyFloat_AsDouble(args[1]);
    }
    return PyErr_Occurred() ? NULL : PyLong_FromLong((long)classify(self, &early));
}

static PyObject *
damaged_number(struct sealed_object *self)
{
    PyErr_SetString(self->cache->st->serialization_error,
                    "damaged value: a counter is no int of 64 bits");
    return NULL;
}

/* The number of a counter, plain or not: 1, 0 when it is something else, or -1 with an
 * exception set. */
static int
take_number(struct sealed_object *self, int64_t *number)
{
    const struct envelope *in = &self->in;
    if (in->is_plain) {
        *number = in->number;
        return 1;
    }
    if (in->bits != CODEC_BIT_INT) {
        return 0;
    }
    if (!envelope_number(in->payload, in->payload_len, number)) {
        damaged_number(self);
        return -1;
    }
    return 1;
}

static PyObject *
sealed_value(struct sealed_object *self, PyObject *unused)
{
    int64_t number;
    (void)unused;
    int rc = take_number(self, &number);
    if (rc != 0) {
        return rc < 0 ? NULL : PyLong_FromLongLong(number);
    }
    return codec_decode(&self->cache->codec, self->in.payload, self->in.payload_len,
                        self->in.bits);
}

static PyObject *
sealed_get_number(struct sealed_object *self, void *unused)
{
    int64_t number;
    (void)unused;
    int rc = take_number(self, &number);
    if (rc < 0) {
        return NULL;
    }
    return rc == 0 ? Py_NewRef(Py_None) : PyLong_FromLongLong(number);
}

/* The same item with another soft expiry: ms from now, < 0 for none. */
static PyObject *
sealed_retimed(struct sealed_object *self, PyObject *soft)
{
    long long ms = PyLong_AsLongLong(soft);
    if (PyErr_Occurred()) {
        return NULL;
    }
    if (self->in.is_plain) {
        return Py_NewRef(self->raw);
    }
    char *from;
    Py_ssize_t len;
    if (PyBytes_AsStringAndSize(self->raw, &from, &len) < 0) {
        return NULL;
    }
    PyObject *out = PyBytes_FromStringAndSize(from, len);
    if (out != NULL) {
        struct envelope head = self->in;
        head.soft_ms = ms < 0 ? 0 : pn_clock_unix_ms() + (uint64_t)ms;
        envelope_put_head(PyBytes_AsString(out), &head);
    }
    return out;
}

static PyObject *
sealed_get_tags(struct sealed_object *self, void *unused)
{
    (void)unused;
    return PyBytes_FromStringAndSize(self->in.tags,
                                     (Py_ssize_t)(self->in.ntags * ENVELOPE_TAG));
}

/* What cas() compares. A plain number has no version: it is its own. */
static PyObject *
sealed_get_token(struct sealed_object *self, void *unused)
{
    (void)unused;
    if (!self->in.is_plain) {
        return PyLong_FromUnsignedLongLong(self->in.version);
    }
    PyObject *low = PyLong_FromUnsignedLongLong((uint64_t)self->in.number);
    PyObject *high = low == NULL ? NULL : PyLong_FromLong(1);
    PyObject *width = high == NULL ? NULL : PyLong_FromLong(64);
    PyObject *mark = width == NULL ? NULL : PyNumber_Lshift(high, width);
    PyObject *token = mark == NULL ? NULL : PyNumber_Or(mark, low);
    Py_XDECREF(low);
    Py_XDECREF(high);
    Py_XDECREF(width);
    Py_XDECREF(mark);
    return token;
}

/* Milliseconds until the soft expiry, or None when the engine alone knows. */
static PyObject *
sealed_get_left(struct sealed_object *self, void *unused)
{
    (void)unused;
    if (self->in.soft_ms == 0) {
        Py_RETURN_NONE;
    }
    uint64_t now = pn_clock_unix_ms();
    return PyLong_FromUnsignedLongLong(self->in.soft_ms > now ? self->in.soft_ms - now
                                                              : 0);
}

static PyObject *
sealed_get_grace(struct sealed_object *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(grace_of(self));
}

static PyObject *
sealed_get_plain(struct sealed_object *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->in.is_plain);
}

/* ---- The type -------------------------------------------------------------- */

static int
sealed_traverse(struct sealed_object *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->cache);
    return 0;
}

static void
sealed_dealloc(struct sealed_object *self)
{
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->cache);
    Py_CLEAR(self->raw);
    core_free_object(self);
}

static PyMethodDef sealed_methods[] = {
    {"found", (PyCFunction)(void (*)(void))sealed_found, METH_FASTCALL,
     "found($self, early=0.0, cap_ms=0.0, /)\n--\n\n"
     "How it may be used, by its times: one of FOUND_*."},
    {"value", (PyCFunction)sealed_value, METH_NOARGS,
     "value($self, /)\n--\n\nThe value, decoded."},
    {"retimed", (PyCFunction)sealed_retimed, METH_O,
     "retimed($self, soft_ms, /)\n--\n\nIts bytes with another soft expiry."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef sealed_getset[] = {
    {"tags", (getter)sealed_get_tags, NULL,
     "16 bytes a tag: its mark, and the generation it had.", NULL},
    {"token", (getter)sealed_get_token, NULL, "What cas() compares.", NULL},
    {"number", (getter)sealed_get_number, NULL, "Of a counter; else None.", NULL},
    {"left_ms", (getter)sealed_get_left, NULL,
     "Until the soft expiry; None: the engine alone knows.", NULL},
    {"grace_ms", (getter)sealed_get_grace, NULL, "Beyond the soft expiry.", NULL},
    {"is_plain", (getter)sealed_get_plain, NULL, "Decimal text, no envelope.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot sealed_slots[] = {
    {Py_tp_doc, CORE_DOC("One item of a shared engine, out of its envelope.")},
    {Py_tp_traverse, sealed_traverse},
    {Py_tp_dealloc, sealed_dealloc},
    {Py_tp_methods, sealed_methods},
    {Py_tp_getset, sealed_getset},
    {0, NULL},
};

static PyType_Spec sealed_spec = {
    .name = "pinyon._core.Sealed",
    .basicsize = sizeof(struct sealed_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_HAVE_GC,
    .slots = sealed_slots,
};

int
sealed_type_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    st->sealed_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &sealed_spec,
                                                               NULL);
    return st->sealed_type == NULL ? -1 : PyModule_AddType(module, st->sealed_type);
}
