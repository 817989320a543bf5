/*
 * client_opts - the options of a client: a dict by name, as python/pinyon/fleet.py
 * makes it, to struct pn_client_opts
 *
 * Durations are seconds (int or float), sizes bytes, sequences lists or tuples. What is
 * not in the dict has its default; a name that nobody knows is an ArgumentError. The
 * strings stay the dict's, which must live until the client is opened.
 */
#ifndef PINYON_EXT_CLIENT_OPTS_H
#define PINYON_EXT_CLIENT_OPTS_H

#include "client/client.h"
#include "state.h"

struct client_settings {
    struct pn_client_opts opts;
    struct pn_place_opts place;
    struct pn_tls_opts tls;
    uint64_t timeout_ns;    /* of a call */
    uint64_t gutter_ttl_ns; /* of what a stand-in stores; 0: there is none */
    bool is_tls, is_decoded, is_quick;
    const char *topology,
        *topology_key; /* a region's name; the fleet's in it. Or NULL */
    PyObject *remap;   /* borrowed; NULL: none */
    /* from the heap, see client_opts_free() */
    struct pn_endpoint *seed, *gutter;
    const char **names;
    double *weights;
};

/* 0, or -1 with an exception set; client_opts_free() either way. */
int
client_opts_read(struct core_state *st, PyObject *options,
                 struct client_settings *settings);
void
client_opts_free(struct client_settings *settings);

#endif
