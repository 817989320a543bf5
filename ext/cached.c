#include "cached.h"

#include <string.h>

#include "errors.h"

#define CALL_ROOM 16 /* arguments that need no malloc */

/* ---- The key of a call ----------------------------------------------------- */

/* A call's tuple and dict as keys_bind() wants them: all borrowed but NAMES. The
 * limited API of 3.11 has no vectorcall for types, so the interpreter made a tuple. */
struct flat_call {
    PyObject **args;
    size_t n;
    PyObject *names; /* tuple of str, or NULL */
    PyObject *room[CALL_ROOM];
};

static int
flatten_names(struct flat_call *call, PyObject *kwargs, Py_ssize_t named)
{
    call->names = PyTuple_New(named);
    if (call->names == NULL) {
        return -1;
    }
    PyObject *name, *value;
    Py_ssize_t at = 0;
    for (Py_ssize_t i = 0; PyDict_Next(kwargs, &at, &name, &value); i++) {
        PyTuple_SetItem(call->names, i, Py_NewRef(name));
        call->args[call->n + (size_t)i] = value;
    }
    return 0;
}

static int
flatten(struct flat_call *call, PyObject *args, PyObject *kwargs)
{
    Py_ssize_t named = kwargs == NULL ? 0 : PyDict_Size(kwargs);
    call->n = (size_t)PyTuple_Size(args);
    call->names = NULL;
    call->args = call->room;
    if (call->n + (size_t)named > CALL_ROOM) {
        call->args = PyMem_Calloc(call->n + (size_t)named, sizeof *call->args);
        if (call->args == NULL) {
            PyErr_NoMemory();
            return -1;
        }
    }
    for (size_t i = 0; i < call->n; i++) {
        call->args[i] = PyTuple_GetItem(args, (Py_ssize_t)i);
    }
    return named > 0 ? flatten_names(call, kwargs, named) : 0;
}

static void
flat_release(struct flat_call *call)
{
    Py_XDECREF(call->names);
    if (call->args != call->room) {
        PyMem_Free(call->args);
    }
}

static int
bind_arguments(struct cached_object *self, PyObject *args, PyObject *kwargs,
               struct key_buf *out)
{
    struct flat_call call;
    int rc = flatten(&call, args, kwargs);
    if (rc == 0) {
        rc = keys_bind(self->plan, call.args, call.n, call.names, out);
    }
    flat_release(&call);
    return rc;
}

/* KEYS_BOUND, KEYS_MISMATCH or -1, as keys_bind(). */
static int
bind_call(struct cached_object *self, PyObject *args, PyObject *kwargs,
          struct key_buf *out)
{
    if (self->key_function == NULL) {
        return bind_arguments(self, args, kwargs, out);
    }
    PyObject *chosen = PyObject_Call(self->key_function, args, kwargs);
    if (chosen == NULL) {
        return -1;
    }
    int rc = keys_bind(self->plan, &chosen, 1, NULL, out);
    Py_DECREF(chosen);
    return rc;
}

/* ---- The call -------------------------------------------------------------- */

static PyObject *
call_miss(struct cached_object *self, PyObject *args, PyObject *kwargs,
          const struct key_buf *key, enum found found)
{
    PyObject *bytes = PyBytes_FromStringAndSize(key->data, (Py_ssize_t)key->len);
    PyObject *number = PyLong_FromLong((long)found);
    PyObject *answer = NULL;
    if (bytes != NULL && number != NULL) {
        answer = PyObject_CallFunctionObjArgs(self->miss, (PyObject *)self, args,
                                              kwargs == NULL ? Py_None : kwargs, bytes,
                                              number, NULL);
    }
    Py_XDECREF(bytes);
    Py_XDECREF(number);
    return answer;
}

static void
count_both(struct cached_object *self, enum counter which)
{
    counters_add(&self->counters, which, 1);
    counters_add(&self->cache->counters, which, 1);
}

/* Bytes that do not decode (another program's, or signed with another secret) count as
 * an error and are loaded anew. NULL: a miss, or with an exception set what it says. */
static PyObject *
decode(struct cached_object *self, struct reading *reading)
{
    PyObject *value = cache_decode(self->cache, reading);
    if (value == NULL && PyErr_ExceptionMatches(self->st->serialization_error)) {
        PyErr_Clear();
        count_both(self, COUNT_errors);
    }
    return value;
}

/* What is there decides: a good hit becomes *VALUE, anything else is a reason to call
 * `miss`. */
