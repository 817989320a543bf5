/*
 * Sealed - one item of an engine that others share, taken out of its envelope.
 *
 *     cache._seal(value, soft_ms, grace_ms, load_us, negative, tags) -> bytes
 *     cache._unseal(key, bytes) -> Sealed
 *     cache._marks(tags) -> [bytes of 8, ...]     what tags are called in envelopes
 *
 * A Sealed borrows nothing: it holds the bytes and the cache whose codec opens them.
 * The engine's answers are parsed here and judged in python/pinyon/far_ops.py, which
 * knows the generations that the tags have now.
 */
#define _GNU_SOURCE /* getrandom() */

#include <blake2.h>
#include <string.h>
#include <sys/random.h>

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

/* ---- Sealing --------------------------------------------------------------- */

struct seal_args {
    PyObject *value;
    long long soft_ms;  /* from now; < 0: not written down */
    long long grace_ms; /* beyond the soft expiry */
    long long load_us;  /* < 0: not kept */
    bool is_negative;
    const char *tags; /* ENVELOPE_TAG bytes each */
    size_t ntags;
};

static int
take_seal(struct core_state *st, PyObject *const *args, Py_ssize_t nargs,
          struct seal_args *out)
{
    char *tags;
    Py_ssize_t size;
    if (nargs != 6) {
        PyErr_Format(PyExc_TypeError, "_seal() takes 6 arguments (%zd given)", nargs);
        return -1;
    }
    out->value = args[0];
    out->soft_ms = PyLong_AsLongLong(args[1]);
    out->grace_ms = PyLong_AsLongLong(args[2]);
    out->load_us = PyLong_AsLongLong(args[3]);
    out->is_negative = args[4] == Py_True;
    if (PyErr_Occurred() || PyBytes_AsStringAndSize(args[5], &tags, &size) < 0) {
        return -1;
    }
    out->tags = tags;
    out->ntags = (size_t)size / ENVELOPE_TAG;
    if (out->ntags > PN_TAGS_MAX || (size_t)size % ENVELOPE_TAG != 0) {
        PyErr_SetString(st->config_error, "tags are up to 15, of 16 bytes each");
        return -1;
    }
    return 0;
}

static uint32_t
cflags_of(const struct seal_args *in)
{
    uint64_t units = 0;
    if (in->soft_ms >= 0 && in->grace_ms > 0) {
        units = ((uint64_t)in->grace_ms + ITEM_GRACE_UNIT - 1) / ITEM_GRACE_UNIT;
    }
    if (units > ITEM_GRACE_MASK) {
        units = ITEM_GRACE_MASK;
    }
    return (uint32_t)units | (in->is_negative ? ITEM_NEGATIVE : 0);
}

static int64_t
number_of(const struct codec_buf *buf)
{
    int64_t number;
    memcpy(&number, buf->data, sizeof number);
    return number;
}

/* The item: an envelope, or a plain number where nothing needs one. */
static PyObject *
enclose(const struct seal_args *in, const struct codec_buf *buf, uint8_t bits)
{
    char digits[ENVELOPE_NUMBER_MAX];
    const char *payload = buf->data;
    size_t len = buf->len;
    struct envelope head = {.bits = bits,
                            .ntags = (uint8_t)in->ntags,
                            .cflags = cflags_of(in),
                            .soft_ms = 0};
    if (bits == CODEC_BIT_INT) {
        len = envelope_put_number(digits, number_of(buf));
        payload = digits;
        if (in->ntags == 0 && head.cflags == 0 && in->soft_ms < 0) {
            return PyBytes_FromStringAndSize(payload, (Py_ssize_t)len);
        }
    }
    if (in->soft_ms >= 0) {
        head.soft_ms = pn_clock_unix_ms() + (uint64_t)in->soft_ms;
    }
    if (getrandom(&head.version, sizeof head.version, 0) != sizeof head.version) {
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    size_t tags = in->ntags * ENVELOPE_TAG;
    PyObject *out = PyBytes_FromStringAndSize(NULL,
                                              (Py_ssize_t)(ENVELOPE_HEAD + tags + len));
    if (out != NULL) {
        char *to = PyBytes_AsString(out);
        envelope_put_head(to, &head);
        memcpy(to + ENVELOPE_HEAD, in->tags, tags);
        memcpy(to + ENVELOPE_HEAD + tags, payload, len);
    }
    return out;
}

PyObject *
cache_seal(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
           PyObject *kwnames)
{
    struct seal_args in;
    (void)kwnames;
    if (take_seal(self->st, args, nargs, &in) < 0) {
        return NULL;
    }
    struct codec_buf buf;
    uint8_t bits = 0;
    codec_buf_init(&buf);
    if (in.load_us >= 0) {
        struct codec_meta meta = {.soft_expiry_ms = 0};
        meta.load_us = in.load_us > UINT32_MAX ? UINT32_MAX : (uint32_t)in.load_us;
        codec_meta_put(&buf, &meta, &bits);
    }
    PyObject *out = NULL;
    if (codec_encode(&self->codec, in.value, &buf, &bits) == 0) {
        out = enclose(&in, &buf, bits);
    }
    codec_buf_release(&buf);
    return out;
}

/* ---- Tags ------------------------------------------------------------------ */

static int
mark_text(void *context, const char *text, size_t len)
{
    uint8_t hash[8];
    /* Not of a region's seed: the same in every process. Two tags that meet are
     * invalidated together, which drops too much and never too little. */
    blake2b(hash, text, NULL, sizeof hash, len, 0);
    PyObject *mark = PyBytes_FromStringAndSize((const char *)hash, sizeof hash);
    int rc = mark == NULL ? -1 : PyList_Append(context, mark);
    Py_XDECREF(mark);
    return rc;
}

PyObject *
cache_marks(struct cache_object *self, PyObject *tags)
{
    PyObject *marks = PyList_New(0);
    if (marks != NULL && cache_each_tag(self, tags, mark_text, marks) < 0) {
        Py_CLEAR(marks);
    }
    return marks;
}

PyObject *
cache_mark(struct cache_object *self, PyObject *tag)
{
    char room[CACHE_TAG_ROOM];
    size_t len;
    if (cache_tag_text(self, tag, room, &len) < 0) {
        return NULL;
    }
    uint8_t hash[8];
    blake2b(hash, room, NULL, sizeof hash, len, 0);
    return PyBytes_FromStringAndSize((const char *)hash, sizeof hash);
}

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
