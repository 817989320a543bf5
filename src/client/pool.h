/*
 * pool - who has which hub: taken last in, first out, up to a number of them
 */
#ifndef PN_CLIENT_POOL_H
#define PN_CLIENT_POOL_H

#include "client/engine.h"

/* Frees the idle ones. */
void
pn_pool_drain(struct pn_client *client);

/* In the child: the hubs of threads that are no more are nobody's. The lock is new. */
void
pn_pool_after_fork(struct pn_client *client);

#endif
