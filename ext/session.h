/*
 * session - _core.Session: connections of one's own, to one node
 *
 *     with client._session(key="k") as s:           on a loop: client._asession()
 *         s.run([("WATCH", "k"), ("GET", "k")])     await s.arun(...)
 *         s.run([...], flags=RUN_ATOMIC)
 *         s.push(timeout=1)                         await s.apush(1)
 *
 * What changes a connection is allowed here. While such a change is wanted (WATCH until
 * EXEC, SELECT to the end) no command goes over another connection: when it breaks they
 * fail with ConnectionLost. Subscriptions are different: they are made anew by whoever
 * sees `losses` change.
 *
 * The node is that of node=, or the one that answered first: the owner of key=, or of
 * the first command's key. Connections that were changed are closed at the end, others
 * go back to the pool.
 *
 * Threads: one at a time, which is checked.
 */
#ifndef PINYON_EXT_SESSION_H
#define PINYON_EXT_SESSION_H

#include "driver.h"

struct session_object {
    PyObject_HEAD
    struct core_state *st;
    struct client_object *client; /* held */
    struct pn_hub *hub;           /* blocking; NULL once closed */
    struct driver *driver;        /* on a loop; NULL once closed */
    PyObject *key;                /* bytes, or NULL */
    uint16_t node;
    bool is_held;   /* WATCH or MULTI wait for their end */
    bool is_bound;  /* SELECT and the like: to this connection for good */
    bool is_soiled; /* the connection is to be closed at the end */
    bool is_busy;
};

int
session_type_add(PyObject *module);

#endif
