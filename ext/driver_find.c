/*
 * driver_find - the driver of the loop that runs here
 */
#include "client/code.h"
#include "codec_compat.h"
#include "driver.h"

#define SWEEP_NS UINT64_C(1000000000)

/* ---- What asyncio has for us -------------------------------------------------- */

/* An attribute of a module, both by name; NULL with an exception set. */
static PyObject *
take_from(const char *module, const char *name)
{
    PyObject *found = PyImport_ImportModule(module);
    PyObject *attribute = found == NULL ? NULL : PyObject_GetAttrString(found, name);
    Py_XDECREF(found);
    return attribute;
}

/* Imported by the first call on a loop, not by `import pinyon`. */
static int
import_asyncio(struct core_state *st)
{
    const struct {
        PyObject **field;
        const char *module, *name; /* no module: the name itself */
    } wanted[] = {
        {&st->asyncio_running, "asyncio", "get_running_loop"},
        {&st->asyncio_invalid, "asyncio", "InvalidStateError"},
        {&st->context_type, "contextvars", "Context"},
        {&st->getaddrinfo, "socket", "getaddrinfo"},
        {&st->name_set_result, NULL, "set_result"},
        {&st->name_set_exception, NULL, "set_exception"},
        {&st->name_create_future, NULL, "create_future"},
        {&st->name_running, NULL, "__asyncio_running_event_loop__"},
    };
    if (st->name_running != NULL) {
        return 0;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (*wanted[i].field != NULL) {
            continue;
        }
        *wanted[i].field = wanted[i].module != NULL
                               ? take_from(wanted[i].module, wanted[i].name)
                               : PyUnicode_InternFromString(wanted[i].name);
        if (*wanted[i].field == NULL) {
            return -1;
        }
    }
    return 0;
}

/* ---- The loop ----------------------------------------------------------------- */

static bool
is_true(PyObject *loop, const char *method)
{
    PyObject *answer = PyObject_CallMethod(loop, method, NULL);
    bool is = answer != NULL && PyObject_IsTrue(answer) == 1;
    Py_XDECREF(answer);
    PyErr_Clear();
    return is;
}

/* The object that REF refers to, held: nobody else may, and then the next collection of
 * garbage, which may be in any call of Python's, would be its end. */
static PyObject *
referent(PyObject *ref)
{
    PyObject *object = NULL;
#ifdef Py_GIL_DISABLED
    PyWeakref_GetRef(ref, &object);
#else
    object = PyWeakref_GetObject(ref);
    object = object == Py_None ? NULL : Py_XNewRef(object);
#endif
    return object;
}

PyObject *
driver_loop_known(struct driver *self)
{
    PyObject *loop = self->loop_ref == NULL ? NULL : referent(self->loop_ref);
    Py_XDECREF(loop);
    return loop;
}

PyObject *
driver_loop(struct driver *self)
{
    PyObject *loop = self->loop_ref == NULL ? NULL : referent(self->loop_ref);
    if (loop != NULL && is_true(loop, "is_closed")) {
        Py_CLEAR(loop);
    }
    return loop;
}

/* ---- Making ------------------------------------------------------------------- */

static int
add_to_client(struct driver *self, struct client_object *client)
{
    if (client->drivers == NULL && (client->drivers = PyDict_New()) == NULL) {
        return -1;
    }
    PyObject *key = PyLong_FromVoidPtr((void *)(uintptr_t)self->key);
    int rc = key == NULL ? -1 : PyDict_SetItem(client->drivers, key, (PyObject *)self);
    Py_XDECREF(key);
    self->client = rc == 0 ? client : NULL;
    return rc;
}

/* The weak reference and the empty context. */
static int
meet_loop(struct driver *self, PyObject *loop)
{
    struct core_state *st = self->st;
    PyObject *orphaned = PyObject_GetAttrString((PyObject *)self, "_orphaned");
    PyObject *context = PyObject_CallFunctionObjArgs(st->context_type, NULL);
    if (orphaned != NULL && context != NULL) {
        self->loop_ref = PyWeakref_NewRef(loop, orphaned);
        self->in_context = Py_BuildValue("{sO}", "context", context);
    }
    Py_XDECREF(orphaned);
    Py_XDECREF(context);
    return self->loop_ref == NULL || self->in_context == NULL ? -1 : 0;
}

static struct driver *
make(struct client_object *client, PyObject *loop, const void *key)
{
    struct driver *self = core_alloc(client->st->driver_type);
    if (self == NULL) {
        return NULL;
    }
    self->st = client->st;
    self->share = share_hold(client->share);
    self->key = key != NULL ? key : self;
    self->timer_at = self->later_at = PN_NEVER;
    int rc = pn_hub_new(self->share->client, true, &self->hub);
    if (rc < 0) {
        struct fault_place place = {.node = PN_NODE_NONE};
        fault_raise(fault_of_code(self->st, rc, &place));
    }
    if (rc < 0 || meet_loop(self, loop) < 0 || add_to_client(self, client) < 0) {
        driver_abandon(self);
        Py_DECREF((PyObject *)self);
        return NULL;
    }
    return self;
}

struct driver *
driver_make(struct client_object *client, PyObject *loop)
{
    return make(client, loop, NULL);
}

struct driver *
driver_lend(struct client_object *client, struct driver *shared)
{
    struct driver *lent = shared->spare;
    shared->spare = NULL;
    PyObject *loop = lent != NULL ? NULL : driver_loop_known(shared);
    if (loop != NULL) {
        lent = make(client, loop, NULL);
    }
    return lent;
}

