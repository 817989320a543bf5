#include "client_opts.h"

#include <math.h>
#include <string.h>

#define TIMEOUT_NS UINT64_C(5000000000)
#define GUTTER_TTL_NS UINT64_C(10000000000)

/* ---- One value -------------------------------------------------------------- */

static int
refuse(struct core_state *st, const char *name, const char *wanted)
{
    if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_TypeError) ||
        PyErr_ExceptionMatches(PyExc_OverflowError) ||
        PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear(); /* what it said may quote a password */
        PyErr_Format(st->config_error, "%s: give %s", name, wanted);
    }
    return -1;
}

static int
read_text(struct core_state *st, const char *name, PyObject *value, const char **out)
{
    Py_ssize_t len;
    char *bytes = NULL;
    const char *text = NULL;
    if (PyUnicode_Check(value)) {
        text = PyUnicode_AsUTF8AndSize(value, &len);
    } else if (PyBytes_Check(value)) {
        PyBytes_AsStringAndSize(value, &bytes, &len);
        text = bytes;
    }
    if (text == NULL || strlen(text) != (size_t)len) {
        return refuse(st, name, "a str without a null character");
    }
    *out = text;
    return 0;
}

static int
read_seconds(struct core_state *st, const char *name, PyObject *value, uint64_t *out)
{
    double seconds = PyFloat_AsDouble(value);
    if (PyErr_Occurred() || !(seconds >= 0 && seconds < 1e9)) {
        return refuse(st, name, "seconds");
    }
    *out = (uint64_t)ceil(seconds * 1e9);
    *out += *out == 0; /* 0 stands for the default */
    return 0;
}

static int
read_number(struct core_state *st, const char *name, PyObject *value, uint64_t max,
            uint64_t *out)
{
    *out = PyLong_AsUnsignedLongLong(value);
    return PyErr_Occurred() || *out > max ? refuse(st, name, "a number in its range")
                                          : 0;
}

static int
read_word(struct core_state *st, const char *name, PyObject *value,
          const char *const *words, int *out)
{
    const char *text;
    if (read_text(st, name, value, &text) < 0) {
        return -1;
    }
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *out = i;
            return 0;
        }
    }
    return refuse(st, name, "one of its words");
}

/* ---- Lists ------------------------------------------------------------------ */

/* A tuple of SEQUENCE with at least one element; NULL with an exception set. */
static PyObject *
tuple_of(struct core_state *st, const char *name, PyObject *sequence)
{
    PyObject *tuple = PyUnicode_Check(sequence) ? NULL : PySequence_Tuple(sequence);
    if (tuple == NULL || PyTuple_Size(tuple) == 0) {
        Py_CLEAR(tuple);
        refuse(st, name, "a list that is not empty");
    }
    return tuple;
}

/* (host, port) */
static int
read_endpoint(struct core_state *st, const char *name, PyObject *pair,
              struct pn_endpoint *endpoint)
{
    const char *host;
    uint64_t port;
    if (!PyTuple_Check(pair) || PyTuple_Size(pair) != 2) {
        return refuse(st, name, "(host, port) tuples");
    }
    if (read_text(st, name, PyTuple_GetItem(pair, 0), &host) < 0 ||
        read_number(st, name, PyTuple_GetItem(pair, 1), UINT16_MAX, &port) < 0) {
        return -1;
    }
    if (strlen(host) > PN_FLEET_HOST_MAX || host[0] == '\0') {
        return refuse(st, name, "hosts of 1 to 255 characters");
    }
    PyOS_snprintf(endpoint->host, sizeof endpoint->host, "%s", host);
    endpoint->port = (uint16_t)port;
    return 0;
}

static int
read_endpoints(struct core_state *st, const char *name, PyObject *value,
               struct pn_endpoint **out, size_t *n_out)
{
    PyObject *tuple = tuple_of(st, name, value);
    size_t n = tuple == NULL ? 0 : (size_t)PyTuple_Size(tuple);
    int rc = n == 0 ? -1 : 0;
    *out = n == 0 ? NULL : PyMem_Calloc(n, sizeof **out);
    if (n > 0 && *out == NULL) {
        PyErr_NoMemory();
        rc = -1;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = read_endpoint(st, name, PyTuple_GetItem(tuple, (Py_ssize_t)i), &(*out)[i]);
    }
    *n_out = n;
    Py_XDECREF(tuple);
    return rc;
}

