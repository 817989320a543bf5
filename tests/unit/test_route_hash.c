#include "fleet.h"

/* The owner is the placement's, by the names given or by host:port. */
static void
test_placed(void)
{
    static const char *const names[] = {"alpha", "beta", "gamma"};
    static const char *const standard[] = {"10.0.0.0:7000", "10.0.0.1:7000",
                                           "10.0.0.2:7000"};
    static const char *const policy[] = {NULL, "hash_ring", "libketama", "maglev",
                                         "pymemcache"};
    double weights[] = {1, 1, 1};
    for (unsigned p = 0; p < 5; p++) {
        for (unsigned named = 0; named < 2; named++) {
            struct pn_fleet_opts opts = {.place = policy[p],
                                         .names = named ? names : NULL,
                                         .weights = weights};
            struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 3, &opts);
            struct pn_member member[3];
            struct pn_place *place = NULL;
            for (unsigned i = 0; i < 3; i++) {
                const char *name = named ? names[i] : standard[i];
                member[i] = (struct pn_member){.name = name, .weight = 1};
            }
            const char *by = policy[p] != NULL ? policy[p] : "slots";
            CHECK_EQ(pn_place_new(by, member, 3, NULL, &place, NULL), PN_OK);
            for (unsigned i = 0; i < KEYS; i++) {
                char key[24];
                size_t len = key_of(i, key);
                struct pn_route route = route_i(fleet, i, 0, START);
                CHECK_EQ(route.kind, PN_ROUTE_NODE);
                CHECK_EQ(server_number(fleet, route.node),
                         pn_place_owner(place, key, len));
                CHECK(route.second == PN_NODE_NONE && !route.is_gutter);
            }
            pn_place_free(place);
            pn_fleet_free(fleet);
        }
    }
}

/* One is down: its keys fail at once, those of others stay where they are. */
static void
test_down(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 4, NULL);
    uint16_t before[KEYS];
    for (unsigned i = 0; i < KEYS; i++) {
        before[i] = route_i(fleet, i, 0, START).node;
    }
    pn_fleet_trouble(fleet, 2, PN_TROUBLE_DIAL, START);
    for (unsigned i = 0; i < KEYS; i++) {
        struct pn_route route = route_i(fleet, i, 0, START);
        CHECK_EQ(route.kind, before[i] == 2 ? PN_ROUTE_DOWN : PN_ROUTE_NODE);
        CHECK_EQ(route.node, before[i]);
    }
    for (unsigned i = 0; i < 50; i++) {
        CHECK(route_key(fleet, NULL, 0, START).node != 2);
    }
    /* A probe is due: it is waited for, by one who was idle as well; not by one who has
     * another way to go. */
    uint64_t later = START + 20 * SEC;
    for (unsigned i = 0; i < KEYS; i++) {
        CHECK_EQ(route_i(fleet, i, 0, later).kind,
                 before[i] == 2 ? PN_ROUTE_WAIT : PN_ROUTE_NODE);
        CHECK_EQ(route_i(fleet, i, PN_ROUTE_QUICK, later).kind,
                 before[i] == 2 ? PN_ROUTE_DOWN : PN_ROUTE_NODE);
    }
    struct pn_task task = pn_fleet_task(fleet, later);
    pn_fleet_probed(fleet, &task, later);
    for (unsigned i = 0; i < KEYS; i++) {
        CHECK_EQ(route_i(fleet, i, 0, later).node, before[i]);
    }
    pn_fleet_free(fleet);
}

/* Its keys go to the gutter, spread over it, the same for every client, also one that
 * lists it in another order; and when a gutter server is down, to the others. */
