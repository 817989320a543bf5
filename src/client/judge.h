/*
 * judge - what a server's error means for the request that met it (pure)
 *
 * The table of what redirects, refusals and states of Redis, Valkey and Garnet oblige a
 * client to: reply in, verdict out. The hub acts on it with the fleet's help.
 */
#ifndef PN_CLIENT_JUDGE_H
#define PN_CLIENT_JUDGE_H

#include "fleet/fleet.h"
#include "wire/text.h"

enum pn_verdict_kind {
    PN_VERDICT_ANSWER,    /* not for us to deal with: the caller's, as it is */
    PN_VERDICT_MOVED,     /* pn_fleet_moved(.slot, .endpoint), send there now */
    PN_VERDICT_ASK,       /* ASKING and the command to .endpoint, once; no map change */
    PN_VERDICT_REDIRECT,  /* -REDIRECT: send to .endpoint, and learn the topology */
    PN_VERDICT_AGAIN,     /* the same node after a pause: BUSY, MIGRATING */
    PN_VERDICT_APART,     /* as AGAIN, or key by key: TRYAGAIN */
    PN_VERDICT_ELSEWHERE, /* pn_fleet_trouble(.trouble), then route anew after a pause:
                             LOADING, READONLY, MASTERDOWN, CLUSTERDOWN, NOREPLICAS */
    PN_VERDICT_AUTH,      /* NOAUTH, WRONGPASS: configuration; never again */
};

struct pn_verdict {
    enum pn_verdict_kind kind;
    enum pn_trouble trouble; /* AGAIN, ELSEWHERE; ANSWER of OOM and MISCONF: REFUSED */
    bool has_trouble;
    uint32_t slot;               /* MOVED, ASK */
    struct pn_endpoint endpoint; /* an empty host: that of the node which answered */
};

/* ERROR is the text behind the '-', without CRLF: "MOVED 3999 127.0.0.1:6381". A MOVED
 * that cannot be read is an ANSWER. Nothing but the verdict is written. */
void
pn_judge(struct pn_bytes error, struct pn_verdict *verdict);

/* "host:port", "[v6]:port", "v6:port" (split at the last colon), ":port": false when it
 * is none of them. */
bool
pn_judge_endpoint(struct pn_bytes text, struct pn_endpoint *endpoint);

#endif