/* One for each seed: `names` (is_text) or `weights`. The list keeps the texts. */
static int
read_of_seeds(struct core_state *st, const char *name, PyObject *value, bool is_text,
              struct client_settings *settings)
{
    size_t n = settings->opts.fleet.n_seeds;
    PyObject *tuple = tuple_of(st, name, value);
    int rc = tuple == NULL ? -1 : 0;
    if (rc == 0 && (size_t)PyTuple_Size(tuple) != n) {
        rc = refuse(st, name, "one for each server");
    }
    settings->names = rc == 0 && is_text ? PyMem_Calloc(n, sizeof(char *))
                                         : settings->names;
    settings->weights = rc == 0 && !is_text ? PyMem_Calloc(n, sizeof(double))
                                            : settings->weights;
    if (rc == 0 && (is_text ? (void *)settings->names : settings->weights) == NULL) {
        PyErr_NoMemory();
        rc = -1;
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        PyObject *item = PyTuple_GetItem(tuple, (Py_ssize_t)i);
        if (is_text) {
            rc = read_text(st, name, item, &settings->names[i]);
        } else {
            settings->weights[i] = PyFloat_AsDouble(item);
            rc = PyErr_Occurred() ? refuse(st, name, "numbers") : 0;
        }
    }
    Py_XDECREF(tuple);
    return rc;
}

/* ---- The table -------------------------------------------------------------- */

enum option_kind {
    OPTION_TEXT,
    OPTION_SECONDS,
    OPTION_U64,
    OPTION_U32,
    OPTION_U8,
    OPTION_BOOL,
    OPTION_FLAG, /* `max` is or-ed to a uint32_t */
    OPTION_DOUBLE,
    OPTION_SEEDS,
    OPTION_GUTTER,
    OPTION_NAMES,
    OPTION_WEIGHTS,
    OPTION_ENGINE,
    OPTION_FLEET,
    OPTION_VERIFY,
    OPTION_READ_FROM,
    OPTION_REMAP,
};

struct option {
    const char *name;
    enum option_kind kind;
    size_t at; /* offset in struct client_settings */
    uint64_t max;
};

#define AT(field) offsetof(struct client_settings, field)

/* Seeds stand before what is counted by them. */
static const struct option options_known[] = {
    {"engine", OPTION_ENGINE, 0, 0},
    {"kind", OPTION_FLEET, 0, 0},
    {"seeds", OPTION_SEEDS, 0, 0},
    {"names", OPTION_NAMES, 0, 0},
    {"weights", OPTION_WEIGHTS, 0, 0},
    {"service", OPTION_TEXT, AT(opts.fleet.service), 0},
    {"place", OPTION_TEXT, AT(opts.fleet.place), 0},
    {"hash", OPTION_TEXT, AT(place.hash), 0},
    {"distribution", OPTION_TEXT, AT(place.distribution), 0},
    {"hash_tag", OPTION_TEXT, AT(place.hash_tag), 0},
    {"salt", OPTION_TEXT, AT(place.salt), 0},
    {"seed", OPTION_U64, AT(place.seed), UINT64_MAX},
    {"points", OPTION_U32, AT(place.points), UINT32_MAX},
    {"slots", OPTION_U32, AT(place.slots), UINT32_MAX},
    {"replicas", OPTION_U32, AT(place.replicas), UINT32_MAX},
    {"epsilon", OPTION_DOUBLE, AT(place.epsilon), 0},
    {"arm", OPTION_FLAG, AT(place.flags), PN_PLACE_ARM},
    {"zero_is_one", OPTION_FLAG, AT(place.flags), PN_PLACE_ZERO_IS_ONE},
    {"bytes_keys", OPTION_FLAG, AT(place.flags), PN_PLACE_BYTES},
    {"gutter", OPTION_GUTTER, 0, 0},
    {"gutter_ttl", OPTION_SECONDS, AT(gutter_ttl_ns), 0},
    {"fail_over", OPTION_BOOL, AT(opts.fleet.fail_over), 0},
    {"read_from", OPTION_READ_FROM, 0, 0},
    {"zone", OPTION_TEXT, AT(opts.fleet.zone), 0},
    {"soft_failures", OPTION_U32, AT(opts.fleet.soft_failures), 1000},
    {"probe_min", OPTION_SECONDS, AT(opts.fleet.probe_min), 0},
    {"probe_max", OPTION_SECONDS, AT(opts.fleet.probe_max), 0},
    {"retries", OPTION_U32, AT(opts.fleet.retries_max), 16},
    {"username", OPTION_TEXT, AT(opts.hello.username), 0},
    {"password", OPTION_TEXT, AT(opts.hello.password), 0},
    {"db", OPTION_U32, AT(opts.hello.db), UINT32_MAX},
    {"client_name", OPTION_TEXT, AT(opts.hello.client_name), 0},
    {"protocol", OPTION_U8, AT(opts.hello.protocol), 3},
    {"sentinel_username", OPTION_TEXT, AT(opts.sentinel_username), 0},
    {"sentinel_password", OPTION_TEXT, AT(opts.sentinel_password), 0},
    {"tls", OPTION_BOOL, AT(is_tls), 0},
    {"sentinel_tls", OPTION_BOOL, AT(opts.sentinel_tls), 0},
    {"tls_verify", OPTION_VERIFY, 0, 0},
    {"tls_13_only", OPTION_BOOL, AT(tls.is_13_only), 0},
    {"ca_file", OPTION_TEXT, AT(tls.ca_file), 0},
    {"ca_dir", OPTION_TEXT, AT(tls.ca_dir), 0},
    {"cert_file", OPTION_TEXT, AT(tls.cert_file), 0},
    {"key_file", OPTION_TEXT, AT(tls.key_file), 0},
    {"key_password", OPTION_TEXT, AT(tls.key_password), 0},
    {"ciphers", OPTION_TEXT, AT(tls.ciphers), 0},
    {"server_name", OPTION_TEXT, AT(tls.server_name), 0},
    {"timeout", OPTION_SECONDS, AT(timeout_ns), 0},
    {"connect_timeout", OPTION_SECONDS, AT(opts.connect_ns), 0},
    {"idle_timeout", OPTION_SECONDS, AT(opts.idle_ns), 0},
    {"lifetime", OPTION_SECONDS, AT(opts.lifetime_ns), 0},
    {"check_after", OPTION_SECONDS, AT(opts.check_ns), 0},
    {"max_connections", OPTION_U32, AT(opts.max_hubs), UINT32_MAX},
    {"min_connections", OPTION_U32, AT(opts.min_hubs), UINT32_MAX},
    {"value_max", OPTION_U32, AT(opts.value_max), UINT32_MAX},
    {"decode", OPTION_BOOL, AT(is_decoded), 0},
    {"quick", OPTION_BOOL, AT(is_quick), 0},
    {"address_remap", OPTION_REMAP, 0, 0},
    {"topology", OPTION_TEXT, AT(topology), 0},
    {"topology_key", OPTION_TEXT, AT(topology_key), 0},
};

