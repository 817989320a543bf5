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

#include "state.h"

/* policies(): the names that place= takes, for the table of functions. */
PyObject *
ring_policies(PyObject *module, PyObject *unused);

/* Makes the type and adds it to MODULE. 0, or -1 with an exception set. */
int
ring_type_add(PyObject *module);

#endif
