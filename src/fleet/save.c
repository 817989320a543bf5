#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "fleet/saved.h"
#include "fleet/state.h"

static bool
is_saved(const struct fleet_node *node)
{
    return node != NULL && fleet_is_probed(node);
}

static size_t
size_of(const struct fleet_node *node)
{
    return SAVED_NODE + node->host_len + strlen(node->shown.zone);
}

static uint32_t
count_runs(const struct pn_fleet *fleet)
{
    uint32_t n = fleet->slot != NULL;
    for (uint32_t s = 1; fleet->slot != NULL && s < PN_FLEET_SLOTS; s++) {
        n += fleet->slot[s] != fleet->slot[s - 1];
    }
    return n;
}

static unsigned char *
write_node(unsigned char *at, const struct fleet_node *node, uint16_t primary)
{
    size_t host_len = node->host_len, zone_len = strlen(node->shown.zone);
    at[0] = (unsigned char)host_len;
    at[1] = (unsigned char)zone_len;
    at[2] = (unsigned char)node->shown.role;
    at[3] = (unsigned char)node->shown.health;
    saved_store16(at + 4, node->shown.endpoint.port);
    saved_store16(at + 6, primary);
    pn_store64(at + 8, node->changed_at);
    pn_store64(at + 16, node->shown.probe_at);
    memcpy(at + SAVED_NODE, node->host, host_len);
    memcpy(at + SAVED_NODE + host_len, node->shown.zone, zone_len);
    return at + SAVED_NODE + host_len + zone_len;
}

static void
write_runs(const struct pn_fleet *fleet, const uint16_t *index, unsigned char *at)
{
    uint32_t from = 0;
    for (uint32_t s = 1; fleet->slot != NULL && s <= PN_FLEET_SLOTS; s++) {
        if (s < PN_FLEET_SLOTS && fleet->slot[s] == fleet->slot[from]) {
            continue;
        }
        uint16_t owner = fleet->slot[from];
        saved_store16(at, (uint16_t)(s - from));
        saved_store16(at + 2, owner == PN_NODE_NONE ? PN_NODE_NONE : index[owner]);
        at += SAVED_RUN;
        from = s;
    }
}

static void
write_head(struct pn_fleet *fleet, uint32_t n_nodes, uint32_t n_runs,
           unsigned char *head, size_t size)
{
    const struct fleet_refresh *refresh = &fleet->refresh;
    pn_store32(head, SAVED_MAGIC);
    pn_store32(head + 4, SAVED_VERSION);
    pn_store64(head + 16, fleet->identity);
    pn_store64(head + 24, refresh->learnt_at);
    pn_store64(head + 32, refresh->failed_at);
    pn_store32(head + 40, n_nodes);
    pn_store32(head + 44, n_runs);
    pn_store32(head + 48, fleet->opts.kind);
    pn_store32(head + 52, refresh->failed);
    fleet->saved = pn_checksum(head + SAVED_HEAD_CHECKED, size - SAVED_HEAD_CHECKED);
    pn_store64(head + 8, fleet->saved);
}

size_t
pn_fleet_save(struct pn_fleet *fleet, void *buf, size_t cap)
{
    uint16_t index[PN_FLEET_NODES_MAX];
    uint32_t n_nodes = 0, n_runs = count_runs(fleet);
    size_t size = SAVED_HEAD + (size_t)n_runs * SAVED_RUN;
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        const struct fleet_node *node = fleet_at(fleet, i);
        index[i] = is_saved(node) ? (uint16_t)n_nodes++ : PN_NODE_NONE;
        size += is_saved(node) ? size_of(node) : 0;
    }
    if (size > cap) {
        return size;
    }
    unsigned char *at = (unsigned char *)buf + SAVED_HEAD;
    for (uint16_t i = 0; i < fleet->nodes.n; i++) {
        const struct fleet_node *node = fleet_at(fleet, i);
        if (is_saved(node)) {
            uint16_t primary = index[node->shown.primary];
            at = write_node(at, node, primary != PN_NODE_NONE ? primary : index[i]);
        }
    }
    write_runs(fleet, index, at);
    write_head(fleet, n_nodes, n_runs, buf, size);
    return size;
}
