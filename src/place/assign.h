/*
 * assign - who gets which slot of a slot table
 *
 * Shares follow weights to the slot (largest remainder), and of two tables with the
 * same shares the one that moves fewer slots away from where they are is taken. Slots
 * that are nobody's go by weighted rendezvous, bounded by the shares: so a table that
 * has no memory is exact as well, and little else moves when the fleet changes (of 10
 * nodes 9.8 % instead of 9.1 %; docs/design/0020-placement.md).
 */
#ifndef PN_PLACE_ASSIGN_H
#define PN_PLACE_ASSIGN_H

#include <stddef.h>
#include <stdint.h>

#define ASSIGN_NONE UINT16_MAX

struct assign_node {
    uint64_t id; /* of its name: the same in every process */
    double weight;
    uint32_t zone; /* 0: none */
    uint32_t target, held;
};

struct assign_remainder {
    double part; /* of a slot, beyond the whole ones */
    uint32_t held, index;
};

/* Sets TARGET of each node so that they add up to SLOTS: by weight, what is left over
 * to the largest remainders, among equal ones to who HELD more, then to the lower
 * index. SCRATCH has room for N. */
void
assign_targets(struct assign_node *node, uint32_t n, uint32_t slots,
               struct assign_remainder *scratch);

struct assign_slots {
    uint16_t *owner;   /* [slots] */
    uint16_t *replica; /* [slots * replicas]; NULL when there are none */
    uint32_t slots, replicas;
};

/*
 * Fills the owners, among which stand those of now, or ASSIGN_NONE. Slots stay where
 * they are as long as their node is within its target; the others go to nodes below
 * theirs: first to a replica of now, who has the data, then to who draws the best lot
 * for the slot. Wants assign_targets(); sets HELD. O(n) for each slot that is dealt.
 */
void
assign_owners(struct assign_node *node, uint32_t n, const struct assign_slots *table);

/*
 * Fills the replicas, among which stand those of now, or ASSIGN_NONE: distinct nodes,
 * none the owner, in zones the slot has not yet where there are such, each node within
 * its target in every column where that can be. N > table->replicas.
 */
void
assign_replicas(struct assign_node *node, uint32_t n, const struct assign_slots *table);

#endif
