#include "store_type.h"

#include <stdlib.h>
#include <string.h>

#include "errors.h"

/* ---- Life ------------------------------------------------------------------ */

struct pn_store *
store_refuse(struct store_object *obj)
{
    errors_raise_closed(obj->st);
    return NULL;
}

void
store_close_if_idle(struct store_object *obj)
{
    if (store_add_inside(obj, 0) == 0) {
        struct pn_store *store = __atomic_exchange_n(&obj->store, NULL,
                                                     __ATOMIC_ACQ_REL);
        pn_store_close(store);
    }
}

struct store_args {
    const char *name;
    struct pn_store_opts opts;
};

static int
parse_store_args(PyObject *args, PyObject *kwargs, struct store_args *out)
{
    static const char *const names[] = {"name",  "size", "item", "write_wait_ms",
                                        "flags", "dir",  NULL};
    unsigned long long size = 0;
    unsigned int item = 0, wait = 0, flags = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|z$KIIIz:Store", CORE_NAMES(names),
                                     &out->name, &size, &item, &wait, &flags,
                                     &out->opts.dir)) {
        return -1;
    }
    out->opts.size = size;
    out->opts.item = item;
    out->opts.write_wait_ms = wait;
    out->opts.flags = flags;
    return 0;
}

static PyObject *
store_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    struct core_state *st = core_state_of_type(type);
    struct store_args in = {.name = NULL};
    if (st == NULL || parse_store_args(args, kwargs, &in) < 0) {
        return NULL;
    }
    struct store_object *self = core_alloc(type);
    if (self == NULL) {
        return NULL;
    }
    self->st = st;
    if (in.opts.flags & STORE_ABSENT) {
        self->is_closed = true;
        return (PyObject *)self;
    }
    struct pn_why why = {.code = 0};
    int rc;
    Py_BEGIN_ALLOW_THREADS /* creating a region touches all its pages */
        rc = in.name == NULL
                 ? pn_store_open_private(&in.opts, &self->store, &why)
                 : pn_store_open_shared(in.name, &in.opts, &self->store, &why);
    Py_END_ALLOW_THREADS if (rc < 0)
    {
        self->is_closed = true;
        why.code = rc;
        errors_raise_why(st, &why);
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static void
store_dealloc(struct store_object *self)
{
    pn_store_close(self->store);
    core_free_object(self);
}

static PyObject *
store_close(struct store_object *self, PyObject *unused)
{
    (void)unused;
    __atomic_store_n(&self->is_closed, true, __ATOMIC_SEQ_CST);
    store_close_if_idle(self);
    Py_RETURN_NONE;
}

/* In the child of a fork: the threads that were inside are not here. */
static PyObject *
store_after_fork(struct store_object *self, PyObject *unused)
{
    (void)unused;
    self->inside = 0;
    self->bypassing = 0;
    if (self->is_closed) {
        store_close_if_idle(self);
        Py_RETURN_NONE;
    }
    int rc = pn_store_after_fork(self->store);
    if (rc < 0) {
        return errors_raise(self->st, rc, "fork");
    }
    Py_RETURN_NONE;
}

/* ---- Looking at the whole -------------------------------------------------- */

/* Fields of struct pn_store_stats in the order of the header. */
/* clang-format off */
#define STATS_FIELDS(X)                                                              \
    X(size) X(value_max) X(items) X(bytes) X(dead_bytes) X(index_capacity)           \
    X(hits) X(misses) X(retries) X(fallbacks)                                        \
    X(sets) X(deletes) X(evicted) X(expired) X(reclaimed) X(copied)                  \
    X(skipped) X(index_evicted)                                                      \
    X(leases) X(lease_takeovers) X(fenced) X(clears) X(invalidations)                \
    X(recoveries) X(wipes)                                                           \
    X(shards) X(segments) X(segments_free) X(segments_large) X(segment_size)         \
    X(condemned) X(processes) X(age_evicted_ms) X(uptime_ms) X(shared)
/* clang-format on */

static int
put_number(PyObject *dict, const char *name, uint64_t number)
{
    PyObject *value = PyLong_FromUnsignedLongLong(number);
    int rc = value == NULL ? -1 : PyDict_SetItemString(dict, name, value);
    Py_XDECREF(value);
    return rc;
}

static PyObject *
store_stats(struct store_object *self, PyObject *unused)
{
    (void)unused;
    struct pn_store *store = store_enter(self);
    if (store == NULL) {
        return NULL;
    }
    struct pn_store_stats stats;
    int rc;
    Py_BEGIN_ALLOW_THREADS rc = pn_store_stats(store, &stats);
    Py_END_ALLOW_THREADS store_leave(self);
    if (rc < 0) {
        return errors_raise(self->st, rc, "stats");
    }
    PyObject *dict = PyDict_New();
    if (dict == NULL) {
        return NULL;
    }
#define STATS_PUT(field)                                       \
    if (put_number(dict, #field, (uint64_t)stats.field) < 0) { \
        Py_DECREF(dict);                                       \
        return NULL;                                           \
    }
    STATS_FIELDS(STATS_PUT)
#undef STATS_PUT
    return dict;
}

/* check() -> (errors, items, slots, overflow, large, first): every invariant. */
static PyObject *
store_check(struct store_object *self, PyObject *unused)
{
    (void)unused;
    struct pn_store *store = store_enter(self);
    if (store == NULL) {
        return NULL;
    }
    struct pn_store_report report = {.items = 0};
    int rc;
    Py_BEGIN_ALLOW_THREADS rc = pn_store_check(store, PN_NOW, &report);
    Py_END_ALLOW_THREADS store_leave(self);
    if (rc == PN_BUSY) {
        return errors_raise_busy(self->st, "check");
    }
    if (rc < 0 && rc != PN_E_DAMAGED) {
        return errors_raise(self->st, rc, "check");
    }
    return Py_BuildValue("(KKKKKs)", (unsigned long long)report.errors,
                         (unsigned long long)report.items,
                         (unsigned long long)report.slots,
                         (unsigned long long)report.overflow,
                         (unsigned long long)report.large, report.first);
}

struct counting {
    const char *prefix;
    size_t len;
    uint64_t items;
};

static int
count_prefix(void *ctx, const void *key, size_t klen, const struct pn_item *item)
{
    struct counting *counting = ctx;
    (void)item;
    if (klen >= counting->len && memcmp(key, counting->prefix, counting->len) == 0) {
        counting->items++;
    }
    return 0;
}

/* count(prefix: bytes) -> int: live items whose key starts so. Walks the store. */
static PyObject *
store_count(struct store_object *self, PyObject *prefix)
{
    struct counting counting = {.items = 0};
    char *text;
    Py_ssize_t len;
    if (PyBytes_AsStringAndSize(prefix, &text, &len) < 0) {
        return NULL;
    }
    counting.prefix = text;
    counting.len = (size_t)len;
    struct pn_store *store = store_enter(self);
    if (store == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS uint64_t cursor = 0;
    do {
        pn_store_scan(store, PN_NOW, &cursor, count_prefix, &counting);
    } while (cursor != 0);
    Py_END_ALLOW_THREADS store_leave(self);
    return PyLong_FromUnsignedLongLong(counting.items);
}

static PyObject *
store_get_closed(struct store_object *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->is_closed);
}

static PyObject *
store_get_bypassing(struct store_object *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(self->bypassing);
}

/* bypass(+1 or -1): a scope of Cache.bypass() opens or closes. */
static PyObject *
store_bypass(struct store_object *self, PyObject *step)
{
    long by = PyLong_AsLong(step);
    if (by == -1 && PyErr_Occurred()) {
        return NULL;
    }
    __atomic_add_fetch(&self->bypassing, (int)by, __ATOMIC_RELAXED);
    Py_RETURN_NONE;
}

PyObject *
store_unlink(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    const char *dir = NULL;
    if (nargs < 1 || nargs > 2) {
        PyErr_SetString(PyExc_TypeError, "unlink() takes a name and a directory");
        return NULL;
    }
    const char *name = PyUnicode_AsUTF8AndSize(args[0], NULL);
    if (name == NULL) {
        return NULL;
    }
    if (nargs == 2 && args[1] != Py_None &&
        (dir = PyUnicode_AsUTF8AndSize(args[1], NULL)) == NULL) {
        return NULL;
    }
    struct pn_why why = {.code = 0};
    int rc = pn_store_unlink(name, dir, &why);
    if (rc == PN_E_ABSENT) { /* as an opening says it, without the system's words */
        PyOS_snprintf(why.text, sizeof why.text, "there is no region '%s' in '%s'",
                      name, dir == NULL ? "/dev/shm" : dir);
    }
    if (rc < 0) {
        why.code = rc;
        return errors_raise_why(core_state_of(module), &why);
    }
    Py_RETURN_NONE;
}

static PyMethodDef store_methods[] = {
    {"close", (PyCFunction)store_close, METH_NOARGS,
     "close($self, /)\n--\n\n"
     "Closes the store for every cache that uses it. May be called twice."},
    {"after_fork", (PyCFunction)store_after_fork, METH_NOARGS,
     "after_fork($self, /)\n--\n\n"
     "To be called in the child of a fork, before anything else."},
    {"stats", (PyCFunction)store_stats, METH_NOARGS,
     "stats($self, /)\n--\n\n"
     "The counters of struct pn_store_stats, by name."},
    {"check", (PyCFunction)store_check, METH_NOARGS,
     "check($self, /)\n--\n\n"
     "Checks every invariant: (errors, items, slots, overflow, large, first)."},
    {"count", (PyCFunction)store_count, METH_O,
     "count($self, prefix, /)\n--\n\n"
     "How many live items have a key that starts with these bytes. O(store)."},
    {"bypass", (PyCFunction)store_bypass, METH_O,
     "bypass($self, step, /)\n--\n\n"
     "A scope of Cache.bypass() opens (+1) or closes (-1)."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef store_getset[] = {
    {"closed", (getter)store_get_closed, NULL, "True after close().", NULL},
    {"bypassing", (getter)store_get_bypassing, NULL,
     "Scopes of Cache.bypass() that are open.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot store_slots[] = {
    {Py_tp_doc, CORE_DOC("One open store; see pinyon.Cache.")},
    {Py_tp_new, store_new},
    {Py_tp_dealloc, store_dealloc},
    {Py_tp_methods, store_methods},
    {Py_tp_getset, store_getset},
    {0, NULL},
};

static PyType_Spec store_spec = {
    .name = "pinyon._core.Store",
    .basicsize = sizeof(struct store_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = store_slots,
};

int
store_type_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    st->store_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &store_spec,
                                                              NULL);
    return st->store_type == NULL ? -1 : PyModule_AddType(module, st->store_type);
}
