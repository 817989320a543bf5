/*
 * The Python faces of plans and key contexts.
 *
 *     plan = _core.Plan("shop.user", ("u", "full"), defaults={"full": False})
 *     plan.key(7), plan.key(u=7)      -> 'shop.user:1.pLDK:=BAcB'
 *     _core.KeyContext(prefix="v2:").key("user:7")   -> b'v2:user:7'
 */
#include "keys.h"

#define METHOD(function) ((PyCFunction)(void (*)(void))(function))

struct plan_object {
    PyObject_HEAD
    struct keys_plan *plan;
};

struct context_object {
    PyObject_HEAD
    struct keyctx ctx;
};

static PyObject *
allocate(PyTypeObject *type)
{
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    return alloc(type, 0);
}

static void
deallocate(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

/* ---- Plan --------------------------------------------------------------------- */

static struct keys_plan *
plan_of(PyObject *self)
{
    return ((struct plan_object *)self)->plan;
}

static PyObject *
plan_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    char names[][16] = {"identity",     "names",   "defaults", "positional_only",
                        "keyword_only", "varargs", "varkw",    "skip",
                        "prefix",       "version"};
    char *list[] = {names[0], names[1], names[2], names[3], names[4], names[5],
                    names[6], names[7], names[8], names[9], NULL};
    struct keys_plan_opts opts = {0};
    int varargs = 0;
    int varkw = 0;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "UO|$OnnppnOO:Plan", list,
                                     &opts.identity, &opts.names, &opts.defaults,
                                     &opts.positional_only, &opts.keyword_only,
                                     &varargs, &varkw, &opts.skip, &opts.prefix,
                                     &opts.version)) {
        return NULL;
    }
    opts.has_args = varargs != 0;
    opts.has_kwargs = varkw != 0;
    struct keys_plan *plan = keys_plan_new(codec_state_of(PyType_GetModule(type)),
                                           &opts);
    if (plan == NULL) {
        return NULL;
    }
    PyObject *self = allocate(type);
    if (self == NULL) {
        keys_plan_free(plan);
        return NULL;
    }
    ((struct plan_object *)self)->plan = plan;
    return self;
}

static int
plan_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return plan_of(self) == NULL ? 0 : keys_plan_traverse(plan_of(self), visit, arg);
}

static void
plan_dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    keys_plan_free(plan_of(self));
    deallocate(self);
}

PyDoc_STRVAR(
    plan_key_doc,
    "key(*args, **kwargs) -> str\n\n"
    "The key of a call. TypeError when the call does not fit the signature, or\n"
    "when an argument cannot become part of a key.");

static PyObject *
plan_key(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    struct key_buf key;
    int rc = keys_bind(plan_of(self), args, (size_t)nargs, kwnames, &key);
    if (rc == KEYS_MISMATCH) {
        PyErr_SetString(PyExc_TypeError, "the call does not fit the signature");
    }
    return rc != KEYS_BOUND
               ? NULL
               : PyUnicode_FromStringAndSize(key.data, (Py_ssize_t)key.len);
}

static PyObject *
plan_head(PyObject *self, void *closure)
{
    size_t len;
    const char *head = keys_plan_head(plan_of(self), &len);
    (void)closure;
    return PyUnicode_FromStringAndSize(head, (Py_ssize_t)len);
}

PyDoc_STRVAR(
    plan_doc,
    "Plan(identity, names, *, defaults=None, positional_only=0, keyword_only=0,\n"
    "     varargs=False, varkw=False, skip=0, prefix=None, version=None)\n\n"
    "How calls of one function become keys: made by pinyon from its signature.");

static PyMethodDef plan_methods[] = {
    {"key", METHOD(plan_key), METH_FASTCALL | METH_KEYWORDS, plan_key_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef plan_getset[] = {
    {"head", plan_head, NULL, "what all keys of the plan begin with", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot plan_slots[] = {
    {Py_tp_doc, (void *)(uintptr_t)plan_doc},
    {Py_tp_new, plan_new},
    {Py_tp_dealloc, plan_dealloc},
    {Py_tp_traverse, plan_traverse},
    {Py_tp_methods, plan_methods},
    {Py_tp_getset, plan_getset},
    {0, NULL},
};

static PyType_Spec plan_spec = {
    .name = "pinyon._core.Plan",
    .basicsize = sizeof(struct plan_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = plan_slots,
};

/* ---- KeyContext ----------------------------------------------------------------- */

static PyObject *
context_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    char prefix_name[] = "prefix";
    char memcached_name[] = "memcached";
    char *list[] = {prefix_name, memcached_name, NULL};
    PyObject *prefix = NULL;
    int memcached = 0;
    struct keyctx ctx;

    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$p:KeyContext", list, &prefix,
                                     &memcached)) {
        return NULL;
    }
    struct codec_state *state = codec_state_of(PyType_GetModule(type));
    if (keyctx_init(&ctx, state, prefix, memcached != 0) < 0) {
        return NULL;
    }
    PyObject *self = allocate(type);
    if (self != NULL) {
        ((struct context_object *)self)->ctx = ctx;
    }
    return self;
}

PyDoc_STRVAR(context_key_doc, "key(object) -> bytes: what the engine is given");

static PyObject *
context_key(PyObject *self, PyObject *object)
{
    struct key_buf key;
    if (key_from_object(&((struct context_object *)self)->ctx, object, &key) < 0) {
        return NULL;
    }
    return PyBytes_FromStringAndSize(key.data, (Py_ssize_t)key.len);
}

PyDoc_STRVAR(context_doc, "KeyContext(prefix=None, *, memcached=False)\n\n"
                          "How user keys become the keys of an engine.");

static PyMethodDef context_methods[] = {
    {"key", context_key, METH_O, context_key_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot context_slots[] = {
    {Py_tp_doc, (void *)(uintptr_t)context_doc},
    {Py_tp_new, context_new},
    {Py_tp_dealloc, deallocate},
    {Py_tp_methods, context_methods},
    {0, NULL},
};

static PyType_Spec context_spec = {
    .name = "pinyon._core.KeyContext",
    .basicsize = sizeof(struct context_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = context_slots,
};

static int
add_type(PyObject *module, PyType_Spec *spec)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    int rc = type == NULL ? -1 : PyModule_AddType(module, (PyTypeObject *)type);
    Py_XDECREF(type);
    return rc;
}

int
plan_type_add(PyObject *module)
{
    return add_type(module, &context_spec) < 0 ? -1 : add_type(module, &plan_spec);
}
