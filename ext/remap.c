#include "remap.h"

#include <string.h>

/* ENDPOINT from a (host, port) tuple: 0, or -1 with an exception set. */
static int
read_pair(PyObject *pair, struct pn_endpoint *endpoint)
{
    const char *host;
    Py_ssize_t len;
    int port;
    if (!PyTuple_Check(pair)) {
        PyErr_SetString(PyExc_TypeError, "address_remap= returns (host, port)");
        return -1;
    }
    if (!PyArg_ParseTuple(pair, "s#i:address_remap", &host, &len, &port)) {
        return -1;
    }
    if (len == 0 || (size_t)len > PN_FLEET_HOST_MAX || strlen(host) != (size_t)len ||
        port < 0 || port > UINT16_MAX) {
        PyErr_SetString(PyExc_ValueError, "address_remap= returned no host and port");
        return -1;
    }
    memcpy(endpoint->host, host, (size_t)len + 1);
    endpoint->port = (uint16_t)port;
    return 0;
}

void
remap_endpoint(void *function, struct pn_endpoint *endpoint)
{
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *pair = Py_BuildValue("(si)", endpoint->host, (int)endpoint->port);
    PyObject *made = NULL;
    if (pair != NULL) {
        made = PyObject_CallFunctionObjArgs(function, pair, NULL);
    }
    if (made == NULL || read_pair(made, endpoint) < 0) {
        PyErr_WriteUnraisable(function);
    }
    Py_XDECREF(made);
    Py_XDECREF(pair);
    PyGILState_Release(gil);
}
