/*
 * state - everything pinyon._core keeps, once per interpreter
 *
 * The extension has no globals: types, exceptions and interned strings live in
 * the module's state, so that several interpreters, and builds without a GIL, can
 * hold several copies of the module. A method finds the state through its
 * defining class or its module; objects whose hot methods need it keep a borrowed
 * pointer (their type keeps the module alive).
 */
#ifndef PINYON_EXT_STATE_H
#define PINYON_EXT_STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>

#include "codec_state.h"

/*
 * The exceptions, roots first: a base stands above what derives from it.
 *
 *    field              name                    bases (fields, or builtins)
 */
#define CORE_EXCEPTIONS(X)                                                         \
    X(cache_error, "CacheError", PyExc_Exception, NULL)                            \
    X(config_error, "ConfigError", st->cache_error, PyExc_ValueError)              \
    X(argument_error, "ArgumentError", st->config_error, PyExc_TypeError)          \
    X(closed_error, "ClosedError", st->cache_error, PyExc_ValueError)              \
    X(connection_error, "ConnectionError", st->cache_error, PyExc_ConnectionError) \
    X(connection_failed, "ConnectionFailed", st->connection_error, NULL)           \
    X(connection_lost, "ConnectionLost", st->connection_failed, NULL)              \
    X(pool_exhausted, "PoolExhausted", st->connection_error, NULL)                 \
    X(protocol_error, "ProtocolError", st->connection_error, NULL)                 \
    X(timeout_error, "TimeoutError", st->cache_error, PyExc_TimeoutError)          \
    X(unambiguous_timeout, "UnambiguousTimeout", st->timeout_error, NULL)          \
    X(ambiguous_timeout, "AmbiguousTimeout", st->timeout_error, NULL)              \
    X(busy_error, "StoreBusy", st->timeout_error, NULL)                            \
    X(server_error, "ServerError", st->cache_error, NULL)                          \
    X(read_only, "ReadOnly", st->server_error, NULL)                               \
    X(loading, "Loading", st->server_error, NULL)                                  \
    X(server_oom, "OOM", st->server_error, NULL)                                   \
    X(no_script, "NoScript", st->server_error, NULL)                               \
    X(wrong_type, "WrongType", st->server_error, NULL)                             \
    X(exec_aborted, "ExecAborted", st->server_error, NULL)                         \
    X(authentication_error, "AuthenticationError", st->server_error, NULL)         \
    X(no_permission, "NoPermission", st->server_error, NULL)                       \
    X(watch_error, "WatchError", st->cache_error, NULL)                            \
    X(cluster_error, "ClusterError", st->cache_error, NULL)                        \
    X(cluster_down, "Down", st->cluster_error, st->connection_error)               \
    X(slot_not_covered, "SlotNotCovered", st->cluster_error, NULL)                 \
    X(cross_slot, "CrossSlot", st->cluster_error, NULL)                            \
    X(region_error, "RegionError", st->cache_error, PyExc_OSError)                 \
    X(region_absent, "RegionAbsent", st->region_error, NULL)                       \
    X(region_refused, "RegionRefused", st->region_error, NULL)                     \
    X(region_full, "RegionFull", st->region_error, NULL)                           \
    X(region_damaged, "RegionDamaged", st->region_error, NULL)                     \
    X(key_type_error, "KeyTypeError", st->cache_error, PyExc_TypeError)            \
    X(key_value_error, "KeyValueError", st->cache_error, PyExc_ValueError)         \
    X(key_too_long, "KeyTooLong", st->key_value_error, NULL)                       \
    X(value_too_large, "ValueTooLarge", st->cache_error, PyExc_ValueError)         \
    X(key_not_found, "KeyNotFound", st->cache_error, PyExc_KeyError)               \
    X(not_a_counter, "NotACounter", st->cache_error, PyExc_TypeError)              \
    X(counter_range, "CounterRange", st->cache_error, PyExc_OverflowError)         \
    X(serialization_error, "SerializationError", st->cache_error, NULL)            \
    X(unsigned_error, "Unsigned", st->serialization_error, NULL)                   \
    X(type_not_allowed, "TypeNotAllowed", st->serialization_error, PyExc_TypeError)

#define CORE_TYPES(X)  \
    X(store_type)      \
    X(lease_type)      \
    X(cache_type)      \
    X(cached_type)     \
    X(bound_type)      \
    X(ready_type)      \
    X(ring_type)       \
    X(sealed_type)     \
    X(meta_reply_type) \
    X(client_type)     \
    X(driver_type)     \
    X(session_type)

/* What is taken of the standard library when the first call on a loop is made, and
 * names of methods. */
#define CORE_OBJECTS(X)                                \
    X(asyncio_running) /* asyncio.get_running_loop */  \
    X(asyncio_invalid) /* asyncio.InvalidStateError */ \
    X(context_type)    /* contextvars.Context */       \
    X(getaddrinfo)     /* socket.getaddrinfo */        \
    X(name_set_result)                                 \
    X(name_set_exception)                              \
    X(name_create_future)                              \
    X(name_running) /* of CPython: see driver_find.c */

struct core_state {
#define CORE_OBJECT_FIELD(field) PyObject *field;
    CORE_OBJECTS(CORE_OBJECT_FIELD)
#undef CORE_OBJECT_FIELD
#define CORE_FIELD(field, name, base, other) PyObject *field;
    CORE_EXCEPTIONS(CORE_FIELD)
#undef CORE_FIELD
#define CORE_TYPE_FIELD(field) PyTypeObject *field;
    CORE_TYPES(CORE_TYPE_FIELD)
#undef CORE_TYPE_FIELD
    struct codec_state codec; /* the values' and the keys' part */
};

/* The state of MODULE. Never fails. */
static inline struct core_state *
core_state_of(PyObject *module)
{
    return PyModule_GetState(module);
}

/* The state of the module that made TYPE (a heap type of ours, not a subclass). */
static inline struct core_state *
core_state_of_type(PyTypeObject *type)
{
    return PyType_GetModuleState(type);
}

/* The same for TYPE or a class derived in Python: ours is the ancestor with METHODS.
 * (PyType_GetModuleByDef is not in the limited API of 3.11.) NULL with an exception
 * set when there is none. */
static inline struct core_state *
core_state_of_subtype(PyTypeObject *type, PyMethodDef *methods)
{
    while (type != NULL && PyType_GetSlot(type, Py_tp_methods) != (void *)methods) {
        type = (PyTypeObject *)PyType_GetSlot(type, Py_tp_base);
    }
    if (type == NULL) {
        PyErr_SetString(PyExc_TypeError, "not a type of pinyon._core");
        return NULL;
    }
    return core_state_of_type(type);
}

/* ---- What the limited API leaves to us ------------------------------------- */

/* Slots and keyword lists are not const in CPython's headers. */
#define CORE_DOC(text) ((void *)(uintptr_t)(text))
#define CORE_NAMES(list) ((char **)(uintptr_t)(list))

/* A zero-filled object of TYPE, or NULL with an exception set. */
static inline void *
core_alloc(PyTypeObject *type)
{
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    return alloc(type, 0);
}

/* The end of every dealloc: gives the memory and the type back. */
static inline void
core_free_object(void *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF((PyObject *)type);
}

#endif
