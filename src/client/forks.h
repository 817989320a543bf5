/*
 * forks - no thread is inside a client while the process is copied
 *
 * The lock of every open client is taken within fork() itself (pthread_atfork) and
 * given back before it returns. Hooks of a host language would hold it for longer: who
 * has that language's own lock could then come to wait for a fork that waits for him.
 *
 * The child lets go of its parent's connections without a word on them. What the other
 * threads had under way is nobody's any more; requests on hubs that nobody was at work
 * on, those of an event loop, end with PN_CLIENT_E_FORKED.
 *
 * State: one list of the open clients of this process, for handlers of a fork are given
 * no context. Threads: any.
 */
#ifndef PN_CLIENT_FORKS_H
#define PN_CLIENT_FORKS_H

#include "client/engine.h"

/* CLIENT is open, and will be told. PN_OK or PN_E_NOMEM. */
int
pn_forks_watch(struct pn_client *client);
/* It is about to be freed. Fine for one that is not watched. */
void
pn_forks_forget(struct pn_client *client);

#endif
