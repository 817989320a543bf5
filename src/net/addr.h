/*
 * addr - where a peer listens: an IPv4 or IPv6 address with a port, or a unix socket
 *
 * Turning a literal into an address is pure and quick. Turning a name into addresses
 * asks the system's resolver, which may take as long as /etc/resolv.conf lets it: it
 * has no deadline of its own, so whoever has one asks by resolve.h; callers on an event
 * loop resolve elsewhere (the loop's own executor) and hand the literals it finds to
 * pn_addr_literal().
 */
#ifndef PN_NET_ADDR_H
#define PN_NET_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "pinyon/error.h"

struct pn_addr {
    socklen_t len;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } at;
};

#define PN_ADDR_TEXT_MAX 128 /* bytes that pn_addr_text() may write */

/* HOST as a literal: dotted IPv4, IPv6 without brackets (a %zone may follow), or a path
 * that begins with '/'. PN_OK, or PN_MISS when it is a name to be resolved, or
 * PN_NET_E_ADDRESS (a path too long for a socket). */
int
pn_addr_literal(const char *host, uint16_t port, struct pn_addr *addr);

/* Asks the resolver for HOST. Writes up to CAP addresses in the order to be tried;
 * returns how many (> 0), or PN_NET_E_RESOLVE. Blocks. */
int
pn_addr_resolve(const char *host, uint16_t port, struct pn_addr *addr, int cap,
                struct pn_why *why);

/* "10.0.0.1:6379", "[::1]:6379", "unix:/run/redis.sock". Always terminated. */
void
pn_addr_text(const struct pn_addr *addr, char text[PN_ADDR_TEXT_MAX]);

#endif
