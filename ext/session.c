#include "session.h"

#include "args.h"
#include "base/clock.h"
#include "blocking.h"
#include "errors.h"
#include "run_args.h"

#define CALL_ROOM 1024

/* ---- State -------------------------------------------------------------------- */

static int
enter(struct session_object *self, bool is_loop)
{
    if (self->hub == NULL && self->driver == NULL) {
        PyErr_SetString(self->st->closed_error, "the session is closed");
        return -1;
    }
    if (is_loop != (self->driver != NULL)) {
        PyErr_SetString(self->st->argument_error,
                        "a session of a loop has arun() and apush(), another one run() "
                        "and push()");
        return -1;
    }
    if (self->is_busy) {
        PyErr_SetString(self->st->argument_error,
                        "a session is for one thread at a time: open another one");
        return -1;
    }
    return client_check(self->client);
}

static bool
is_named(const struct command *command, const char *name)
{
    size_t len = strlen(name);
    if (command->name.len != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if ((command->name.ptr[i] & ~0x20) != name[i]) {
            return false;
        }
    }
    return true;
}

/* What the commands of CALL, before they are sealed, make of the connection. */
static void
note_commands(struct session_object *self, const struct call *call)
{
    for (size_t i = 0; i < call->n_commands; i++) {
        const struct command *command = &call->command[i];
        if (is_named(command, "WATCH") || is_named(command, "MULTI")) {
            self->is_held = true;
        } else if (is_named(command, "EXEC") || is_named(command, "DISCARD") ||
                   is_named(command, "UNWATCH")) {
            self->is_held = false;
        } else if ((command->flags & PN_CMD_PUSH) != 0) {
            self->is_soiled = true;
        } else if ((command->flags & PN_CMD_STATE) != 0) {
            self->is_soiled = self->is_bound = true;
        }
    }
    if ((call->run & RUN_ATOMIC) != 0) {
        self->is_held = false;
    }
}

/* The node that answered is the session's; a connection that is gone holds nothing. */
static void
note_parts(struct session_object *self, const struct call *call)
{
    for (size_t i = 0; i < call->n_parts; i++) {
        const struct pn_request *request = &call->part[i].request;
        if (request->rc == PN_CLIENT_E_LOST) {
            self->is_held = false;
        }
        if (request->rc >= 0 && self->node == PN_NODE_NONE) {
            self->node = request->by;
        }
    }
}

/* CALL with the commands of IN, sealed. The flags of its parts depend on what was said
 * on the connection before. */
static int
fill_call(struct session_object *self, struct call *call, const struct run_args *in)
{
    bool is_pinned = self->node != PN_NODE_NONE;
    call->run = in->flags | RUN_SESSION | (is_pinned ? RUN_RAW : 0u) |
                (self->is_held || self->is_bound ? RUN_STAY : 0u);
    call->node = in->node != PN_NODE_NONE ? in->node : self->node;
    if (self->key != NULL) {
        char *bytes;
        Py_ssize_t len;
        PyBytes_AsStringAndSize(self->key, &bytes, &len);
        call->home = (struct pn_bytes){bytes, (size_t)len};
    }
    if (call_add_all(call, in->commands) < 0) {
        return -1;
    }
    note_commands(self, call);
    return call_seal(call);
}

/* ---- Blocking ----------------------------------------------------------------- */

static PyObject *
session_run(struct session_object *self, PyObject *const *args, Py_ssize_t nargs,
            PyObject *names)
{
    struct call call;
    struct run_args in = {.timeout = NULL};
    uint64_t room[CALL_ROOM / 8];
    if (run_args_take("run", args, nargs, names, &in) < 0 || enter(self, false) < 0) {
        return NULL;
    }
    call_begin(&call, self->client, room, sizeof room);
    call.now = pn_clock_mono_ns();
    call.is_timed = in.timeout != NULL && in.timeout != Py_None;
    PyObject *result = NULL;
    self->is_busy = true;
    if (client_deadline(self->client, in.timeout, call.now, &call.deadline) == 0 &&
        fill_call(self, &call, &in) == 0 && blocking_run_on(&call, self->hub) == 0) {
        note_parts(self, &call);
        result = call_result(&call);
    }
    self->is_busy = false;
    call_end(&call);
    return result;
}

