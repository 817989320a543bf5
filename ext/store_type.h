/*
 * store_type - _core.Store: one open store, shared by all caches that look into it
 *
 *     Store(name=None, *, size=0, item=0, write_wait_ms=0, flags=0, dir=None)
 *
 * Without a name it is a private store; with STORE_ABSENT it is none at all, which is
 * what a cache has whose values are in an engine elsewhere: whatever looks into it is
 * told ClosedError. A cache and its namespaces hold the same Store; close() closes it
 * for all of them. A call that is inside when another thread closes finishes first: the
 * last one out gives the memory back.
 */
#ifndef PINYON_EXT_STORE_TYPE_H
#define PINYON_EXT_STORE_TYPE_H

#include <stdbool.h>

#include <pinyon/store.h>

#include "state.h"

#define STORE_ABSENT 0x80000000u /* among the flags of Store() only */

struct store_object {
    PyObject_HEAD
    struct core_state *st;
    struct pn_store *store; /* NULL once closed */
    Py_ssize_t inside;      /* calls that may run without the GIL; atomic */
    int bypassing;          /* scopes of Cache.bypass() open in this process */
    bool is_closed;
};

/* Sequentially consistent where threads run at once: an entrant adds itself, then
 * looks whether the store is closed; a closer says so, then looks who is inside. */
static inline Py_ssize_t
store_add_inside(struct store_object *obj, Py_ssize_t by)
{
#ifdef Py_GIL_DISABLED
    return __atomic_add_fetch(&obj->inside, by, __ATOMIC_SEQ_CST);
#else
    return obj->inside += by;
#endif
}

/* Closes the C store when it was asked for and nobody is inside. */
void
store_close_if_idle(struct store_object *obj);

/* Sets ClosedError. Returns NULL. */
struct pn_store *
store_refuse(struct store_object *obj);

static inline void
store_leave(struct store_object *obj)
{
    if (store_add_inside(obj, -1) == 0 &&
        __atomic_load_n(&obj->is_closed, __ATOMIC_SEQ_CST)) {
        store_close_if_idle(obj);
    }
}

/* The open store of OBJ, to be given back with store_leave(); NULL with ClosedError
 * set. */
static inline struct pn_store *
store_enter(struct store_object *obj)
{
    store_add_inside(obj, 1);
    if (__atomic_load_n(&obj->is_closed, __ATOMIC_SEQ_CST)) {
        store_leave(obj);
        return store_refuse(obj);
    }
    return obj->store;
}

int
store_type_add(PyObject *module);

/* unlink(name, dir=None), METH_FASTCALL. */
PyObject *
store_unlink(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
