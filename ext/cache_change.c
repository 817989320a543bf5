#include "args.h"
#include "cache.h"
#include "errors.h"
#include "ttl.h"

/* A delete or a count that did not get its lock tries again, without the GIL, before
 * it raises: a second in all, at the store's default of 50 ms a try. */
#define BUSY_TRIES 20

static int
open_key(struct cache_object *self, PyObject *key, struct key_buf *name,
         struct pn_store **store)
{
    if (key_from_object(&self->keys, key, name) < 0) {
        return -1;
    }
    *store = store_enter(self->store);
    return *store == NULL ? -1 : 0;
}

/* ---- Deleting -------------------------------------------------------------- */

static int
delete_key(struct pn_store *store, const struct key_buf *name)
{
    int rc = pn_store_delete(store, PN_NOW, name->data, name->len);
    for (int i = 1; i < BUSY_TRIES && rc == PN_BUSY; i++) {
        Py_BEGIN_ALLOW_THREADS rc = pn_store_delete(store, PN_NOW, name->data,
                                                    name->len);
        Py_END_ALLOW_THREADS
    }
    return rc;
}

/* 1 deleted, 0 there was nothing, -1 with an exception set: never a silent "no",
 * since the older value would stay visible. */
static int
delete_name(struct cache_object *self, const struct key_buf *name)
{
    struct pn_store *store = store_enter(self->store);
    if (store == NULL) {
        return -1;
    }
    int rc = delete_key(store, name);
    store_leave(self->store);
    if (rc == PN_BUSY) {
        errors_raise_busy(self->st, "delete");
    } else if (rc < 0) {
        errors_raise(self->st, rc, "delete");
    } else {
        return rc == PN_OK;
    }
    return -1;
}

static int
delete_object(struct cache_object *self, PyObject *key)
{
    struct key_buf name;
    return key_from_object(&self->keys, key, &name) < 0 ? -1 : delete_name(self, &name);
}

PyObject *
cache_delete_name(struct cache_object *self, const struct key_buf *name)
{
    int rc = delete_name(self, name);
    return rc < 0 ? NULL : PyBool_FromLong(rc);
}

PyObject *
cache_delete(struct cache_object *self, PyObject *key)
{
    int rc = delete_object(self, key);
    return rc < 0 ? NULL : PyBool_FromLong(rc);
}

PyObject *
cache_delete_many(struct cache_object *self, PyObject *keys)
{
    PyObject *iterator = cache_iterate(self, keys, "keys");
    if (iterator == NULL) {
        return NULL;
    }
    Py_ssize_t deleted = 0;
    int rc = 0;
    PyObject *key;
    while (rc >= 0 && (key = PyIter_Next(iterator)) != NULL) {
        rc = delete_object(self, key);
        deleted += rc > 0;
        Py_DECREF(key);
    }
    Py_DECREF(iterator);
    return rc < 0 || PyErr_Occurred() ? NULL : PyLong_FromSsize_t(deleted);
}

/* ---- Touching -------------------------------------------------------------- */

/* An item that may be served stale keeps its grace beyond the new expiry. */
static int
touch_key(struct pn_store *store, const struct key_buf *name, uint64_t ttl)
{
    struct pn_item item;
    int rc = pn_store_peek(store, PN_NOW, name->data, name->len, &item);
    if (rc == PN_OK && item_is_stale(store, &item)) {
        return PN_MISS;
    }
    if (rc == PN_OK && ttl != PN_NO_TTL && ttl != 0) {
        ttl += item_grace_ms(&item);
    }
    return pn_store_touch(store, PN_NOW, name->data, name->len, ttl);
}

PyObject *
cache_touch(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
            PyObject *kwnames)
{
    static const struct args_spec spec = {"touch", 1, 2, {"key", "ttl", NULL}};
    PyObject *in[2] = {NULL};
    uint64_t ttl = self->ttl_ms;
    if (args_take(&spec, args, nargs, kwnames, in) < 0 ||
        (in[1] != NULL && ttl_from_object(self->st, in[1], "ttl", &ttl) < 0)) {
        return NULL;
    }
    struct key_buf name;
    struct pn_store *store;
    if (open_key(self, in[0], &name, &store) < 0) {
        return NULL;
    }
    int rc = touch_key(store, &name, ttl);
    store_leave(self->store);
    return rc < 0 ? errors_raise(self->st, rc, "touch") : PyBool_FromLong(rc == PN_OK);
}

/* ---- Counting -------------------------------------------------------------- */

static int
take_int64(struct cache_object *self, PyObject *object, const char *name, int64_t *out)
{
    long long value = PyLong_AsLongLong(object);
    if (value == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        PyErr_Format(self->st->config_error, "%s=%R: give an int of 64 bits", name,
                     object);
        return -1;
    }
    *out = value;
    return 0;
}

