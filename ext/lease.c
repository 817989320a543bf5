/* getpid() wants more than C11. */
#define _GNU_SOURCE

#include <unistd.h>

#include "errors.h"
#include "load.h"

PyObject *
lease_of(struct cache_object *cache, const struct pn_lease *lease, bool is_held)
{
    struct lease_object *self = core_alloc(cache->st->lease_type);
    if (self == NULL) {
        return NULL; /* the lease runs out by itself */
    }
    self->store = (struct store_object *)Py_NewRef((PyObject *)cache->store);
    self->lease = *lease;
    self->is_held = is_held;
    self->pid = (int)getpid();
    return (PyObject *)self;
}

bool
lease_is_ours(const struct lease_object *self)
{
    return self->is_held && self->pid == (int)getpid();
}

/* Gives a lease of ours back, once. */
static void
lease_release(struct lease_object *self)
{
    if (!lease_is_ours(self)) {
        return;
    }
    self->is_held = false;
    store_add_inside(self->store, 1);
    if (!self->store->is_closed) {
        pn_store_lease_end(self->store->store, &self->lease);
    }
    store_leave(self->store);
}

static PyObject *
lease_end(struct lease_object *self, PyObject *unused)
{
    (void)unused;
    lease_release(self);
    Py_RETURN_NONE;
}

/* keep(ms): lets a lease of ours stand so long and no longer, without its holder. */
static PyObject *
lease_keep(struct lease_object *self, PyObject *ms)
{
    unsigned long long ttl = PyLong_AsUnsignedLongLong(ms);
    struct pn_store *store = PyErr_Occurred() ? NULL : store_enter(self->store);
    if (store == NULL) {
        return NULL;
    }
    if (lease_is_ours(self)) {
        self->is_held = false;
        pn_store_lease_renew(store, PN_NOW, &self->lease, ttl);
    }
    store_leave(self->store);
    Py_RETURN_NONE;
}

/* wait(ms) -> bool: something changed. Sleeps without the GIL. */
static PyObject *
lease_wait(struct lease_object *self, PyObject *timeout)
{
    unsigned long ms = PyLong_AsUnsignedLong(timeout);
    struct pn_store *store = PyErr_Occurred() ? NULL : store_enter(self->store);
    if (store == NULL) {
        return NULL;
    }
    int rc;
    Py_BEGIN_ALLOW_THREADS rc = pn_store_lease_wait(store, &self->lease, (uint32_t)ms);
    Py_END_ALLOW_THREADS store_leave(self->store);
    return PyBool_FromLong(rc == PN_OK);
}

static PyObject *
lease_held(struct lease_object *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(self->is_held);
}

static void
lease_dealloc(struct lease_object *self)
{
    if (self->store != NULL) {
        lease_release(self);
        Py_DECREF((PyObject *)self->store);
    }
    core_free_object(self);
}

static PyMethodDef lease_methods[] = {
    {"end", (PyCFunction)lease_end, METH_NOARGS,
     "end($self, /)\n--\n\n"
     "Gives the lease back and wakes the waiters. May be called twice."},
    {"keep", (PyCFunction)lease_keep, METH_O,
     "keep($self, ms, /)\n--\n\n"
     "Lets the lease stand for so many milliseconds, without its holder."},
    {"wait", (PyCFunction)lease_wait, METH_O,
     "wait($self, ms, /)\n--\n\n"
     "Sleeps until the lease changes (True) or so many milliseconds have passed."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef lease_getset[] = {
    {"held", (getter)lease_held, NULL, "True: ours; False: somebody else's.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot lease_slots[] = {
    {Py_tp_doc, CORE_DOC("The right to load one key, or a view of who has it.")},
    {Py_tp_dealloc, lease_dealloc},
    {Py_tp_methods, lease_methods},
    {Py_tp_getset, lease_getset},
    {0, NULL},
};

static PyType_Spec lease_spec = {
    .name = "pinyon._core.Lease",
    .basicsize = sizeof(struct lease_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = lease_slots,
};

int
lease_type_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    st->lease_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &lease_spec,
                                                              NULL);
    return st->lease_type == NULL ? -1 : PyModule_AddType(module, st->lease_type);
}
