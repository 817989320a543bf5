#include "args.h"
#include "cache.h"
#include "errors.h"
#include "ttl.h"

/* ---- One item -------------------------------------------------------------- */

/* An outcome is passed on; a negative code becomes an exception and -1. */
static int
put_answer(struct cache_object *self, struct pn_store *store, int rc, size_t vlen)
{
    if (rc >= 0) {
        return rc;
    }
    if (rc == PN_E_VALUE_SIZE) {
        PyErr_Format(self->st->value_too_large,
                     "the value has %zu bytes encoded, and this store takes %llu at "
                     "most: store less, or make the store larger (size=)",
                     vlen, (unsigned long long)pn_store_value_max(store));
    } else {
        errors_raise(self->st, rc, "set");
    }
    return -1;
}

static int
put_encoded(struct cache_object *self, struct pn_put *put, uint64_t *cas)
{
    struct pn_store *store = store_enter(self->store);
    if (store == NULL) {
        return -1;
    }
    int rc;
    if (put->vlen <= CACHE_GIL_MAX) {
        rc = pn_store_put(store, PN_NOW, put, cas);
    } else {
        Py_BEGIN_ALLOW_THREADS rc = pn_store_put(store, PN_NOW, put, cas);
        Py_END_ALLOW_THREADS
    }
    rc = put_answer(self, store, rc, put->vlen);
    store_leave(self->store);
    return rc;
}

int
cache_put_value(struct cache_object *self, PyObject *value,
                const struct codec_meta *meta, struct pn_put *put, uint64_t *cas)
{
    struct codec_buf buf;
    uint8_t bits = 0;
    codec_buf_init(&buf);
    if (meta != NULL) {
        codec_meta_put(&buf, meta, &bits);
    }
    int rc = codec_encode(&self->codec, value, &buf, &bits);
    if (rc == 0) {
        put->val = buf.data;
        put->vlen = buf.len;
        put->bits = bits;
        rc = put_encoded(self, put, cas);
    }
    codec_buf_release(&buf);
    return rc;
}

/* Time to live and tags, as most writes take them: NULL where not given. */
static int
fill_put(struct cache_object *self, PyObject *ttl, PyObject *tags,
         struct tagging *tagging, struct pn_put *put)
{
    put->ttl_ms = self->ttl_ms;
    if (ttl != NULL && ttl_from_object(self->st, ttl, "ttl", &put->ttl_ms) < 0) {
        return -1;
    }
    if ((tags == NULL || tags == Py_None) && self->group.len == 0) {
        return 0;
    }
    struct pn_store *store = store_enter(self->store);
    if (store == NULL) {
        return -1;
    }
    int rc = cache_take_tags(self, store, tags, tagging);
    store_leave(self->store);
    put->tags = tagging->tag;
    put->ntags = tagging->n;
    return rc;
}

/* IN is key, value, ttl, tags. An outcome, or -1 with an exception set. */
static int
put_object(struct cache_object *self, PyObject *const *in, uint8_t mode, uint64_t cas)
{
    struct key_buf name;
    struct tagging tagging;
    struct pn_put put = {.mode = mode, .cas = cas};
    if (fill_put(self, in[2], in[3], &tagging, &put) < 0 ||
        key_from_object(&self->keys, in[0], &name) < 0) {
        return -1;
    }
    put.key = name.data;
    put.klen = name.len;
    return cache_put_value(self, in[1], NULL, &put, NULL);
}

static PyObject *
put_method(struct cache_object *self, const struct args_spec *spec,
           PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, uint8_t mode)
{
    PyObject *in[4] = {NULL};
    if (args_take(spec, args, nargs, kwnames, in) < 0) {
        return NULL;
    }
    int rc = put_object(self, in, mode, 0);
    return rc < 0 ? NULL : PyBool_FromLong(rc == PN_OK);
}

PyObject *
cache_set(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
          PyObject *kwnames)
{
    static const struct args_spec spec = {
        "set", 2, 3, {"key", "value", "ttl", "tags", NULL}};
    return put_method(self, &spec, args, nargs, kwnames, PN_PUT_SET);
}

PyObject *
cache_add(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
          PyObject *kwnames)
{
    static const struct args_spec spec = {
        "add", 2, 3, {"key", "value", "ttl", "tags", NULL}};
    return put_method(self, &spec, args, nargs, kwnames, PN_PUT_ADD);
}

