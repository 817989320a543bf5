#include "base/clock.h"
#include "driver.h"

/* A loop's clock may be coarse: a timer that fires sooner than it was asked for. */
#define TIMER_EARLY UINT64_C(20000000)

/* ---- Calls -------------------------------------------------------------------- */

struct aio_call *
aio_call_new(struct client_object *client, size_t cap)
{
    struct aio_call *self = PyMem_Malloc(sizeof *self + cap);
    if (self == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    call_begin(&self->call, client, self + 1, cap);
    Py_INCREF((PyObject *)client);
    self->driver = self->home = NULL;
    self->future = self->shape = self->owner = NULL;
    self->result = call_result_one;
    self->left = 0;
    self->previous = self->next = NULL;
    return self;
}

void
aio_call_free(struct aio_call *self)
{
    if (self == NULL) {
        return;
    }
    struct client_object *client = self->call.client;
    call_end(&self->call);
    Py_XDECREF(self->future);
    Py_XDECREF(self->shape);
    Py_XDECREF(self->owner);
    if (self->home != NULL) {
        Py_DECREF((PyObject *)self->driver);
        Py_DECREF((PyObject *)self->home);
    }
    PyMem_Free(self);
    Py_DECREF((PyObject *)client);
}

static void
link_call(struct driver *self, struct aio_call *call)
{
    call->driver = self;
    call->next = NULL;
    call->previous = self->last;
    if (self->last != NULL) {
        self->last->next = call;
    } else {
        self->first = call;
    }
    self->last = call;
}

static void
unlink_call(struct driver *self, struct aio_call *call)
{
    if (call->previous != NULL) {
        call->previous->next = call->next;
    } else {
        self->first = call->next;
    }
    if (call->next != NULL) {
        call->next->previous = call->previous;
    } else {
        self->last = call->previous;
    }
}

/* ---- Futures ------------------------------------------------------------------ */

/* By the loop: asyncio.Future() would look for it, which until Python 3.11 asks the
 * kernel for the process's id, 350 ns on a virtual machine. */
PyObject *
driver_future(struct driver *self, PyObject *loop)
{
    return PyObject_CallMethodObjArgs(loop, self->st->name_create_future, NULL);
}

/* The exception that is set, as an object. */
static PyObject *
take_exception(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (value != NULL && traceback != NULL) {
        PyException_SetTraceback(value, traceback);
    }
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}

void
driver_resolve(struct driver *self, PyObject *future, PyObject *value)
{
    struct core_state *st = self->st;
    PyObject *method = value != NULL ? st->name_set_result : st->name_set_exception;
    if (value == NULL) {
        value = take_exception();
    }
    PyObject *done = PyObject_CallMethodObjArgs(future, method, value, NULL);
    if (done == NULL && PyErr_ExceptionMatches(st->asyncio_invalid)) {
        PyErr_Clear(); /* cancelled: its reply is nobody's */
    } else if (done == NULL) {
        PyErr_WriteUnraisable(future);
    }
    Py_XDECREF(done);
    Py_XDECREF(value);
}

/* ---- A round of a call -------------------------------------------------------- */

/* A driver that was lent is its home's spare now, or closes when there is one. */
static void
give_back(struct aio_call *call)
{
    struct driver *lent = call->driver, *home = call->home;
    if (home->spare == NULL && home->hub != NULL && lent->hub != NULL) {
        home->spare = lent;
        Py_INCREF((PyObject *)lent);
    } else {
        driver_close(lent);
    }
}

static void
end_call(struct driver *self, struct aio_call *call, PyObject *value)
{
    unlink_call(self, call);
    driver_resolve(self, call->future, value);
    if (call->home != NULL) {
        give_back(call);
    }
    aio_call_free(call);
}

/* The result, when there is no other round. */
static PyObject *
result_of(struct aio_call *call)
{
    PyObject *reply = call->result(&call->call);
    if (reply == NULL || call->shape == NULL) {
        return reply;
    }
    return fault_shape(call->call.client->st, call->shape, reply);
}

/* Hands the next round to the hub, or ends the call. -1: an exception is set, and the
 * call as it was. */
static int
next_round(struct driver *self, struct aio_call *call)
{
    Py_ssize_t n = call_next(&call->call);
    if (n < 0) {
        return -1;
    }
    if (n == 0) {
        end_call(self, call, result_of(call));
        return 0;
    }
    if (driver_schedule(self) < 0) {
        return -1;
    }
    call->left = (size_t)n;
    uint64_t now = call->call.now;
    for (size_t i = call->call.n_parts - (size_t)n; i < call->call.n_parts; i++) {
        pn_hub_submit(self->hub, &call->call.part[i].request, now);
    }
    return 0;
}

PyObject *
driver_submit(struct driver *self, struct aio_call *call)
{
    PyObject *loop = driver_loop_known(self);
    call->future = loop == NULL || self->hub == NULL ? NULL : driver_future(self, loop);
    if (call->future == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(self->st->closed_error, "the client is closed");
        }
        call->driver = self;
        aio_call_free(call);
        return NULL;
    }
    PyObject *future = Py_NewRef(call->future);
    link_call(self, call);
    if (next_round(self, call) < 0) {
        end_call(self, call, NULL);
    }
    return future;
}

PyObject *
driver_submit_waiting(struct driver *self, struct aio_call *call)
{
    PyObject *future = driver_submit(self, call);
    PyObject *settled = future == NULL
                            ? NULL
                            : PyObject_GetAttrString((PyObject *)self, "_settled");
    PyObject *added = settled == NULL ? NULL
                                      : PyObject_CallMethod(future, "add_done_callback",
                                                            "O", settled);
    Py_XDECREF(settled);
    if (added == NULL) {
        Py_CLEAR(future);
    }
    Py_XDECREF(added);
    return future;
}

