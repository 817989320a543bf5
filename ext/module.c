/*
 * pinyon._core - the border post between Python and libpinyon
 *
 * Multi-phase initialisation, heap types, everything in the module's state: see
 * docs/design/0013-extension.md.
 */
#include "cache.h"
#include "cached.h"
#include "client_type.h"
#include "codec_type.h"
#include "driver.h"
#include "errors.h"
#include "load.h"
#include "meta_reply.h"
#include "ring_type.h"
#include "session.h"
#include "store_type.h"
#include "ttl.h"

struct codec_state *
codec_state_of(PyObject *module)
{
    return &core_state_of(module)->codec;
}

static int
add_codec(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    struct codec_errors errors = {
        .serialization = st->serialization_error,
        .unsigned_ = st->unsigned_error,
        .type_not_allowed = st->type_not_allowed,
        .key_value = st->key_value_error,
        .key_too_long = st->key_too_long,
        .value_too_large = st->value_too_large,
        .key_type = st->key_type_error,
        .config = st->config_error,
        .argument = st->argument_error,
    };
    if (codec_state_init(&st->codec, &errors) < 0 || codec_type_add(module) < 0) {
        return -1;
    }
    return plan_type_add(module);
}

static int
add_types(PyObject *module)
{
    if (store_type_add(module) < 0 || lease_type_add(module) < 0 ||
        cache_type_add(module) < 0 || bound_type_add(module) < 0 ||
        ready_type_add(module) < 0 || ring_type_add(module) < 0 ||
        sealed_type_add(module) < 0) {
        return -1;
    }
    return cached_type_add(module);
}

static int
add_client(PyObject *module)
{
    if (meta_reply_type_add(module) < 0 || client_type_add(module) < 0 ||
        driver_type_add(module) < 0) {
        return -1;
    }
    return session_type_add(module);
}

static int
add_constants(PyObject *module)
{
    static const struct {
        const char *name;
        long long value;
    } constants[] = {
        {"FOUND_MISS", FOUND_MISS},
        {"FOUND_FRESH", FOUND_FRESH},
        {"FOUND_NEGATIVE", FOUND_NEGATIVE},
        {"FOUND_EARLY", FOUND_EARLY},
        {"FOUND_STALE", FOUND_STALE},
        {"OK", PN_OK},
        {"FENCED", PN_FENCED},
        {"STORE_EXISTING", PN_STORE_EXISTING},
        {"STORE_ABSENT", (long long)STORE_ABSENT},
        {"STORE_STABLE_CAS", PN_STORE_STABLE_CAS},
        {"STORE_NO_PREFAULT", PN_STORE_NO_PREFAULT},
        {"SIZE_MIN", (long long)PN_STORE_SIZE_MIN},
        {"SIZE_MAX", (long long)PN_STORE_SIZE_MAX},
        {"SIZE_DEFAULT", (long long)PN_STORE_SIZE_DEFAULT},
    };
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        if (PyModule_AddIntConstant(module, constants[i].name,
                                    (long)constants[i].value) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
core_exec(PyObject *module)
{
    if (errors_add(module) < 0 || add_codec(module) < 0 || add_types(module) < 0 ||
        add_client(module) < 0) {
        return -1;
    }
    return add_constants(module);
}

static int
core_traverse(PyObject *module, visitproc visit, void *arg)
{
    struct core_state *st = core_state_of(module);
#define VISIT_EXCEPTION(field, name, base, other) Py_VISIT(st->field);
    CORE_EXCEPTIONS(VISIT_EXCEPTION)
#undef VISIT_EXCEPTION
#define VISIT_TYPE(field) Py_VISIT(st->field);
    CORE_TYPES(VISIT_TYPE)
#undef VISIT_TYPE
#define VISIT_OBJECT(field) Py_VISIT(st->field);
    CORE_OBJECTS(VISIT_OBJECT)
#undef VISIT_OBJECT
    return codec_state_traverse(&st->codec, visit, arg);
}

/* Also after an exec that failed half-way: what is not there yet is NULL. */
static int
core_clear(PyObject *module)
{
    struct core_state *st = core_state_of(module);
#define CLEAR_EXCEPTION(field, name, base, other) Py_CLEAR(st->field);
    CORE_EXCEPTIONS(CLEAR_EXCEPTION)
#undef CLEAR_EXCEPTION
#define CLEAR_TYPE(field) Py_CLEAR(st->field);
    CORE_TYPES(CLEAR_TYPE)
#undef CLEAR_TYPE
#define CLEAR_OBJECT(field) Py_CLEAR(st->field);
    CORE_OBJECTS(CLEAR_OBJECT)
#undef CLEAR_OBJECT
    codec_state_clear(&st->codec);
    return 0;
}

static void
core_free(void *module)
{
    core_clear(module);
}

static PyMethodDef core_functions[] = {
    {"unlink", (PyCFunction)(void (*)(void))store_unlink, METH_FASTCALL,
     "unlink($module, name, dir=None, /)\n--\n\nRemoves the name of a shared store."},
    {"policies", ring_policies, METH_NOARGS,
     "policies($module, /)\n--\n\nThe names that place= takes."},
    {"parse_ttl", (PyCFunction)(void (*)(void))ttl_parse, METH_FASTCALL,
     "parse_ttl($module, ttl, option='ttl', /)\n--\n\nMilliseconds, or None for no "
     "expiry."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot core_slots[] = {
    {Py_mod_exec, core_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pinyon._core",
    .m_doc = "The C half of Pinyon. Use the package pinyon.",
    .m_size = sizeof(struct core_state),
    .m_methods = core_functions,
    .m_slots = core_slots,
    .m_traverse = core_traverse,
    .m_clear = core_clear,
    .m_free = core_free,
};

PyMODINIT_FUNC
PyInit__core(void);

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&core_module);
}
