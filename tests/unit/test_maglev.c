#include "place.h"

/* Envoy's own test: six hosts, a table of seven. */
static void
test_published(void)
{
    static const char *const names[] = {"127.0.0.1:90", "127.0.0.1:91", "127.0.0.1:92",
                                        "127.0.0.1:93", "127.0.0.1:94", "127.0.0.1:95"};
    static const uint32_t table[7] = {2, 4, 0, 1, 5, 0, 3};
    struct pn_member node[6];
    for (unsigned i = 0; i < 6; i++) {
        node[i] = (struct pn_member){.name = names[i], .weight = 1};
    }
    struct pn_place_opts opts = {.slots = 7};
    struct pn_place *place = NULL;
    CHECK_EQ(pn_place_new("maglev", node, 6, &opts, &place, NULL), PN_OK);
    unsigned seen = 0;
    for (unsigned i = 0; i < 200; i++) {
        char key[24];
        size_t len = number_key(key, "", i);
        uint32_t slot = pn_place_slot(place, key, len);
        CHECK_EQ(pn_place_owner(place, key, len), table[slot]);
        seen |= 1u << slot;
    }
    CHECK_EQ(seen, 0x7f);
    pn_place_free(place);
}

static void
test_three(void)
{
    struct pn_place *place = place_three("maglev", false, NULL, NULL);
    double share[3];
    CHECK_EQ(pn_place_share(place, share), PN_OK);
    CHECK(share[0] * 65537 > 21845.9 && share[0] * 65537 < 21846.1);
    CHECK(share[1] * 65537 > 21845.9 && share[1] * 65537 < 21846.1);
    CHECK(share[2] * 65537 > 21844.9 && share[2] * 65537 < 21845.1);
    check_owners(place, "maglev", "22223113");
}

static void
test_weights(void)
{
    struct pn_place *place = place_three("maglev", false, (const double[]){3, 0, 1},
                                         NULL);
    double share[3];
    CHECK_EQ(pn_place_share(place, share), PN_OK);
    CHECK(share[0] > 0.749 && share[0] < 0.751 && share[1] == 0);
    pn_place_free(place);
}

static void
test_refusals(void)
{
    struct pn_member node[] = {{.name = A1, .weight = 1}, {.name = A2, .weight = 1}};
    static const uint32_t wrong[] = {1, 4, 65536, 8388617};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct pn_place_opts opts = {.slots = wrong[i]};
        struct pn_place *place = NULL;
        CHECK_EQ(pn_place_new("maglev", node, 2, &opts, &place, NULL), PN_E_INVALID);
    }
}

int
main(void)
{
    RUN(test_published);
    RUN(test_three);
    RUN(test_weights);
    RUN(test_refusals);
    return harness_done();
}
