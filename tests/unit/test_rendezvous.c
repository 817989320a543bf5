#include "place.h"

static void
test_pymemcache(void)
{
    struct pn_place_opts bytes = {.flags = PN_PLACE_BYTES};
    check_owners(place_three("pymemcache", false, NULL, NULL), "str", "11321223");
    check_owners(place_three("pymemcache", false, NULL, &bytes), "bytes", "22122121");
    struct pn_member node[] = {{.name = A1, .weight = 1},
                               {.name = A2, .weight = 1},
                               {.name = A3, .weight = 1},
                               {.name = "10.0.1.4:11211", .weight = 1}};
    struct pn_place *place = NULL;
    CHECK_EQ(pn_place_new("pymemcache", node, 4, NULL, &place, NULL), PN_OK);
    check_owners(place, "four", "11321224");
}

/* By descending score, which is where pymemcache goes when a server is dead. */
static void
test_order(void)
{
    static const char *const want[] = {"123", "123", "321", "213", "123", "231"};
    struct pn_place *place = place_three("pymemcache", false, NULL, NULL);
    for (unsigned i = 0; i < 6; i++) {
        uint32_t owner[3] = {0};
        CHECK_EQ(pn_place_owners(place, keys[i], strlen(keys[i]), owner, 3), 3);
        for (unsigned k = 0; k < 3; k++) {
            CHECK_EQ(owner[k] + 1, want[i][k] - '0');
        }
    }
    pn_place_free(place);
}

static void
test_mcrouter(void)
{
    static const double weight[] = {.3, .1, .4};
    struct pn_place_opts opts = {.distribution = "rendezvous"};
    check_owners(place_three("mcrouter", false, NULL, &opts), "plain", "22321112");
    check_owners(place_three("mcrouter-weighted", false, weight, &opts), "weighted",
                 "13121323");
}

/* Values of mcrouter's own tests. */
static void
check_pool(const char *policy, unsigned n, const unsigned want[4])
{
    static char name[343][24];
    static struct pn_member node[343];
    char high[256];
    for (unsigned i = 0; i < 256; i++) {
        high[i] = (char)(i + 128);
    }
    for (unsigned i = 0; i < n; i++) {
        snprintf(name[i], sizeof name[i], "xxx.%u.yy", i);
        node[i] = (struct pn_member){.name = name[i], .weight = 1};
    }
    struct pn_place *place = NULL;
    struct pn_place_opts opts = {.distribution = "rendezvous"};
    CHECK_EQ(pn_place_new(policy, node, n, &opts, &place, NULL), PN_OK);
    CHECK_EQ(pn_place_owner(place, "sample", 6), want[0]);
    CHECK_EQ(pn_place_owner(place, "", 0), want[1]);
    CHECK_EQ(pn_place_owner(place, "mykey", 5), want[2]);
    CHECK_EQ(pn_place_owner(place, high, sizeof high), want[3]);
    pn_place_free(place);
}

static void
test_published(void)
{
    check_pool("mcrouter", 3, (const unsigned[]){1, 1, 1, 1});
    check_pool("mcrouter", 343, (const unsigned[]){45, 291, 132, 183});
    check_pool("mcrouter-weighted", 3, (const unsigned[]){0, 2, 1, 1});
    check_pool("mcrouter-weighted", 343, (const unsigned[]){115, 279, 302, 142});
}

/* Bytes that are no UTF-8, at every length, are taken as they are: nothing is read
 * behind the key (ASan), and something answers. */
static void
test_no_utf8(void)
{
    struct pn_place_opts bytes = {.flags = PN_PLACE_BYTES};
    struct pn_place *str = place_three("pymemcache", false, NULL, NULL);
    struct pn_place *raw = place_three("pymemcache", false, NULL, &bytes);
    static const char text[] = "\xf0\x9f\xa6\x9c'\"\\\n\t\r\x7f\xff\xe6\x97";
    for (size_t from = 0; from < sizeof text; from++) {
        for (size_t to = from; to < sizeof text; to++) {
            char exact[sizeof text];
            memcpy(exact, text + from, to - from);
            CHECK(pn_place_owner(str, exact, to - from) < 3);
            CHECK(pn_place_owner(raw, exact, to - from) < 3);
        }
    }
    pn_place_free(str);
    pn_place_free(raw);
}

/* Two nodes of one name score the same. */
static void
test_ties(void)
{
    struct pn_member node[] = {{.name = A1, .weight = 1}, {.name = A1, .weight = 1}};
    struct pn_place_opts opts = {.distribution = "rendezvous"};
    struct pn_place *later = NULL, *earlier = NULL;
    CHECK_EQ(pn_place_new("mcrouter", node, 2, &opts, &later, NULL), PN_OK);
    CHECK_EQ(pn_place_new("mcrouter-weighted", node, 2, &opts, &earlier, NULL), PN_OK);
    CHECK_EQ(pn_place_owner(later, "foo", 3), 1);
    CHECK_EQ(pn_place_owner(earlier, "foo", 3), 0);
    pn_place_free(later);
    pn_place_free(earlier);
}

int
main(void)
{
    RUN(test_ties);
    RUN(test_pymemcache);
    RUN(test_order);
    RUN(test_mcrouter);
    RUN(test_published);
    RUN(test_no_utf8);
    return harness_done();
}
