#include "run_args.h"

#include "args.h"
#include "fleet/fleet.h"

int
run_args_timeout(const char *function, PyObject *const *values, PyObject *names,
                 PyObject **timeout)
{
    Py_ssize_t n = names == NULL ? 0 : PyTuple_Size(names);
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *name = PyTuple_GetItem(names, i);
        if (PyUnicode_CompareWithASCIIString(name, "timeout") != 0) {
            PyErr_Format(PyExc_TypeError, "%s() has no argument %R", function, name);
            return -1;
        }
        *timeout = values[i];
    }
    return 0;
}

int
run_args_call(const char *function, PyObject *const *args, Py_ssize_t nargs,
              PyObject *names, struct run_call_args *out)
{
    struct args_spec spec = {
        .function = function,
        .required = 1,
        .positional = 2,
        .names = {"call", "timeout", NULL},
    };
    PyObject *value[2] = {NULL, NULL};
    if (args_take(&spec, args, nargs, names, value) < 0) {
        return -1;
    }
    PyObject *words = NULL;
    if (PyTuple_Check(value[0]) && PyTuple_Size(value[0]) == 2) {
        words = PyTuple_GetItem(value[0], 0);
    }
    if (words == NULL || !PyTuple_Check(words)) {
        PyErr_Format(PyExc_TypeError, "%s() takes a tuple (args, shape)", function);
        return -1;
    }
    out->args = words;
    out->shape = PyTuple_GetItem(value[0], 1);
    out->timeout = value[1];
    return 0;
}

int
run_args_take(const char *function, PyObject *const *args, Py_ssize_t nargs,
              PyObject *names, struct run_args *out)
{
    struct args_spec spec = {
        .function = function,
        .required = 1,
        .positional = 4,
        .names = {"commands", "timeout", "flags", "node", NULL},
    };
    PyObject *value[4] = {NULL, NULL, NULL, Py_None};
    if (args_take(&spec, args, nargs, names, value) < 0) {
        return -1;
    }
    unsigned long flags = value[2] == NULL ? 0 : PyLong_AsUnsignedLong(value[2]);
    unsigned long node = value[3] == Py_None ? PN_NODE_NONE
                                             : PyLong_AsUnsignedLong(value[3]);
    if (PyErr_Occurred()) {
        return -1;
    }
    if (flags > 0x0f || node > PN_NODE_NONE) {
        PyErr_Format(PyExc_ValueError, "%s(): flags or node out of range", function);
        return -1;
    }
    out->commands = value[0];
    out->timeout = value[1];
    out->flags = (uint32_t)flags;
    out->node = (uint16_t)node;
    return 0;
}
