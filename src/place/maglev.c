/*
 * Maglev as Envoy builds it: every node writes itself into a table of M entries, each
 * along a permutation of its own, in turns that its weight slows down. Nearly even,
 * one array read a lookup; but a change moves a few keys between nodes that stayed.
 */
#include <string.h>

#include "base/alloc.h"
#include "place/kind.h"

struct maglev_place {
    struct pn_place base;
    uint16_t *table;
    uint32_t m;
};

struct turn {
    uint32_t offset, skip, next;
    double target; /* the node's turn has come when `round * weight` reaches it */
};

static inline const struct maglev_place *
self_of(const struct pn_place *place)
{
    return (const struct maglev_place *)place;
}

static bool
is_prime(uint32_t m)
{
    for (uint32_t d = 2; (uint64_t)d * d <= m; d++) {
        if (m % d == 0) {
            return false;
        }
    }
    return m >= 2;
}

/* The next free entry of a node's permutation; there is one. */
static uint32_t
take_entry(struct turn *turn, const uint16_t *table, uint32_t m)
{
    for (;;) {
        uint64_t step = (uint64_t)turn->skip * turn->next++;
        uint32_t entry = (uint32_t)((turn->offset + step) % m);
        if (table[entry] == UINT16_MAX) {
            return entry;
        }
    }
}

static void
fill(struct maglev_place *self, struct turn *turn)
{
    const struct pn_place *place = &self->base;
    double most = 0;
    for (uint32_t i = 0; i < place->n; i++) {
        most = place->member[i].weight > most ? place->member[i].weight : most;
        const struct place_member *m = &place->member[i];
        turn[i].offset = (uint32_t)(pn_xxh64(m->name, m->len, 0) % self->m);
        turn[i].skip = (uint32_t)(pn_xxh64(m->name, m->len, 1) % (self->m - 1)) + 1;
    }
    most /= place->weight_sum;
    memset(self->table, 0xff, self->m * sizeof *self->table);
    uint32_t left = self->m;
    for (uint32_t round = 1; left > 0; round++) {
        for (uint32_t i = 0; i < place->n && left > 0; i++) {
            double weight = place->member[i].weight / place->weight_sum;
            if (weight <= 0 || round * weight < turn[i].target) {
                continue;
            }
            turn[i].target += most;
            self->table[take_entry(&turn[i], self->table, self->m)] = (uint16_t)i;
            left--;
        }
    }
}

static int
build(struct pn_place *place, const struct pn_place_opts *opts, struct pn_why *why)
{
    enum { M_DEFAULT = 65537, M_MAX = 8388608 };
    struct maglev_place *self = (struct maglev_place *)place;
    self->m = opts->slots != 0 ? opts->slots : M_DEFAULT;
    if (self->m > M_MAX || self->m < place->n || !is_prime(self->m)) {
        return pn_why(why, PN_E_INVALID,
                      "maglev: slots=%u: give a prime from the number of nodes to "
                      "%d, such as 65537",
                      self->m, M_MAX);
    }
    place_sort_by_name(place);
    struct turn *turn = place_alloc(place->n, sizeof *turn);
    self->table = place_alloc(self->m, sizeof *self->table);
    if (turn == NULL || self->table == NULL) {
        pn_free(turn);
        return place_no_memory(why);
    }
    fill(self, turn);
    pn_free(turn);
    return PN_OK;
}

static void
release(struct pn_place *place)
{
    pn_free(((struct maglev_place *)place)->table);
}

static uint32_t
slot(const struct pn_place *place, const void *key, size_t len)
{
    return (uint32_t)(pn_xxh64(key, len, 0) % self_of(place)->m);
}

static uint32_t
slot_owner(const struct pn_place *place, uint32_t i)
{
    return self_of(place)->table[i];
}

static uint32_t
slots(const struct pn_place *place)
{
    return self_of(place)->m;
}

static uint32_t
owner(const struct pn_place *place, const void *key, size_t len)
{
    return self_of(place)->table[slot(place, key, len)];
}

/* Envoy's retries: another hash for each; nodes that come again are passed over. */
static size_t
owners(const struct pn_place *place, const void *key, size_t len, uint32_t *pos,
       size_t count)
{
    enum { RETRIES = 64 };
    const struct maglev_place *self = self_of(place);
    uint64_t hash = pn_xxh64(key, len, 0);
    size_t have = 0;
    for (uint64_t k = 0; k < RETRIES && have < count; k++) {
        uint64_t turned = k == 0 ? hash : hash ^ (UINT64_MAX - k + 1);
        uint32_t next = self->table[turned % self->m];
        size_t i = 0;
        while (i < have && pos[i] != next) {
            i++;
        }
        if (i == have) {
            pos[have++] = next;
        }
    }
    return place_spread(place->n, hash, pos, have, count);
}

const struct place_kind place_maglev_kind = {
    .size = sizeof(struct maglev_place),
    .build = build,
    .release = release,
    .owner = owner,
    .owners = owners,
    .slot = slot,
    .slot_owner = slot_owner,
    .slots = slots,
};
