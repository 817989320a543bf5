#include "args.h"
#include "cache.h"
#include "errors.h"

#define READ_TRIES 4 /* a value that grows at every try is a miss */

/* ---- One item -------------------------------------------------------------- */

static int
get_without_gil(struct pn_store *store, const char *key, size_t len,
                struct reading *out, size_t cap)
{
    int rc;
    if (cap <= CACHE_GIL_MAX) {
        return pn_store_get(store, PN_NOW, key, len, out->data, cap, &out->item);
    }
    Py_BEGIN_ALLOW_THREADS rc = pn_store_get(store, PN_NOW, key, len, out->data, cap,
                                             &out->item);
    Py_END_ALLOW_THREADS return rc;
}

/* The value is longer than the room on the stack: take what it needs from the heap,
 * a few times, since it may be replaced by a longer one between two tries. */
static int
read_long(struct pn_store *store, const char *key, size_t len, struct reading *out)
{
    int rc = PN_SMALL;
    for (int i = 0; i < READ_TRIES && rc == PN_SMALL; i++) {
        size_t cap = out->item.vlen;
        PyMem_Free(out->heap);
        out->data = out->heap = PyMem_Malloc(cap);
        if (out->heap == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        rc = get_without_gil(store, key, len, out, cap);
    }
    if (rc != PN_OK) {
        reading_release(out);
        return PN_MISS;
    }
    return PN_OK;
}

int
cache_read(struct cache_object *self, struct pn_store *store, const char *key,
           size_t len, struct reading *out)
{
    out->heap = NULL;
    out->data = out->room;
    int rc = pn_store_get(store, PN_NOW, key, len, out->room, CACHE_ROOM, &out->item);
    if (rc == PN_OK || rc == PN_MISS) {
        return rc;
    }
    if (rc == PN_SMALL) {
        return read_long(store, key, len, out);
    }
    counters_add(&self->counters, COUNT_errors, 1);
    return PN_MISS;
}

/* Reads what is there and fresh under the user's KEY: PN_OK, PN_MISS or -1. */
static int
read_fresh(struct cache_object *self, PyObject *key, struct reading *out)
{
    struct key_buf name;
    if (key_from_object(&self->keys, key, &name) < 0) {
        return -1;
    }
    struct pn_store *store = store_enter(self->store);
    if (store == NULL) {
        return -1;
    }
    int rc = cache_read(self, store, name.data, name.len, out);
    if (rc == PN_OK && item_is_stale(store, &out->item)) {
        reading_release(out);
        rc = PN_MISS;
    }
    store_leave(self->store);
    return rc;
}

PyObject *
cache_get(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
          PyObject *kwnames)
{
    static const struct args_spec spec = {"get", 1, 2, {"key", "default", NULL}};
    PyObject *in[] = {NULL, Py_None};
    if (args_take(&spec, args, nargs, kwnames, in) < 0) {
        return NULL;
    }
    struct reading reading;
    int rc = read_fresh(self, in[0], &reading);
    if (rc == PN_OK) {
        return cache_decode(self, &reading);
    }
    return rc < 0 ? NULL : Py_NewRef(in[1]);
}

PyObject *
cache_gets(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
           PyObject *kwnames)
{
    static const struct args_spec spec = {"gets", 1, 2, {"key", "default", NULL}};
    PyObject *in[] = {NULL, Py_None};
    if (args_take(&spec, args, nargs, kwnames, in) < 0) {
        return NULL;
    }
    struct reading reading;
    int rc = read_fresh(self, in[0], &reading);
    if (rc < 0) {
        return NULL;
    }
    if (rc == PN_MISS) {
        return PyTuple_Pack(2, in[1], Py_None);
    }
    unsigned long long cas = reading.item.cas;
    PyObject *value = cache_decode(self, &reading);
    return value == NULL ? NULL : Py_BuildValue("(NK)", value, cas);
}

/* ---- About an item, without its value -------------------------------------- */

/* PN_OK and what it has left, PN_MISS (also when it is stale), or -1. */
static int
peek_fresh(struct cache_object *self, const struct key_buf *name, uint64_t *left_ms)
{
    struct pn_store *store = store_enter(self->store);
    if (store == NULL) {
        return -1;
    }
    struct pn_item item;
    uint64_t now = pn_store_now(store);
    int rc = pn_store_peek(store, now, name->data, name->len, &item);
    store_leave(self->store);
    if (rc != PN_OK) {
        return PN_MISS;
    }
    if (item.exp_ms == PN_NO_TTL) {
        *left_ms = PN_NO_TTL;
        return PN_OK;
    }
    uint64_t gone = now + item_grace_ms(&item);
    *left_ms = item.exp_ms > gone ? item.exp_ms - gone : 0;
    return *left_ms > 0 ? PN_OK : PN_MISS;
}

int
cache_has_name(struct cache_object *self, const struct key_buf *name)
{
    uint64_t left;
    int rc = peek_fresh(self, name, &left);
    return rc < 0 ? -1 : rc == PN_OK;
}

int
cache_contains(struct cache_object *self, PyObject *key)
{
    struct key_buf name;
    return key_from_object(&self->keys, key, &name) < 0 ? -1
                                                        : cache_has_name(self, &name);
}

PyObject *
cache_ttl(struct cache_object *self, PyObject *key)
{
    struct key_buf name;
    uint64_t left;
    if (key_from_object(&self->keys, key, &name) < 0) {
        return NULL;
    }
    int rc = peek_fresh(self, &name, &left);
    if (rc < 0) {
        return NULL;
    }
    if (rc == PN_MISS) {
        Py_RETURN_NONE;
    }
    return PyFloat_FromDouble(left == PN_NO_TTL ? Py_HUGE_VAL : (double)left / 1e3);
}

PyObject *
cache_iterate(struct cache_object *self, PyObject *list, const char *name)
{
    if (PyUnicode_Check(list) || PyBytes_Check(list)) {
        PyErr_Format(self->st->key_type_error,
                     "%s=%.200R: give a list of %s, such as [%.200R]", name, list, name,
                     list);
        return NULL;
    }
    PyObject *iterator = PyObject_GetIter(list);
    if (iterator == NULL && PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        PyErr_Format(self->st->key_type_error, "%s=%.200R: give a list of %s", name,
                     list, name);
    }
    return iterator;
}

/* ---- Many items ------------------------------------------------------------ */

#define BATCH 16       /* keys whose cache misses overlap: the store's own stride */
#define BATCH_ROOM 512 /* bytes of a value that need no second look */

struct batch {
    struct pn_get get[BATCH];
    struct key_buf name[BATCH];
    PyObject *key[BATCH]; /* strong */
    size_t n;
    char room[BATCH][BATCH_ROOM];
};

/* The value of the batch's item I, or NULL: an error if one is set, else a miss. */
static PyObject *
batch_value(struct cache_object *self, struct pn_store *store, struct batch *batch,
            size_t i)
{
    struct pn_get *get = &batch->get[i];
    if (get->rc == PN_OK && !item_is_stale(store, &get->item)) {
        return codec_decode(&self->codec, get->buf, get->item.vlen, get->item.bits);
    }
    if (get->rc != PN_SMALL) {
        return NULL;
    }
    struct reading reading = {.item = get->item};
    int rc = read_long(store, get->key, get->klen, &reading);
    if (rc != PN_OK) {
        return NULL;
    }
    if (item_is_stale(store, &reading.item)) {
        reading_release(&reading);
        return NULL;
    }
    return cache_decode(self, &reading);
}

static int
batch_run(struct cache_object *self, struct batch *batch, PyObject *out)
{
    struct pn_store *store = store_enter(self->store);
    if (store == NULL) {
        return -1;
    }
    int rc = 0;
    pn_store_get_many(store, PN_NOW, batch->get, batch->n);
    for (size_t i = 0; i < batch->n && rc == 0; i++) {
        PyObject *value = batch_value(self, store, batch, i);
        if (value != NULL) {
            rc = PyDict_SetItem(out, batch->key[i], value);
            Py_DECREF(value);
        } else if (PyErr_Occurred()) {
            rc = -1;
        }
    }
    store_leave(self->store);
    return rc;
}

static void
batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        Py_DECREF(batch->key[i]);
    }
    batch->n = 0;
}