/* IN is key, delta, initial, ttl. */
static int
take_incr(struct cache_object *self, PyObject *const *in, struct pn_incr *incr)
{
    incr->delta = 1;
    incr->ttl_ms = PN_KEEP_TTL;
    incr->create = in[2] != Py_None;
    if ((in[1] != NULL && take_int64(self, in[1], "delta", &incr->delta) < 0) ||
        (in[2] != NULL && incr->create &&
         take_int64(self, in[2], "initial", &incr->initial) < 0)) {
        return -1;
    }
    return in[3] == NULL ? 0 : ttl_from_object(self->st, in[3], "ttl", &incr->ttl_ms);
}

/* A new counter starts at INITIAL and is counted at once, as in Redis. */
static int
start_at(struct pn_incr *incr)
{
    return __builtin_add_overflow(incr->initial, incr->delta, &incr->initial) ? -1 : 0;
}

/* Makes the counter of a namespace, which has the namespace's tag as every item of
 * it; the store's own creation has none. PN_EXISTS: somebody else was first. */
static int
create_tagged(struct cache_object *self, struct pn_store *store,
              const struct pn_incr *incr, int64_t *value)
{
    uint8_t val[8];
    for (int i = 0; i < 8; i++) {
        val[i] = (uint8_t)((uint64_t)incr->initial >> (8 * i));
    }
    struct pn_tag tag = pn_store_tag(store, self->group.text, self->group.len);
    struct pn_put put = {.key = incr->key,
                         .klen = incr->klen,
                         .val = val,
                         .vlen = sizeof val,
                         .ttl_ms = incr->ttl_ms == PN_KEEP_TTL ? PN_NO_TTL
                                                               : incr->ttl_ms,
                         .bits = PN_ITEM_INT,
                         .mode = PN_PUT_ADD,
                         .ntags = 1,
                         .tags = &tag};
    *value = incr->initial;
    return pn_store_put(store, PN_NOW, &put, NULL);
}

static int
try_incr(struct cache_object *self, struct pn_store *store, const struct pn_incr *incr,
         int64_t *value)
{
    if (self->group.len == 0 || !incr->create) {
        return pn_store_incr(store, PN_NOW, incr, value);
    }
    struct pn_incr existing = *incr;
    existing.create = 0;
    int rc = pn_store_incr(store, PN_NOW, &existing, value);
    return rc == PN_MISS ? create_tagged(self, store, incr, value) : rc;
}

static int
incr_key(struct cache_object *self, struct pn_store *store, const struct pn_incr *incr,
         int64_t *value)
{
    int rc = try_incr(self, store, incr, value);
    for (int i = 1; i < BUSY_TRIES && (rc == PN_BUSY || rc == PN_EXISTS); i++) {
        Py_BEGIN_ALLOW_THREADS rc = try_incr(self, store, incr, value);
        Py_END_ALLOW_THREADS
    }
    return rc;
}

static PyObject *
incr_answer(struct cache_object *self, int rc, int64_t value, PyObject *key)
{
    switch (rc) {
    case PN_OK:
        return PyLong_FromLongLong(value);
    case PN_BUSY:
    case PN_EXISTS:
        return errors_raise_busy(self->st, "incr");
    case PN_MISS:
        PyErr_Format(self->st->key_not_found,
                     "there is no counter %R, and initial=None asks not to make one",
                     key);
        return NULL;
    default:
        return errors_raise(self->st, rc, "incr");
    }
}

static PyObject *
count_object(struct cache_object *self, PyObject *const *in, int sign)
{
    struct pn_incr incr = {.delta = 0};
    if (take_incr(self, in, &incr) < 0) {
        return NULL;
    }
    if (sign < 0 && __builtin_sub_overflow(0, incr.delta, &incr.delta)) {
        return errors_raise(self->st, PN_E_RANGE, "decr");
    }
    if (start_at(&incr) < 0) {
        return errors_raise(self->st, PN_E_RANGE, "initial");
    }
    struct key_buf name;
    struct pn_store *store;
    if (open_key(self, in[0], &name, &store) < 0) {
        return NULL;
    }
    incr.key = name.data;
    incr.klen = name.len;
    int64_t value = 0;
    int rc = incr_key(self, store, &incr, &value);
    store_leave(self->store);
    return incr_answer(self, rc, value, in[0]);
}

PyObject *
cache_incr(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
           PyObject *kwnames)
{
    static const struct args_spec spec = {
        "incr", 1, 2, {"key", "delta", "initial", "ttl", NULL}};
    PyObject *in[4] = {NULL};
    return args_take(&spec, args, nargs, kwnames, in) < 0 ? NULL
                                                          : count_object(self, in, 1);
}

PyObject *
cache_decr(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
           PyObject *kwnames)
{
    static const struct args_spec spec = {
        "decr", 1, 2, {"key", "delta", "initial", "ttl", NULL}};
    PyObject *in[4] = {NULL};
    return args_take(&spec, args, nargs, kwnames, in) < 0 ? NULL
                                                          : count_object(self, in, -1);
}