PyObject *
cache_replace(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
              PyObject *kwnames)
{
    static const struct args_spec spec = {
        "replace", 2, 3, {"key", "value", "ttl", "tags", NULL}};
    return put_method(self, &spec, args, nargs, kwnames, PN_PUT_REPLACE);
}

PyObject *
cache_cas(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
          PyObject *kwnames)
{
    static const struct args_spec spec = {
        "cas", 3, 4, {"key", "value", "token", "ttl", "tags", NULL}};
    PyObject *in[5] = {NULL};
    if (args_take(&spec, args, nargs, kwnames, in) < 0) {
        return NULL;
    }
    if (in[2] == Py_None) {
        Py_RETURN_FALSE; /* gets() found nothing, so there is nothing to match */
    }
    uint64_t cas = PyLong_AsUnsignedLongLong(in[2]);
    if (cas == (uint64_t)-1 && PyErr_Occurred()) {
        PyErr_Clear();
        PyErr_Format(self->st->config_error,
                     "token=%R: give the second item of what gets() returned", in[2]);
        return NULL;
    }
    PyObject *put_in[] = {in[0], in[1], in[3], in[4]};
    int rc = put_object(self, put_in, PN_PUT_CAS, cas);
    return rc < 0 ? NULL : PyBool_FromLong(rc == PN_OK);
}

/* ---- Many items ------------------------------------------------------------ */

/* One pair of set_many. What cannot be stored joins FAILED; what is wrong in itself
 * (a key of another type, a value that no codec takes) raises. */
static int
set_pair(struct cache_object *self, PyObject *key, PyObject *value,
         const struct pn_put *model, PyObject *failed)
{
    struct key_buf name;
    if (key_from_object(&self->keys, key, &name) < 0) {
        return -1;
    }
    struct pn_put put = *model;
    put.key = name.data;
    put.klen = name.len;
    int rc = cache_put_value(self, value, NULL, &put, NULL);
    if (rc == PN_OK) {
        return 0;
    }
    if (rc < 0) {
        if (!PyErr_ExceptionMatches(self->st->value_too_large)) {
            return -1;
        }
        PyErr_Clear();
    }
    return PyList_Append(failed, key);
}

/* The pairs of a mapping as a list of tuples of two, or NULL with an exception set. */
static PyObject *
pairs_of(struct cache_object *self, PyObject *mapping)
{
    PyObject *pairs = PyMapping_Items(mapping);
    if (pairs == NULL && !PyErr_ExceptionMatches(PyExc_AttributeError) &&
        !PyErr_ExceptionMatches(PyExc_TypeError)) {
        return NULL; /* the mapping's own trouble */
    }
    bool is_good = pairs != NULL;
    for (Py_ssize_t i = 0; is_good && i < PyList_Size(pairs); i++) {
        PyObject *pair = PyList_GetItem(pairs, i);
        is_good = PyTuple_Check(pair) && PyTuple_Size(pair) == 2;
    }
    if (!is_good) {
        PyErr_Clear();
        PyErr_Format(self->st->argument_error,
                     "mapping=%.200R: give a dict of keys and values; dict() makes "
                     "one of pairs",
                     mapping);
        Py_CLEAR(pairs);
    }
    return pairs;
}

static int
set_pairs(struct cache_object *self, PyObject *pairs, const struct pn_put *model,
          PyObject *failed)
{
    Py_ssize_t n = PyList_Size(pairs);
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *pair = PyList_GetItem(pairs, i);
        if (set_pair(self, PyTuple_GetItem(pair, 0), PyTuple_GetItem(pair, 1), model,
                     failed) < 0) {
            return -1;
        }
    }
    return 0;
}

PyObject *
cache_set_many(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
               PyObject *kwnames)
{
    static const struct args_spec spec = {
        "set_many", 1, 2, {"mapping", "ttl", "tags", NULL}};
    PyObject *in[3] = {NULL};
    if (args_take(&spec, args, nargs, kwnames, in) < 0) {
        return NULL;
    }
    struct tagging tagging;
    struct pn_put model = {.mode = PN_PUT_SET};
    if (fill_put(self, in[1], in[2], &tagging, &model) < 0) {
        return NULL;
    }
    PyObject *pairs = pairs_of(self, in[0]);
    if (pairs == NULL) {
        return NULL;
    }
    PyObject *failed = PyList_New(0);
    if (failed != NULL && set_pairs(self, pairs, &model, failed) < 0) {
        Py_CLEAR(failed);
    }
    Py_DECREF(pairs);
    return failed;
}
