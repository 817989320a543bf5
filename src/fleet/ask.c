#include "fleet/state.h"

/* Whom to ask for the topology, and how long to wait for him. */

enum { PATIENCE = 8 }; /* times what an answer takes; a dial and TLS come before some */

#define PATIENCE_MIN (250 * FLEET_MS)
#define LATELY (FLEET_S * 3 / 2)

/* How good an answer of NODE is about now; NONE: it is not asked. Only nodes of the map
 * are: one that left it may still believe the one it was in. LOADING ones answer this
 * too. */
enum trust { TRUST_NONE, TRUST_REFUSED, TRUST_PLAIN, TRUST_PROVEN };

/* REFUSED: it last said CLUSTERDOWN, and if it is cut off, so is its map. PROVEN, when
 * SINCE is not 0: it has answered a request since then. Who is cut off stops to answer
 * after cluster-node-timeout, and its slots are given away later than that. */
static enum trust
trust(const struct fleet_node *node, uint64_t since)
{
    if (node == NULL || node->shown.health == PN_NODE_DOWN ||
        (node->shown.role != PN_ROLE_PRIMARY && node->shown.role != PN_ROLE_REPLICA)) {
        return TRUST_NONE;
    }
    if (node->refused_at != 0) {
        return TRUST_REFUSED;
    }
    return since != 0 && node->well_at >= since ? TRUST_PROVEN : TRUST_PLAIN;
}

/* Any one of the best; NONE: nobody of the map is up. While an owner is missed, or who
 * was asked was silent, those that lately answered are best. */
static uint16_t
any_of_map(struct pn_fleet *fleet, uint64_t now)
{
    uint32_t n[TRUST_PROVEN + 1] = {0};
    bool is_wary = fleet_is_urgent(fleet) || fleet->refresh.failed > 0;
    uint64_t since = !is_wary ? 0 : now > LATELY ? now - LATELY : 1;
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        n[trust(fleet_at(fleet, i), since)]++;
    }
    enum trust best = TRUST_PROVEN;
    while (best > TRUST_NONE && n[best] == 0) {
        best--;
    }
    uint64_t pick = fleet_draw(fleet, n[best]);
    for (uint16_t i = 0; best != TRUST_NONE && i < fleet->nodes.n; i++) {
        if (trust(fleet_at(fleet, i), since) == best && pick-- == 0) {
            return i;
        }
    }
    return PN_NODE_NONE;
}

static uint16_t
next_seed(struct pn_fleet *fleet)
{
    struct fleet_refresh *refresh = &fleet->refresh;
    uint16_t node = fleet->seed[refresh->at];
    refresh->at = (uint16_t)((refresh->at + 1) % fleet->opts.n_seeds);
    return node;
}

/* The seeds again whenever nobody else answers: their names may lead to other addresses
 * by now, when every node that we know has moved. */
uint16_t
fleet_whom_to_ask(struct pn_fleet *fleet, uint64_t now)
{
    if (fleet->opts.kind == PN_FLEET_SENTINEL) {
        return next_seed(fleet);
    }
    uint32_t failed = fleet->refresh.failed;
    bool is_seeds_turn = failed >= FLEET_FAILURES_FREE && failed % 2 != 0;
    uint16_t node = is_seeds_turn ? PN_NODE_NONE : any_of_map(fleet, now);
    return node != PN_NODE_NONE ? node : next_seed(fleet);
}

/* A second or half of it; less where answers come sooner, for one who is cut off says
 * nothing and keeps the others waiting; more after failures, for servers that were too
 * slow. */
uint64_t
fleet_patience(const struct pn_fleet *fleet)
{
    uint64_t most = fleet->opts.kind == PN_FLEET_SENTINEL ? FLEET_S / 2 : FLEET_S;
    uint64_t usual = PATIENCE * fleet->refresh.took;
    uint32_t failed = fleet->refresh.failed;
    if (usual == 0 || usual > most || failed > FLEET_FAILURES_FREE) {
        usual = most;
    }
    usual = usual > PATIENCE_MIN ? usual : PATIENCE_MIN;
    uint32_t rounds = failed / (FLEET_FAILURES_FREE + 1);
    return usual << (rounds < 2 ? rounds : 2);
}
