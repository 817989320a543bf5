#include "cached.h"

PyObject *
bound_of(PyTypeObject *type, PyObject *cached, PyObject *self)
{
    struct bound_object *bound = core_alloc(type);
    if (bound != NULL) {
        bound->cached = Py_NewRef(cached);
        bound->self = Py_NewRef(self);
    }
    return (PyObject *)bound;
}

/* (self, *args) */
static PyObject *
with_self(const struct bound_object *self, PyObject *args)
{
    Py_ssize_t n = PyTuple_Size(args);
    PyObject *all = PyTuple_New(n + 1);
    if (all == NULL) {
        return NULL;
    }
    PyTuple_SetItem(all, 0, Py_NewRef(self->self));
    for (Py_ssize_t i = 0; i < n; i++) {
        PyTuple_SetItem(all, i + 1, Py_NewRef(PyTuple_GetItem(args, i)));
    }
    return all;
}

static PyObject *
bound_call(struct bound_object *self, PyObject *args, PyObject *kwargs)
{
    PyObject *all = with_self(self, args);
    if (all == NULL) {
        return NULL;
    }
    PyObject *answer = PyObject_Call(self->cached, all, kwargs);
    Py_DECREF(all);
    return answer;
}

static PyObject *
bound_get_func(struct bound_object *self, void *unused)
{
    (void)unused;
    return Py_NewRef(self->cached);
}

static PyObject *
bound_get_self(struct bound_object *self, void *unused)
{
    (void)unused;
    return Py_NewRef(self->self);
}

static int
bound_traverse(struct bound_object *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->cached);
    Py_VISIT(self->self);
    return 0;
}

static void
bound_dealloc(struct bound_object *self)
{
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->cached);
    Py_CLEAR(self->self);
    core_free_object(self);
}

static PyGetSetDef bound_getset[] = {
    {"__func__", (getter)bound_get_func, NULL, "The cached function.", NULL},
    {"__self__", (getter)bound_get_self, NULL, "Its first argument.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot bound_slots[] = {
    {Py_tp_doc, CORE_DOC("A cached method and the object it was taken from.")},
    {Py_tp_call, bound_call},
    {Py_tp_traverse, bound_traverse},
    {Py_tp_dealloc, bound_dealloc},
    {Py_tp_getset, bound_getset},
    {0, NULL},
};

static PyType_Spec bound_spec = {
    .name = "pinyon._core.Bound",
    .basicsize = sizeof(struct bound_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_BASETYPE |
             Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = bound_slots,
};

int
bound_type_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    st->bound_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &bound_spec,
                                                              NULL);
    return st->bound_type == NULL ? -1 : PyModule_AddType(module, st->bound_type);
}
