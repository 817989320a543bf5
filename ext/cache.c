#include "cache.h"

#include <string.h>

#include "errors.h"
#include "ttl.h"

/* ---- Methods ------------------------------------------------------------- */

static PyObject *
cache_counters(struct cache_object *self, PyObject *unused)
{
    (void)unused;
    return counters_dict(&self->counters);
}

#define FAST (METH_FASTCALL | METH_KEYWORDS)

static PyMethodDef cache_methods[] = {
    {"get", (PyCFunction)(void (*)(void))cache_get, FAST,
     "get($self, key, default=None)\n--\n\n"
     "The value of key, or default. Each call returns an object of its own: to\n"
     "change it does not change what is cached."},
    {"gets", (PyCFunction)(void (*)(void))cache_gets, FAST,
     "gets($self, key, default=None)\n--\n\n"
     "(value, token), the token being what cas() wants; (default, None) on a miss."},
    {"get_many", (PyCFunction)cache_get_many, METH_O,
     "get_many($self, keys, /)\n--\n\n"
     "A dict of those keys that are there. In a store larger than the CPU's caches\n"
     "their look-ups overlap."},
    {"ttl", (PyCFunction)cache_ttl, METH_O,
     "ttl($self, key, /)\n--\n\n"
     "Seconds that key has left, inf when it never expires, None when it is absent."},
    {"set", (PyCFunction)(void (*)(void))cache_set, FAST,
     "set($self, key, value, ttl=..., *, tags=None)\n--\n\n"
     "Stores value for ttl, the cache's own when not given. False when the store\n"
     "was too busy and nothing was changed."},
    {"add", (PyCFunction)(void (*)(void))cache_add, FAST,
     "add($self, key, value, ttl=..., *, tags=None)\n--\n\n"
     "Stores value if key is absent. True when it was stored."},
    {"replace", (PyCFunction)(void (*)(void))cache_replace, FAST,
     "replace($self, key, value, ttl=..., *, tags=None)\n--\n\n"
     "Stores value if key is present. True when it was stored."},
    {"cas", (PyCFunction)(void (*)(void))cache_cas, FAST,
     "cas($self, key, value, token, ttl=..., *, tags=None)\n--\n\n"
     "Stores value if nobody wrote key since gets() gave token."},
    {"set_many", (PyCFunction)(void (*)(void))cache_set_many, FAST,
     "set_many($self, mapping, ttl=..., *, tags=None)\n--\n\n"
     "Stores every pair. Returns the list of keys that were not stored."},
    {"touch", (PyCFunction)(void (*)(void))cache_touch, FAST,
     "touch($self, key, ttl=...)\n--\n\n"
     "Gives key a new time to live. False when it is absent."},
    {"incr", (PyCFunction)(void (*)(void))cache_incr, FAST,
     "incr($self, key, delta=1, *, initial=0, ttl=...)\n--\n\n"
     "Adds to a counter, exactly, whoever else does, and returns it. An absent one\n"
     "starts at initial; with initial=None it raises KeyNotFound."},
    {"decr", (PyCFunction)(void (*)(void))cache_decr, FAST,
     "decr($self, key, delta=1, *, initial=0, ttl=...)\n--\n\n"
     "Subtracts from a counter; see incr()."},
    {"delete", (PyCFunction)cache_delete, METH_O,
     "delete($self, key, /)\n--\n\n"
     "True when there was something. A load of this key that is under way will not\n"
     "be stored. Raises StoreBusy rather than leave the value in place."},
    {"delete_many", (PyCFunction)cache_delete_many, METH_O,
     "delete_many($self, keys, /)\n--\n\nHow many of keys were there."},
    {"clear", (PyCFunction)cache_clear, METH_NOARGS,
     "clear($self, /)\n--\n\n"
     "Forgets everything, for every process, in one step; in a namespace, what\n"
     "belongs to the namespace."},
    {"invalidate_tag", (PyCFunction)cache_invalidate_tag, METH_O,
     "invalidate_tag($self, tag, /)\n--\n\n"
     "Forgets every item stored with this tag, in one step, however many."},
    {"invalidate_tags", (PyCFunction)cache_invalidate_tags, METH_O,
     "invalidate_tags($self, tags, /)\n--\n\nForgets every item with any of them."},
    {"_key", (PyCFunction)cache_key, METH_O,
     "_key($self, key, /)\n--\n\nThe key as the store has it."},
    {"_look", (PyCFunction)(void (*)(void))cache_look, FAST,
     "_look($self, key, early, cap_ms, /)\n--\n\nSee load.c."},
    {"_tags", (PyCFunction)cache_tags, METH_O,
     "_tags($self, tags, /)\n--\n\nSee load.c."},
    {"_lease", (PyCFunction)(void (*)(void))cache_lease, FAST,
     "_lease($self, key, ttl_ms, /)\n--\n\nSee load.c."},
    {"_fill", (PyCFunction)(void (*)(void))cache_fill, FAST,
     "_fill($self, key, value, ttl_ms, grace_ms, load_us, negative, tags, lease, /)\n"
     "--\n\nSee load.c."},
    {"_drop", (PyCFunction)(void (*)(void))cache_drop, FAST,
     "_drop($self, key, /)\n--\n\nSee load.c."},
    {"_has", (PyCFunction)cache_has, METH_O, "_has($self, key, /)\n--\n\nSee load.c."},
    {"_count", (PyCFunction)(void (*)(void))cache_count, FAST,
     "_count($self, name, by, /)\n--\n\nSee load.c."},
    {"_seal", (PyCFunction)(void (*)(void))cache_seal, FAST,
     "_seal($self, value, soft_ms, grace_ms, load_us, negative, tags, /)\n--\n\n"
     "See seal.c."},
    {"_unseal", (PyCFunction)(void (*)(void))cache_unseal, FAST,
     "_unseal($self, key, data, /)\n--\n\nSee sealed.c."},
    {"_marks", (PyCFunction)cache_marks, METH_O,
     "_marks($self, tags, /)\n--\n\nSee seal.c."},
    {"_mark", (PyCFunction)cache_mark, METH_O,
     "_mark($self, tag, /)\n--\n\nThe mark of one tag; see seal.c."},
    {"_counters", (PyCFunction)cache_counters, METH_NOARGS,
     "_counters($self, /)\n--\n\nWhat this cache counted in this process."},
    {NULL, NULL, 0, NULL},
};

