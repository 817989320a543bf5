/*
 * mcrouter - what of a key mcrouter hashes
 *
 * Keys may carry a route before them ("/region/cluster/") and, behind "|#|", what is
 * stored with them but decides nothing; a salt of the configuration is appended. All
 * hash functions of mcrouter see what is left.
 */
#ifndef PN_PLACE_MCROUTER_H
#define PN_PLACE_MCROUTER_H

#include "place/kind.h"

#define MCROUTER_SALT_MAX 256u
#define MCROUTER_KEY_MAX 4096u

/* A key with something behind it. mcrouter refuses keys above 250 bytes; where
 * there is a salt or a weight, what lies behind 4096 bytes is not looked at here. */
struct mcrouter_key {
    const void *key;
    size_t len;
    char text[MCROUTER_KEY_MAX + MCROUTER_SALT_MAX + 16]; /* KEY, when it was copied */
};

struct mcrouter_salt {
    char text[MCROUTER_SALT_MAX];
    size_t len;
};

/* Copies the option; PN_OK or PN_E_INVALID. */
int
mcrouter_take_salt(struct mcrouter_salt *salt, const char *text, struct pn_why *why);

/* The routing part of KEY (no /region/cluster/ before, no |#| behind), and the salt. */
void
mcrouter_route(struct mcrouter_key *out, const struct mcrouter_salt *salt,
               const void *key, size_t len);

#endif
