#include "client_type.h"

#include <math.h>

#include "base/clock.h"
#include "call.h"
#include "client_opts.h"
#include "driver.h"
#include "errors.h"
#include "remap.h"

static PyMethodDef client_methods[];

/* ---- The share -------------------------------------------------------------- */

struct fleet_share *
share_hold(struct fleet_share *share)
{
    __atomic_add_fetch(&share->holders, 1, __ATOMIC_RELAXED);
    return share;
}

void
share_drop(struct fleet_share *share)
{
    if (share != NULL &&
        __atomic_sub_fetch(&share->holders, 1, __ATOMIC_ACQ_REL) == 0) {
        pn_client_free(share->client);
        board_close(share->board);
        Py_XDECREF(share->remap);
        PyMem_Free(share);
    }
}

/* Opens the client of SETTINGS, and the board it looks at. PN_OK, or a code with a
 * sentence. */
static int
share_furnish(struct fleet_share *share, const struct client_settings *settings,
              struct pn_why *why)
{
    struct pn_client_opts opts = settings->opts;
    struct pn_board board;
    int rc = PN_OK;
    if (settings->remap != NULL) {
        share->remap = Py_NewRef(settings->remap);
        opts.remap = remap_endpoint;
        opts.remap_context = share->remap;
    }
    if (settings->topology != NULL) {
        const char *key = settings->topology_key != NULL ? settings->topology_key : "";
        rc = board_open(settings->topology, key, &share->board, why);
        if (rc < 0) {
            return rc;
        }
        board = board_ops(share->board);
        opts.board = &board;
    }
    Py_BEGIN_ALLOW_THREADS /* files of certificates are read, a ring is built */
        rc = pn_client_open(&opts, &share->client, why);
    Py_END_ALLOW_THREADS return rc < 0 && rc != PN_E_NOMEM ? PN_E_INVALID : rc;
}

/* The client of SETTINGS; NULL with an exception set. */
static struct fleet_share *
share_open(struct core_state *st, const struct client_settings *settings)
{
    struct fleet_share *share = PyMem_Calloc(1, sizeof *share);
    if (share == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    share->holders = 1;
    share->timeout_ns = settings->timeout_ns;
    share->value_max = settings->opts.value_max;
    share->is_quick = settings->is_quick;
    share->gutter_ttl_s = (int64_t)((settings->gutter_ttl_ns + 999999999) / 1000000000);
    share->kind = settings->opts.fleet.kind;
    share->is_memcached = settings->opts.hello.is_memcached;
    struct pn_why why = {.code = 0};
    int rc = share_furnish(share, settings, &why);
    if (rc < 0) {
        share_drop(share);
        why.code = rc;
        errors_raise_why(st, &why);
        return NULL;
    }
    return share;
}

/* ---- Life ------------------------------------------------------------------- */

static struct client_object *
new_client(PyTypeObject *type, struct core_state *st, struct fleet_share *share)
{
    struct client_object *self = core_alloc(type);
    if (self == NULL) {
        share_drop(share);
        return NULL;
    }
    self->st = st;
    self->share = share;
    return self;
}

static PyObject *
client_of_options(PyTypeObject *type, struct core_state *st, PyObject *options)
{
    struct client_settings settings;
    struct fleet_share *share = NULL;
    if (client_opts_read(st, options, &settings) == 0) {
        share = share_open(st, &settings);
    }
    client_opts_free(&settings);
    struct client_object *self = share == NULL ? NULL : new_client(type, st, share);
    if (self != NULL) {
        self->is_decoded = settings.is_decoded;
    }
    return (PyObject *)self;
}

static PyObject *
client_of_other(PyTypeObject *type, struct core_state *st, PyObject *object,
                PyObject *decode)
{
    struct client_object *other = (struct client_object *)object;
    if (client_check(other) < 0) {
        return NULL;
    }
    int is_decoded = decode == Py_None ? other->is_decoded : PyObject_IsTrue(decode);
    if (is_decoded < 0) {
        return NULL;
    }
    struct client_object *self = new_client(type, st, share_hold(other->share));
    if (self != NULL) {
        self->other = Py_NewRef(other->other != NULL ? other->other : object);
        self->is_decoded = is_decoded != 0;
    }
    return (PyObject *)self;
}

static PyObject *
client_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static const char *const names[] = {"options", "decode", NULL};
    struct core_state *st = core_state_of_subtype(type, client_methods);
    PyObject *options, *decode = Py_None;
    if (st == NULL ||
        !PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:Client", CORE_NAMES(names),
                                     &options, &decode)) {
        return NULL;
    }
    if (PyObject_TypeCheck(options, st->client_type)) {
        return client_of_other(type, st, options, decode);
    }
    if (!PyDict_Check(options)) {
        PyErr_SetString(st->argument_error, "a client is made of a dict of options");
        return NULL;
    }
    return client_of_options(type, st, options);
}

