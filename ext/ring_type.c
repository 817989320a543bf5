#include "ring_type.h"

#include <string.h>

#include "errors.h"

static PyMethodDef ring_methods[];

/* ---- Making ---------------------------------------------------------------- */

struct ring_args {
    PyObject *names, *weights, *zones, *out;
    const char *policy;
    PyObject *table, *previous;
    struct pn_place_opts opts;
};

static int
parse_args(PyObject *args, PyObject *kwargs, struct ring_args *in)
{
    static const char *const names[] = {
        "names",        "weights",  "zones",   "out",   "place",    "hash",
        "distribution", "hash_tag", "salt",    "seed",  "points",   "slots",
        "replicas",     "flags",    "epsilon", "table", "previous", NULL};
    unsigned long long seed = 0;
    unsigned int points = 0, slots = 0, replicas = 0, flags = 0;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "O!O!O!O!s|$zzzzKIIIIdOO:Ring", CORE_NAMES(names),
            &PyTuple_Type, &in->names, &PyTuple_Type, &in->weights, &PyTuple_Type,
            &in->zones, &PyTuple_Type, &in->out, &in->policy, &in->opts.hash,
            &in->opts.distribution, &in->opts.hash_tag, &in->opts.salt, &seed, &points,
            &slots, &replicas, &flags, &in->opts.epsilon, &in->table, &in->previous)) {
        return -1;
    }
    in->opts.seed = seed;
    in->opts.points = points;
    in->opts.slots = slots;
    in->opts.replicas = replicas;
    in->opts.flags = flags;
    Py_ssize_t n = PyTuple_Size(in->names);
    if (PyTuple_Size(in->weights) != n || PyTuple_Size(in->zones) != n ||
        PyTuple_Size(in->out) != n) {
        PyErr_SetString(PyExc_ValueError, "names, weights, zones, out: one length");
        return -1;
    }
    return 0;
}

/* The members, whose names belong to the tuple. NULL with an exception set. */
static struct pn_member *
make_members(const struct ring_args *in, Py_ssize_t n)
{
    struct pn_member *member = PyMem_Calloc((size_t)n + 1, sizeof *member);
    if (member == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_ssize_t len;
        member[i].name = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(in->names, i), &len);
        if (member[i].name != NULL && (size_t)len != strlen(member[i].name)) {
            PyErr_SetString(PyExc_ValueError, "a node's name holds a null character");
        }
        member[i].weight = PyFloat_AsDouble(PyTuple_GetItem(in->weights, i));
        member[i].zone = (uint32_t)PyLong_AsUnsignedLong(PyTuple_GetItem(in->zones, i));
        member[i].is_out = PyObject_IsTrue(PyTuple_GetItem(in->out, i)) == 1;
        if (PyErr_Occurred()) {
            PyMem_Free(member);
            return NULL;
        }
    }
    return member;
}

/* The server's slot map: bytes of uint16_t in the machine's order. */
static int
take_table(struct ring_args *in)
{
    if (in->table == NULL || in->table == Py_None) {
        return 0;
    }
    char *bytes;
    Py_ssize_t len;
    if (PyBytes_AsStringAndSize(in->table, &bytes, &len) < 0) {
        return -1;
    }
    in->opts.table = (const uint16_t *)(const void *)bytes;
    in->opts.slots = (uint32_t)(len / 2);
    return 0;
}

static int
take_previous(struct ring_args *in, PyTypeObject *ring_type)
{
    if (in->previous == NULL || in->previous == Py_None) {
        return 0;
    }
    if (!PyObject_TypeCheck(in->previous, ring_type)) {
        PyErr_SetString(PyExc_TypeError, "previous= is a HashRing");
        return -1;
    }
    in->opts.previous = ((struct ring_object *)in->previous)->place;
    return 0;
}

static PyObject *
ring_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    struct core_state *st = core_state_of_subtype(type, ring_methods);
    struct ring_args in = {.table = NULL};
    if (st == NULL || parse_args(args, kwargs, &in) < 0 || take_table(&in) < 0 ||
        take_previous(&in, st->ring_type) < 0) {
        return NULL;
    }
    Py_ssize_t n = PyTuple_Size(in.names);
    struct pn_member *member = make_members(&in, n);
    struct ring_object *self = member == NULL ? NULL : core_alloc(type);
    if (self == NULL) {
        PyMem_Free(member);
        return NULL;
    }
    self->st = st;
    self->nodes = Py_NewRef(in.names);
    struct pn_why why = {.code = 0};
    int rc;
    Py_BEGIN_ALLOW_THREADS /* a ring of a hundred nodes takes a millisecond */
        rc = pn_place_new(in.policy, member, (size_t)n, &in.opts, &self->place, &why);
    Py_END_ALLOW_THREADS PyMem_Free(member);
    if (rc < 0) {
        why.code = rc;
        errors_raise_why(st, &why);
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int
ring_traverse(struct ring_object *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->nodes);
    return 0;
}

