/*
 * gutter - what is stored on a stand-in lives shortly
 *
 * While a node of memcached is down a spare one takes its keys. It is told of no delete
 * that the node itself gets when it is back, so what it holds must be gone before it
 * may be asked again. Where a command goes is known when it is encoded, mostly: a node
 * that is marked down meanwhile has its command sent to the stand-in as it is, which is
 * then told the shorter time behind it.
 */
#include "call.h"
#include "wire/meta.h"

struct looking {
    struct pn_bytes key;
    uint64_t now;
    bool is_gutter;
};

static void
look(struct pn_fleet *fleet, void *context)
{
    struct looking *looking = context;
    struct pn_route_ask ask = {
        .key = looking->key.ptr,
        .len = looking->key.len,
        .slot = PN_SLOT_NONE,
        .avoid = PN_NODE_NONE,
    };
    struct pn_route route = pn_fleet_route(fleet, &ask, looking->now);
    looking->is_gutter = route.kind == PN_ROUTE_NODE && route.is_gutter;
}

static void
clamp(struct pn_meta_request *request, char flag, int64_t *exptime, int64_t most)
{
    uint64_t bit = pn_meta_bit(flag);
    bool is_longer = (request->has & bit) == 0 || *exptime == 0 || *exptime > most;
    if (is_longer) {
        request->has |= bit;
        *exptime = most;
    }
}

void
call_shorten(struct call *call, struct pn_meta_request *request, bool *is_short)
{
    struct fleet_share *share = call->client->share;
    bool creates = request->verb == PN_META_MS ||
                   (request->verb == PN_META_MA &&
                    (request->has & pn_meta_bit('N')) != 0);
    *is_short = share->gutter_ttl_s == 0 || !creates;
    if (*is_short) {
        return;
    }
    struct looking looking = {.key = request->key, .now = call->now};
    pn_client_fleet(share->client, look, &looking);
    if (!looking.is_gutter) {
        return;
    }
    *is_short = true;
    if (request->verb == PN_META_MS) {
        clamp(request, 'T', &request->ttl, share->gutter_ttl_s);
    } else {
        clamp(request, 'N', &request->vivify, share->gutter_ttl_s);
    }
}

int
call_shorten_late(struct call *call, size_t i)
{
    struct command *command = &call->command[i];
    const struct pn_request *sent = &call->part[command->first].request;
    uint16_t node = sent->by;
    struct pn_meta_request request = {
        .verb = PN_META_MG,
        .has = pn_meta_bit('T'),
        .key = command->key,
        .ttl = call->client->share->gutter_ttl_s,
    };
    struct pn_out out = {.cap = PN_MC_KEY_MAX + 40};
    out.ptr = arena_take(&call->arena, out.cap);
    if (out.ptr == NULL) {
        return -1;
    }
    command->is_short = true;
    if (pn_meta_put_request(&out, &request) < 0) {
        return 0; /* as a key it was good enough before */
    }
    struct part *part = call_new_part(call, i, (struct pn_bytes){out.ptr, out.len},
                                      PN_REQ_SAFE);
    if (part == NULL) {
        return -1;
    }
    part->request.node = node;
    call->command[i].n_parts--; /* its reply is not the command's */
    return 0;
}