static enum found
find(struct cached_object *self, const struct key_buf *key, PyObject **value)
{
    struct store_object *holder = self->cache->store;
    if (holder->is_closed || holder->bypassing != 0) {
        return FOUND_MISS;
    }
    struct pn_store *store = store_enter(holder);
    if (store == NULL) {
        PyErr_Clear(); /* closed just now */
        return FOUND_MISS;
    }
    struct reading reading;
    int rc = cache_read(self->cache, store, key->data, key->len, &reading);
    if (rc != PN_OK) {
        store_leave(holder);
        return FOUND_MISS;
    }
    enum found found = load_classify(self->cache, store, &reading, &self->early);
    store_leave(holder);
    if (found == FOUND_FRESH || found == FOUND_NEGATIVE) {
        *value = decode(self, &reading);
        return *value == NULL ? FOUND_MISS : found;
    }
    reading_release(&reading);
    return found;
}

static PyObject *
cached_call(struct cached_object *self, PyObject *args, PyObject *kwargs)
{
    struct key_buf key;
    int rc = bind_call(self, args, kwargs, &key);
    if (rc == KEYS_MISMATCH) {
        return PyObject_Call(self->function, args, kwargs); /* raises, as it should */
    }
    if (rc < 0) {
        return NULL;
    }
    PyObject *value = NULL;
    enum found found = find(self, &key, &value);
    if (value == NULL) {
        return PyErr_Occurred() ? NULL : call_miss(self, args, kwargs, &key, found);
    }
    count_both(self, COUNT_hits);
    if (found == FOUND_NEGATIVE) {
        count_both(self, COUNT_negative_hits);
    }
    return self->is_async ? ready_of(self->st, value) : value;
}

/* ---- For the package ------------------------------------------------------- */

/* bind(*args, **kwargs) -> bytes: the key as the store has it. */
static PyObject *
cached_bind(struct cached_object *self, PyObject *args, PyObject *kwargs)
{
    struct key_buf key;
    int rc = bind_call(self, args, kwargs, &key);
    if (rc == KEYS_MISMATCH) {
        PyErr_Format(PyExc_TypeError, "these arguments do not fit the signature of %R",
                     self->function);
    }
    return rc == KEYS_BOUND ? PyBytes_FromStringAndSize(key.data, (Py_ssize_t)key.len)
                            : NULL;
}

/* head() -> bytes: what every key of this function starts with. */
static PyObject *
cached_head(struct cached_object *self, PyObject *unused)
{
    (void)unused;
    size_t len;
    const char *head = keys_plan_head(self->plan, &len);
    return PyBytes_FromStringAndSize(head, (Py_ssize_t)len);
}

