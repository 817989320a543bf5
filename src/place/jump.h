/*
 * jump - jump consistent hash: even to the key, no table, only the last bucket may go
 *
 * `place=jump` is memcached's built-in proxy: jump over XXH3-64 of the key.
 */
#ifndef PN_PLACE_JUMP_H
#define PN_PLACE_JUMP_H

#include <stdint.h>

/* The bucket of KEY among N > 0. O(log N) multiplications and divisions. */
uint32_t
pn_jump(uint64_t key, uint32_t n);

#endif
