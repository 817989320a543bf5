#include "counters.h"

int
counters_count(struct counters *counters, PyObject *name, PyObject *by)
{
    static const char *const names[] = {
#define COUNTERS_NAME(field) #field,
        COUNTERS(COUNTERS_NAME)
#undef COUNTERS_NAME
    };
    unsigned long long n = PyLong_AsUnsignedLongLong(by);
    if (PyErr_Occurred()) {
        return -1;
    }
    for (int i = 0; i < COUNT_TOTAL; i++) {
        if (PyUnicode_CompareWithASCIIString(name, names[i]) == 0) {
            counters_add(counters, (enum counter)i, n);
            return i;
        }
    }
    PyErr_Format(PyExc_ValueError, "there is no counter %R", name);
    return -1;
}

static int
counters_put(PyObject *dict, const char *name, _Atomic uint64_t *n)
{
    PyObject *value = PyLong_FromUnsignedLongLong(
        atomic_load_explicit(n, memory_order_relaxed));
    int rc = value == NULL ? -1 : PyDict_SetItemString(dict, name, value);
    Py_XDECREF(value);
    return rc;
}

PyObject *
counters_dict(struct counters *counters)
{
    PyObject *dict = PyDict_New();
    if (dict == NULL) {
        return NULL;
    }
#define COUNTERS_PUT(field)                                            \
    if (counters_put(dict, #field, &counters->n[COUNT_##field]) < 0) { \
        Py_DECREF(dict);                                               \
        return NULL;                                                   \
    }
    COUNTERS(COUNTERS_PUT)
#undef COUNTERS_PUT
    return dict;
}
