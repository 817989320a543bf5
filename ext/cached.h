/*
 * cached - _core.Cached, what a decorated function becomes
 *
 *     call -> key of the bound arguments -> the store's read -> a good hit: return it
 *                                                            -> else: miss(...)
 *
 * A good hit never leaves C. Everything else (miss, stale, drawn to refresh early, a
 * bypass, a store in trouble) is handed to `miss`, the entry of the policy engine:
 *
 *     miss(self, args, kwargs or None, key, found)
 *
 * which returns the answer, or for a coroutine function a coroutine. Then a hit is a
 * Ready, an awaitable that is done.
 */
#ifndef PINYON_EXT_CACHED_H
#define PINYON_EXT_CACHED_H

#include "cache.h"
#include "load.h"

struct cached_object {
    PyObject_HEAD
    struct core_state *st;      /* borrowed */
    struct cache_object *cache; /* strong, as all below */
    PyObject *function;
    PyObject *miss;
    PyObject *key_function; /* the key's only argument, or NULL: the arguments are */
    PyTypeObject *bound;    /* what obj.method gives */
    struct keys_plan *plan;
    struct early early;
    struct counters counters;
    bool is_async;
};

/* obj.method of a cached method: calls `cached` with `self` in front. */
struct bound_object {
    PyObject_HEAD
    PyObject *cached;
    PyObject *self;
};

int
cached_type_add(PyObject *module);

int
bound_type_add(PyObject *module);

/* bound.c: a Bound of TYPE, or of a class derived from it. */
PyObject *
bound_of(PyTypeObject *type, PyObject *cached, PyObject *self);

/* ready.c: an awaitable that gives VALUE (stolen; NULL passes an error on). */
PyObject *
ready_of(struct core_state *st, PyObject *value);

int
ready_type_add(PyObject *module);

#endif
