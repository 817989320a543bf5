#include "load.h"

#include <math.h>
#include <string.h>

#include "errors.h"

/* ---- Is this hit good? ----------------------------------------------------- */

/* A number in (0, 1]: splitmix64 over a counter, stirred with the time so that the
 * children of a fork part ways. */
static double
draw(_Atomic uint64_t *seed, uint64_t stir)
{
    uint64_t z = atomic_fetch_add_explicit(seed, 0x9e3779b97f4a7c15u,
                                           memory_order_relaxed);
    z += stir * 0xd1342543de82ef95u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return ((double)((z ^ (z >> 31)) >> 11) + 1.0) * 0x1p-53;
}

bool
load_is_early(struct cache_object *self, const struct codec_meta *meta,
              const struct early *early, uint64_t now, uint64_t soft_ms)
{
    double load_ms = meta->load_us / 1e3;
    double ahead = load_ms * early->beta * -log(draw(&self->seed, now));
    if (ahead > early->cap_ms) {
        ahead = early->cap_ms;
    }
    return (double)now + ahead >= (double)soft_ms;
}

enum found
load_classify_timed(struct cache_object *self, const struct pn_store *store,
                    const struct reading *reading, const struct early *early)
{
    const struct pn_item *item = &reading->item;
    uint64_t soft = item->exp_ms - item_grace_ms(item);
    uint64_t now = item_now(store, item, soft);
    if (now >= soft) {
        return FOUND_STALE;
    }
    struct codec_meta meta;
    if (early->beta > 0.0 &&
        codec_meta_get(reading->data, item->vlen, item->bits, &meta) &&
        load_is_early(self, &meta, early, now, soft)) {
        return FOUND_EARLY;
    }
    return item->cflags & ITEM_NEGATIVE ? FOUND_NEGATIVE : FOUND_FRESH;
}

/* ---- Keys as the store has them -------------------------------------------- */

static int
engine_key(PyObject *key, const char **text, size_t *len)
{
    char *bytes;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(key, &bytes, &size) < 0) {
        return -1;
    }
    *text = bytes;
    *len = (size_t)size;
    return 0;
}

/* The user's key as the store has it: prefix and all. */
PyObject *
cache_key(struct cache_object *self, PyObject *key)
{
    struct key_buf name;
    if (key_from_object(&self->keys, key, &name) < 0) {
        return NULL;
    }
    return PyBytes_FromStringAndSize(name.data, (Py_ssize_t)name.len);
}

static int
wrong_call(const char *name, Py_ssize_t nargs, Py_ssize_t wanted)
{
    PyErr_Format(PyExc_TypeError, "%s() takes %zd arguments (%zd given)", name, wanted,
                 nargs);
    return -1;
}

/* look(key, beta, cap_ms) -> (found, value or None) */
PyObject *
cache_look(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
           PyObject *kwnames)
{
    const char *key;
    size_t len;
    struct early early = {.beta = 0.0};
    (void)kwnames;
    if (nargs != 3 ? wrong_call("_look", nargs, 3) : engine_key(args[0], &key, &len)) {
        return NULL;
    }
    early.beta = PyFloat_AsDouble(args[1]);
    early.cap_ms = PyFloat_AsDouble(args[2]);
    struct pn_store *store = PyErr_Occurred() ? NULL : store_enter(self->store);
    if (store == NULL) {
        return NULL;
    }
    struct reading reading;
    enum found found = FOUND_MISS;
    int rc = cache_read(self, store, key, len, &reading);
    if (rc == PN_OK) {
        found = load_classify(self, store, &reading, &early);
    }
    store_leave(self->store);
    if (rc < 0) {
        return NULL;
    }
    PyObject *value = rc == PN_OK ? cache_decode(self, &reading) : Py_NewRef(Py_None);
    return value == NULL ? NULL : Py_BuildValue("(iN)", (int)found, value);
}

/* tags(iterable) -> bytes: their generations now, for fill(). */
PyObject *
cache_tags(struct cache_object *self, PyObject *tags)
{
    struct pn_store *store = store_enter(self->store);
    if (store == NULL) {
        return NULL;
    }
    struct tagging tagging;
    int rc = cache_take_tags(self, store, tags, &tagging);
    store_leave(self->store);
    return rc < 0 ? NULL
                  : PyBytes_FromStringAndSize((const char *)tagging.tag,
                                              (Py_ssize_t)(tagging.n *
                                                           sizeof tagging.tag[0]));
}

/* ---- Filling --------------------------------------------------------------- */

struct fill_args {
    const char *key;
    size_t len;
    long long ttl_ms;   /* < 0: no expiry */
    long long grace_ms; /* beyond the ttl */
    long long load_us;  /* < 0: not kept */
    struct tagging tagging;
    struct lease_object *lease; /* NULL: stored in any case */
};

