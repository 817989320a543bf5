#include "pinyon/place.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "place.h"

/* The seam of base/alloc.h, with a counter: the call that brings it to 0 fails. */
static int fail_at;
static int living;

void *
pn_alloc(size_t size)
{
    if (fail_at > 0 && --fail_at == 0) {
        return NULL;
    }
    living++;
    return calloc(1, size);
}

void
pn_free(void *p)
{
    living -= p != NULL;
    free(p);
}

/* What must hold for every policy. */

enum { N = 13, PROBES = 3000 };

static struct pn_place *
make(const char *policy, unsigned n, unsigned out)
{
    static char name[N][24];
    struct pn_member node[N];
    for (unsigned i = 0; i < n; i++) {
        snprintf(name[i], sizeof name[i], "10.0.0.%u:11211", i);
        node[i] = (struct pn_member){.name = name[i],
                                     .weight = 1,
                                     .is_out = i == out ? 1 : 0};
    }
    struct pn_place *place = NULL;
    struct pn_why why = {.text = ""};
    if (!CHECK_EQ(pn_place_new(policy, node, n, NULL, &place, &why), PN_OK)) {
        printf("# %s: %s\n", policy, why.text);
    }
    return place;
}

static bool
is_one_of(const char *name, const char *list)
{
    return strstr(list, name) != NULL;
}

/* One node gone: who else loses a key, and does not say so in the header? */
static void
test_removal(void)
{
    for (unsigned p = 0; pn_place_policy(p) != NULL; p++) {
        const char *policy = pn_place_policy(p);
        struct pn_place *all = make(policy, N, N), *less = make(policy, N, 6);
        unsigned moved = 0, collateral = 0;
        for (unsigned i = 0; i < PROBES; i++) {
            char key[24];
            size_t len = number_key(key, "k", i);
            uint32_t before = pn_place_owner(all, key, len);
            uint32_t after = pn_place_owner(less, key, len);
            CHECK(before < N && after < N && after != 6);
            moved += before != after;
            collateral += before != after && before != 6;
        }
        CHECK(moved > PROBES / N / 2);
        if (is_one_of(policy, "hash_ring libketama pylibmc pylibmc-md5 uhashring "
                              "pylibmc-weighted uhashring-ketama pymemcache bounded")) {
            CHECK_EQ(collateral, 0);
        } else if (strcmp(policy, "maglev") == 0) {
            CHECK(collateral < PROBES / 50);
        }
        pn_place_free(all);
        pn_place_free(less);
    }
}

/* Owners are distinct, begin with the owner, and are all there is or all asked for. */
static void
test_owners(void)
{
    for (unsigned p = 0; pn_place_policy(p) != NULL; p++) {
        const char *policy = pn_place_policy(p);
        struct pn_place *place = make(policy, N, 3);
        for (unsigned i = 0; i < 200; i++) {
            char key[24];
            size_t len = number_key(key, "k", i);
            uint32_t owner[N + 1], mask = 0;
            size_t n = pn_place_owners(place, key, len, owner, N + 1);
            CHECK(n >= 1 && n < N);
            CHECK_EQ(owner[0], pn_place_owner(place, key, len));
            for (size_t k = 0; k < n; k++) {
                CHECK(owner[k] < N && owner[k] != 3 && (mask >> owner[k] & 1) == 0);
                mask |= 1u << owner[k];
            }
            if (!is_one_of(policy, "slots redis-cluster couchbase python-memcached")) {
                CHECK_EQ(n, N - 1);
            }
            CHECK_EQ(pn_place_owners(place, key, len, owner, 0), 0);
        }
        pn_place_free(place);
    }
}

/* Any bytes are a key; one node owns all; shares add up to the whole. */
static void
test_any_key(void)
{
    static char big[100000];
    memset(big, 0xe6, sizeof big);
    for (unsigned p = 0; pn_place_policy(p) != NULL; p++) {
        struct pn_place *place = make(pn_place_policy(p), N, N);
        struct pn_place *one = make(pn_place_policy(p), 1, N);
        for (unsigned bytes = 0; bytes < 65536; bytes += 97) {
            const unsigned char key[2] = {(unsigned char)bytes, bytes >> 8 & 0xff};
            CHECK(pn_place_owner(place, key, 2) < N);
            CHECK_EQ(pn_place_owner(one, key, 2), 0);
        }
        CHECK(pn_place_owner(place, NULL, 0) < N);
        CHECK(pn_place_owner(place, big, sizeof big) < N);
        double share[N], sum = 0;
        CHECK_EQ(pn_place_share(place, share), PN_OK);
        for (unsigned i = 0; i < N; i++) {
            CHECK(share[i] > 0.02 && share[i] < 0.2);
            sum += share[i];
        }
        CHECK(sum > 0.999999 && sum < 1.000001);
        CHECK_EQ(pn_place_share(one, share), PN_OK);
        CHECK(share[0] > 0.999999 && share[0] < 1.000001);
        pn_place_free(place);
        pn_place_free(one);
    }
}

