#include "place/mcrouter.h"

#include <stdlib.h>

#include "place.h"

/* N nodes named as in mcrouter's own tests. */
static struct pn_place *
pool(const char *policy, const char *distribution, const double *weight, unsigned n)
{
    static char name[1000][24];
    static struct pn_member node[1000];
    for (unsigned i = 0; i < n; i++) {
        snprintf(name[i], sizeof name[i], "xxx.%u.yy", i);
        node[i] = (struct pn_member){.name = name[i],
                                     .weight = weight != NULL ? weight[i] : 1};
    }
    struct pn_place *place = NULL;
    struct pn_place_opts opts = {.distribution = distribution};
    CHECK_EQ(pn_place_new(policy, node, n, &opts, &place, NULL), PN_OK);
    return place;
}

static void
test_ch3(void)
{
    check_owners(place_three("mcrouter", false, NULL, NULL), "ch3", "21132212");
    struct pn_place_opts crc = {.distribution = "crc32"};
    check_owners(place_three("mcrouter", false, NULL, &crc), "crc32", "13121113");
}

static void
test_weighted(void)
{
    static const double five[] = {1.0, 0.5, 0.25, 0.0, 1.0};
    static const double three[] = {0.3, 0.1, 0.4}, last[] = {1.0, 1.0, 0.7};
    check_owners(pool("mcrouter-weighted", NULL, five, 5), "five", "11132515");
    check_owners(pool("mcrouter-weighted", NULL, three, 3), "three", "11333311");
    check_owners(pool("mcrouter-weighted", NULL, last, 3), "last", "21132212");
    static const double none[100];
    struct pn_place *place = pool("mcrouter-weighted", NULL, none, 100);
    CHECK_EQ(pn_place_owner(place, "sample", 6), 59); /* after 32 tries */
    CHECK_EQ(pn_place_owner(place, "", 0), 45);
    pn_place_free(place);
}

static void
test_weighted_counts(void)
{
    static const double weight[] = {.429, .541, .117, .998, .283,
                                    .065, .109, .042, .676, .943};
    static const unsigned want[] = {1016, 1252, 288, 2354, 661,
                                    195,  247,  122, 1668, 2197};
    unsigned count[10] = {0};
    struct pn_place *place = pool("mcrouter-weighted", NULL, weight, 10);
    for (unsigned i = 0; i < 10000; i++) {
        char key[24];
        count[pn_place_owner(place, key, number_key(key, "", i))]++;
    }
    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQ(count[i], want[i]);
    }
    pn_place_free(place);
}

/* What is hashed of a key: no route before it, nothing behind |#|, the salt at the
 * end. */
static void
test_routing_key(void)
{
    static const struct {
        const char *key, *salt, *want;
    } rows[] = {
        {"/region/cluster/key", "", "key"},
        {"/region/key", "", "/region/key"},
        {"///key", "", "key"},
        {"a/b/c/d", "", "a/b/c/d"},
        {"key|#|rest", "", "key"},
        {"/a/b/key|#|rest|#|", "", "key"},
        {"key|#", "", "key|#"},
        {"", "", ""},
        {"/a/b/", "", ""},
        {"|#|", "", ""},
        {"key", "salt", "keysalt"},
        {"/a/b/key|#|rest", "s", "keys"},
        {"", "s", "s"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mcrouter_salt salt;
        struct mcrouter_key out;
        size_t len = strlen(rows[i].key);
        char *exact = malloc(len + 1); /* a byte too far is seen by ASan */
        CHECK_EQ(mcrouter_take_salt(&salt, rows[i].salt, NULL), PN_OK);
        mcrouter_route(&out, &salt, memcpy(exact, rows[i].key, len), len);
        CHECK_EQ(out.len, strlen(rows[i].want));
        CHECK_MEM(out.key, rows[i].want, out.len);
        free(exact);
    }
}

/* Longer than the buffer for salts: it must not be left. */
static void
test_long_key(void)
{
    static char key[10000];
    memset(key, 'k', sizeof key);
    static const double weight[] = {0.1, 0.1, 0.1};
    struct pn_member node[3] = {{.name = A1}, {.name = A2}, {.name = A3}};
    char salt[MCROUTER_SALT_MAX + 2] = {0};
    memset(salt, 's', MCROUTER_SALT_MAX);
    struct pn_place_opts opts = {.salt = salt};
    for (unsigned i = 0; i < 3; i++) {
        node[i].weight = weight[i];
    }
    struct pn_place *place = NULL;
    CHECK_EQ(pn_place_new("mcrouter-weighted", node, 3, &opts, &place, NULL), PN_OK);
    CHECK(pn_place_owner(place, key, sizeof key) < 3);
    pn_place_free(place);
    salt[MCROUTER_SALT_MAX] = 's';
    CHECK_EQ(pn_place_new("mcrouter", node, 3, &opts, &place, NULL), PN_E_INVALID);
}

int
main(void)
{
    RUN(test_ch3);
    RUN(test_weighted);
    RUN(test_weighted_counts);
    RUN(test_routing_key);
    RUN(test_long_key);
    return harness_done();
}
