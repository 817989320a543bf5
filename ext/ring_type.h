/*
 * ring_type - _core.Ring: one place (pinyon/place.h), its nodes as str
 *
 *     Ring(names, weights, zones, out, place, *, hash=None, distribution=None, ...)
 *
 * NAMES are tuples of str, the others of numbers, all of one length; pinyon.HashRing
 * makes them of what users write. Immutable, so that threads need no lock. A lookup
 * answers with the very object that was given as the node's name.
 */
#ifndef PINYON_EXT_RING_TYPE_H
#define PINYON_EXT_RING_TYPE_H

#include <pinyon/place.h>

#include "state.h"

struct ring_object {
    PyObject_HEAD
    struct core_state *st;
    struct pn_place *place;
    PyObject *nodes; /* tuple of str, by index */
};

/* The bytes of a key, borrowed from it. 0, or -1 with an exception set. */
int
ring_key_bytes(struct ring_object *self, PyObject *key, const char **data, size_t *len);

/* The node of INDEX, or None; a new reference. */
PyObject *
ring_node_of(struct ring_object *self, uint32_t index);

/* Methods (ring_look.c): shares by index; parts by index and index; (slot, from, to) of
 * each slot that moves, or None; the number of a key's point; where a key falls; all
 * points with their nodes. */
PyObject *
ring_shares(struct ring_object *self, PyObject *unused);
PyObject *
ring_moved(struct ring_object *self, PyObject *other);
PyObject *
ring_moves(struct ring_object *self, PyObject *other);
PyObject *
ring_find_point(struct ring_object *self, PyObject *key);
PyObject *
ring_hash_key(struct ring_object *self, PyObject *key);
PyObject *
ring_points(struct ring_object *self, PyObject *unused);

/* policies(): the names that place= takes, for the table of functions. */
PyObject *
ring_policies(PyObject *module, PyObject *unused);

/* Makes the type and adds it to MODULE. 0, or -1 with an exception set. */
int
ring_type_add(PyObject *module);

#endif
