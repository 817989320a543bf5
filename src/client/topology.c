#include "client/topology.h"

#include <string.h>

#include "base/alloc.h"
#include "client/code.h"
#include "wire/resp.h"

/* ---- Walking over a reply ------------------------------------------------------ */

struct walk {
    struct pn_resp_reader reader;
    const char *at, *end;
    struct pn_resp_token token;
};

static bool
next(struct walk *walk)
{
    ptrdiff_t n = pn_resp_next(&walk->reader, walk->at, (size_t)(walk->end - walk->at),
                               &walk->token);
    if (n <= 0) {
        return false;
    }
    walk->at += n;
    return true;
}

static bool
next_array(struct walk *walk, int64_t *count)
{
    if (!next(walk) || !pn_resp_is_aggregate(walk->token.type)) {
        return false;
    }
    *count = pn_resp_children(walk->token.type, walk->token.number);
    return true;
}

static bool
next_number(struct walk *walk, int64_t low, int64_t high, int64_t *number)
{
    if (!next(walk) || walk->token.type != PN_RESP_INTEGER) {
        return false;
    }
    *number = walk->token.number;
    return *number >= low && *number <= high;
}

/* Text, or null as no text. */
static bool
next_text(struct walk *walk, struct pn_bytes *text)
{
    if (!next(walk) || pn_resp_is_aggregate(walk->token.type)) {
        return false;
    }
    *text = walk->token.type == PN_RESP_NULL ? (struct pn_bytes){NULL, 0}
                                             : walk->token.text;
    return true;
}

/* Everything below the aggregate of COUNT elements just read. */
static bool
skip(struct walk *walk, int64_t count)
{
    for (int64_t left = count; left > 0; left--) {
        if (!next(walk)) {
            return false;
        }
        if (pn_resp_is_aggregate(walk->token.type)) {
            left += pn_resp_children(walk->token.type, walk->token.number);
        }
    }
    return true;
}

/* ---- CLUSTER SLOTS --------------------------------------------------------------- */

/* [endpoint, port, id, [key, value...]]: the zone is metadata of Valkey's. */
static bool
one_node(struct walk *walk, struct pn_range_node *node)
{
    int64_t count, port, extra;
    struct pn_bytes host, key, value;
    if (!next_array(walk, &count) || count < 2 || !next_text(walk, &host) ||
        !next_number(walk, 0, UINT16_MAX, &port)) {
        return false;
    }
    *node = (struct pn_range_node){.host = host.ptr,
                                   .host_len = host.len,
                                   .port = (uint16_t)port};
    if (count >= 3 && !(next(walk) && !pn_resp_is_aggregate(walk->token.type))) {
        return false;
    }
    if (count < 4) {
        return true;
    }
    if (!next_array(walk, &extra)) {
        return false;
    }
    for (; extra >= 2; extra -= 2) {
        if (!next_text(walk, &key) || !next_text(walk, &value)) {
            return false;
        }
        if (pn_bytes_equal(key, PN_BYTES("availability-zone"))) {
            node->zone = value.ptr;
            node->zone_len = value.len;
        }
    }
    return skip(walk, extra + (count - 4));
}

/* One pass over REPLY: counts when OUT has no memory yet, else fills it in. */
static bool
read_slots(struct pn_bytes reply, struct pn_topology *out, size_t *n_nodes)
{
    struct walk walk = {.at = reply.ptr, .end = reply.ptr + reply.len};
    int64_t ranges;
    size_t nodes = 0;
    if (!next_array(&walk, &ranges) || ranges > (int64_t)PN_FLEET_SLOTS) {
        return false;
    }
    for (int64_t i = 0; i < ranges; i++) {
        int64_t count, first, last;
        if (!next_array(&walk, &count) || count < 3 ||
            count > 2 + (int64_t)PN_FLEET_NODES_MAX ||
            !next_number(&walk, 0, PN_FLEET_SLOTS - 1, &first) ||
            !next_number(&walk, first, PN_FLEET_SLOTS - 1, &last)) {
            return false;
        }
        if (out->range != NULL) {
            out->range[i] = (struct pn_range){.first = (uint16_t)first,
                                              .last = (uint16_t)last,
                                              .n_nodes = (uint16_t)(count - 2),
                                              .node = &out->node[nodes]};
        }
        for (int64_t j = 0; j < count - 2; j++) {
            struct pn_range_node unused;
            if (!one_node(&walk, out->node != NULL ? &out->node[nodes] : &unused)) {
                return false;
            }
            nodes++;
        }
    }
    out->n = (size_t)ranges;
    *n_nodes = nodes;
    return walk.token.is_last || ranges == 0;
}

