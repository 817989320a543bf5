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

/*
 * The exceptions, roots first: a base stands above what derives from it.
 *
 *    field              name                    bases (fields, or builtins)
 */
#define CORE_EXCEPTIONS(X)                                                     \
    X(cache_error, "CacheError", PyExc_Exception, NULL)                        \
    X(config_error, "ConfigError", st->cache_error, PyExc_ValueError)          \
    X(closed_error, "ClosedError", st->cache_error, PyExc_ValueError)          \
    X(connection_error, "ConnectionError", st->cache_error,                    \
      PyExc_ConnectionError)                                                   \
    X(timeout_error, "TimeoutError", st->cache_error, PyExc_TimeoutError)      \
    X(busy_error, "StoreBusy", st->timeout_error, NULL)                        \
    X(region_error, "RegionError", st->cache_error, PyExc_OSError)             \
    X(region_absent, "RegionAbsent", st->region_error, NULL)                   \
    X(region_refused, "RegionRefused", st->region_error, NULL)                 \
    X(region_full, "RegionFull", st->region_error, NULL)                       \
    X(region_damaged, "RegionDamaged", st->region_error, NULL)                 \
    X(key_type_error, "KeyTypeError", st->cache_error, PyExc_TypeError)        \
    X(key_too_long, "KeyTooLong", st->cache_error, PyExc_ValueError)           \
    X(value_too_large, "ValueTooLarge", st->cache_error, PyExc_ValueError)     \
    X(not_a_counter, "NotACounter", st->cache_error, PyExc_TypeError)          \
    X(counter_range, "CounterRange", st->cache_error, PyExc_OverflowError)     \
    X(serialization_error, "SerializationError", st->cache_error, NULL)        \
    X(unsigned_error, "Unsigned", st->serialization_error, NULL)               \
    X(type_not_allowed, "TypeNotAllowed", st->serialization_error,             \
      PyExc_TypeError)

struct core_state {
#define CORE_FIELD(field, name, base, other) PyObject *field;
    CORE_EXCEPTIONS(CORE_FIELD)
#undef CORE_FIELD
    PyTypeObject *store_type;
    PyTypeObject *cache_type;
    PyTypeObject *cached_type;
    PyTypeObject *bound_type;
    PyTypeObject *ready_type;
    PyTypeObject *lease_type;
    PyTypeObject *codec_type; /* codec.h */
    PyTypeObject *plan_type;  /* keys.h */
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

#endif