static void
ring_dealloc(struct ring_object *self)
{
    PyObject_GC_UnTrack(self);
    pn_place_free(self->place);
    Py_CLEAR(self->nodes);
    core_free_object(self);
}

/* ---- Looking up ------------------------------------------------------------ */

int
ring_key_bytes(struct ring_object *self, PyObject *key, const char **data, size_t *len)
{
    Py_ssize_t n;
    if (PyUnicode_Check(key)) {
        *data = PyUnicode_AsUTF8AndSize(key, &n);
        *len = (size_t)n;
        if (*data == NULL) {
            errors_refuse_surrogates(self->st->key_value_error, "a key");
        }
        return *data == NULL ? -1 : 0;
    }
    char *bytes;
    if (PyBytes_Check(key)) {
        PyBytes_AsStringAndSize(key, &bytes, &n);
        *data = bytes;
        *len = (size_t)n;
        return 0;
    }
    PyObject *type = PyType_GetQualName(Py_TYPE(key));
    PyErr_Format(self->st->key_type_error, "a key is str or bytes, not %V", type,
                 "this");
    Py_XDECREF(type);
    return -1;
}

PyObject *
ring_node_of(struct ring_object *self, uint32_t index)
{
    if (index == PN_PLACE_NONE) {
        Py_RETURN_NONE;
    }
    return Py_NewRef(PyTuple_GetItem(self->nodes, index));
}

static PyObject *
ring_get_node(struct ring_object *self, PyObject *key)
{
    const char *data;
    size_t len;
    if (ring_key_bytes(self, key, &data, &len) < 0) {
        return NULL;
    }
    return ring_node_of(self, pn_place_owner(self->place, data, len));
}

/* uhashring's keys are str(key): b"k" is the text "b'k'" there. */
static PyObject *
ring_get_node_of_text(struct ring_object *self, PyObject *key)
{
    if (PyUnicode_CheckExact(key)) {
        return ring_get_node(self, key);
    }
    PyObject *text = PyObject_Str(key);
    PyObject *node = text == NULL ? NULL : ring_get_node(self, text);
    Py_XDECREF(text);
    return node;
}

static PyObject *
nodes_of(struct ring_object *self, const uint32_t *index, size_t n)
{
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list != NULL && i < n; i++) {
        PyList_SetItem(list, (Py_ssize_t)i, ring_node_of(self, index[i]));
    }
    return list;
}

static PyObject *
ring_get_nodes(struct ring_object *self, PyObject *const *args, Py_ssize_t nargs)
{
    const char *data;
    size_t len, count = pn_place_size(self->place);
    if (nargs < 1 || nargs > 2) {
        PyErr_SetString(PyExc_TypeError, "get_nodes() takes a key and a number");
        return NULL;
    }
    if (nargs == 2 && args[1] != Py_None) {
        Py_ssize_t wanted = PyLong_AsSsize_t(args[1]);
        if (wanted < 0) {
            if (!PyErr_Occurred()) {
                PyErr_SetString(PyExc_ValueError, "a number of nodes is 0 or more");
            }
            return NULL;
        }
        count = (size_t)wanted < count ? (size_t)wanted : count;
    }
    if (ring_key_bytes(self, args[0], &data, &len) < 0) {
        return NULL;
    }
    uint32_t few[16];
    uint32_t *index = few;
    if (count > sizeof few / sizeof few[0]) {
        index = PyMem_Calloc(count, sizeof *index);
        if (index == NULL) {
            return PyErr_NoMemory();
        }
    }
    size_t n = pn_place_owners(self->place, data, len, index, count);
    PyObject *list = nodes_of(self, index, n);
    if (index != few) {
        PyMem_Free(index);
    }
    return list;
}