/* ---- Reading it ------------------------------------------------------------- */

static int
read_choice(struct core_state *st, const struct option *option, PyObject *value,
            struct client_settings *settings)
{
    static const char *const engines[] = {"redis", "memcached", NULL};
    static const char *const kinds[] = {"single", "sentinel", "cluster", "hash", NULL};
    static const char *const reads[] = {"primary", "prefer_replica", "replica",
                                        "any",     "zone",           NULL};
    static const char *const verify[] = {"all", "chain", "none", NULL};
    const char *const *words = option->kind == OPTION_ENGINE   ? engines
                               : option->kind == OPTION_FLEET  ? kinds
                               : option->kind == OPTION_VERIFY ? verify
                                                               : reads;
    int i = 0;
    if (read_word(st, option->name, value, words, &i) < 0) {
        return -1;
    }
    switch (option->kind) {
    case OPTION_ENGINE:
        settings->opts.hello.is_memcached = i == 1;
        return 0;
    case OPTION_FLEET:
        settings->opts.fleet.kind = (enum pn_fleet_kind)i;
        return 0;
    case OPTION_VERIFY:
        settings->tls.verify = (enum pn_tls_verify)i;
        return 0;
    default:
        settings->opts.fleet.read_from = (enum pn_read_from)i;
        return 0;
    }
}

static int
read_list(struct core_state *st, const struct option *option, PyObject *value,
          struct client_settings *settings)
{
    struct pn_fleet_opts *fleet = &settings->opts.fleet;
    switch (option->kind) {
    case OPTION_SEEDS:
        return read_endpoints(st, option->name, value, &settings->seed,
                              &fleet->n_seeds);
    case OPTION_GUTTER:
        return read_endpoints(st, option->name, value, &settings->gutter,
                              &fleet->n_gutter);
    default:
        return read_of_seeds(st, option->name, value, option->kind == OPTION_NAMES,
                             settings);
    }
}

static int
read_bool(struct core_state *st, const struct option *option, PyObject *value, void *at)
{
    if (!PyBool_Check(value)) {
        return refuse(st, option->name, "True or False");
    }
    bool is_true = value == Py_True;
    if (option->kind == OPTION_BOOL) {
        *(bool *)at = is_true;
    } else if (is_true) {
        *(uint32_t *)at |= (uint32_t)option->max;
    }
    return 0;
}

