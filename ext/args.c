#include "args.h"

static int
take_keyword(const struct args_spec *spec, PyObject *name, PyObject *value,
             Py_ssize_t nargs, PyObject **out)
{
    for (int i = 0; i < ARGS_MAX && spec->names[i] != NULL; i++) {
        if (PyUnicode_CompareWithASCIIString(name, spec->names[i]) != 0) {
            continue;
        }
        if (i < nargs) {
            PyErr_Format(PyExc_TypeError, "%s() got two values for argument '%s'",
                         spec->function, spec->names[i]);
            return -1;
        }
        out[i] = value;
        return 0;
    }
    PyErr_Format(PyExc_TypeError, "%s() has no argument %R", spec->function, name);
    return -1;
}

int
args_take(const struct args_spec *spec, PyObject *const *args, Py_ssize_t nargs,
          PyObject *kwnames, PyObject **out)
{
    if (nargs > spec->positional) {
        PyErr_Format(PyExc_TypeError,
                     "%s() takes at most %d positional arguments (%zd given)",
                     spec->function, spec->positional, nargs);
        return -1;
    }
    for (Py_ssize_t i = 0; i < nargs; i++) {
        out[i] = args[i];
    }
    Py_ssize_t named = kwnames == NULL ? 0 : PyTuple_Size(kwnames);
    for (Py_ssize_t i = 0; i < named; i++) {
        PyObject *name = PyTuple_GetItem(kwnames, i);
        if (take_keyword(spec, name, args[nargs + i], nargs, out) < 0) {
            return -1;
        }
    }
    for (int i = (int)nargs; i < spec->required; i++) {
        if (out[i] == NULL) {
            PyErr_Format(PyExc_TypeError, "%s() misses the argument '%s'",
                         spec->function, spec->names[i]);
            return -1;
        }
    }
    return 0;
}