/* under(key, loads): the node of a bounded lookup; LOADS is a tuple of counts. */
static PyObject *
ring_under(struct ring_object *self, PyObject *const *args, Py_ssize_t nargs)
{
    const char *data;
    size_t len, n = pn_place_size(self->place);
    if (nargs != 2 || !PyTuple_Check(args[1]) || (size_t)PyTuple_Size(args[1]) != n) {
        PyErr_SetString(PyExc_TypeError, "under() takes a key and a tuple of loads");
        return NULL;
    }
    if (ring_key_bytes(self, args[0], &data, &len) < 0) {
        return NULL;
    }
    uint32_t *load = PyMem_Calloc(n, sizeof *load);
    if (load == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *node = NULL;
    for (size_t i = 0; i < n; i++) {
        load[i] = (uint32_t)PyLong_AsUnsignedLong(
            PyTuple_GetItem(args[1], (Py_ssize_t)i));
    }
    if (!PyErr_Occurred()) {
        node = ring_node_of(self, pn_place_owner_under(self->place, data, len, load));
    }
    PyMem_Free(load);
    return node;
}

static PyObject *
ring_slot(struct ring_object *self, PyObject *key)
{
    const char *data;
    size_t len;
    if (ring_key_bytes(self, key, &data, &len) < 0) {
        return NULL;
    }
    uint32_t slot = pn_place_slot(self->place, data, len);
    if (slot == PN_PLACE_NONE) {
        Py_RETURN_NONE;
    }
    return PyLong_FromUnsignedLong(slot);
}

static PyObject *
ring_get_names(struct ring_object *self, void *unused)
{
    (void)unused;
    return Py_NewRef(self->nodes);
}

static PyObject *
ring_get_epoch(struct ring_object *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLongLong(pn_place_epoch(self->place));
}

/* policies() -> tuple of the names of place= */
PyObject *
ring_policies(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && pn_place_policy(i) != NULL; i++) {
        PyObject *name = PyUnicode_FromString(pn_place_policy(i));
        if (name == NULL || PyList_Append(list, name) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(name);
    }
    PyObject *tuple = list == NULL ? NULL : PyList_AsTuple(list);
    Py_XDECREF(list);
    return tuple;
}

/* ---- The type -------------------------------------------------------------- */

#define FAST(fn) (PyCFunction)(void (*)(void))(fn)
static PyMethodDef ring_methods[] = {
    {"get_node", (PyCFunction)ring_get_node, METH_O,
     "get_node($self, key, /)\n--\n\nThe node that owns the key (str or bytes)."},
    {"get_nodes", FAST(ring_get_nodes), METH_FASTCALL,
     "get_nodes($self, key, n=None, /)\n--\n\n"
     "Up to n distinct owners of the key, best first."},
    {"slot", (PyCFunction)ring_slot, METH_O,
     "slot($self, key, /)\n--\n\nThe key's slot; None where there are no slots."},
    {"_get_node_of_text", (PyCFunction)ring_get_node_of_text, METH_O,
     "get_node() of str(key)."},
    {"_under", FAST(ring_under), METH_FASTCALL, "The owner within its bound."},
    {"_shares", (PyCFunction)ring_shares, METH_NOARGS, "Shares by index."},
    {"_moved", (PyCFunction)ring_moved, METH_O, "Parts by index and index."},
    {"_moves", (PyCFunction)ring_moves, METH_O, "(slot, from, to), or None."},
    {"_find", (PyCFunction)ring_find_point, METH_O, "The number of the point."},
    {"_hash", (PyCFunction)ring_hash_key, METH_O, "Where the key falls."},
    {"_points", (PyCFunction)ring_points, METH_NOARGS, "[(number, node)]."},
    {NULL, NULL, 0, NULL},
};
#undef FAST

static PyGetSetDef ring_getset[] = {
    {"names", (getter)ring_get_names, NULL, "The nodes, in order.", NULL},
    {"epoch", (getter)ring_get_epoch, NULL,
     "place='slots': one more than the table before.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot ring_slots[] = {
    {Py_tp_doc, CORE_DOC("Which node owns a key; see pinyon.HashRing.")},
    {Py_tp_new, ring_new},
    {Py_tp_traverse, ring_traverse},
    {Py_tp_dealloc, ring_dealloc},
    {Py_tp_methods, ring_methods},
    {Py_tp_getset, ring_getset},
    {0, NULL},
};

static PyType_Spec ring_spec = {
    .name = "pinyon._core.Ring",
    .basicsize = sizeof(struct ring_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_IMMUTABLETYPE,
    .slots = ring_slots,
};

int
ring_type_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    st->ring_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &ring_spec, NULL);
    return st->ring_type == NULL ? -1 : PyModule_AddType(module, st->ring_type);
}
