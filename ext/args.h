/*
 * args - arguments of METH_FASTCALL | METH_KEYWORDS methods, without a format string
 *
 * PyArg_ParseTupleAndKeywords costs more than a hit of the store (132 against 52 ns
 * measured in a small program). This takes positions first, then names.
 */
#ifndef PINYON_EXT_ARGS_H
#define PINYON_EXT_ARGS_H

#include "state.h"

#define ARGS_MAX 8

struct args_spec {
    const char *function;        /* for messages */
    int required;                /* how many must be given */
    int positional;              /* how many may be given by position */
    const char *names[ARGS_MAX]; /* all of them, then NULL */
};

/* Fills OUT[i] with a borrowed reference for every argument given; the caller has
 * set them to NULL or a default. 0, or -1 with TypeError set. */
int
args_take(const struct args_spec *spec, PyObject *const *args, Py_ssize_t nargs,
          PyObject *kwnames, PyObject **out);

#endif
