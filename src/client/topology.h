/*
 * topology - what servers answer when they are asked who is who (pure)
 *
 * From the bytes of a reply to what the fleet learns. The answers are data from a
 * network: whatever is not as the manual says is refused as a whole.
 */
#ifndef PN_CLIENT_TOPOLOGY_H
#define PN_CLIENT_TOPOLOGY_H

#include "fleet/fleet.h"
#include "wire/out.h"

/* CLUSTER SLOTS: the ranges, in memory to be given back with pn_topology_free(). The
 * texts point into REPLY. PN_OK, PN_E_NOMEM, or PN_CLIENT_E_REPLY. */
struct pn_topology {
    struct pn_range *range;
    size_t n;
    struct pn_range_node *node;
};

int
pn_topology_slots(struct pn_bytes reply, struct pn_topology *out);
void
pn_topology_free(struct pn_topology *topology);

#define PN_TOPOLOGY_NODES 64 /* of one service: its primary and as many replicas */

/* SENTINEL GET-MASTER-ADDR-BY-NAME and SENTINEL REPLICAS, one reply behind the other:
 * the primary, then the replicas that are in order. How many; 0: the service is not
 * known; or PN_CLIENT_E_REPLY. */
int
pn_topology_sentinel(struct pn_bytes replies,
                     struct pn_endpoint endpoint[PN_TOPOLOGY_NODES]);

#endif