static int
client_traverse(struct client_object *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->other);
    Py_VISIT(self->drivers);
    return 0;
}

static int
client_clear(struct client_object *self)
{
    Py_CLEAR(self->other);
    driver_drop_all(self);
    return 0;
}

static void
client_dealloc(struct client_object *self)
{
    PyObject_GC_UnTrack(self);
    driver_drop_all(self);
    Py_CLEAR(self->other);
    share_drop(self->share);
    core_free_object(self);
}

int
client_check(struct client_object *self)
{
    if (self->is_closed || __atomic_load_n(&self->share->is_closed, __ATOMIC_ACQUIRE)) {
        PyErr_SetString(self->st->closed_error,
                        "the client is closed; make a new one to go on");
        return -1;
    }
    return 0;
}

/* What is under way elsewhere finishes: its connections close when they come back. On
 * loops it ends with ClosedError. */
static PyObject *
client_close(struct client_object *self, PyObject *unused)
{
    (void)unused;
    self->is_closed = true;
    driver_drop_all(self);
    if (self->other == NULL &&
        !__atomic_exchange_n(&self->share->is_closed, true, __ATOMIC_ACQ_REL)) {
        pn_client_close(self->share->client);
    }
    Py_RETURN_NONE;
}

static PyObject *
client_get_closed(struct client_object *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->is_closed || self->share->is_closed);
}

static PyObject *
client_get_decode(struct client_object *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->is_decoded);
}

int
client_deadline(struct client_object *self, PyObject *timeout, uint64_t now,
                uint64_t *deadline)
{
    if (timeout == NULL || timeout == Py_None) {
        *deadline = now + self->share->timeout_ns;
        return 0;
    }
    double seconds = PyFloat_AsDouble(timeout);
    if (PyErr_Occurred() || !(seconds >= 0)) {
        PyErr_Clear();
        PyErr_Format(self->st->argument_error,
                     "timeout=%R: give the seconds that the call may take", timeout);
        return -1;
    }
    *deadline = seconds > 1e9 ? PN_NEVER : now + (uint64_t)ceil(seconds * 1e9);
    return 0;
}

/* ---- Forks ------------------------------------------------------------------ */

/* In the child: the client itself knows by now (client/forks.h). Objects of one share
 * are told one by one; that its board is told again changes nothing. */
static PyObject *
client_after_fork(struct client_object *self, PyObject *unused)
{
    (void)unused;
    board_after_fork(self->share->board);
    driver_forget_all(self);
    Py_RETURN_NONE;
}

/* ---- The type --------------------------------------------------------------- */

