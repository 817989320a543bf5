/*
 * run_args - the arguments that the methods of Client, on loops and off, have in common
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
