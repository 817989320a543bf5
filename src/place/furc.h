/*
 * furc - mcrouter's Ch3: walks down a binary tree by the bits of a hash
 *
 * Even to the key and without tables, as jump is, and with the same restriction: only
 * the last of n may leave without moving what belongs to others. Which server a key
 * gets depends on the number of servers only, not on their names.
 */
#ifndef PN_PLACE_FURC_H
#define PN_PLACE_FURC_H

#include <stddef.h>
#include <stdint.h>

#define PN_FURC_MAX (1u << 23)

/* The index of KEY among N <= PN_FURC_MAX. */
uint32_t
pn_furc(const void *key, size_t len, uint32_t n);

#endif
