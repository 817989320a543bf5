/*
 * driver_push - messages that nobody asked for, to those who wait for them
 */
#include "driver.h"

int
driver_keep_pushes(struct driver *self)
{
    self->pushes = PyList_New(0);
    self->waiters = PyList_New(0);
    self->limits = PyList_New(0);
    if (self->pushes == NULL || self->waiters == NULL || self->limits == NULL) {
        return -1;
    }
    pn_hub_keep_pushes(self->hub, true);
    return 0;
}

/* The I-th does not wait any more, and his timer is not to fire for nothing: there may
 * be thousands of messages a second. */
static void
drop_waiter(struct driver *self, Py_ssize_t i)
{
    PyObject *limit = Py_NewRef(PyList_GetItem(self->limits, i));
    PyList_SetSlice(self->waiters, i, i + 1, NULL);
    PyList_SetSlice(self->limits, i, i + 1, NULL);
    PyObject *cancelled = PyObject_CallMethod(limit, "cancel", NULL);
    Py_XDECREF(cancelled);
    Py_DECREF(limit);
    PyErr_Clear();
}

void
driver_fail_waiters(struct driver *self)
{
    while (self->waiters != NULL && PyList_Size(self->waiters) > 0) {
        PyObject *future = Py_NewRef(PyList_GetItem(self->waiters, 0));
        drop_waiter(self, 0);
        PyErr_SetString(self->st->closed_error, "the session is closed");
        driver_resolve(self, future, NULL);
        Py_DECREF(future);
    }
}

/* Keeps MESSAGE (stolen) for the first who waits, or for later. */
static void
hand_out(struct driver *self, PyObject *message)
{
    while (self->waiters != NULL && PyList_Size(self->waiters) > 0) {
        PyObject *future = Py_NewRef(PyList_GetItem(self->waiters, 0));
        drop_waiter(self, 0);
        PyObject *done = PyObject_CallMethodObjArgs(future, self->st->name_set_result,
                                                    message, NULL);
        bool is_taken = done != NULL;
        Py_XDECREF(done);
        Py_DECREF(future);
        PyErr_Clear(); /* cancelled, or too late: the next one's */
        if (is_taken) {
            Py_DECREF(message);
            return;
        }
    }
    if (PyList_Append(self->pushes, message) < 0) {
        PyErr_WriteUnraisable((PyObject *)self);
    }
    Py_DECREF(message);
}

void
driver_take_pushes(struct driver *self)
{
    struct pn_bytes bytes;
    struct reply_reader reader = {
        .st = self->st,
        .place = {.client = self->share->client},
        .is_decoded = self->client != NULL && self->client->is_decoded,
    };
    while (self->hub != NULL && pn_hub_push(self->hub, &bytes, &reader.place.node)) {
        PyObject *message = reply_take(&reader, &bytes);
        if (message == NULL) {
            PyErr_WriteUnraisable((PyObject *)self);
        } else {
            hand_out(self, message);
        }
    }
}

/* FUTURE waits for a message: asks the loop to call _expire() of it after SECONDS. */
static int
add_waiter(struct driver *self, PyObject *loop, PyObject *future, double seconds)
{
    PyObject *expire = PyObject_GetAttrString((PyObject *)self, "_expire");
    PyObject *handle = expire == NULL ? NULL
                                      : PyObject_CallMethod(loop, "call_later", "dOO",
                                                            seconds, expire, future);
    int rc = handle == NULL ? -1 : PyList_Append(self->limits, handle);
    if (rc == 0 && PyList_Append(self->waiters, future) < 0) {
        Py_ssize_t n = PyList_Size(self->limits);
        rc = -1;
        PyList_SetSlice(self->limits, n - 1, n, NULL);
    }
    Py_XDECREF(expire);
    Py_XDECREF(handle);
    return rc;
}

PyObject *
driver_next_push(struct driver *self, double seconds)
{
    PyObject *loop = self->hub == NULL ? NULL : driver_loop(self);
    PyObject *future = loop == NULL ? NULL : driver_future(self, loop);
    if (future == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(self->st->closed_error, "the session is closed");
        }
    } else if (PyList_Size(self->pushes) > 0) {
        driver_resolve(self, future, Py_NewRef(PyList_GetItem(self->pushes, 0)));
        PyList_SetSlice(self->pushes, 0, 1, NULL);
    } else if (add_waiter(self, loop, future, seconds) < 0) {
        Py_CLEAR(future);
    }
    Py_XDECREF(loop);
    return future;
}

PyObject *
driver_expire(struct driver *self, PyObject *future)
{
    Py_ssize_t i = self->waiters == NULL ? -1 : PySequence_Index(self->waiters, future);
    if (i >= 0) {
        drop_waiter(self, i);
        driver_resolve(self, future, Py_NewRef(Py_None));
    }
    PyErr_Clear(); /* it has a message, or was cancelled */
    Py_RETURN_NONE;
}
