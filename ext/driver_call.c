/*
 * driver_call - the methods of Client that answer with a future
 */
#include "base/clock.h"
#include "driver.h"
#include "run_args.h"
#include "words.h"

#define ROOM_LEAST 160 /* what the arguments of a small command take */

static struct aio_call *
begin(PyObject *self, size_t cap, PyObject *timeout)
{
    struct client_object *client = (struct client_object *)self;
    uint64_t now = pn_clock_mono_ns(), deadline;
    if (client_check(client) < 0 ||
        client_deadline(client, timeout, now, &deadline) < 0) {
        return NULL;
    }
    struct aio_call *call = aio_call_new(client, cap);
    if (call != NULL) {
        call->call.now = now;
        call->call.deadline = deadline;
        call->call.is_timed = timeout != NULL && timeout != Py_None;
    }
    return call;
}

/* Sends CALL, which is taken over, when RC, what adding its commands came to, is 0. One
 * that may wait would keep all others of the loop waiting behind it: it has connections
 * of its own. */
static PyObject *
finish(struct aio_call *call, int rc)
{
    struct driver *driver = NULL, *lent = NULL;
    if (call != NULL && rc == 0 && call_seal(&call->call) == 0) {
        driver = driver_of_running(call->call.client);
    }
    if (driver == NULL) {
        aio_call_free(call);
        return NULL;
    }
    if (call->call.blocks_ns > 0) {
        lent = driver_lend(call->call.client, driver);
    }
    PyObject *future = NULL;
    if (call->call.blocks_ns == 0) {
        future = driver_submit(driver, call);
    } else if (lent != NULL) {
        call->home = (struct driver *)Py_NewRef((PyObject *)driver);
        Py_INCREF((PyObject *)lent);
        future = driver_submit_waiting(lent, call);
    } else {
        aio_call_free(call);
    }
    Py_XDECREF((PyObject *)lent);
    Py_DECREF((PyObject *)driver);
    return future;
}

PyObject *
client_aexecute(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                PyObject *names)
{
    PyObject *timeout = NULL;
    if (run_args_timeout("aexecute", args + nargs, names, &timeout) < 0) {
        return NULL;
    }
    struct aio_call *call = begin(self, ROOM_LEAST, timeout);
    return finish(call, call == NULL ? -1 : call_add(&call->call, args, nargs));
}

PyObject *
client_acall(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    struct run_call_args in = {.timeout = NULL};
    if (run_args_call("_acall", args, nargs, names, &in) < 0) {
        return NULL;
    }
    struct aio_call *call = begin(self, ROOM_LEAST, in.timeout);
    if (call == NULL) {
        return NULL;
    }
    Py_ssize_t n;
    PyObject **item = words_items(&call->call.arena, in.args, &n);
    call->shape = in.shape == Py_None ? NULL : Py_NewRef(in.shape);
    return finish(call, item == NULL ? -1 : call_add(&call->call, item, n));
}

PyObject *
client_arun(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    struct run_args in = {.timeout = NULL};
    if (run_args_take("_arun", args, nargs, names, &in) < 0) {
        return NULL;
    }
    struct aio_call *call = begin(self, ROOM_LEAST, in.timeout);
    if (call == NULL) {
        return NULL;
    }
    call->call.run = in.flags;
    call->call.node = in.node;
    call->result = call_result;
    return finish(call, call_add_all(&call->call, in.commands));
}

PyObject *
client_aget(PyObject *self, PyObject *key)
{
    struct aio_call *call = begin(self, ROOM_LEAST, NULL);
    return finish(call, call == NULL ? -1 : call_add_get(&call->call, key));
}

PyObject *
client_aget_many(PyObject *self, PyObject *keys)
{
    struct aio_call *call = begin(self, ROOM_LEAST, NULL);
    return finish(call, call == NULL ? -1 : call_add_get_many(&call->call, keys));
}
