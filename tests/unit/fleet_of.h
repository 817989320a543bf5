/*
 * fleet_of - a client of one or several peers, and requests to run on it
 */
#ifndef PINYON_TEST_FLEET_OF_H
#define PINYON_TEST_FLEET_OF_H

#include "base/clock.h"
#include "client/hub.h"
#include "harness.h"
#include "scripted.h"

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)

/* A client of KIND whose servers are PEER[0..n). */
static inline struct pn_client *
fleet_of(enum pn_fleet_kind kind, struct scripted *const *peer, size_t n,
         struct pn_client_opts opts)
{
    struct pn_endpoint seed[8];
    struct pn_client *client = NULL;
    struct pn_why why = {0};
    for (size_t i = 0; i < n; i++) {
        snprintf(seed[i].host, sizeof seed[i].host, "127.0.0.1");
        seed[i].port = scripted_port(peer[i]);
    }
    opts.fleet.kind = kind;
    opts.fleet.seed = seed;
    opts.fleet.n_seeds = n;
    opts.fleet.seed_of_chance = 7;
    if (!CHECK_EQ(pn_client_open(&opts, &client, &why), PN_OK)) {
        printf("# %s\n", why.text);
    }
    return client;
}

static inline struct pn_hub *
take(struct pn_client *client)
{
    struct pn_hub *hub = NULL;
    uint64_t now = pn_clock_mono_ns();
    CHECK_EQ(pn_client_take(client, now, now + SECOND, &hub), PN_OK);
    return hub;
}

static inline void
give(struct pn_client *client, struct pn_hub *hub)
{
    pn_client_give(client, hub, pn_clock_mono_ns());
}

/* A request for the command line WIRE, to be answered within MS_LEFT. */
static inline struct pn_request
ask(const char *wire, unsigned flags, uint64_t ms_left)
{
    return (struct pn_request){.wire = wire,
                               .wire_len = strlen(wire),
                               .slot = PN_SLOT_NONE,
                               .node = PN_NODE_NONE,
                               .flags = (uint16_t)flags,
                               .deadline = pn_clock_mono_ns() + ms_left * MS};
}

/* Runs it to its end. */
static inline int
run(struct pn_hub *hub, struct pn_request *request)
{
    uint64_t now = pn_clock_mono_ns();
    size_t left = pn_hub_run(hub, request, 1, now, request->deadline + SECOND);
    for (int i = 0; left > 0 && i < 100; i++) { /* signals, slices */
        left = pn_hub_run_more(hub, request->deadline + SECOND);
    }
    CHECK_EQ(left, 0);
    return request->rc;
}

static inline bool
replied(const struct pn_hub *hub, const struct pn_request *request, const char *want)
{
    struct pn_bytes got = pn_hub_reply(hub, request);
    bool is_so = request->rc == 0 &&
                 pn_bytes_equal(got, (struct pn_bytes){want, strlen(want)});
    if (!is_so) {
        printf("# rc %d, reply %.*s, not %s\n", request->rc, (int)got.len, got.ptr,
               want);
    }
    return is_so;
}

#endif
