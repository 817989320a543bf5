#include "fleet.h"

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
    RUN(test_shares);
    RUN(test_warm_up);
    RUN(test_leaving);
    RUN(test_refused);
    return harness_done();
}
