#include "place/kind.h"

#include "place.h"

static void
test_names(void)
{
    unsigned n = 0;
    for (; pn_place_policy(n) != NULL; n++) {
        CHECK(place_policy_find(pn_place_policy(n), NULL, NULL) != NULL);
        for (unsigned k = 0; k < n; k++) {
            CHECK(strcmp(pn_place_policy(n), pn_place_policy(k)) != 0);
        }
    }
    CHECK_EQ(n, 19);
}

/* Each refusal names the thing and says what would be right. */
static void
check_refused(const char *policy, double weight, struct pn_place_opts opts,
              const char *said)
{
    struct pn_member node[] = {{.name = A1, .weight = 1},
                               {.name = A2, .weight = weight}};
    struct pn_place *place = NULL;
    struct pn_why why = {.text = ""};
    CHECK_EQ(pn_place_new(policy, node, 2, &opts, &place, &why), PN_E_INVALID);
    CHECK_EQ(pn_place_new(policy, node, 2, &opts, &place, NULL), PN_E_INVALID);
    CHECK(place == NULL);
    if (!CHECK(strstr(why.text, said) != NULL)) {
        printf("# %s: %s\n", policy, why.text);
    }
}

static void
test_refusals(void)
{
    struct pn_place_opts none = {.hash = NULL};
    check_refused("ketema", 1, none, "known are slots hash_ring");
    check_refused("pymemcache", 2, none, "weight 2 of node " A2 ": give 1, for this");
    check_refused("libketama", 0, none, "a whole number from 1 on");
    check_refused("libketama", 1.5, none, "a whole number from 1 on");
    check_refused("hash_ring", -1, none, "give 0 or more");
    check_refused("mcrouter-weighted", 1.1, none, "give 0 to 1");
    check_refused("modula", 1, (struct pn_place_opts){.hash = "hsieh"}, "take another");
    check_refused("modula", 1, (struct pn_place_opts){.hash = "sha1"},
                  "known are oaat");
    check_refused("hash_ring", 1, (struct pn_place_opts){.hash = "md5"},
                  "has no option hash; it has none");
    check_refused("jump", 1, (struct pn_place_opts){.slots = 4}, "it has seed");
    check_refused("twemproxy", 1, (struct pn_place_opts){.hash_tag = "{"},
                  "such as {}");
    check_refused("twemproxy", 1, (struct pn_place_opts){.distribution = "random"},
                  "it has ketama modula");
    check_refused("slots", 1, (struct pn_place_opts){.distribution = "x"},
                  "has no option distribution");
    check_refused("bounded", 1, (struct pn_place_opts){.epsilon = -1}, "such as 0.25");
    check_refused("libketama", 1, (struct pn_place_opts){.flags = PN_PLACE_ARM}, "arm");
}

static void
test_members(void)
{
    char name[PN_PLACE_NAME_MAX + 2] = {0};
    memset(name, 'n', PN_PLACE_NAME_MAX + 1);
    struct pn_member node = {.name = "", .weight = 1};
    struct pn_place *place = NULL;
    CHECK_EQ(pn_place_new("slots", &node, 0, NULL, &place, NULL), PN_E_INVALID);
    CHECK_EQ(pn_place_new("slots", &node, PN_PLACE_MEMBERS_MAX + 1, NULL, &place, NULL),
             PN_E_INVALID);
    CHECK_EQ(pn_place_new("slots", &node, 1, NULL, &place, NULL), PN_E_INVALID);
    node.name = name;
    CHECK_EQ(pn_place_new("slots", &node, 1, NULL, &place, NULL), PN_E_INVALID);
    node = (struct pn_member){.name = A1, .weight = 1, .is_out = 1};
    CHECK_EQ(pn_place_new("slots", &node, 1, NULL, &place, NULL), PN_E_INVALID);
    node = (struct pn_member){.name = A1, .weight = 0};
    CHECK_EQ(pn_place_new("slots", &node, 1, NULL, &place, NULL), PN_E_INVALID);
    CHECK(place == NULL);
}

int
main(void)
{
    RUN(test_names);
    RUN(test_refusals);
    RUN(test_members);
    return harness_done();
}
