#include "fleet.h"

enum { KEYS = 400 };

static size_t
key_of(unsigned i, char key[24])
{
    return (size_t)snprintf(key, 24, "user:%u", i);
}

static struct pn_route
route_i(struct pn_fleet *fleet, unsigned i, uint32_t flags, uint64_t now)
{
    char key[24];
    struct pn_route_ask ask = {.key = key,
                               .len = key_of(i, key),
                               .slot = PN_SLOT_NONE,
                               .flags = flags,
                               .avoid = PN_NODE_NONE};
    return pn_fleet_route(fleet, &ask, now);
}

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

static void
test_shares(void)
{
    double weights[] = {1, 3};
    struct pn_fleet_opts opts = {.weights = weights};
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 2, &opts);
    CHECK_EQ(pn_fleet_node(fleet, 0)->slots, 4096);
    CHECK_EQ(pn_fleet_node(fleet, 1)->slots, 12288);
    CHECK_EQ(pn_fleet_node(fleet, 1)->role, PN_ROLE_MEMBER);
    pn_fleet_free(fleet);
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
    /* A probe is due: it is waited for, by one who was idle as well. */
    uint64_t later = START + 20 * SEC;
    for (unsigned i = 0; i < KEYS; i++) {
        CHECK_EQ(route_i(fleet, i, 0, later).kind,
                 before[i] == 2 ? PN_ROUTE_WAIT : PN_ROUTE_NODE);
    }
    struct pn_task task = pn_fleet_task(fleet, later);
    pn_fleet_probed(fleet, &task, later);
    for (unsigned i = 0; i < KEYS; i++) {
        CHECK_EQ(route_i(fleet, i, 0, later).node, before[i]);
    }
    pn_fleet_free(fleet);
}

/* Its keys go to the gutter, spread over it, the same for every client; and when a
 * gutter server is down, to the others. */
static void
test_gutter(void)
{
    struct pn_endpoint spare[3] = {server(90), server(91), server(92)};
    struct pn_fleet_opts opts = {.gutter = spare, .n_gutter = 3};
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 4, &opts);
    struct pn_fleet *twin = fleet_make(PN_FLEET_HASH, 4, &opts);
    CHECK_EQ(pn_fleet_node(fleet, node_of(fleet, 91))->role, PN_ROLE_GUTTER);
    unsigned count[3] = {0}, owned = 0;
    for (unsigned round = 0; round < 3; round++) {
        pn_fleet_trouble(round == 1 ? twin : fleet, 1, PN_TROUBLE_DIAL, START);
    }
    for (unsigned i = 0; i < KEYS; i++) {
        struct pn_route route = route_i(fleet, i, 0, START);
        CHECK_EQ(route.kind, PN_ROUTE_NODE);
        CHECK_EQ(route.node, route_i(twin, i, 0, START).node);
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

static int
now_these(struct pn_fleet *fleet, unsigned from, unsigned n, uint64_t warm,
          uint64_t now)
{
    struct pn_endpoint member[16];
    for (unsigned i = 0; i < n; i++) {
        member[i] = server(from + i);
    }
    struct pn_why why = {.text = ""};
    int rc = pn_fleet_learn_members(fleet, member, NULL, NULL, n, warm, now, &why);
    CHECK((rc < 0) == (why.text[0] != '\0'));
    return rc;
}

/* For a while reads that miss look at the old owner, and deletes go there too. */
static void
test_warm_up(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 3, NULL);
    uint16_t before[KEYS];
    for (unsigned i = 0; i < KEYS; i++) {
        before[i] = route_i(fleet, i, PN_ROUTE_READ, START).node;
    }
    CHECK_EQ(now_these(fleet, 0, 4, 60 * SEC, START), PN_OK);
    CHECK_EQ(pn_fleet_epoch(fleet), 1);
    uint16_t node[4] = {9, 9, 9, 9};
    CHECK_EQ(pn_fleet_members(fleet, true, node, 4), 3);
    CHECK(node[0] == 0 && node[2] == 2 && node[3] == 9);
    CHECK_EQ(pn_fleet_members(fleet, false, node, 2), 4);
    CHECK(node[1] == 1 && node[2] == 2 && node[3] == 9);
    unsigned moved = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        struct pn_route read = route_i(fleet, i, PN_ROUTE_READ, START);
        struct pn_route remove = route_i(fleet, i, PN_ROUTE_DELETE, START);
        struct pn_route write = route_i(fleet, i, 0, START);
        bool is_moved = read.node != before[i];
        CHECK_EQ(read.second, is_moved ? before[i] : PN_NODE_NONE);
        char key[24];
        CHECK_EQ(pn_fleet_old_owner(fleet, key, key_of(i, key)), before[i]);
        CHECK_EQ(remove.second, read.second);
        CHECK(remove.node == read.node && write.node == read.node);
        CHECK_EQ(write.second, PN_NODE_NONE);
        moved += is_moved;
    }
    CHECK(moved > 50 && moved < KEYS);
    /* One that was down may have missed deletes: it is asked no more, also when
     * back. */
    pn_fleet_trouble(fleet, 0, PN_TROUBLE_DIAL, START);
    pn_fleet_connected(fleet, 0, START + SEC);
    unsigned of_zero = 0, of_others = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        uint16_t second = route_i(fleet, i, PN_ROUTE_READ, START + SEC).second;
        of_zero += second == 0;
        of_others += second != PN_NODE_NONE;
    }
    CHECK(of_zero == 0 && of_others > 10);
    CHECK_EQ(pn_fleet_wake(fleet), START + 60 * SEC);
    CHECK_EQ(route_i(fleet, 0, PN_ROUTE_READ, START + 60 * SEC).second, PN_NODE_NONE);
    CHECK_EQ(pn_fleet_task(fleet, START + 60 * SEC).kind, PN_TASK_NONE);
    CHECK_EQ(pn_fleet_epoch(fleet), 2);
    CHECK_EQ(pn_fleet_wake(fleet), PN_NEVER);
    CHECK_EQ(pn_fleet_members(fleet, true, node, 4), 0);
    CHECK_EQ(pn_fleet_old_owner(fleet, "k", 1), PN_NODE_NONE);
    pn_fleet_free(fleet);
}