int
pn_topology_slots(struct pn_bytes reply, struct pn_topology *out)
{
    struct pn_topology found = {0};
    size_t nodes;
    if (!read_slots(reply, &found, &nodes)) {
        return PN_CLIENT_E_REPLY;
    }
    found.range = pn_alloc((found.n + 1) * sizeof *found.range);
    found.node = pn_alloc((nodes + 1) * sizeof *found.node);
    if (found.range == NULL || found.node == NULL) {
        pn_topology_free(&found);
        return PN_E_NOMEM;
    }
    read_slots(reply, &found, &nodes);
    *out = found;
    return PN_OK;
}

void
pn_topology_free(struct pn_topology *topology)
{
    pn_free(topology->range);
    pn_free(topology->node);
    *topology = (struct pn_topology){0};
}

/* ---- Sentinels ----------------------------------------------------------- */

static bool
set_endpoint(struct pn_endpoint *endpoint, struct pn_bytes host, struct pn_bytes port)
{
    uint64_t number;
    if (host.ptr == NULL || port.ptr == NULL || host.len == 0 ||
        host.len > PN_FLEET_HOST_MAX || memchr(host.ptr, 0, host.len) != NULL ||
        !pn_word_u64(port, &number) || number == 0 || number > UINT16_MAX) {
        return false;
    }
    memcpy(endpoint->host, host.ptr, host.len);
    endpoint->host[host.len] = '\0';
    endpoint->port = (uint16_t)number;
    return true;
}

/* Does FLAGS, words between commas, say that the replica is not to be used? */
static bool
is_out_of_order(struct pn_bytes flags)
{
    static const char *const words[] = {"s_down", "o_down", "disconnected"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t len = strlen(words[i]);
        for (size_t at = 0; at + len <= flags.len; at++) {
            if (memcmp(flags.ptr + at, words[i], len) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* One replica: names and values. False: malformed; *is_good: it may be used. */
static bool
one_replica(struct walk *walk, struct pn_endpoint *endpoint, bool *is_good)
{
    int64_t count;
    struct pn_bytes host = {NULL, 0}, port = {NULL, 0}, flags = {"", 0};
    if (!next_array(walk, &count)) {
        return false;
    }
    for (; count >= 2; count -= 2) {
        struct pn_bytes name, value;
        if (!next_text(walk, &name) || !next_text(walk, &value)) {
            return false;
        }
        if (pn_bytes_equal(name, PN_BYTES("ip"))) {
            host = value;
        } else if (pn_bytes_equal(name, PN_BYTES("port"))) {
            port = value;
        } else if (pn_bytes_equal(name, PN_BYTES("flags")) && value.ptr != NULL) {
            flags = value;
        }
    }
    *is_good = !is_out_of_order(flags) && set_endpoint(endpoint, host, port);
    return skip(walk, count);
}

int
pn_topology_sentinel(struct pn_bytes replies,
                     struct pn_endpoint endpoint[PN_TOPOLOGY_NODES])
{
    struct walk walk = {.at = replies.ptr, .end = replies.ptr + replies.len};
    struct pn_bytes host, port;
    int64_t count;
    int n = 0;
    if (!next(&walk)) {
        return PN_CLIENT_E_REPLY;
    }
    if (walk.token.type == PN_RESP_NULL) {
        return 0;
    }
    if (walk.token.type != PN_RESP_ARRAY || walk.token.number != 2 ||
        !next_text(&walk, &host) || !next_text(&walk, &port) ||
        !set_endpoint(&endpoint[n++], host, port) || !next_array(&walk, &count)) {
        return PN_CLIENT_E_REPLY;
    }
    for (; count > 0; count--) {
        struct pn_endpoint replica;
        bool is_good;
        if (!one_replica(&walk, &replica, &is_good)) {
            return PN_CLIENT_E_REPLY;
        }
        if (is_good && n < PN_TOPOLOGY_NODES) {
            endpoint[n++] = replica;
        }
    }
    return n;
}
