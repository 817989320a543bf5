/*
 * run_args - the arguments that the methods of Client and Session have in common
 *
 *     execute(*args, timeout=None)                     and aexecute
 *     _call((args, shape), timeout=None)               and _acall
 *     _run(commands, timeout=None, flags=0, node=None) and _arun, run, arun
 *
 * Taken apart here once for both ways of waiting. References are borrowed from the
 * caller's arguments; a wrong number or name of them is a TypeError.
 */
#ifndef PINYON_EXT_RUN_ARGS_H
#define PINYON_EXT_RUN_ARGS_H

#include "state.h"

/* timeout= alone may be given by name: VALUES are those of NAMES. 0, or -1. */
int
run_args_timeout(const char *function, PyObject *const *values, PyObject *names,
                 PyObject **timeout);

/* (args, shape), timeout=None. Borrowed. */
struct run_call_args {
    PyObject *args, *shape, *timeout;
};

int
run_args_call(const char *function, PyObject *const *args, Py_ssize_t nargs,
              PyObject *names, struct run_call_args *out);

/* commands, timeout=None, flags=0, node=None. */
struct run_args {
    PyObject *commands, *timeout;
    uint32_t flags;
    uint16_t node;
};

int
run_args_take(const char *function, PyObject *const *args, Py_ssize_t nargs,
              PyObject *names, struct run_args *out);

#endif