/* ---- Life ------------------------------------------------------------------ */

struct cache_args {
    PyObject *store, *prefix, *ttl;
    unsigned long long seed;
    int is_memcached;
    struct codec_opts codec;
};

static int
parse_cache_args(PyObject *args, PyObject *kwargs, struct cache_args *out)
{
    static const char *const names[] = {
        "store",        "prefix",         "ttl",       "seed", "codec", "secret",
        "compress_min", "compress_level", "memcached", NULL};
    return PyArg_ParseTupleAndKeywords(args, kwargs, "OOOK|$OOnip:Cache",
                                       CORE_NAMES(names), &out->store, &out->prefix,
                                       &out->ttl, &out->seed, &out->codec.name,
                                       &out->codec.secret, &out->codec.zstd_min,
                                       &out->codec.zstd_level, &out->is_memcached)
               ? 0
               : -1;
}

/* The namespace's tag: "n:" and its prefix. */
static int
set_group(struct cache_object *self, PyObject *prefix)
{
    self->group.len = 0;
    if (prefix == Py_None) {
        return 0;
    }
    Py_ssize_t len;
    const char *text = PyUnicode_AsUTF8AndSize(prefix, &len);
    if (text == NULL || (size_t)len + 2 > sizeof self->group.text) {
        return -1; /* keyctx_init() has refused what is too long */
    }
    memcpy(self->group.text, "n:", 2);
    memcpy(self->group.text + 2, text, (size_t)len);
    self->group.len = (size_t)len + 2;
    return 0;
}

static int
fill_cache(struct cache_object *self, const struct cache_args *in)
{
    struct core_state *st = self->st;
    if (ttl_from_object(st, in->ttl, "ttl", &self->ttl_ms) < 0 ||
        keyctx_init(&self->keys, &st->codec, in->prefix, in->is_memcached) < 0 ||
        set_group(self, in->prefix) < 0) {
        return -1;
    }
    return codec_init(&self->codec, &st->codec, &in->codec);
}

/*
 * Cache(store, prefix, ttl, seed, *, codec=None, secret=None, compress_min=1024,
 *       compress_level=1, memcached=False)
 *
 * In tp_new and not in tp_init, so that there is no cache without a store.
 */
static PyObject *
cache_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    struct core_state *st = core_state_of_subtype(type, cache_methods);
    struct cache_args in = {.codec = CODEC_OPTS_INIT};
    if (st == NULL || parse_cache_args(args, kwargs, &in) < 0) {
        return NULL;
    }
    if (Py_TYPE(in.store) != st->store_type) {
        PyErr_SetString(PyExc_TypeError, "store must be a Store");
        return NULL;
    }
    struct cache_object *self = core_alloc(type);
    if (self == NULL) {
        return NULL;
    }
    self->st = st;
    self->store = (struct store_object *)Py_NewRef(in.store);
    self->seed = in.seed;
    if (fill_cache(self, &in) < 0) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static int
cache_traverse(struct cache_object *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    return codec_traverse(&self->codec, visit, arg);
}

static void
cache_dealloc(struct cache_object *self)
{
    PyObject_GC_UnTrack(self);
    codec_release(&self->codec);
    Py_CLEAR(self->store);
    core_free_object(self);
}

static PyObject *
cache_get_store(struct cache_object *self, void *unused)
{
    (void)unused;
    return Py_NewRef((PyObject *)self->store);
}

/* ---- The type -------------------------------------------------------------- */

static PyGetSetDef cache_getset[] = {
    {"_store", (getter)cache_get_store, NULL, "The Store.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot cache_slots[] = {
    {Py_tp_doc, CORE_DOC("The C half of pinyon.Cache.")},
    {Py_tp_new, cache_new},
    {Py_tp_traverse, cache_traverse},
    {Py_tp_dealloc, cache_dealloc},
    {Py_tp_methods, cache_methods},
    {Py_tp_getset, cache_getset},
    {Py_sq_contains, cache_contains},
    {0, NULL},
};

static PyType_Spec cache_spec = {
    .name = "pinyon._core.Cache",
    .basicsize = sizeof(struct cache_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_BASETYPE |
             Py_TPFLAGS_HAVE_GC,
    .slots = cache_slots,
};

int
cache_type_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    st->cache_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &cache_spec,
                                                              NULL);
    return st->cache_type == NULL ? -1 : PyModule_AddType(module, st->cache_type);
}