/* The next message as a list, or NULL without an exception when there is none yet. */
static PyObject *
next_push(struct session_object *self)
{
    struct pn_bytes bytes;
    struct reply_reader reader = {
        .st = self->st,
        .place = {.client = self->client->share->client},
        .is_decoded = self->client->is_decoded,
    };
    if (pn_hub_push(self->hub, &bytes, &reader.place.node)) {
        return reply_take(&reader, &bytes);
    }
    pn_hub_release(self->hub);
    return NULL;
}

static PyObject *
wait_for_push(struct session_object *self, uint64_t deadline)
{
    for (;;) {
        PyObject *message = next_push(self);
        uint64_t now = pn_clock_mono_ns();
        if (message != NULL || PyErr_Occurred() || PyErr_CheckSignals() < 0) {
            return message;
        }
        if (now >= deadline) {
            Py_RETURN_NONE;
        }
        Py_BEGIN_ALLOW_THREADS pn_hub_wait(self->hub, blocking_slice(now, deadline));
        Py_END_ALLOW_THREADS
    }
}

/* timeout=None waits as long as a call of the client may take; a message, or None. */
static PyObject *
session_push(struct session_object *self, PyObject *const *args, Py_ssize_t nargs,
             PyObject *names)
{
    struct args_spec spec = {.function = "push",
                             .positional = 1,
                             .names = {"timeout", NULL}};
    PyObject *timeout = NULL;
    uint64_t deadline;
    if (args_take(&spec, args, nargs, names, &timeout) < 0 || enter(self, false) < 0 ||
        client_deadline(self->client, timeout, pn_clock_mono_ns(), &deadline) < 0) {
        return NULL;
    }
    self->is_busy = true;
    PyObject *message = wait_for_push(self, deadline);
    self->is_busy = false;
    return message;
}

/* ---- On a loop ---------------------------------------------------------------- */

/* What is known when the replies are there: the session learns from it. */
static PyObject *
result_of_run(struct call *call)
{
    struct aio_call *aio = (struct aio_call *)(void *)call;
    struct session_object *self = (struct session_object *)aio->owner;
    note_parts(self, call);
    return call_result(call);
}

static PyObject *
session_arun(struct session_object *self, PyObject *const *args, Py_ssize_t nargs,
             PyObject *names)
{
    struct run_args in = {.timeout = NULL};
    if (run_args_take("arun", args, nargs, names, &in) < 0 || enter(self, true) < 0) {
        return NULL;
    }
    struct aio_call *call = aio_call_new(self->client, CALL_ROOM);
    if (call == NULL) {
        return NULL;
    }
    call->call.now = pn_clock_mono_ns();
    call->call.is_timed = in.timeout != NULL && in.timeout != Py_None;
    call->result = result_of_run;
    call->owner = Py_NewRef((PyObject *)self);
    if (client_deadline(self->client, in.timeout, call->call.now,
                        &call->call.deadline) < 0 ||
        fill_call(self, &call->call, &in) < 0) {
        aio_call_free(call);
        return NULL;
    }
    return call->call.blocks_ns > 0 ? driver_submit_waiting(self->driver, call)
                                    : driver_submit(self->driver, call);
}

static PyObject *
session_apush(struct session_object *self, PyObject *const *args, Py_ssize_t nargs,
              PyObject *names)
{
    struct args_spec spec = {.function = "apush",
                             .positional = 1,
                             .names = {"timeout", NULL}};
    PyObject *timeout = NULL;
    if (args_take(&spec, args, nargs, names, &timeout) < 0 || enter(self, true) < 0) {
        return NULL;
    }
    double seconds = (double)self->client->share->timeout_ns / 1e9;
    if (timeout != NULL && timeout != Py_None) {
        seconds = PyFloat_AsDouble(timeout);
    }
    return PyErr_Occurred() ? NULL : driver_next_push(self->driver, seconds);
}