static int
take_tagging(PyObject *bytes, struct tagging *out)
{
    char *text;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(bytes, &text, &size) < 0) {
        return -1;
    }
    size_t n = (size_t)size / sizeof out->tag[0];
    if (n > CACHE_TAGS_MAX) {
        PyErr_SetString(PyExc_ValueError, "too many tags");
        return -1;
    }
    memcpy(out->tag, text, n * sizeof out->tag[0]);
    out->n = (uint8_t)n;
    return 0;
}

static int
take_fill(struct cache_object *self, PyObject *const *args, struct fill_args *out)
{
    if (engine_key(args[0], &out->key, &out->len) < 0 ||
        take_tagging(args[6], &out->tagging) < 0) {
        return -1;
    }
    out->ttl_ms = PyLong_AsLongLong(args[2]);
    out->grace_ms = PyLong_AsLongLong(args[3]);
    out->load_us = PyLong_AsLongLong(args[4]);
    out->lease = NULL;
    if (Py_TYPE(args[7]) == self->st->lease_type) {
        out->lease = (struct lease_object *)args[7];
    }
    return PyErr_Occurred() ? -1 : 0;
}

/* fill(key, value, ttl_ms, grace_ms, load_us, negative, tags, lease) -> outcome
 *
 * Stores what a load returned, unless the lease or a tag was taken from it in the
 * meantime. ttl_ms < 0: no expiry; load_us < 0: not to be refreshed early. */
PyObject *
cache_fill(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
           PyObject *kwnames)
{
    struct fill_args in;
    (void)kwnames;
    if (nargs != 8 ? wrong_call("_fill", nargs, 8) : take_fill(self, args, &in)) {
        return NULL;
    }
    if (in.lease != NULL && !lease_is_ours(in.lease)) {
        return PyLong_FromLong(PN_FENCED);
    }
    uint64_t units = ((uint64_t)in.grace_ms + ITEM_GRACE_UNIT - 1) / ITEM_GRACE_UNIT;
    if (units > ITEM_GRACE_MASK) {
        units = ITEM_GRACE_MASK;
    }
    struct pn_put put = {.key = in.key,
                         .klen = in.len,
                         .mode = PN_PUT_SET,
                         .lease = in.lease == NULL ? NULL : &in.lease->lease,
                         .tags = in.tagging.tag,
                         .ntags = in.tagging.n,
                         .ttl_ms = PN_NO_TTL};
    if (in.ttl_ms >= 0) {
        put.ttl_ms = (uint64_t)in.ttl_ms + units * ITEM_GRACE_UNIT;
        put.cflags = (uint32_t)units;
    }
    if (args[5] == Py_True) {
        put.cflags |= ITEM_NEGATIVE;
    }
    struct codec_meta meta = {.soft_expiry_ms = 0};
    meta.load_us = in.load_us > UINT32_MAX ? UINT32_MAX : (uint32_t)in.load_us;
    int rc = cache_put_value(self, args[1], in.load_us < 0 ? NULL : &meta, &put, NULL);
    return rc < 0 ? NULL : PyLong_FromLong(rc);
}

/* drop(key) -> bool: delete, by the key as the store has it. */
PyObject *
cache_drop(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
           PyObject *kwnames)
{
    struct key_buf name;
    (void)kwnames;
    if (nargs != 1 ? wrong_call("_drop", nargs, 1)
                   : engine_key(args[0], &name.data, &name.len)) {
        return NULL;
    }
    return cache_delete_name(self, &name);
}

/* has(key) -> bool, by the key as the store has it. */
PyObject *
cache_has(struct cache_object *self, PyObject *key)
{
    struct key_buf name;
    if (engine_key(key, &name.data, &name.len) < 0) {
        return NULL;
    }
    int rc = cache_has_name(self, &name);
    return rc < 0 ? NULL : PyBool_FromLong(rc);
}

/* count(name, by): adds to one of the cache's counters. */
PyObject *
cache_count(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
            PyObject *kwnames)
{
    (void)kwnames;
    if (nargs != 2 && wrong_call("_count", nargs, 2) < 0) {
        return NULL;
    }
    if (counters_count(&self->counters, args[0], args[1]) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* ---- Leases ---------------------------------------------------------------- */

/* lease(key, ttl_ms) -> Lease, or None when the store is too busy to say. */
PyObject *
cache_lease(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
            PyObject *kwnames)
{
    const char *key;
    size_t len;
    (void)kwnames;
    if (nargs != 2 ? wrong_call("_lease", nargs, 2) : engine_key(args[0], &key, &len)) {
        return NULL;
    }
    unsigned long long ttl = PyLong_AsUnsignedLongLong(args[1]);
    struct pn_store *store = PyErr_Occurred() ? NULL : store_enter(self->store);
    if (store == NULL) {
        return NULL;
    }
    struct pn_lease lease;
    int rc = pn_store_lease(store, PN_NOW, key, len, ttl, &lease);
    store_leave(self->store);
    if (rc == PN_BUSY) {
        Py_RETURN_NONE;
    }
    if (rc < 0) {
        return errors_raise(self->st, rc, "lease");
    }
    return lease_of(self, &lease, rc == PN_OK);
}
