#include "driver.h"

#include "client/code.h"

/* ---- The end ---------------------------------------------------------------- */

/* All calls, linked; none is the hub's any more. */
static struct aio_call *
take_calls(struct driver *self)
{
    struct aio_call *first = self->first;
    self->first = self->last = NULL;
    for (struct aio_call *call = first; call != NULL; call = call->next) {
        for (size_t i = 0; self->hub != NULL && i < call->call.n_parts; i++) {
            struct pn_request *request = &call->call.part[i].request;
            if (request->state != PN_REQ_IDLE) {
                pn_hub_cancel(self->hub, request);
            }
        }
    }
    while (self->hub != NULL && pn_hub_finished(self->hub) != NULL) {
    }
    return first;
}

static void
free_calls(struct aio_call *call)
{
    while (call != NULL) {
        struct aio_call *next = call->next;
        aio_call_free(call);
        call = next;
    }
}

static void
leave_client(struct driver *self)
{
    struct client_object *client = self->client;
    self->client = NULL;
    if (client == NULL || client->drivers == NULL) {
        return;
    }
    if (client->recent == self) {
        client->recent = NULL;
    }
    PyObject *key = PyLong_FromVoidPtr((void *)(uintptr_t)self->key);
    if (key == NULL || PyDict_DelItem(client->drivers, key) < 0) {
        PyErr_Clear();
    }
    Py_XDECREF(key);
}

static void
close_hub(struct driver *self)
{
    struct pn_hub *hub = self->hub;
    self->hub = NULL;
    pn_hub_free(hub);
}

void
driver_abandon(struct driver *self)
{
    struct aio_call *calls = take_calls(self);
    if (self->hub != NULL) {
        close_hub(self);
    }
    leave_client(self);
    struct driver *spare = self->spare;
    self->spare = NULL;
    if (spare != NULL) {
        driver_abandon(spare);
        Py_DECREF((PyObject *)spare);
    }
    Py_CLEAR(self->loop_ref);
    Py_CLEAR(self->run);
    Py_CLEAR(self->resolving);
    Py_CLEAR(self->in_context);
    Py_CLEAR(self->pushes);
    Py_CLEAR(self->waiters);
    Py_CLEAR(self->limits);
    free_calls(calls);
}

/* What is under way ends with ClosedError. */
static void
fail_calls(struct driver *self, struct aio_call *call)
{
    struct fault_place place = {.node = PN_NODE_NONE};
    for (; call != NULL; call = call->next) {
        fault_raise(fault_of_code(self->st, PN_CLIENT_E_CLOSED, &place));
        driver_resolve(self, call->future, NULL);
    }
}

void
driver_close(struct driver *self)
{
    if (self->is_working) {
        self->is_closing = true; /* driver_work() comes back here at its end */
        return;
    }
    if (self->hub == NULL) {
        return;
    }
    Py_INCREF((PyObject *)self);
    if (self->spare != NULL) {
        driver_close(self->spare);
    }
    PyObject *loop = driver_loop(self);
    struct aio_call *calls = take_calls(self);
    if (loop != NULL) {
        driver_unwatch_all(self, loop);
        fail_calls(self, calls);
        driver_fail_waiters(self);
    }
    driver_abandon(self);
    free_calls(calls);
    Py_XDECREF(loop);
    Py_DECREF((PyObject *)self);
}

/* ---- The type --------------------------------------------------------------- */

static PyObject *
driver_close_method(struct driver *self, PyObject *unused)
{
    (void)unused;
    driver_close(self);
    Py_RETURN_NONE;
}

/* The loop is being destroyed: the callback of the weak reference to it. */
static PyObject *
driver_orphaned(struct driver *self, PyObject *unused)
{
    (void)unused;
    driver_abandon(self);
    Py_RETURN_NONE;
}

static int
driver_traverse(struct driver *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->loop_ref);
    Py_VISIT(self->run);
    Py_VISIT(self->in_context);
    Py_VISIT(self->resolving);
    Py_VISIT(self->pushes);
    Py_VISIT(self->waiters);
    Py_VISIT(self->limits);
    Py_VISIT((PyObject *)self->spare);
    for (struct aio_call *call = self->first; call != NULL; call = call->next) {
        Py_VISIT(call->future);
        Py_VISIT(call->shape);
        Py_VISIT(call->owner);
        Py_VISIT((PyObject *)call->call.client);
    }
    return 0;
}

static int
driver_clear(struct driver *self)
{
    driver_abandon(self);
    return 0;
}

/* It may go while an exception is raised. */
static void
driver_dealloc(struct driver *self)
{
    PyObject *type, *value, *traceback;
    PyObject_GC_UnTrack(self);
    PyErr_Fetch(&type, &value, &traceback);
    driver_abandon(self);
    PyErr_Restore(type, value, traceback);
    PyMem_Free(self->watch);
    share_drop(self->share);
    core_free_object(self);
}

#define FAST(fn) (PyCFunction)(void (*)(void))(fn)
static PyMethodDef driver_methods[] = {
    {"_flush", (PyCFunction)driver_flush, METH_NOARGS, "Sends what is to be sent."},
    {"_ready", FAST(driver_ready), METH_FASTCALL, "(link, io): it is ready."},
    {"_wake", (PyCFunction)driver_wake, METH_NOARGS, "Something is due."},
    {"_resolved", (PyCFunction)driver_resolved, METH_O, "A name's addresses came."},
    {"_expire", (PyCFunction)driver_expire, METH_O, "No message came in time."},
    {"_settled", (PyCFunction)driver_settled, METH_O,
     "Closes it if FUTURE's cancelled."},
    {"_close", (PyCFunction)driver_close_method, METH_NOARGS, "Closes it."},
    {"_orphaned", (PyCFunction)driver_orphaned, METH_O, "Its loop is gone."},
    {NULL, NULL, 0, NULL},
};
#undef FAST

static PyType_Slot driver_slots[] = {
    {Py_tp_doc, CORE_DOC("The connections of one event loop.")},
    {Py_tp_traverse, driver_traverse},
    {Py_tp_clear, driver_clear},
    {Py_tp_dealloc, driver_dealloc},
    {Py_tp_methods, driver_methods},
    {0, NULL},
};

static PyType_Spec driver_spec = {
    .name = "pinyon._core.Driver",
    .basicsize = sizeof(struct driver),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = driver_slots,
};

int
driver_type_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    st->driver_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &driver_spec,
                                                               NULL);
    return st->driver_type == NULL ? -1 : 0; /* nobody makes one by hand */
}