/* Takes KEY (stolen) into the batch: 0, or -1 with an exception set. */
static int
batch_add(struct cache_object *self, struct batch *batch, PyObject *key)
{
    size_t i = batch->n++;
    batch->key[i] = key;
    struct key_buf *name = &batch->name[i];
    if (key_from_object(&self->keys, key, name) < 0) {
        return -1;
    }
    batch->get[i] = (struct pn_get){
        .key = name->data, .klen = name->len, .buf = batch->room[i], .cap = BATCH_ROOM};
    return 0;
}

static int
get_all(struct cache_object *self, PyObject *keys, struct batch *batch, PyObject *out)
{
    PyObject *key;
    while ((key = PyIter_Next(keys)) != NULL) {
        if (batch_add(self, batch, key) < 0) {
            return -1;
        }
        if (batch->n == BATCH) {
            if (batch_run(self, batch, out) < 0) {
                return -1;
            }
            batch_clear(batch);
        }
    }
    return PyErr_Occurred() ? -1 : batch_run(self, batch, out);
}

PyObject *
cache_get_many(struct cache_object *self, PyObject *keys)
{
    PyObject *iterator = cache_iterate(self, keys, "keys");
    if (iterator == NULL) {
        return NULL;
    }
    struct batch batch; /* 25 KiB, of which only what is used is touched */
    batch.n = 0;
    PyObject *out = PyDict_New();
    if (out != NULL && get_all(self, iterator, &batch, out) < 0) {
        Py_CLEAR(out);
    }
    batch_clear(&batch);
    Py_DECREF(iterator);
    return out;
}
