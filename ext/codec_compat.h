/*
 * codec_compat - one source for the limited API and for builds without a GIL
 *
 * What differs between the limited API of 3.11 and a free-threaded build, where another
 * thread may change a container while we read it: there every borrowed reference
 * becomes a strong one and dictionaries are iterated inside a critical section.
 */
#ifndef PINYON_EXT_CODEC_COMPAT_H
#define PINYON_EXT_CODEC_COMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifdef Py_GIL_DISABLED
#define CODEC_LOCK(object) Py_BEGIN_CRITICAL_SECTION(object);
#define CODEC_UNLOCK() Py_END_CRITICAL_SECTION();
#else
#define CODEC_LOCK(object) {
#define CODEC_UNLOCK() }
#endif

/* A new reference, or NULL with IndexError set. */
static inline PyObject *
codec_list_get(PyObject *list, Py_ssize_t i)
{
#ifdef Py_GIL_DISABLED
    return PyList_GetItemRef(list, i);
#else
    return Py_XNewRef(PyList_GetItem(list, i));
#endif
}

/* A new reference, or NULL, with an exception set only if the look-up failed. */
static inline PyObject *
codec_dict_get(PyObject *dict, PyObject *key)
{
#ifdef Py_GIL_DISABLED
    PyObject *found = NULL;
    return PyDict_GetItemRef(dict, key, &found) < 0 ? NULL : found;
#else
    return Py_XNewRef(PyDict_GetItemWithError(dict, key));
#endif
}

/* callable(), callable(a) or callable(a, b): NULL ends the arguments. */
static inline PyObject *
codec_call(PyObject *callable, PyObject *a, PyObject *b)
{
    return PyObject_CallFunctionObjArgs(callable, a, b, NULL);
}

#endif
