/*
 * pool - who has which hub: taken last in, first out, up to a number of them
 *
 * What a client's users call is in client.h (pn_client_take(), pn_client_give(), ...);
 * this is what the client itself needs of it. Idle hubs stand on a stack, so that those
 * beyond what the load needs sink to its bottom and grow old there.
 */
#ifndef PN_CLIENT_POOL_H
#define PN_CLIENT_POOL_H

#include "client/engine.h"

/* In the child: the hubs of threads that are no more are nobody's. The lock is new. */
void
pn_pool_after_fork(struct pn_client *client);

#endif