/* Those that leave are known as long as they may be read from. */
static void
test_leaving(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 3, NULL);
    CHECK_EQ(now_these(fleet, 2, 2, 60 * SEC, START), PN_OK); /* 2 stays, 3 is new */
    CHECK(node_of(fleet, 0) != PN_NODE_NONE && node_of(fleet, 3) != PN_NODE_NONE);
    for (unsigned i = 0; i < KEYS; i++) {
        CHECK(server_number(fleet, route_i(fleet, i, 0, START).node) >= 2);
    }
    pn_fleet_task(fleet, START + 60 * SEC);
    CHECK_EQ(node_of(fleet, 0), PN_NODE_NONE);
    CHECK_EQ(node_of(fleet, 1), PN_NODE_NONE);
    CHECK_EQ(now_these(fleet, 8, 2, 0, START + 61 * SEC), PN_OK); /* no warm-up */
    CHECK_EQ(node_of(fleet, 2), PN_NODE_NONE);
    CHECK(server_number(fleet, route_i(fleet, 5, 0, START + 61 * SEC).node) >= 8);
    pn_fleet_free(fleet);
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

static void
test_refused(void)
{
    struct pn_fleet *fleet = fleet_make(PN_FLEET_HASH, 3, NULL);
    uint64_t epoch = pn_fleet_epoch(fleet);
    CHECK_EQ(now_these(fleet, 0, 0, 0, START), PN_E_INVALID);
    double weights[2] = {1, -1};
    struct pn_endpoint member[2] = {server(7), server(8)};
    struct pn_why why;
    CHECK_EQ(pn_fleet_learn_members(fleet, member, NULL, weights, 2, 0, START, &why),
             PN_E_INVALID);
    CHECK_EQ(node_of(fleet, 7), PN_NODE_NONE);
    CHECK_EQ(pn_fleet_epoch(fleet), epoch);
    CHECK_EQ(route_i(fleet, 0, 0, START).kind, PN_ROUTE_NODE);
    pn_fleet_free(fleet);
    fleet = fleet_make(PN_FLEET_SINGLE, 1, NULL);
    CHECK_EQ(now_these(fleet, 0, 2, 0, START), PN_E_INVALID);
    pn_fleet_free(fleet);
}

int
main(void)
{
    RUN(test_placed);
    RUN(test_shares);
    RUN(test_down);
    RUN(test_gutter);
    RUN(test_fail_over);
    RUN(test_warm_up);
    RUN(test_leaving);
    RUN(test_owner);
    RUN(test_refused);
    return harness_done();
}