/* Of policies that are ours, or whose original sorts: no sum of weights and no tie may
 * depend on the order in which nodes are listed. 0.1 + 0.2 + 0.3 is not
 * 0.3 + 0.2 + 0.1. */
static void
test_any_order(void)
{
    enum { MOST = 11 };
    static const char *const policy[] = {"slots", "maglev", "bounded"};
    for (unsigned turn = 0; turn < 150; turn++) {
        unsigned n = 3 + turn % (MOST - 2);
        char name[MOST][24];
        struct pn_member node[MOST], turned[MOST];
        for (unsigned i = 0; i < n; i++) {
            snprintf(name[i], sizeof name[i], "10.0.%u.%u:11211", turn, i * 37 % 251);
            node[i] = (struct pn_member){.name = name[i],
                                         .weight = (1 + (turn + 7 * i) % 15) / 10.0};
            turned[n - 1 - i] = node[i];
        }
        double moved[MOST * MOST];
        struct pn_place *one = NULL, *two = NULL;
        CHECK_EQ(pn_place_new(policy[turn % 3], node, n, NULL, &one, NULL), PN_OK);
        CHECK_EQ(pn_place_new(policy[turn % 3], turned, n, NULL, &two, NULL), PN_OK);
        CHECK_EQ(pn_place_diff(one, two, moved), PN_OK);
        for (unsigned i = 0; i < n * n; i++) {
            CHECK(moved[i] == 0 || i / n + i % n == n - 1);
        }
        pn_place_free(one);
        pn_place_free(two);
    }
}

/* Keys come one by one to a bounded ring: nobody is above its bound, ever. */
static void
test_bounded(void)
{
    struct pn_place *place = make("bounded", N, N);
    uint32_t load[N] = {0};
    unsigned elsewhere = 0;
    for (unsigned i = 0; i < PROBES; i++) {
        char key[24];
        size_t len = number_key(key, "k", i);
        uint32_t owner = pn_place_owner_under(place, key, len, load);
        elsewhere += owner != pn_place_owner(place, key, len);
        CHECK(load[owner] < 1.25 * (i + 1) / N + 1);
        load[owner]++;
    }
    CHECK(elsewhere < PROBES / 4);
    uint32_t full[N];
    memset(full, 0, sizeof full);
    uint32_t owner = pn_place_owner(place, "foo", 3);
    CHECK_EQ(pn_place_owner_under(place, "foo", 3, full), owner);
    full[owner] = 100;
    CHECK(pn_place_owner_under(place, "foo", 3, full) != owner);
    pn_place_free(place);
}

/* Whatever allocation fails, the answer is PN_E_NOMEM and nothing is left behind. */
static void
test_out_of_memory(void)
{
    struct pn_member node[] = {{.name = A1, .weight = 1}, {.name = A2, .weight = 1}};
    for (unsigned p = 0; pn_place_policy(p) != NULL; p++) {
        struct pn_place_opts opts = {.replicas = p == 0 ? 1 : 0};
        int before = living, rc = PN_E_NOMEM, n = 0;
        while (rc == PN_E_NOMEM && n < 20) {
            struct pn_place *place = NULL;
            struct pn_why why = {.text = ""};
            fail_at = ++n;
            rc = pn_place_new(pn_place_policy(p), node, 2, &opts, &place, &why);
            CHECK((rc == PN_OK) == (place != NULL));
            CHECK(rc == PN_OK || strstr(why.text, "out of memory") != NULL);
            pn_place_free(place);
            CHECK_EQ(living, before);
        }
        CHECK_EQ(rc, PN_OK);
        CHECK(n >= 2);
        fail_at = 0;
    }
}

int
main(void)
{
    RUN(test_out_of_memory);
    RUN(test_removal);
    RUN(test_owners);
    RUN(test_any_key);
    RUN(test_any_order);
    RUN(test_bounded);
    return harness_done();
}
