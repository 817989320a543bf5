/*
 * members - the lists of a HASH fleet, for members.c, which makes them, and
 * route_hash.c, which finds the owners of keys by them
 */
#ifndef PN_FLEET_MEMBERS_H
#define PN_FLEET_MEMBERS_H

#include "fleet/fleet.h"

struct ring { /* one list: its place, and numbers of nodes by index */
    struct pn_place *place;
    uint16_t *node;
    uint32_t n;
};

struct fleet_members {
    struct ring now, old; /* old.place: NULL but in a warm-up */
    uint64_t warm_until;
    uint16_t *gutter;
    uint32_t n_gutter;
    bool fail_over;
    char policy[32], hash[32], distribution[32], tag[4], salt[257];
    uint16_t *table;
    struct pn_place_opts opts; /* points to the above */
};

#endif