static int
read_integer(struct core_state *st, const struct option *option, PyObject *value,
             void *at)
{
    uint64_t number;
    if (read_number(st, option->name, value, option->max, &number) < 0) {
        return -1;
    }
    switch (option->kind) {
    case OPTION_U64:
        *(uint64_t *)at = number;
        return 0;
    case OPTION_U32:
        *(uint32_t *)at = (uint32_t)number;
        return 0;
    default:
        *(uint8_t *)at = (uint8_t)number;
        return 0;
    }
}

/* A function of Python's. Asked from within a call that has given the GIL back it is
 * entered by PyGILState_Ensure(), which knows the main interpreter alone. */
static int
read_remap(struct core_state *st, const char *name, PyObject *value,
           struct client_settings *settings)
{
    if (!PyCallable_Check(value)) {
        return refuse(st, name, "a function");
    }
    if (PyInterpreterState_GetID(PyInterpreterState_Get()) != 0) {
        return refuse(st, name,
                      "it to a client of the main interpreter: no function can be "
                      "called back in another one");
    }
    settings->remap = value;
    return 0;
}

static int
read_option(struct core_state *st, const struct option *option, PyObject *value,
            struct client_settings *settings)
{
    void *at = (char *)settings + option->at;
    switch (option->kind) {
    case OPTION_TEXT:
        return read_text(st, option->name, value, at);
    case OPTION_SECONDS:
        return read_seconds(st, option->name, value, at);
    case OPTION_U64:
    case OPTION_U32:
    case OPTION_U8:
        return read_integer(st, option, value, at);
    case OPTION_BOOL:
    case OPTION_FLAG:
        return read_bool(st, option, value, at);
    case OPTION_DOUBLE:
        *(double *)at = PyFloat_AsDouble(value);
        return PyErr_Occurred() ? refuse(st, option->name, "a number") : 0;
    case OPTION_SEEDS:
    case OPTION_GUTTER:
    case OPTION_NAMES:
    case OPTION_WEIGHTS:
        return read_list(st, option, value, settings);
    case OPTION_REMAP:
        return read_remap(st, option->name, value, settings);
    default:
        return read_choice(st, option, value, settings);
    }
}

static bool
is_known(PyObject *name)
{
    for (size_t i = 0; i < sizeof options_known / sizeof options_known[0]; i++) {
        if (PyUnicode_CompareWithASCIIString(name, options_known[i].name) == 0) {
            return true;
        }
    }
    return false;
}

static int
check_names(struct core_state *st, PyObject *options)
{
    PyObject *name, *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(options, &at, &name, &value)) {
        if (!PyUnicode_Check(name) || !is_known(name)) {
            PyErr_Format(st->argument_error, "a client has no option %R", name);
            return -1;
        }
    }
    return 0;
}

static void
connect_parts(struct client_settings *settings)
{
    struct pn_fleet_opts *fleet = &settings->opts.fleet;
    fleet->seed = settings->seed;
    fleet->gutter = settings->gutter;
    fleet->names = settings->names;
    fleet->weights = settings->weights;
    fleet->place_opts = &settings->place;
    bool has_stand_ins = fleet->n_gutter > 0 || fleet->fail_over;
    if (has_stand_ins && settings->gutter_ttl_ns == 0) {
        settings->gutter_ttl_ns = GUTTER_TTL_NS;
    } else if (!has_stand_ins) {
        settings->gutter_ttl_ns = 0;
    }
    settings->opts.tls = settings->is_tls ? &settings->tls : NULL;
}

int
client_opts_read(struct core_state *st, PyObject *options,
                 struct client_settings *settings)
{
    memset(settings, 0, sizeof *settings);
    settings->timeout_ns = TIMEOUT_NS;
    settings->opts.hello.protocol = 3;
    settings->opts.hello.library_version = PINYON_VERSION;
    if (check_names(st, options) < 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof options_known / sizeof options_known[0]; i++) {
        const struct option *option = &options_known[i];
        PyObject *value = PyDict_GetItemString(options, option->name);
        if (value != NULL && value != Py_None &&
            read_option(st, option, value, settings) < 0) {
            return -1;
        }
    }
    connect_parts(settings);
    if (settings->seed == NULL) {
        return refuse(st, "seeds", "at least one (host, port)");
    }
    return 0;
}

void
client_opts_free(struct client_settings *settings)
{
    PyMem_Free(settings->seed);
    PyMem_Free(settings->gutter);
    PyMem_Free(settings->names);
    PyMem_Free(settings->weights);
}
