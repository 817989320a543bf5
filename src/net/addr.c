#define _GNU_SOURCE
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/why.h"
#include "net/code.h"

static int
local_path(const char *path, struct pn_addr *addr)
{
    size_t len = strlen(path);
    if (len >= sizeof addr->at.local.sun_path) {
        return PN_NET_E_ADDRESS;
    }
    *addr = (struct pn_addr){.len = sizeof addr->at.local};
    addr->at.local.sun_family = AF_UNIX;
    memcpy(addr->at.local.sun_path, path, len + 1);
    return PN_OK;
}

/* The interface that ZONE names, or 0: a name, or its number. */
static uint32_t
zone_index(const char *zone)
{
    uint32_t index = if_nametoindex(zone);
    if (index == 0 && zone[0] >= '1' && zone[0] <= '9') {
        char *end;
        unsigned long number = strtoul(zone, &end, 10);
        index = *end == '\0' && number <= UINT32_MAX ? (uint32_t)number : 0;
    }
    return index;
}

/* HOST[0..at) is the address, and behind the '%' at HOST[at] stands the zone. */
static int
zoned(const char *host, size_t at, struct pn_addr *addr)
{
    char text[INET6_ADDRSTRLEN];
    if (at >= sizeof text) {
        return PN_MISS;
    }
    memcpy(text, host, at);
    text[at] = '\0';
    if (inet_pton(AF_INET6, text, &addr->at.v6.sin6_addr) != 1) {
        return PN_MISS;
    }
    addr->at.v6.sin6_scope_id = zone_index(host + at + 1);
    return addr->at.v6.sin6_scope_id != 0 ? PN_OK : PN_NET_E_ADDRESS;
}

int
pn_addr_literal(const char *host, uint16_t port, struct pn_addr *addr)
{
    PN_ASSERT(host != NULL);
    if (host[0] == '/') {
        return local_path(host, addr);
    }
    struct pn_addr made = {.len = sizeof made.at.v4};
    made.at.v4.sin_family = AF_INET;
    made.at.v4.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &made.at.v4.sin_addr) == 1) {
        *addr = made;
        return PN_OK;
    }
    made = (struct pn_addr){.len = sizeof made.at.v6};
    made.at.v6.sin6_family = AF_INET6;
    made.at.v6.sin6_port = htons(port);
    const char *percent = strchr(host, '%');
    int rc = PN_OK;
    if (percent != NULL) {
        rc = zoned(host, (size_t)(percent - host), &made);
    } else if (inet_pton(AF_INET6, host, &made.at.v6.sin6_addr) != 1) {
        rc = PN_MISS;
    }
    if (rc == PN_OK) {
        *addr = made;
    }
    return rc;
}

static int
unresolved(const char *host, int rc, struct pn_why *why)
{
    if (rc == EAI_MEMORY) {
        return pn_why(why, PN_E_NOMEM, "out of memory");
    }
    const char *text = rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc);
    return pn_why(why, PN_NET_E_RESOLVE, "host '%.200s' is not known: %s", host, text);
}

/* The resolver sorts what it finds by what can be reached (RFC 6724). AI_ADDRCONFIG is
 * not asked for: where only the loopback is up, it finds nothing. */
int
pn_addr_resolve(const char *host, uint16_t port, struct pn_addr *addr, int cap,
                struct pn_why *why)
{
    PN_ASSERT(cap > 0);
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                          .ai_flags = AI_NUMERICSERV};
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(host, service, &hints, &list);
    if (rc != 0) {
        return unresolved(host, rc, why);
    }
    int n = 0;
    for (const struct addrinfo *at = list; at != NULL && n < cap; at = at->ai_next) {
        if (at->ai_addrlen <= sizeof addr->at) {
            addr[n] = (struct pn_addr){.len = at->ai_addrlen};
            memcpy(&addr[n].at, at->ai_addr, at->ai_addrlen);
            n++;
        }
    }
    freeaddrinfo(list);
    return n > 0 ? n : unresolved(host, EAI_NONAME, why);
}

void
pn_addr_text(const struct pn_addr *addr, char text[PN_ADDR_TEXT_MAX])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    switch (addr->at.any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &addr->at.v4.sin_addr, ip, sizeof ip);
        snprintf(text, PN_ADDR_TEXT_MAX, "%s:%u", ip,
                 (unsigned)ntohs(addr->at.v4.sin_port));
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &addr->at.v6.sin6_addr, ip, sizeof ip);
        char zone[16] = "";
        if (addr->at.v6.sin6_scope_id != 0) {
            snprintf(zone, sizeof zone, "%%%u", (unsigned)addr->at.v6.sin6_scope_id);
        }
        snprintf(text, PN_ADDR_TEXT_MAX, "[%s%s]:%u", ip, zone,
                 (unsigned)ntohs(addr->at.v6.sin6_port));
        break;
    case AF_UNIX:
        snprintf(text, PN_ADDR_TEXT_MAX, "unix:%.*s",
                 (int)sizeof addr->at.local.sun_path, addr->at.local.sun_path);
        break;
    default:
        snprintf(text, PN_ADDR_TEXT_MAX, "no address");
        break;
    }
}
