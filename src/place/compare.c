/*
 * Comparing places: who owns how much, and what moves. Tables are compared slot by
 * slot; what has no table is asked for the same 65536 keys each time, numbers
 * in text, so that the answer is the same everywhere.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "place/kind.h"

enum { PROBES = 65536 };

static size_t
probe_key(char key[24], uint32_t i)
{
    /* Mixed, for consecutive numbers are friends to some CRCs. */
    return (size_t)snprintf(key, 24, "%llx", (unsigned long long)pn_mix64(i + 1));
}

int
pn_place_share(const struct pn_place *place, double *share)
{
    const struct place_kind *kind = place->kind;
    memset(share, 0, place->nall * sizeof *share);
    if (kind->slots != NULL) {
        uint32_t slots = kind->slots(place);
        for (uint32_t s = 0; s < slots; s++) {
            uint32_t pos = kind->slot_owner(place, s);
            if (pos != PN_PLACE_NONE) {
                share[place->member[pos].index] += 1.0 / slots;
            }
        }
        return PN_OK;
    }
    if (kind->share != NULL) {
        double *by_pos = place_alloc(place->n, sizeof *by_pos);
        if (by_pos == NULL) {
            return PN_E_NOMEM;
        }
        kind->share(place, by_pos);
        for (uint32_t i = 0; i < place->n; i++) {
            share[place->member[i].index] = by_pos[i];
        }
        pn_free(by_pos);
        return PN_OK;
    }
    for (uint32_t i = 0; i < PROBES; i++) {
        char key[24];
        share[pn_place_owner(place, key, probe_key(key, i))] += 1.0 / PROBES;
    }
    return PN_OK;
}

/* Do both cut keys into the same slots? */
static bool
is_same_cut(const struct pn_place *a, const struct pn_place *b)
{
    return a->kind == b->kind && a->kind->slots != NULL &&
           a->policy->variant == b->policy->variant && a->seed == b->seed &&
           memcmp(a->tag, b->tag, 2) == 0 && a->kind->slots(a) == b->kind->slots(b);
}

int
pn_place_diff(const struct pn_place *old, const struct pn_place *new_, double *moved)
{
    size_t columns = new_->nall;
    memset(moved, 0, old->nall * columns * sizeof *moved);
    if (is_same_cut(old, new_)) {
        uint32_t slots = old->kind->slots(old);
        for (uint32_t s = 0; s < slots; s++) {
            uint32_t from = old->kind->slot_owner(old, s);
            uint32_t to = new_->kind->slot_owner(new_, s);
            if (from != PN_PLACE_NONE && to != PN_PLACE_NONE) {
                moved[old->member[from].index * columns + new_->member[to].index] +=
                    1.0 / slots;
            }
        }
        return PN_OK;
    }
    for (uint32_t i = 0; i < PROBES; i++) {
        char key[24];
        size_t len = probe_key(key, i);
        uint32_t from = pn_place_owner(old, key, len);
        uint32_t to = pn_place_owner(new_, key, len);
        if (from != PN_PLACE_NONE && to != PN_PLACE_NONE) {
            moved[from * columns + to] += 1.0 / PROBES;
        }
    }
    return PN_OK;
}

static bool
is_same_node(const struct pn_place *a, uint32_t i, const struct pn_place *b, uint32_t k)
{
    if (i == PN_PLACE_NONE || k == PN_PLACE_NONE) {
        return i == k;
    }
    return strcmp(a->member[i].name, b->member[k].name) == 0;
}

int64_t
pn_place_moves(const struct pn_place *old, const struct pn_place *new_,
               struct pn_move *move, size_t cap)
{
    if (!is_same_cut(old, new_)) {
        return PN_E_INVALID;
    }
    uint32_t slots = old->kind->slots(old);
    int64_t found = 0;
    for (uint32_t s = 0; s < slots; s++) {
        uint32_t from = old->kind->slot_owner(old, s);
        uint32_t to = new_->kind->slot_owner(new_, s);
        if (is_same_node(old, from, new_, to)) {
            continue;
        }
        if ((size_t)found < cap) {
            move[found] = (struct pn_move){
                s, from == PN_PLACE_NONE ? from : old->member[from].index,
                to == PN_PLACE_NONE ? to : new_->member[to].index};
        }
        found++;
    }
    return found;
}