static void
test_gutter(void)
{
    struct pn_endpoint spare[3] = {server(90), server(91), server(92)};
    struct pn_fleet_opts opts = {.gutter = spare, .n_gutter = 3};
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 4, &opts);
    struct pn_endpoint turned[3] = {server(92), server(90), server(91)};
    opts.gutter = turned;
    struct pn_fleet *twin = fleet_make(PN_FLEET_HASH, 4, &opts);
    CHECK_EQ(pn_fleet_node(fleet, node_of(fleet, 91))->role, PN_ROLE_GUTTER);
    unsigned count[3] = {0}, owned = 0;
    for (unsigned round = 0; round < 3; round++) {
        pn_fleet_trouble(round == 1 ? twin : fleet, 1, PN_TROUBLE_DIAL, START);
    }
    for (unsigned i = 0; i < KEYS; i++) {
        struct pn_route route = route_i(fleet, i, 0, START);
        CHECK_EQ(route.kind, PN_ROUTE_NODE);
        CHECK_EQ(server_number(fleet, route.node),
                 server_number(twin, route_i(twin, i, 0, START).node));
        if (route.is_gutter) {
            count[server_number(fleet, route.node) - 90]++;
        } else {
            owned++;
            CHECK(server_number(fleet, route.node) < 4);
        }
    }
    CHECK(count[0] > 10 && count[1] > 10 && count[2] > 10 && owned > 200);
    pn_fleet_trouble(fleet, node_of(fleet, 90), PN_TROUBLE_DIAL, START);
    pn_fleet_trouble(fleet, node_of(fleet, 91), PN_TROUBLE_DIAL, START);
    for (unsigned i = 0; i < KEYS; i++) {
        struct pn_route route = route_i(fleet, i, 0, START);
        CHECK(!route.is_gutter || server_number(fleet, route.node) == 92);
    }
    pn_fleet_trouble(fleet, node_of(fleet, 92), PN_TROUBLE_DIAL, START);
    unsigned down = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        down += route_i(fleet, i, 0, START).kind == PN_ROUTE_DOWN;
    }
    CHECK_EQ(down, KEYS - owned);
    pn_fleet_free(fleet);
    pn_fleet_free(twin);
}

/* The next owner, by the placement's own order. */
static void
fails_over(const char *policy)
{
    struct pn_fleet_opts opts = {.fail_over = true, .place = policy};
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 4, &opts);
    struct pn_member member[4];
    char name[4][32];
    struct pn_place *place = NULL;
    for (unsigned i = 0; i < 4; i++) {
        snprintf(name[i], sizeof name[i], "10.0.0.%u:7000", i);
        member[i] = (struct pn_member){.name = name[i], .weight = 1};
    }
    const struct pn_place_opts replicated = {.replicas = policy == NULL ? 2 : 0};
    CHECK_EQ(pn_place_new(policy != NULL ? policy : "slots", member, 4, &replicated,
                          &place, NULL),
             PN_OK);
    pn_fleet_trouble(fleet, 1, PN_TROUBLE_DIAL, START);
    unsigned moved = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        char key[24];
        uint32_t owner[2];
        size_t len = key_of(i, key);
        CHECK_EQ(pn_place_owners(place, key, len, owner, 2), 2);
        struct pn_route route = route_i(fleet, i, 0, START);
        CHECK_EQ(route.is_gutter, owner[0] == 1);
        CHECK_EQ(route.node, owner[0] == 1 ? owner[1] : owner[0]);
        moved += route.is_gutter;
    }
    CHECK(moved > 20);
    pn_place_free(place);
    pn_fleet_free(fleet);
}

static void
test_fail_over(void)
{
    fails_over("hash_ring");
    fails_over(NULL); /* slots, whose second owners are a column of the table */
}

/* The owner is the owner, up or down. */
static void
test_owner(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 3, NULL);
    for (unsigned i = 0; i < 60; i++) {
        char key[24];
        size_t len = key_of(i, key);
        uint16_t owner = pn_fleet_owner(fleet, key, len);
        CHECK_EQ(owner, route_i(fleet, i, 0, START).node);
        pn_fleet_trouble(fleet, owner, PN_TROUBLE_DIAL, START);
        CHECK_EQ(pn_fleet_owner(fleet, key, len), owner);
        pn_fleet_connected(fleet, owner, START);
    }
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_placed);
    RUN(test_down);
    RUN(test_gutter);
    RUN(test_fail_over);
    RUN(test_owner);
    return harness_done();
}
