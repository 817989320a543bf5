/*
 * fault - what went wrong with a command, as an exception that says where
 *
 * Made here and not raised: the reply of a command in a pipeline, or an element of a
 * reply, is an exception like any other value. Each carries
 *
 *     kind      first word of the server's error ("WRONGTYPE"), or the name of a code
 *     node      "host:port" of the node that said it or was last tried, or None
 *     command   the command's name and nothing of its arguments, or None
 *
 * What servers quote of a command's arguments is cut from the sentence: it might be a
 * password.
 */
#ifndef PINYON_EXT_FAULT_H
#define PINYON_EXT_FAULT_H

#include "state.h"
#include "wire/text.h"

struct pn_client;

/* Where: CLIENT and NODE (PN_NODE_NONE: not known), and the name of the command. */
struct fault_place {
    struct pn_client *client; /* NULL: nothing is known of the node */
    struct pn_bytes command;  /* {NULL, 0}: none */
    uint16_t node;
};

/* The exception of the negative CODE of client, net, wire or pinyon/error.h. A new
 * reference, or NULL with another exception set. */
PyObject *
fault_of_code(struct core_state *st, int code, const struct fault_place *place);

/* The exception of what a server said: "WRONGTYPE Operation against a key ...". */
PyObject *
fault_of_text(struct core_state *st, struct pn_bytes text,
              const struct fault_place *place);

/* The exception TYPE with the sentence TEXT of our own. */
PyObject *
fault_of_type(PyObject *type, const char *kind, const char *text,
              const struct fault_place *place);

/* Raises FAULT (stolen; NULL passes an error on). Returns NULL. */
PyObject *
fault_raise(PyObject *fault);

/* SHAPE(REPLY), a reply (stolen) as people want it. What SHAPE cannot make of a reply
 * that is no answer to its command is raised as a ProtocolError. */
PyObject *
fault_shape(struct core_state *st, PyObject *shape, PyObject *reply);

/* "10.0.0.1:6379", "[::1]:6379" or "/run/redis.sock" of NODE; None when it is gone. */
PyObject *
fault_node_name(struct pn_client *client, uint16_t node);

#endif