/* ---- Life --------------------------------------------------------------------- */

static void
release(struct session_object *self)
{
    struct pn_hub *hub = self->hub;
    struct driver *driver = self->driver;
    self->hub = NULL;
    self->driver = NULL;
    if (hub != NULL) {
        pn_hub_keep_pushes(hub, false);
        if (self->is_soiled || self->is_held || self->is_busy) {
            pn_hub_soil(hub);
        }
        pn_client_give(self->client->share->client, hub, pn_clock_mono_ns());
    }
    if (driver != NULL) {
        driver_close(driver);
        Py_DECREF((PyObject *)driver);
    }
}

static PyObject *
session_close(struct session_object *self, PyObject *const *args, Py_ssize_t nargs)
{
    (void)args, (void)nargs; /* also __exit__(type, value, traceback) */
    if (self->is_busy) {
        PyErr_SetString(self->st->argument_error,
                        "a session is for one thread at a time: another one waits");
        return NULL;
    }
    release(self);
    Py_RETURN_NONE;
}

static PyObject *
session_enter(struct session_object *self, PyObject *unused)
{
    (void)unused;
    return Py_NewRef((PyObject *)self);
}

static struct session_object *
new_session(struct client_object *client, uint16_t node, PyObject *key)
{
    struct session_object *self = core_alloc(client->st->session_type);
    if (self == NULL) {
        return NULL;
    }
    self->st = client->st;
    self->client = (struct client_object *)Py_NewRef((PyObject *)client);
    self->node = node;
    self->key = key == Py_None ? NULL : Py_NewRef(key);
    return self;
}

/* node=None, key=None of both ways to open one; KEY becomes bytes, to be released. */
static int
take_place(struct client_object *client, const char *function, PyObject *const *args,
           Py_ssize_t nargs, PyObject *names, uint16_t *node, PyObject **key)
{
    struct args_spec spec = {.function = function,
                             .positional = 0,
                             .names = {"node", "key", NULL}};
    PyObject *value[2] = {Py_None, Py_None};
    if (args_take(&spec, args, nargs, names, value) < 0 || client_check(client) < 0) {
        return -1;
    }
    unsigned long number = value[0] == Py_None ? PN_NODE_NONE
                                               : PyLong_AsUnsignedLong(value[0]);
    if (PyErr_Occurred() || number > PN_NODE_NONE) {
        PyErr_SetString(client->st->argument_error, "node= is the number of a node");
        return -1;
    }
    *node = (uint16_t)number;
    if (value[1] == Py_None || PyBytes_Check(value[1])) {
        *key = Py_NewRef(value[1]);
        return 0;
    }
    *key = PyUnicode_Check(value[1]) ? PyUnicode_AsUTF8String(value[1]) : NULL;
    if (*key == NULL && PyErr_Occurred()) {
        errors_refuse_surrogates(client->st->key_value_error, "a key");
    } else if (*key == NULL) {
        PyErr_SetString(client->st->key_type_error, "a key is str or bytes");
    }
    return *key == NULL ? -1 : 0;
}

PyObject *
client_session(PyObject *object, PyObject *const *args, Py_ssize_t nargs,
               PyObject *names)
{
    struct client_object *client = (struct client_object *)object;
    uint16_t node;
    PyObject *key;
    uint64_t now = pn_clock_mono_ns();
    if (take_place(client, "_session", args, nargs, names, &node, &key) < 0) {
        return NULL;
    }
    struct session_object *self = new_session(client, node, key);
    Py_DECREF(key);
    if (self == NULL) {
        return NULL;
    }
    self->hub = blocking_take(client, now, now + client->share->timeout_ns, 0);
    if (self->hub == NULL) {
        Py_DECREF((PyObject *)self);
        return NULL;
    }
    pn_hub_keep_pushes(self->hub, true);
    return (PyObject *)self;
}

