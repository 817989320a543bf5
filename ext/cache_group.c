#include <string.h>

#include "cache.h"
#include "errors.h"

/* Tags of users and of the package share the store's table; the first letter keeps
 * them apart, and a namespace's own name keeps its tags its own. */
int
cache_tag_text(struct cache_object *self, PyObject *tag, char room[CACHE_TAG_ROOM],
               size_t *len)
{
    const char *text;
    Py_ssize_t size;
    if (PyUnicode_Check(tag)) {
        text = PyUnicode_AsUTF8AndSize(tag, &size);
    } else if (PyBytes_Check(tag)) {
        char *bytes;
        text = PyBytes_AsStringAndSize(tag, &bytes, &size) < 0 ? NULL : bytes;
    } else {
        PyObject *type = PyType_GetQualName(Py_TYPE(tag));
        PyErr_Format(self->st->key_type_error,
                     "a tag is str or bytes, not %V; tags are given as a list of them",
                     type, "this");
        Py_XDECREF(type);
        return -1;
    }
    if (text == NULL) {
        errors_refuse_surrogates(self->st->key_value_error, "a tag");
        return -1;
    }
    size_t head = self->group.len;
    if (size < 1 || (size_t)size + head + 2 > CACHE_TAG_ROOM) {
        PyErr_Format(self->st->config_error,
                     "a tag has 1 to %zd bytes, not %zd: use an identifier, or a "
                     "digest of it",
                     (Py_ssize_t)(CACHE_TAG_ROOM - 2 - head), size);
        return -1;
    }
    memcpy(room, "t:", 2);
    memcpy(room + 2, self->group.text, head);
    memcpy(room + 2 + head, text, (size_t)size);
    *len = (size_t)size + head + 2;
    return 0;
}

static int
each_one(struct cache_object *self, PyObject *tag, int n, cache_tag_fn fn,
         void *context)
{
    char room[CACHE_TAG_ROOM];
    size_t len;
    if (cache_tag_text(self, tag, room, &len) < 0) {
        return -1;
    }
    if (n == (int)CACHE_TAGS_MAX) {
        PyErr_Format(self->st->config_error,
                     "an item has at most %d tags here: use fewer, or coarser ones",
                     (int)CACHE_TAGS_MAX - (self->group.len > 0));
        return -1;
    }
    return fn(context, room, len);
}

int
cache_each_tag(struct cache_object *self, PyObject *tags, cache_tag_fn fn,
               void *context)
{
    int n = 0;
    if (self->group.len > 0) {
        n++;
        if (fn(context, self->group.text, self->group.len) < 0) {
            return -1;
        }
    }
    if (tags == NULL || tags == Py_None) {
        return 0;
    }
    PyObject *iterator = cache_iterate(self, tags, "tags");
    if (iterator == NULL) {
        return -1;
    }
    PyObject *tag;
    int rc = 0;
    while (rc == 0 && (tag = PyIter_Next(iterator)) != NULL) {
        rc = each_one(self, tag, n++, fn, context);
        Py_DECREF(tag);
    }
    Py_DECREF(iterator);
    return rc < 0 || PyErr_Occurred() ? -1 : 0;
}

struct taking {
    struct pn_store *store;
    struct tagging *out;
};

static int
take_one(void *context, const char *text, size_t len)
{
    struct taking *taking = context;
    struct tagging *out = taking->out;
    out->tag[out->n++] = pn_store_tag(taking->store, text, len);
    return 0;
}

int
cache_take_tags(struct cache_object *self, struct pn_store *store, PyObject *tags,
                struct tagging *out)
{
    struct taking taking = {store, out};
    out->n = 0;
    return cache_each_tag(self, tags, take_one, &taking);
}

static int
invalidate(struct cache_object *self, const char *text, size_t len)
{
    struct pn_store *store = store_enter(self->store);
    if (store == NULL) {
        return -1;
    }
    int rc = pn_store_invalidate(store, text, len);
    store_leave(self->store);
    if (rc != PN_OK) {
        errors_raise(self->st, rc, "invalidate_tag");
        return -1;
    }
    return 0;
}

PyObject *
cache_invalidate_tag(struct cache_object *self, PyObject *tag)
{
    char room[CACHE_TAG_ROOM];
    size_t len;
    if (cache_tag_text(self, tag, room, &len) < 0 || invalidate(self, room, len) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyObject *
cache_invalidate_tags(struct cache_object *self, PyObject *tags)
{
    PyObject *iterator = cache_iterate(self, tags, "tags");
    if (iterator == NULL) {
        return NULL;
    }
    PyObject *tag, *done = Py_None;
    while (done != NULL && (tag = PyIter_Next(iterator)) != NULL) {
        done = cache_invalidate_tag(self, tag);
        Py_DECREF(tag);
        Py_XDECREF(done);
    }
    Py_DECREF(iterator);
    if (done == NULL || PyErr_Occurred()) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* A namespace forgets what is its own; the cache itself forgets everything. */
PyObject *
cache_clear(struct cache_object *self, PyObject *unused)
{
    (void)unused;
    if (self->group.len > 0) {
        if (invalidate(self, self->group.text, self->group.len) < 0) {
            return NULL;
        }
        Py_RETURN_NONE;
    }
    struct pn_store *store = store_enter(self->store);
    if (store == NULL) {
        return NULL;
    }
    int rc = pn_store_clear(store);
    store_leave(self->store);
    if (rc != PN_OK) {
        return errors_raise(self->st, rc, "clear");
    }
    Py_RETURN_NONE;
}