#define FAST(fn) (PyCFunction)(void (*)(void))(fn), METH_FASTCALL | METH_KEYWORDS
static PyMethodDef client_methods[] = {
    {"execute", FAST(client_execute),
     "execute($self, /, *args, timeout=None)\n--\n\n"
     "Sends one command and waits for its reply; raises when it is an error."},
    {"aexecute", FAST(client_aexecute),
     "aexecute($self, /, *args, timeout=None)\n--\n\n"
     "The same on the running loop: a Future of the reply."},
    {"get", client_get, METH_O,
     "get($self, key, /)\n--\n\nThe value of a key, or None."},
    {"aget", client_aget, METH_O, "aget($self, key, /)\n--\n\nA Future of get()."},
    {"get_many", client_get_many, METH_O,
     "get_many($self, keys, /)\n--\n\nA dict of the keys that there are."},
    {"aget_many", client_aget_many, METH_O,
     "aget_many($self, keys, /)\n--\n\nA Future of get_many()."},
    {"_call", FAST(client_call),
     "_call($self, call, /, timeout=None)\n--\n\n"
     "(args, shape or None): one command, and its reply as shape(reply)."},
    {"_acall", FAST(client_acall),
     "_acall($self, call, /, timeout=None)\n--\n\nA Future of _call()."},
    {"_run", FAST(client_run),
     "_run($self, commands, /, timeout=None, flags=0, node=None)\n--\n\n"
     "Sends all commands in one flight; a list of replies, errors in their places."},
    {"_arun", FAST(client_arun),
     "_arun($self, commands, /, timeout=None, flags=0, node=None)\n--\n\n"
     "A Future of _run()."},
    {"_session", FAST(client_session),
     "_session($self, /, *, node=None, key=None)\n--\n\n"
     "Connections of one's own, for WATCH, SELECT, SUBSCRIBE: a Session."},
    {"_asession", FAST(client_asession),
     "_asession($self, /, *, node=None, key=None)\n--\n\nThe same on the running "
     "loop."},
    {"_nodes", client_nodes, METH_NOARGS,
     "_nodes($self, /)\n--\n\n[(number, host, port, role, health, slots, zone)]"},
    {"_drain", client_drain, METH_NOARGS,
     "_drain($self, /)\n--\n\nCloses the connections that are idle."},
    {"_copy", client_copy, METH_VARARGS,
     "_copy($self, key, beside, /)\n--\n\n"
     "The copy of a key that belongs to the part of the fleet where `beside` is."},
    {"_copies", client_copies, METH_O,
     "_copies($self, key, /)\n--\n\nAll copies of a key: a list of keys."},
    {"_set_members", client_set_members, METH_VARARGS,
     "_set_members($self, options, warm, /)\n--\n\n"
     "Other servers, for a fleet whose keys the client places."},
    {"_node_stats", client_node_stats, METH_O,
     "_node_stats($self, number, /)\n--\n\nWhat was counted of a node."},
    {"_pool", client_pool, METH_NOARGS,
     "_pool($self, /)\n--\n\nHow many connection sets there are."},
    {"_counters", client_counters, METH_NOARGS,
     "_counters($self, /)\n--\n\nWhat the fleet counts."},
    {"_after_fork", (PyCFunction)client_after_fork, METH_NOARGS,
     "_after_fork($self, /)\n--\n\nTo be called in the child of a fork, before all."},
    {"close", (PyCFunction)client_close, METH_NOARGS,
     "close($self, /)\n--\n\nCloses all connections. May be called twice."},
    {NULL, NULL, 0, NULL},
};
#undef FAST

static PyGetSetDef client_getset[] = {
    {"closed", (getter)client_get_closed, NULL, "True after close().", NULL},
    {"decode", (getter)client_get_decode, NULL, "Are replies str?", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot client_slots[] = {
    {Py_tp_doc, CORE_DOC("A fleet of Redis, Valkey or memcached; see pinyon.Client.")},
    {Py_tp_new, client_new},
    {Py_tp_traverse, client_traverse},
    {Py_tp_clear, client_clear},
    {Py_tp_dealloc, client_dealloc},
    {Py_tp_methods, client_methods},
    {Py_tp_getset, client_getset},
    {0, NULL},
};

static PyType_Spec client_spec = {
    .name = "pinyon._core.Client",
    .basicsize = sizeof(struct client_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = client_slots,
};

static int
add_flags(PyObject *module)
{
    static const struct {
        const char *name;
        long value;
    } flags[] = {
        {"RUN_ATOMIC", RUN_ATOMIC},
        {"RUN_RAW", RUN_RAW},
        {"RUN_READ", RUN_READ},
        {"RUN_NO_RETRY", RUN_NO_RETRY},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (PyModule_AddIntConstant(module, flags[i].name, flags[i].value) < 0) {
            return -1;
        }
    }
    return 0;
}

int
client_type_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    st->client_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &client_spec,
                                                               NULL);
    if (st->client_type == NULL || PyModule_AddType(module, st->client_type) < 0) {
        return -1;
    }
    return add_flags(module);
}