/* ---- Finding ------------------------------------------------------------------ */

/* All drivers of CLIENT as a list, which holds them; NULL without an exception. */
static PyObject *
list_of(struct client_object *client)
{
    PyObject *list = client->drivers == NULL ? NULL : PyDict_Values(client->drivers);
    PyErr_Clear();
    return list;
}

/* Loops that were closed and are still referred to, by an unfinished future say. */
static void
sweep(struct client_object *client)
{
    PyObject *list = list_of(client);
    Py_ssize_t n = list == NULL ? 0 : PyList_Size(list);
    for (Py_ssize_t i = 0; i < n; i++) {
        struct driver *driver = (struct driver *)PyList_GetItem(list, i);
        PyObject *loop = driver_loop(driver);
        if (loop == NULL) {
            driver_abandon(driver);
        }
        Py_XDECREF(loop);
    }
    Py_XDECREF(list);
}

void
driver_sweep(struct client_object *client, uint64_t now)
{
    if (now >= client->sweep_at) {
        client->sweep_at = now + SWEEP_NS;
        sweep(client);
    }
}

static struct driver *
find(struct client_object *client, PyObject *loop)
{
    if (client->drivers == NULL) {
        return NULL;
    }
    PyObject *key = PyLong_FromVoidPtr(loop);
    PyObject *found = key == NULL ? NULL : codec_dict_get(client->drivers, key);
    struct driver *driver = (struct driver *)found;
    Py_XDECREF(key);
    bool is_it = driver != NULL && driver->hub != NULL &&
                 driver_loop_known(driver) == loop;
    if (driver != NULL && !is_it) { /* a loop that died, and another in its place */
        driver_abandon(driver);
        Py_CLEAR(found);
    }
    return (struct driver *)found;
}

/* What tells this run of a loop from every other, borrowed; NULL: nothing does.
 *
 * get_running_loop() asks the kernel for the process's id until Python 3.11: 370 ns on
 * a virtual machine, a sixth of what a call of a burst costs. What it looks at is an
 * object in the thread's dict, made anew by each run of a loop (3.13 has the loop
 * itself there, later versions nothing). Whoever holds that object and finds it again
 * is in the same run. It holds its loop, as the futures of calls not sent do: it is let
 * go with them, by the next _flush(). A child of a fork forgets it. */
static PyObject *
this_run(struct core_state *st)
{
#ifdef Py_GIL_DISABLED
    (void)st;
    return NULL;
#else
    PyObject *dict = PyThreadState_GetDict();
    return dict == NULL ? NULL : PyDict_GetItemWithError(dict, st->name_running);
#endif
}

struct driver *
driver_of_running(struct client_object *client)
{
    if (import_asyncio(client->st) < 0) {
        return NULL;
    }
    PyObject *run = this_run(client->st);
    struct driver *recent = client->recent;
    if (recent != NULL && run != NULL && recent->run == run) {
        return (struct driver *)Py_NewRef((PyObject *)recent);
    }
    PyObject *loop = PyObject_CallFunctionObjArgs(client->st->asyncio_running, NULL);
    if (loop == NULL) {
        return NULL;
    }
    struct driver *driver = find(client, loop);
    if (driver == NULL && !PyErr_Occurred()) {
        sweep(client);
        driver = make(client, loop, loop);
    }
    if (driver != NULL) {
        PyObject *before = driver->run;
        driver->run = Py_XNewRef(run);
        client->recent = driver;
        Py_XDECREF(before);
    }
    Py_DECREF(loop);
    return driver;
}

/* ---- Letting go --------------------------------------------------------------- */

/* Here and now where nothing else can be running on the loop; else by the loop. */
static void
drop(struct driver *driver, PyObject *running)
{
    PyObject *loop = driver_loop(driver);
    PyObject *close = NULL, *handle = NULL;
    driver->client = NULL;
    if (loop != NULL && loop != running && is_true(loop, "is_running")) {
        close = PyObject_GetAttrString((PyObject *)driver, "_close");
        handle = close == NULL
                     ? NULL
                     : PyObject_CallMethod(loop, "call_soon_threadsafe", "O", close);
        PyErr_Clear();
    }
    if (handle == NULL) {
        driver_close(driver);
    }
    Py_XDECREF(close);
    Py_XDECREF(handle);
    Py_XDECREF(loop);
}

void
driver_drop_all(struct client_object *client)
{
    PyObject *drivers = client->drivers;
    if (drivers == NULL) {
        return;
    }
    PyObject *type, *value, *traceback; /* it may be called while one is raised */
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *running = PyObject_CallFunctionObjArgs(client->st->asyncio_running, NULL);
    PyErr_Clear();
    PyObject *list = list_of(client);
    client->drivers = NULL;
    client->recent = NULL;
    Py_ssize_t n = list == NULL ? 0 : PyList_Size(list);
    for (Py_ssize_t i = 0; i < n; i++) {
        drop((struct driver *)PyList_GetItem(list, i), running);
    }
    Py_XDECREF(list);
    Py_XDECREF(running);
    Py_DECREF(drivers);
    PyErr_Restore(type, value, traceback);
}

void
driver_forget_all(struct client_object *client)
{
    PyObject *list = list_of(client);
    Py_ssize_t n = list == NULL ? 0 : PyList_Size(list);
    for (Py_ssize_t i = 0; i < n; i++) {
        driver_abandon((struct driver *)PyList_GetItem(list, i));
    }
    Py_XDECREF(list);
}
