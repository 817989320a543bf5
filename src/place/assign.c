#include "place/assign.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/assert.h"
#include "pinyon/place.h"
#include "place/hash.h"

/* ---- Targets --------------------------------------------------------------- */

static int
compare(const void *left, const void *right)
{
    const struct assign_remainder *a = left, *b = right;
    if (a->part != b->part) {
        return a->part > b->part ? -1 : 1;
    }
    if (a->held != b->held) {
        return a->held > b->held ? -1 : 1;
    }
    return a->index < b->index ? -1 : 1;
}

void
assign_targets(struct assign_node *node, uint32_t n, uint32_t slots,
               struct assign_remainder *scratch)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += node[i].weight;
    }
    uint32_t given = 0;
    for (uint32_t i = 0; i < n; i++) {
        double exact = slots * node[i].weight / sum;
        node[i].target = (uint32_t)floor(exact);
        given += node[i].target;
        scratch[i] = (struct assign_remainder){exact - floor(exact), node[i].held, i};
    }
    qsort(scratch, n, sizeof *scratch, compare);
    PN_ASSERT(given <= slots);
    /* Rounding may leave one more than there are nodes with a remainder: go round. */
    for (uint32_t i = 0; given < slots; i = i + 1 == n ? 0 : i + 1) {
        if (node[scratch[i].index].weight > 0) {
            node[scratch[i].index].target++;
            given++;
        }
    }
}

/* ---- Owners ---------------------------------------------------------------- */

static inline bool
has_room(const struct assign_node *node, uint32_t i)
{
    return node[i].held < node[i].target;
}

/* Keeps each slot whose owner is within its target, in order; drops the rest. */
static void
keep_owners(struct assign_node *node, uint32_t n, uint16_t *owner, uint32_t slots)
{
    for (uint32_t i = 0; i < n; i++) {
        node[i].held = 0;
    }
    for (uint32_t s = 0; s < slots; s++) {
        if (owner[s] != ASSIGN_NONE && has_room(node, owner[s])) {
            node[owner[s]].held++;
        } else {
            owner[s] = ASSIGN_NONE;
        }
    }
}

/* The lot of a node for SLOT, in (0, 1): the larger the better among equal weights. */
static inline double
lot(const struct assign_node *node, uint32_t slot)
{
    uint64_t bits = pn_mix64(node->id ^ pn_mix64(slot + UINT64_C(1)));
    return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

static bool
are_alike(const struct assign_node *node, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        if (node[i].weight != node[0].weight) {
            return false;
        }
    }
    return true;
}

/* Who gets SLOT: of those with room the one with the least -ln(lot) / weight, which
 * each has with the probability of its weight. Between equals no logarithm is
 * needed. */
static uint32_t
draw(const struct assign_node *node, uint32_t n, bool is_alike, uint32_t slot)
{
    uint32_t best = ASSIGN_NONE;
    double least = INFINITY;
    for (uint32_t i = 0; i < n; i++) {
        if (!has_room(node, i)) {
            continue;
        }
        double mine = lot(&node[i], slot);
        double cost = is_alike ? -mine : -log(mine) / node[i].weight;
        if (cost < least) {
            least = cost;
            best = i;
        }
    }
    PN_ASSERT(best != ASSIGN_NONE); /* targets add up to the slots: there is one */
    return best;
}

void
assign_owners(struct assign_node *node, uint32_t n, const struct assign_slots *table)
{
    uint16_t *owner = table->owner;
    uint32_t slots = table->slots;
    bool is_alike = are_alike(node, n);
    keep_owners(node, n, owner, slots);
    for (uint32_t s = 0; s < slots; s++) {
        for (uint32_t r = 0; r < table->replicas && owner[s] == ASSIGN_NONE; r++) {
            uint16_t next = table->replica[(size_t)s * table->replicas + r];
            if (next != ASSIGN_NONE && has_room(node, next)) {
                owner[s] = next;
                node[next].held++;
            }
        }
    }
    for (uint32_t s = 0; s < slots; s++) {
        if (owner[s] == ASSIGN_NONE) {
            uint32_t next = draw(node, n, is_alike, s);
            owner[s] = (uint16_t)next;
            node[next].held++;
        }
    }
}

/* ---- Replicas -------------------------------------------------------------- */

enum { BEST = 4 }; /* what suits() says of the best */

/* How well node I suits as the next copy of a slot whose copies are COPY[0..copies):
 * 0 not at all (it is one), then: within its target or not, in a new zone or not. */
static unsigned
suits(const struct assign_node *node, uint32_t i, const uint16_t *copy, uint32_t copies)
{
    bool is_new_zone = true;
    for (uint32_t c = 0; c < copies; c++) {
        if (copy[c] == i) {
            return 0;
        }
        is_new_zone &= node[i].zone == 0 || node[i].zone != node[copy[c]].zone;
    }
    return 1 + (node[i].weight > 0 && has_room(node, i)) + 2 * is_new_zone;
}

/* The best node, the first of equals from a start that differs by slot, so that what
 * one owner has is replicated by many. */
static uint16_t
choose(const struct assign_node *node, uint32_t n, uint64_t start, const uint16_t *copy,
       uint32_t copies)
{
    PN_ASSERT(n > 0);
    uint32_t at = (uint32_t)(start % n), best = at;
    unsigned found = 0;
    for (uint32_t step = 0; step < n && found < BEST; step++) {
        unsigned fit = suits(node, at, copy, copies);
        if (fit > found) {
            found = fit;
            best = at;
        }
        at = at + 1 == n ? 0 : at + 1;
    }
    PN_ASSERT(found > 0);
    return (uint16_t)best;
}

/* The copies of slot S in front of COLUMN: the owner, then replicas. */
static void
copies_of(const struct assign_slots *t, uint32_t s, uint32_t column, uint16_t *copy)
{
    copy[0] = t->owner[s];
    for (uint32_t c = 0; c < column; c++) {
        copy[1 + c] = t->replica[(size_t)s * t->replicas + c];
    }
}

/* Who may stay stays; then the holes are filled. */
static void
fill_column(struct assign_node *node, uint32_t n, const struct assign_slots *t,
            uint32_t column)
{
    uint16_t copy[1 + PN_PLACE_REPLICAS_MAX];
    for (uint32_t i = 0; i < n; i++) {
        node[i].held = 0;
    }
    for (uint32_t s = 0; s < t->slots; s++) {
        uint16_t *own = &t->replica[(size_t)s * t->replicas + column];
        copies_of(t, s, column, copy);
        if (*own != ASSIGN_NONE && suits(node, *own, copy, 1 + column) == BEST) {
            node[*own].held++;
        } else {
            *own = ASSIGN_NONE;
        }
    }
    for (uint32_t s = 0; s < t->slots; s++) {
        uint16_t *own = &t->replica[(size_t)s * t->replicas + column];
        if (*own == ASSIGN_NONE) {
            copies_of(t, s, column, copy);
            *own = choose(node, n, pn_mix64(s + 1 + column), copy, 1 + column);
            node[*own].held++;
        }
    }
}

void
assign_replicas(struct assign_node *node, uint32_t n, const struct assign_slots *table)
{
    PN_ASSERT(n > table->replicas);
    PN_ASSERT(table->replicas <= PN_PLACE_REPLICAS_MAX);
    for (uint32_t column = 0; column < table->replicas; column++) {
        fill_column(node, n, table, column);
    }
}
