/*
 * remap - asks a Python function where a server is reached that says it is elsewhere
 *
 * For pn_client_opts.remap: the context is the function, which gets a (host, port)
 * tuple and returns one. The caller may hold the GIL or not. What the function raises
 * is told as unraisable, and the server is looked for where it says that it is. For the
 * main interpreter alone (PyGILState_Ensure()): client_opts.c refuses it elsewhere.
 */
#ifndef PINYON_EXT_REMAP_H
#define PINYON_EXT_REMAP_H

#include "client/client.h"
#include "state.h"

void
remap_endpoint(void *function, struct pn_endpoint *endpoint);

#endif
