/*
 * client_type - _core.Client: a fleet as programs use it; base of pinyon.Client
 *
 *     Client(options)             a dict, see client_opts.h
 *     Client(other, decode=None)  looks into the fleet and pool of OTHER
 *
 * One object for any thread, any event loop, before and after a fork. What belongs to a
 * loop (a hub, its watchers) is a driver (driver.h), found by the loop's identity and
 * dropped with it.
 *
 * Ownership: struct pn_client is shared by the objects that look into it, by drivers
 * and by sessions, and freed with the last of them. close() of the first object closes
 * it for all.
 */
#ifndef PINYON_EXT_CLIENT_TYPE_H
#define PINYON_EXT_CLIENT_TYPE_H

#include <stdbool.h>

#include "board.h"
#include "client/client.h"
#include "state.h"

/* A fleet that several Python objects hold. */
struct fleet_share {
    struct pn_client *client;
    Py_ssize_t holders;  /* atomic */
    struct board *board; /* topology=; NULL: none */
    PyObject *remap;     /* address_remap=; NULL: none */
    uint64_t timeout_ns;
    uint32_t value_max;   /* memcached */
    int64_t gutter_ttl_s; /* memcached: of what a stand-in stores; 0: there is none */
    enum pn_fleet_kind kind;
    bool is_memcached;
    bool is_quick; /* its requests would rather fail than wait for a dead node */
    bool is_closed;
};

struct client_object {
    PyObject_HEAD
    struct core_state *st;
    struct fleet_share *share;
    PyObject *other;       /* whose fleet it is; NULL: its own */
    PyObject *drivers;     /* dict: id of a loop -> driver; NULL until there is one */
    struct driver *recent; /* of them, by which the last call went; NULL: none */
    uint64_t sweep_at;     /* when to look for drivers of closed loops again */
    bool is_decoded;
    bool is_closed;
};

struct fleet_share *
share_hold(struct fleet_share *share);
void
share_drop(struct fleet_share *share); /* NULL is fine */

/* 0, or -1 with ClosedError set. */
int
client_check(struct client_object *self);

/* The deadline of a call that begins NOW: of TIMEOUT seconds (None or NULL: the
 * client's own). 0, or -1 with an exception set. */
int
client_deadline(struct client_object *self, PyObject *timeout, uint64_t now,
                uint64_t *deadline);

int
client_type_add(PyObject *module);

/* ---- Methods (METH_FASTCALL | METH_KEYWORDS unless they take one object) ------ */

/* client_run.c: blocking */
PyObject *
client_execute(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
               PyObject *names);
PyObject *
client_call(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names);
PyObject *
client_run(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names);
PyObject *
client_get(PyObject *self, PyObject *key);
PyObject *
client_get_many(PyObject *self, PyObject *keys);

/* driver_call.c: on a loop */
PyObject *
client_aexecute(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                PyObject *names);
PyObject *
client_acall(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names);
PyObject *
client_arun(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names);
PyObject *
client_aget(PyObject *self, PyObject *key);
PyObject *
client_aget_many(PyObject *self, PyObject *keys);

/* session.c */
PyObject *
client_session(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
               PyObject *names);
PyObject *
client_asession(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                PyObject *names);

/* members.c: METH_VARARGS */
PyObject *
client_set_members(PyObject *self, PyObject *args);

/* client_info.c */
PyObject *
client_drain(PyObject *self, PyObject *unused);

/* copies.c */
PyObject *
client_copy(PyObject *self, PyObject *args);
PyObject *
client_copies(PyObject *self, PyObject *base);
PyObject *
client_nodes(PyObject *self, PyObject *unused);
PyObject *
client_node_stats(PyObject *self, PyObject *number);
PyObject *
client_pool(PyObject *self, PyObject *unused);
PyObject *
client_counters(PyObject *self, PyObject *unused);

#endif
