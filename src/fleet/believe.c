#include "fleet/state.h"

/*
 * Whether to believe an answer.
 *
 * CLUSTER SLOTS carries no epoch: two nodes with different maps would take turns in
 * convincing us. Hence: an answer that brings back a map that gave way, that owns
 * fewer slots than we know of, or that names none of the nodes we know, is believed
 * when a second node says the same. A vote over three would cost three queries for what
 * one nearly always knows; at bootstrap a wrong first map is mended by the first MOVED.
 */
enum { DOUBTS_MAX = 3 };

static bool
gave_way(const struct fleet_refresh *refresh, uint64_t hash)
{
    for (unsigned i = 0; i < FLEET_OLD_MAPS; i++) {
        if (refresh->old[i] == hash) {
            return true;
        }
    }
    return false;
}

void
fleet_replace_map(struct pn_fleet *fleet, uint64_t hash)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    hash |= 1; /* 0 means none */
    if (hash == refresh->known) {
        return;
    }
    for (unsigned i = 0; i < FLEET_OLD_MAPS; i++) {
        refresh->old[i] = refresh->old[i] == hash ? 0 : refresh->old[i];
    }
    for (unsigned i = FLEET_OLD_MAPS - 1; i > 0; i--) {
        refresh->old[i] = refresh->old[i - 1];
    }
    refresh->old[0] = refresh->known;
    refresh->known = hash;
}

void
fleet_take_back_map(struct pn_fleet *fleet)
{
    if (fleet->refresh.old[0] != 0) {
        fleet_replace_map(fleet, fleet->refresh.old[0]);
    }
}

bool
fleet_believe(struct pn_fleet *fleet, uint64_t hash, uint16_t by, bool is_odd)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    hash |= 1; /* as it is kept */
    if (hash == refresh->known) {
        return true;
    }
    if (refresh->known != 0 && (is_odd || gave_way(refresh, hash))) {
        bool is_second = refresh->doubted == hash && refresh->doubted_by != by;
        refresh->doubts = refresh->doubted == hash ? (uint16_t)(refresh->doubts + 1)
                                                   : 1;
        refresh->doubted = hash;
        refresh->doubted_by = by;
        /* The only one that answers is believed in the end. */
        if (!is_second && refresh->doubts < DOUBTS_MAX) {
            return false;
        }
    }
    fleet_replace_map(fleet, hash);
    return true;
}
