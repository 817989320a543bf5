/*
 * Ready - an awaitable that is done before it is awaited
 *
 * What a call of a cached coroutine function gives on a hit. It has a coroutine's
 * methods and is registered as one (python/pinyon/cached.py), so that gather(),
 * create_task() and run() take it; awaiting it costs no trip to the event loop.
 */
#include "cached.h"

struct ready_object {
    PyObject_HEAD
    PyObject *value; /* NULL once taken */
};

PyObject *
ready_of(struct core_state *st, PyObject *value)
{
    if (value == NULL) {
        return NULL;
    }
    struct ready_object *self = core_alloc(st->ready_type);
    if (self == NULL) {
        Py_DECREF(value);
        return NULL;
    }
    self->value = value;
    return (PyObject *)self;
}

static PySendResult
ready_am_send(struct ready_object *self, PyObject *sent, PyObject **result)
{
    (void)sent;
    *result = self->value;
    self->value = NULL;
    if (*result == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited coroutine");
        return PYGEN_ERROR;
    }
    return PYGEN_RETURN;
}

/* StopIteration(value): made by hand, since a tuple given to PyErr_SetObject() would
 * become its arguments. */
static PyObject *
ready_next(struct ready_object *self)
{
    PyObject *value;
    if (ready_am_send(self, Py_None, &value) == PYGEN_ERROR) {
        return NULL;
    }
    PyObject *stop = PyObject_CallFunctionObjArgs(PyExc_StopIteration, value, NULL);
    if (stop != NULL) {
        PyErr_SetObject(PyExc_StopIteration, stop);
        Py_DECREF(stop);
    }
    Py_DECREF(value);
    return NULL;
}

static PyObject *
ready_send(struct ready_object *self, PyObject *sent)
{
    (void)sent;
    return ready_next(self);
}

/* throw(type[, value[, traceback]]) or throw(exception) */
static PyObject *
ready_throw(struct ready_object *self, PyObject *args)
{
    PyObject *type, *value = NULL, *traceback = NULL;
    if (!PyArg_ParseTuple(args, "O|OO:throw", &type, &value, &traceback)) {
        return NULL;
    }
    Py_CLEAR(self->value);
    if (PyExceptionInstance_Check(type)) {
        PyErr_SetObject((PyObject *)Py_TYPE(type), type);
    } else {
        PyErr_SetObject(type, value);
    }
    return NULL;
}

static PyObject *
ready_close(struct ready_object *self, PyObject *unused)
{
    (void)unused;
    Py_CLEAR(self->value);
    Py_RETURN_NONE;
}

static int
ready_traverse(struct ready_object *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->value);
    return 0;
}

static int
ready_clear(struct ready_object *self)
{
    Py_CLEAR(self->value);
    return 0;
}

static void
ready_dealloc(struct ready_object *self)
{
    PyObject_GC_UnTrack(self);
    Py_CLEAR(self->value);
    core_free_object(self);
}

static PyObject *
ready_self(PyObject *self)
{
    return Py_NewRef(self);
}

static PyMethodDef ready_methods[] = {
    {"send", (PyCFunction)ready_send, METH_O, "Gives the value by StopIteration."},
    {"throw", (PyCFunction)ready_throw, METH_VARARGS, "Raises it."},
    {"close", (PyCFunction)ready_close, METH_NOARGS, "Drops the value."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot ready_slots[] = {
    {Py_tp_doc, CORE_DOC("An awaitable that is done.")},
    {Py_am_await, ready_self},
    {Py_am_send, ready_am_send},
    {Py_tp_iter, ready_self},
    {Py_tp_iternext, ready_next},
    {Py_tp_traverse, ready_traverse},
    {Py_tp_clear, ready_clear},
    {Py_tp_dealloc, ready_dealloc},
    {Py_tp_methods, ready_methods},
    {0, NULL},
};

static PyType_Spec ready_spec = {
    .name = "pinyon._core.Ready",
    .basicsize = sizeof(struct ready_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = ready_slots,
};

int
ready_type_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    st->ready_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &ready_spec,
                                                              NULL);
    return st->ready_type == NULL ? -1 : PyModule_AddType(module, st->ready_type);
}
