/*
 * counters - what a cache and a cached function count in this process
 *
 * Each field is counted twice, for the function and for its cache, so that a
 * cache's sums outlive its functions. Relaxed: nobody draws conclusions from one
 * counter about another.
 */
#ifndef PINYON_EXT_COUNTERS_H
#define PINYON_EXT_COUNTERS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdatomic.h>
#include <stdint.h>

/*    field           what one of it is */
#define COUNTERS(X)                                                           \
    X(hits)          /* calls answered from the store */                      \
    X(negative_hits) /* of these: a remembered absence */                     \
    X(stale_hits)    /* of these: past its soft expiry */                     \
    X(misses)        /* calls that were not */                                \
    X(loads)         /* runs of the function or loader */                     \
    X(load_us)       /* microseconds they took */                             \
    X(load_errors)   /* of these: raised */                                   \
    X(early_loads)   /* of these: refreshes before the soft expiry */         \
    X(waits)         /* misses that waited for somebody else's load */        \
    X(takeovers)     /* loads begun because a wait was too long */            \
    X(fenced)        /* results not stored: invalidated while they loaded */  \
    X(rejected)      /* results not stored: too large or not encodable */     \
    X(errors)        /* trouble of the store that was hidden from a caller */ \
    X(bypassed)      /* calls within bypass() */

enum counter {
#define COUNTERS_ENUM(field) COUNT_##field,
    COUNTERS(COUNTERS_ENUM)
#undef COUNTERS_ENUM
        COUNT_TOTAL
};

struct counters {
    _Atomic uint64_t n[COUNT_TOTAL];
};

static inline void
counters_add(struct counters *counters, enum counter which, uint64_t by)
{
#ifdef Py_GIL_DISABLED
    atomic_fetch_add_explicit(&counters->n[which], by, memory_order_relaxed);
#else
    /* The GIL orders the writers: no locked instruction on the hot path. */
    uint64_t n = atomic_load_explicit(&counters->n[which], memory_order_relaxed);
    atomic_store_explicit(&counters->n[which], n + by, memory_order_relaxed);
#endif
}

static inline void
counters_clear(struct counters *counters)
{
    for (int i = 0; i < COUNT_TOTAL; i++) {
        atomic_store_explicit(&counters->n[i], 0, memory_order_relaxed);
    }
}

/* Adds BY to the counter called NAME. Its number, or -1 with an exception set. */
int
counters_count(struct counters *counters, PyObject *name, PyObject *by);

/* A new dict: name -> number. */
PyObject *
counters_dict(struct counters *counters);

#endif