PyObject *
client_asession(PyObject *object, PyObject *const *args, Py_ssize_t nargs,
                PyObject *names)
{
    struct client_object *client = (struct client_object *)object;
    uint16_t node;
    PyObject *key;
    if (take_place(client, "_asession", args, nargs, names, &node, &key) < 0) {
        return NULL;
    }
    struct driver *shared = driver_of_running(client);
    struct session_object *self = shared == NULL ? NULL
                                                 : new_session(client, node, key);
    Py_DECREF(key);
    if (self != NULL) {
        self->driver = driver_make(client, driver_loop_known(shared));
        if (self->driver == NULL || driver_keep_pushes(self->driver) < 0) {
            Py_CLEAR(self);
        }
    }
    Py_XDECREF((PyObject *)shared);
    return (PyObject *)self;
}

static int
session_traverse(struct session_object *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT((PyObject *)self->client);
    Py_VISIT((PyObject *)self->driver);
    return 0;
}

/* It may go while an exception is raised, and those who wait for messages are told by
 * another one. */
static void
session_dealloc(struct session_object *self)
{
    PyObject *type, *value, *traceback;
    PyObject_GC_UnTrack(self);
    PyErr_Fetch(&type, &value, &traceback);
    release(self);
    PyErr_Restore(type, value, traceback);
    Py_CLEAR(self->key);
    Py_XDECREF((PyObject *)self->client);
    core_free_object(self);
}

/* ---- The type ----------------------------------------------------------------- */

static PyObject *
session_get_losses(struct session_object *self, void *unused)
{
    (void)unused;
    const struct pn_hub *hub = self->driver != NULL ? self->driver->hub : self->hub;
    return PyLong_FromUnsignedLongLong(hub == NULL ? 0 : pn_hub_losses(hub));
}

static PyObject *
session_get_node(struct session_object *self, void *unused)
{
    (void)unused;
    return fault_node_name(self->client->share->client, self->node);
}

static PyObject *
session_get_closed(struct session_object *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->hub == NULL && self->driver == NULL);
}

#define FAST(fn) (PyCFunction)(void (*)(void))(fn), METH_FASTCALL | METH_KEYWORDS
static PyMethodDef session_methods[] = {
    {"run", FAST(session_run),
     "run($self, commands, /, timeout=None, flags=0, node=None)\n--\n\n"
     "As Client._run(), always over the connection of this session."},
    {"arun", FAST(session_arun),
     "arun($self, commands, /, timeout=None, flags=0, node=None)\n--\n\n"
     "A Future of the same."},
    {"push", FAST(session_push),
     "push($self, timeout=None)\n--\n\n"
     "The next message that nobody asked for, as a list; None when none comes."},
    {"apush", FAST(session_apush),
     "apush($self, timeout=None)\n--\n\nA Future of push()."},
    {"close", (PyCFunction)(void (*)(void))session_close, METH_FASTCALL,
     "close($self, /)\n--\n\nGives the connection back. May be called twice."},
    {"__enter__", (PyCFunction)session_enter, METH_NOARGS, NULL},
    {"__exit__", (PyCFunction)(void (*)(void))session_close, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
#undef FAST

static PyGetSetDef session_getset[] = {
    {"losses", (getter)session_get_losses, NULL,
     "How many connections it has lost: subscribe anew when it changes.", NULL},
    {"node", (getter)session_get_node, NULL, "\"host:port\" once it is known.", NULL},
    {"closed", (getter)session_get_closed, NULL, "True after close().", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot session_slots[] = {
    {Py_tp_doc, CORE_DOC("Connections of one's own, to one node.")},
    {Py_tp_traverse, session_traverse},
    {Py_tp_dealloc, session_dealloc},
    {Py_tp_methods, session_methods},
    {Py_tp_getset, session_getset},
    {0, NULL},
};

static PyType_Spec session_spec = {
    .name = "pinyon._core.Session",
    .basicsize = sizeof(struct session_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = session_slots,
};

int
session_type_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    st->session_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &session_spec,
                                                                NULL);
    return st->session_type == NULL ? -1 : PyModule_AddType(module, st->session_type);
}
