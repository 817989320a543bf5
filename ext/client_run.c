/*
 * client_run - the methods of Client that wait
 */
#include "base/clock.h"
#include "blocking.h"
#include "run_args.h"
#include "words.h"

#define CALL_ROOM 1024 /* on the stack; a command that does not fit goes to the heap */

static int
begin(struct call *call, PyObject *self, void *room, PyObject *timeout)
{
    struct client_object *client = (struct client_object *)self;
    call_begin(call, client, room, CALL_ROOM);
    call->now = pn_clock_mono_ns();
    call->is_timed = timeout != NULL && timeout != Py_None;
    if (client_check(client) < 0) {
        return -1;
    }
    return client_deadline(client, timeout, call->now, &call->deadline);
}

/* Runs CALL when RC, what adding its commands came to, is 0. */
static PyObject *
finish(struct call *call, int rc, PyObject *(*result)(struct call *))
{
    PyObject *reply = NULL;
    if (rc == 0 && call_seal(call) == 0 && blocking_run(call) == 0) {
        reply = result(call);
    }
    call_end(call);
    return reply;
}

PyObject *
client_execute(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    struct call call;
    PyObject *timeout = NULL;
    uint64_t room[CALL_ROOM / 8];
    if (run_args_timeout("execute", args + nargs, names, &timeout) < 0) {
        return NULL;
    }
    int rc = begin(&call, self, room, timeout);
    if (rc == 0) {
        rc = call_add(&call, args, nargs);
    }
    return finish(&call, rc, call_result_one);
}

PyObject *
client_call(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    struct call call;
    struct run_call_args in = {.timeout = NULL};
    uint64_t room[CALL_ROOM / 8];
    if (run_args_call("_call", args, nargs, names, &in) < 0) {
        return NULL;
    }
    int rc = begin(&call, self, room, in.timeout);
    if (rc == 0) {
        Py_ssize_t n;
        PyObject **item = words_items(&call.arena, in.args, &n);
        rc = item == NULL ? -1 : call_add(&call, item, n);
    }
    PyObject *reply = finish(&call, rc, call_result_one);
    if (reply == NULL || in.shape == Py_None) {
        return reply;
    }
    return fault_shape(((struct client_object *)self)->st, in.shape, reply);
}

PyObject *
client_run(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    struct call call;
    struct run_args in = {.timeout = NULL};
    uint64_t room[CALL_ROOM / 8];
    if (run_args_take("_run", args, nargs, names, &in) < 0) {
        return NULL;
    }
    int rc = begin(&call, self, room, in.timeout);
    if (rc == 0) {
        call.run = in.flags;
        call.node = in.node;
        rc = call_add_all(&call, in.commands);
    }
    return finish(&call, rc, call_result);
}

PyObject *
client_get(PyObject *self, PyObject *key)
{
    struct call call;
    uint64_t room[CALL_ROOM / 8];
    int rc = begin(&call, self, room, NULL);
    if (rc == 0) {
        rc = call_add_get(&call, key);
    }
    return finish(&call, rc, call_result_one);
}

PyObject *
client_get_many(PyObject *self, PyObject *keys)
{
    struct call call;
    uint64_t room[CALL_ROOM / 8];
    int rc = begin(&call, self, room, NULL);
    if (rc == 0) {
        rc = call_add_get_many(&call, keys);
    }
    return finish(&call, rc, call_result_one);
}
