/*
 * client_info - what a client knows of its nodes, as dicts and tuples
 */
#include "client_type.h"
#include "fault.h"

static const char *
role_name(enum pn_role role)
{
    switch (role) {
    case PN_ROLE_PRIMARY:
        return "primary";
    case PN_ROLE_REPLICA:
        return "replica";
    case PN_ROLE_SENTINEL:
        return "sentinel";
    case PN_ROLE_SEED:
        return "seed";
    case PN_ROLE_MEMBER:
        return "member";
    case PN_ROLE_GUTTER:
        return "gutter";
    default:
        return "unknown";
    }
}

static const char *
health_name(enum pn_health health)
{
    static const char *const name[] = {[PN_NODE_UP] = "up",
                                       [PN_NODE_DOWN] = "down",
                                       [PN_NODE_LOADING] = "loading",
                                       [PN_NODE_APART] = "apart"};
    return name[health];
}

/* ---- Nodes ------------------------------------------------------------------ */

/* A copy of a node, for Python objects are not made under the client's lock. */
struct node_copy {
    uint16_t number, port;
    enum pn_role role;
    enum pn_health health;
    uint32_t slots;
    char host[PN_FLEET_HOST_MAX + 1];
    char zone[64];
};

struct node_copies {
    struct node_copy *node;
    size_t n, cap;
};

static void
copy_nodes(struct pn_fleet *fleet, void *context)
{
    struct node_copies *copies = context;
    size_t n = pn_fleet_nodes(fleet);
    copies->n = 0;
    for (size_t i = 0; i < n; i++) {
        const struct pn_node *node = pn_fleet_node(fleet, (uint16_t)i);
        if (node == NULL) {
            continue;
        }
        if (copies->n < copies->cap) {
            struct node_copy *copy = &copies->node[copies->n];
            copy->number = (uint16_t)i;
            copy->port = node->endpoint.port;
            copy->role = node->role;
            copy->health = node->health;
            copy->slots = node->slots;
            PyOS_snprintf(copy->host, sizeof copy->host, "%s", node->endpoint.host);
            PyOS_snprintf(copy->zone, sizeof copy->zone, "%s", node->zone);
        }
        copies->n++;
    }
}

/* All nodes there are now, to be freed by the caller; NULL with MemoryError set. */
static struct node_copy *
take_nodes(struct pn_client *client, size_t *n)
{
    struct node_copies copies = {.cap = 16};
    for (;;) {
        copies.node = PyMem_Calloc(copies.cap, sizeof *copies.node);
        if (copies.node == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        pn_client_fleet(client, copy_nodes, &copies);
        if (copies.n <= copies.cap) {
            *n = copies.n;
            return copies.node;
        }
        PyMem_Free(copies.node);
        copies.cap = copies.n + 16;
    }
}

PyObject *
client_nodes(PyObject *object, PyObject *unused)
{
    struct client_object *self = (struct client_object *)object;
    size_t n;
    (void)unused;
    struct node_copy *node = take_nodes(self->share->client, &n);
    PyObject *list = node == NULL ? NULL : PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list != NULL && i < n; i++) {
        PyObject *tuple = Py_BuildValue("(isissIs)", (int)node[i].number, node[i].host,
                                        (int)node[i].port, role_name(node[i].role),
                                        health_name(node[i].health),
                                        (unsigned int)node[i].slots, node[i].zone);
        if (tuple == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SetItem(list, (Py_ssize_t)i, tuple);
        }
    }
    PyMem_Free(node);
    return list;
}

/* ---- Numbers ---------------------------------------------------------------- */

/* Puts VALUE (stolen) under NAME into *DICT, which becomes NULL when it fails. */
static void
put(PyObject **dict, const char *name, PyObject *value)
{
    if (*dict != NULL &&
        (value == NULL || PyDict_SetItemString(*dict, name, value) < 0)) {
        Py_CLEAR(*dict);
    }
    Py_XDECREF(value);
}

static void
put_number(PyObject **dict, const char *name, uint64_t number)
{
    put(dict, name, PyLong_FromUnsignedLongLong(number));
}

PyObject *
client_node_stats(PyObject *object, PyObject *number)
{
    struct client_object *self = (struct client_object *)object;
    unsigned long node = PyLong_AsUnsignedLong(number);
    if (PyErr_Occurred() || node >= PN_FLEET_NODES_MAX) {
        PyErr_SetString(self->st->argument_error, "the number of a node: see _nodes()");
        return NULL;
    }
    struct pn_node_stats stats;
    struct pn_why why = {.code = 0};
    memset(&stats, 0, sizeof stats);
    pn_client_stats(self->share->client, (uint16_t)node, &stats);
    bool has_why = pn_client_why(self->share->client, (uint16_t)node, &why);
    PyObject *dict = PyDict_New();
#define PUT_COUNTER(name) put_number(&dict, #name, stats.name);
    PN_NODE_COUNTERS(PUT_COUNTER)
#undef PUT_COUNTER
    put(&dict, "p50_us", PyFloat_FromDouble(stats.p50_us));
    put(&dict, "p90_us", PyFloat_FromDouble(stats.p90_us));
    put(&dict, "p99_us", PyFloat_FromDouble(stats.p99_us));
    put(&dict, "p999_us", PyFloat_FromDouble(stats.p999_us));
    put(&dict, "why",
        has_why
            ? PyUnicode_DecodeUTF8(why.text, (Py_ssize_t)strlen(why.text), "replace")
            : Py_NewRef(Py_None));
    return dict;
}

PyObject *
client_pool(PyObject *object, PyObject *unused)
{
    struct client_object *self = (struct client_object *)object;
    (void)unused;
    struct pn_pool_counts pool = pn_client_pool(self->share->client);
    PyObject *dict = PyDict_New();
    put_number(&dict, "taken", pool.taken);
    put_number(&dict, "idle", pool.idle);
    put_number(&dict, "max", pool.max);
    put_number(&dict, "waits", pool.waits);
    put_number(&dict, "exhausted", pool.exhausted);
    put_number(&dict, "opened", pool.opened);
    put_number(&dict, "closed", pool.closed);
    return dict;
}

static void
copy_counters(struct pn_fleet *fleet, void *context)
{
    *(struct pn_fleet_counters *)context = *pn_fleet_counters(fleet);
}

PyObject *
client_counters(PyObject *object, PyObject *unused)
{
    struct client_object *self = (struct client_object *)object;
    struct pn_fleet_counters counters;
    (void)unused;
    pn_client_fleet(self->share->client, copy_counters, &counters);
    PyObject *dict = PyDict_New();
#define PUT_COUNTER(name) put_number(&dict, #name, counters.name);
    PN_FLEET_COUNTERS(PUT_COUNTER)
#undef PUT_COUNTER
    put_number(&dict, "slots_empty", counters.slots_empty);
    return dict;
}

PyObject *
client_drain(PyObject *object, PyObject *unused)
{
    (void)unused;
    struct client_object *self = (struct client_object *)object;
    if (client_check(self) < 0) {
        return NULL;
    }
    pn_client_drain(self->share->client);
    Py_RETURN_NONE;
}