/* count(name, by): adds to a counter of the function and of its cache. */
static PyObject *
cached_count(struct cached_object *self, PyObject *args)
{
    PyObject *name, *by;
    if (!PyArg_ParseTuple(args, "OO:_count", &name, &by) ||
        counters_count(&self->counters, name, by) < 0 ||
        counters_count(&self->cache->counters, name, by) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
cached_counters(struct cached_object *self, PyObject *unused)
{
    (void)unused;
    return counters_dict(&self->counters);
}

static PyObject *
cached_forget(struct cached_object *self, PyObject *unused)
{
    (void)unused;
    counters_clear(&self->counters);
    Py_RETURN_NONE;
}

static PyObject *
cached_get_cache(struct cached_object *self, void *unused)
{
    (void)unused;
    return Py_NewRef((PyObject *)self->cache);
}

static PyObject *
cached_descr_get(struct cached_object *self, PyObject *obj, PyObject *type)
{
    (void)type;
    if (obj == NULL || obj == Py_None) {
        return Py_NewRef((PyObject *)self);
    }
    return bound_of(self->bound, (PyObject *)self, obj);
}

/* ---- Life ------------------------------------------------------------------ */

struct cached_args {
    PyObject *cache, *function, *miss, *bound, *key, *shape;
    int is_async;
    double beta, cap_ms;
};

static int
parse_cached_args(PyObject *args, PyObject *kwargs, struct cached_args *out)
{
    static const char *const names[] = {"cache",        "function", "miss",     "bound",
                                        "shape",        "key",      "is_async", "early",
                                        "early_cap_ms", NULL};
    return PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOO|$Opdd:Cached",
                                       CORE_NAMES(names), &out->cache, &out->function,
                                       &out->miss, &out->bound, &out->shape, &out->key,
                                       &out->is_async, &out->beta, &out->cap_ms)
               ? 0
               : -1;
}

/* SHAPE is (identity, prefix, version, names, defaults, positional_only,
 * keyword_only, has_args, has_kwargs), as struct keys_plan_opts. */
static struct keys_plan *
plan_of(struct core_state *st, PyObject *shape)
{
    struct keys_plan_opts opts = {.skip = 0};
    int has_args, has_kwargs;
    if (!PyArg_ParseTuple(shape, "OOOOOnnpp", &opts.identity, &opts.prefix,
                          &opts.version, &opts.names, &opts.defaults,
                          &opts.positional_only, &opts.keyword_only, &has_args,
                          &has_kwargs)) {
        return NULL;
    }
    opts.prefix = opts.prefix == Py_None ? NULL : opts.prefix;
    opts.has_args = has_args;
    opts.has_kwargs = has_kwargs;
    return keys_plan_new(&st->codec, &opts);
}

static int
check_types(struct core_state *st, const struct cached_args *in)
{
    if (!PyObject_TypeCheck(in->cache, st->cache_type) || !PyType_Check(in->bound) ||
        !PyType_IsSubtype((PyTypeObject *)in->bound, st->bound_type)) {
        PyErr_SetString(PyExc_TypeError, "Cached() wants a Cache and a kind of Bound");
        return -1;
    }
    return 0;
}

static PyObject *
make_cached(PyTypeObject *type, struct core_state *st, const struct cached_args *in)
{
    struct cached_object *self = core_alloc(type);
    if (self == NULL) {
        return NULL;
    }
    self->st = st;
    self->cache = (struct cache_object *)Py_NewRef(in->cache);
    self->function = Py_NewRef(in->function);
    self->miss = Py_NewRef(in->miss);
    self->bound = (PyTypeObject *)Py_NewRef(in->bound);
    self->key_function = in->key == Py_None ? NULL : Py_NewRef(in->key);
    self->is_async = in->is_async;
    self->early.beta = in->beta;
    self->early.cap_ms = in->cap_ms;
    self->plan = plan_of(st, in->shape);
    if (self->plan == NULL) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static PyMethodDef cached_methods[] = {
    {"_bind", (PyCFunction)(void (*)(void))cached_bind, METH_VARARGS | METH_KEYWORDS,
     "_bind($self, *args, **kwargs)\n--\n\nThe key of a call, as the store has it."},
    {"_head", (PyCFunction)cached_head, METH_NOARGS,
     "_head($self, /)\n--\n\nWhat every key of this function starts with."},
    {"_count", (PyCFunction)cached_count, METH_VARARGS,
     "_count($self, name, by, /)\n--\n\nAdds to a counter."},
    {"_counters", (PyCFunction)cached_counters, METH_NOARGS,
     "_counters($self, /)\n--\n\nWhat this function counted in this process."},
    {"_forget", (PyCFunction)cached_forget, METH_NOARGS,
     "_forget($self, /)\n--\n\nCounts from zero again."},
    {NULL, NULL, 0, NULL},
};

static PyObject *
cached_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    struct core_state *st = core_state_of_subtype(type, cached_methods);
    struct cached_args in = {.key = Py_None};
    if (st == NULL || parse_cached_args(args, kwargs, &in) < 0 ||
        check_types(st, &in) < 0) {
        return NULL;
    }
    return make_cached(type, st, &in);
}

/* A function that is part of a cycle (a closure over its cache, a method's class) is
 * collected with it. No tp_clear: every cycle also passes through something that has
 * one (a function, a cell, a dict), and a call during the collection finds us whole. */
static int
cached_traverse(struct cached_object *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->cache);
    Py_VISIT(self->function);
    Py_VISIT(self->miss);
    Py_VISIT(self->key_function);
    Py_VISIT(self->bound);
    return self->plan == NULL ? 0 : keys_plan_traverse(self->plan, visit, arg);
}

static void
cached_dealloc(struct cached_object *self)
{
    PyObject_GC_UnTrack(self);
    if (self->plan != NULL) {
        keys_plan_free(self->plan);
    }
    Py_CLEAR(self->cache);
    Py_CLEAR(self->function);
    Py_CLEAR(self->miss);
    Py_CLEAR(self->key_function);
    Py_CLEAR(self->bound);
    core_free_object(self);
}

static PyGetSetDef cached_getset[] = {
    {"cache", (getter)cached_get_cache, NULL, "The cache this function uses.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot cached_slots[] = {
    {Py_tp_doc,
     CORE_DOC("A function whose results are cached; see pinyon.Cache.cached().")},
    {Py_tp_new, cached_new},
    {Py_tp_call, cached_call},
    {Py_tp_descr_get, cached_descr_get},
    {Py_tp_traverse, cached_traverse},
    {Py_tp_dealloc, cached_dealloc},
    {Py_tp_methods, cached_methods},
    {Py_tp_getset, cached_getset},
    {0, NULL},
};

static PyType_Spec cached_spec = {
    .name = "pinyon._core.Cached",
    .basicsize = sizeof(struct cached_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_BASETYPE |
             Py_TPFLAGS_HAVE_GC,
    .slots = cached_slots,
};

int
cached_type_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    st->cached_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &cached_spec,
                                                               NULL);
    return st->cached_type == NULL ? -1 : PyModule_AddType(module, st->cached_type);
}
