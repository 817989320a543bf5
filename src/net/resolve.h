/*
 * resolve - the addresses of a name, for who must not wait for the resolver
 *
 *     struct pn_resolve *asked;
 *     pn_resolve_new("cache.example", 6379, &asked);
 *     poll pn_resolve_fd(asked) for reading
 *     n = pn_resolve_take(asked, addr, cap, &why);   0: not yet
 *     pn_resolve_free(asked);                        before the answer has come, too
 *
 * The system's resolver has no deadline but that of /etc/resolv.conf (10 s and more for
 * each server in vain) and cannot be called off. So a thread asks it, detached and with
 * all signals blocked, and drops what it finds when nobody wants that any more. It
 * costs some 50 us, for names alone, once for each connection; glibc's getaddrinfo_a()
 * does the same with a thread that stays.
 *
 * Threads: one asks, takes and frees; the thread inside of it is nobody's business.
 */
#ifndef PN_NET_RESOLVE_H
#define PN_NET_RESOLVE_H

#include "net/addr.h"

struct pn_resolve;

/* Asks for HOST. PN_OK, or PN_E_NOMEM. Where there can be no thread it asks here, and
 * waits. */
int
pn_resolve_new(const char *host, uint16_t port, struct pn_resolve **out);

/* Readable once the answer is there; -1: it is there. */
int
pn_resolve_fd(const struct pn_resolve *resolve);

/* Up to CAP addresses in the order to be tried: how many; 0: not yet; or
 * PN_NET_E_RESOLVE, PN_E_NOMEM. */
int
pn_resolve_take(const struct pn_resolve *resolve, struct pn_addr *addr, int cap,
                struct pn_why *why);

bool
pn_resolve_is_for(const struct pn_resolve *resolve, const char *host, uint16_t port);

void
pn_resolve_free(struct pn_resolve *resolve); /* NULL is fine */

/* The same in the child of a fork, where the thread is not. */
void
pn_resolve_abandon(struct pn_resolve *resolve);

#endif