static void
take_part(struct aio_call *call, struct part *part, struct pn_bytes reply)
{
    if (call_take(&call->call, part, reply) < 0) {
        part->value = take_exception();
    }
}

/* A request is finished: makes its value; the last one of a round goes on. */
static void
take_finished(struct driver *self, struct pn_request *request)
{
    struct aio_call *call = request->owner;
    struct part *part = (struct part *)(void *)request;
    struct pn_bytes reply = {NULL, 0};
    if (request->rc >= 0) {
        reply = pn_hub_reply(self->hub, request);
    }
    take_part(call, part, reply);
    if (--call->left == 0) {
        call->call.now = pn_clock_mono_ns();
        if (next_round(self, call) < 0) {
            end_call(self, call, NULL);
        }
    }
}

/* ---- Calls that are given up -------------------------------------------------- */

/* Nobody waits for CALL: its requests end, with their connections. */
static void
abort_call(struct driver *self, struct aio_call *call)
{
    uint64_t now = pn_clock_mono_ns();
    for (size_t i = 0; i < call->call.n_parts; i++) {
        struct part *part = &call->call.part[i];
        if (part->request.state != PN_REQ_IDLE &&
            pn_hub_abort(self->hub, &part->request, now)) {
            take_part(call, part, (struct pn_bytes){NULL, 0});
            call->left--;
        }
    }
    if (call->left == 0) {
        end_call(self, call, Py_NewRef(Py_None));
    }
}

PyObject *
driver_settled(struct driver *self, PyObject *future)
{
    PyObject *answer = PyObject_CallMethod(future, "cancelled", NULL);
    bool is_cancelled = answer != NULL && PyObject_IsTrue(answer) == 1;
    struct aio_call *call = self->first;
    Py_XDECREF(answer);
    if (answer == NULL) {
        return NULL;
    }
    while (call != NULL && call->future != future) {
        call = call->next;
    }
    if (is_cancelled && call != NULL && self->hub != NULL) {
        abort_call(self, call);
        driver_work(self);
    }
    Py_RETURN_NONE;
}

/* ---- What the loop calls ------------------------------------------------------ */

void
driver_work(struct driver *self)
{
    if (self->is_working || self->hub == NULL) {
        return;
    }
    self->is_working = true;
    Py_INCREF((PyObject *)self);
    struct pn_request *request;
    while ((request = pn_hub_finished(self->hub)) != NULL) {
        take_finished(self, request);
    }
    if (self->pushes != NULL) {
        driver_take_pushes(self);
    }
    pn_hub_release(self->hub);
    PyObject *loop = driver_loop(self);
    if (loop != NULL) {
        driver_apply_changes(self, loop);
        driver_set_timer(self, loop);
    }
    Py_XDECREF(loop);
    self->is_working = false;
    if (self->is_closing) {
        driver_close(self);
    }
    Py_DECREF((PyObject *)self);
}

int
driver_schedule(struct driver *self)
{
    if (self->is_flush_due) {
        return 0;
    }
    PyObject *loop = driver_loop(self);
    if (loop == NULL) {
        PyErr_SetString(self->st->closed_error, "the event loop is closed");
        return -1;
    }
    PyObject *flush = PyObject_GetAttrString((PyObject *)self, "_flush");
    PyObject *call_soon = PyObject_GetAttrString(loop, "call_soon");
    PyObject *args = flush == NULL ? NULL : PyTuple_Pack(1, flush);
    PyObject *handle = NULL;
    if (call_soon != NULL && args != NULL) {
        handle = PyObject_Call(call_soon, args, self->in_context);
    }
    self->is_flush_due = handle != NULL;
    Py_XDECREF(flush);
    Py_XDECREF(call_soon);
    Py_XDECREF(args);
    Py_XDECREF(handle);
    Py_DECREF(loop);
    return handle == NULL ? -1 : 0;
}

PyObject *
driver_flush(struct driver *self, PyObject *unused)
{
    (void)unused;
    self->is_flush_due = false;
    Py_CLEAR(self->run);
    if (self->hub != NULL) {
        pn_hub_step(self->hub, pn_clock_mono_ns());
        driver_work(self);
    }
    Py_RETURN_NONE;
}

PyObject *
driver_ready(struct driver *self, PyObject *const *args, Py_ssize_t nargs)
{
    unsigned long link = nargs == 2 ? PyLong_AsUnsignedLong(args[0]) : 0;
    unsigned long io = nargs == 2 ? PyLong_AsUnsignedLong(args[1]) : 0;
    if (nargs != 2 || PyErr_Occurred()) {
        return NULL;
    }
    bool is_watched = link < self->n_watch && self->watch[link].fd >= 0;
    if (self->hub != NULL && is_watched) {
        pn_hub_ready(self->hub, (uint32_t)link, (uint8_t)io, pn_clock_mono_ns());
        driver_work(self);
    }
    Py_RETURN_NONE;
}

PyObject *
driver_wake(struct driver *self, PyObject *unused)
{
    (void)unused;
    uint64_t now = pn_clock_mono_ns();
    if (self->timer_at != PN_NEVER && self->timer_at > now + TIMER_EARLY) {
        Py_RETURN_NONE; /* overtaken; set anew it would be a second one for ever */
    }
    self->timer_at = self->later_at > now ? self->later_at : PN_NEVER;
    self->later_at = PN_NEVER;
    if (self->hub != NULL) {
        pn_hub_step(self->hub, now);
        driver_work(self);
    }
    Py_RETURN_NONE;
}
