#include "place.h"

static const double w314[] = {3, 1, 4};
static const double w632[] = {600, 300, 200};
static const double w211[] = {2, 1, 1};
static const double w1h1[] = {1, 0.5, 1};

/* Size of the ring, its first and last point and whose they are, owners of the keys. */
static void
test_rings(void)
{
    static const struct {
        const char *policy;
        bool is_b;
        const double *weight;
        const char *hash, *distribution;
        unsigned points;
        uint32_t first;
        unsigned first_owner;
        uint32_t last;
        unsigned last_owner;
        const char *owners;
    } rows[] = {
        {"hash_ring", false, NULL, NULL, NULL, 360, 4826654u, 2, 4274268059u, 3,
         "21123223"},
        {"hash_ring", false, w211, NULL, NULL, 360, 10171922u, 1, 4274268059u, 3,
         "21113123"},
        {"hash_ring", false, w314, NULL, NULL, 360, 10171922u, 1, 4274268059u, 3,
         "21323223"},
        {"hash_ring", false, w1h1, NULL, NULL, 360, 10171922u, 1, 4274268059u, 3,
         "21123223"},
        {"libketama", false, NULL, NULL, NULL, 480, 4826654u, 2, 4284233799u, 2,
         "21123222"},
        {"libketama", false, w632, NULL, NULL, 472, 10171922u, 1, 4284233799u, 2,
         "21111122"},
        {"libketama", false, w314, NULL, NULL, 480, 10171922u, 1, 4274268059u, 3,
         "31323322"},
        {"pylibmc", true, NULL, NULL, NULL, 300, 959136u, 2, 4292585221u, 2,
         "11232221"},
        {"pylibmc-md5", true, NULL, NULL, NULL, 300, 14164473u, 2, 4284485839u, 1,
         "22323133"},
        {"pylibmc", true, NULL, "fnv1a_32", NULL, 300, 319581936u, 1, 4266592653u, 3,
         "13311331"},
        {"pylibmc", true, NULL, "murmur", NULL, 300, 9388268u, 2, 4284335280u, 1,
         "11122221"},
        {"pylibmc-weighted", true, NULL, NULL, NULL, 480, 14164473u, 2, 4294440920u, 3,
         "13322133"},
        {"pylibmc-weighted", true, w314, NULL, NULL, 480, 8085436u, 3, 4294440920u, 3,
         "13313333"},
        {"pylibmc", true, w314, NULL, NULL, 480, 8085436u, 3, 4294440920u, 3,
         "33323321"},
        {"pylibmc-md5", true, NULL, NULL, "spy", 300, 3294471u, 3, 4284350162u, 3,
         "22111232"},
        {"pylibmc-weighted", true, NULL, NULL, "spy", 480, 3294471u, 3, 4276936554u, 2,
         "23221312"},
        {"uhashring-ketama", false, NULL, NULL, NULL, 480, 4826654u, 2, 4284233799u, 2,
         "21123222"},
        {"uhashring-ketama", false, w314, NULL, NULL, 480, 10171922u, 1, 4274268059u, 3,
         "31323322"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pn_place_opts opts = {.hash = rows[i].hash,
                                     .distribution = rows[i].distribution};
        struct pn_place *place = place_three(rows[i].policy, rows[i].is_b,
                                             rows[i].weight, &opts);
        if (place == NULL) {
            continue;
        }
        size_t n = pn_place_points(place);
        CHECK_EQ(n, rows[i].points);
        struct pn_point first = pn_place_point(place, 0);
        struct pn_point last = pn_place_point(place, n - 1);
        CHECK_EQ(first.low, rows[i].first);
        CHECK_EQ(first.owner + 1, rows[i].first_owner);
        CHECK_EQ(last.low, rows[i].last);
        CHECK_EQ(last.owner + 1, rows[i].last_owner);
        check_owners(place, rows[i].policy, rows[i].owners);
    }
}

static void
test_twemproxy(void)
{
    static const struct {
        const char *hash;
        const double *weight;
        const char *tag, *owners;
    } rows[] = {
        {"one_at_a_time", NULL, NULL, "2332232122"},
        {"md5", NULL, NULL, "1332213332"},
        {"crc16", NULL, NULL, "3231221222"},
        {"crc32", NULL, NULL, "2222222222"},
        {"crc32a", NULL, NULL, "1223213222"},
        {"fnv1_64", NULL, NULL, "3332232332"},
        {"fnv1a_64", NULL, NULL, "2122223223"},
        {"fnv1_32", NULL, NULL, "3223233221"},
        {"fnv1a_32", NULL, NULL, "3231222323"},
        {"murmur", NULL, NULL, "3222212211"},
        {"jenkins", NULL, NULL, "2113212231"},
        {"one_at_a_time", w314, NULL, "3332332133"},
        {"md5", w314, NULL, "1331333332"},
        {"crc16", w314, NULL, "3331321223"},
        {"crc32", w314, NULL, "3333333333"},
        {"crc32a", w314, NULL, "1223333232"},
        {"fnv1_64", w314, NULL, "3333333332"},
        {"fnv1a_64", w314, NULL, "1132333223"},
        {"fnv1_32", w314, NULL, "3221333223"},
        {"fnv1a_32", w314, NULL, "3331313333"},
        {"murmur", w314, NULL, "3221313211"},
        {"jenkins", w314, NULL, "2113312131"},
        {"fnv1a_64", NULL, "{}", "2122223333"},
        {"murmur", NULL, "{}", "3222212221"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pn_place_opts opts = {.hash = rows[i].hash, .hash_tag = rows[i].tag};
        check_owners(place_three("twemproxy", true, rows[i].weight, &opts),
                     rows[i].hash, rows[i].owners);
    }
}

/* 128 bits, big-endian. */
static void
test_uhashring(void)
{
    struct pn_place *place = place_three("uhashring", false, NULL, NULL);
    CHECK_EQ(pn_place_points(place), 480);
    struct pn_point first = pn_place_point(place, 0), last = pn_place_point(place, 479);
    CHECK_EQ(first.high, 0x00d83687ba3dfad3ull);
    CHECK_EQ(first.low, 0x2bda18b3cc6ac3b9ull);
    CHECK_EQ(first.owner, 2);
    CHECK_EQ(last.high, 0xff7b18521fbb97cdull);
    CHECK_EQ(last.low, 0xec6c8e06df0d78e1ull);
    CHECK_EQ(last.owner, 2);
    check_owners(place, "uhashring", "23232323");
    place = place_three("uhashring", false, w314, NULL);
    CHECK_EQ(pn_place_points(place), 1280);
    CHECK_EQ(pn_place_point(place, 0).high, 0x000e37f61a82a1f3ull);
    check_owners(place, "uhashring 3,1,4", "23113323");
}

/* Clockwise, as hash_ring's iterate_nodes(). */
static void
test_second_owner(void)
{
    static const char *const want[] = {"213", "132", "132", "231", "321"};
    struct pn_place *place = place_three("hash_ring", false, NULL, NULL);
    for (unsigned i = 0; i < 5; i++) {
        uint32_t owner[3] = {0};
        CHECK_EQ(pn_place_owners(place, keys[i], strlen(keys[i]), owner, 3), 3);
        for (unsigned k = 0; k < 3; k++) {
            CHECK_EQ(owner[k] + 1, want[i][k] - '0');
        }
    }
    pn_place_free(place);
}

/* The sizes at which binary32 rounds 160 points of equal nodes down to 156. */
static void
test_rounding(void)
{
    static const uint8_t ketama[] = {61, 122, 237, 244};
    static const uint8_t memcached[] = {25,  47,  50,  55,  61,  71,  94,
                                        100, 107, 109, 110, 115, 122, 142,
                                        159, 163, 188, 193, 200, 209, 214,
                                        218, 219, 220, 230, 237, 243, 244};
    static struct pn_member node[256];
    static char name[256][24];
    for (unsigned n = 1; n <= 256; n++) {
        number_key(name[n - 1], "node", n);
        node[n - 1] = (struct pn_member){.name = name[n - 1], .weight = 1};
        bool is_ketama = memchr(ketama, (int)n, sizeof ketama) != NULL && n < 256;
        bool is_memcached = memchr(memcached, (int)n, sizeof memcached) != NULL &&
                            n < 256;
        struct pn_place *a = NULL, *b = NULL, *c = NULL;
        CHECK_EQ(pn_place_new("libketama", node, n, NULL, &a, NULL), PN_OK);
        CHECK_EQ(pn_place_new("pylibmc-weighted", node, n, NULL, &b, NULL), PN_OK);
        CHECK_EQ(pn_place_new("twemproxy", node, n, NULL, &c, NULL), PN_OK);
        CHECK_EQ(pn_place_points(a), n * (is_ketama ? 156 : 160));
        CHECK_EQ(pn_place_points(b), n * (is_memcached ? 156 : 160));
        CHECK_EQ(pn_place_points(c), n * (is_memcached ? 156 : 160));
        pn_place_free(a);
        pn_place_free(b);
        pn_place_free(c);
    }
}

/* libketama keeps 21 bytes of an address, twemproxy a name of one's own. */
static void
test_identities(void)
{
    struct pn_member cut[] = {{.name = "cache-0123456789.example:1", .weight = 1},
                              {.name = "cache-0123456789.exampxx:2", .weight = 1}};
    struct pn_place *place = NULL;
    CHECK_EQ(pn_place_new("libketama", cut, 2, NULL, &place, NULL), PN_OK);
    CHECK_EQ(pn_place_point(place, 0).owner, 0); /* both have the same points */
    CHECK_EQ(pn_place_point(place, 319).owner, 0);
    pn_place_free(place);
    struct pn_member named[] = {{.name = "127.0.0.1:1001 10.0.1.1", .weight = 1},
                                {.name = "127.0.0.1:1002 10.0.1.2", .weight = 1},
                                {.name = "127.0.0.1:1003 10.0.1.3:11212", .weight = 1}};
    CHECK_EQ(pn_place_new("twemproxy", named, 3, NULL, &place, NULL), PN_OK);
    check_owners(place, "named", "2122223223");
}

/* A node that is out is as one that was never there, but indexes stay. */
static void
test_ejected(void)
{
    struct pn_member node[] = {{.name = A1, .weight = 1, .is_out = 1},
                               {.name = A2, .weight = 3},
                               {.name = A3, .weight = 1}};
    struct pn_place *out = NULL, *less = NULL;
    CHECK_EQ(pn_place_new("libketama", node, 3, NULL, &out, NULL), PN_OK);
    CHECK_EQ(pn_place_new("libketama", node + 1, 2, NULL, &less, NULL), PN_OK);
    for (unsigned i = 0; i < 1000; i++) {
        char key[24];
        size_t len = number_key(key, "key", i);
        CHECK_EQ(pn_place_owner(out, key, len), pn_place_owner(less, key, len) + 1);
    }
    pn_place_free(out);
    pn_place_free(less);
}

/* 15 bits of CRC lie before the first point: one server has all, and share() knows. */
static void
test_crc_ring(void)
{
    struct pn_place_opts opts = {.hash = "crc32"};
    struct pn_place *place = place_three("twemproxy", true, NULL, &opts);
    double share[3];
    CHECK_EQ(pn_place_share(place, share), PN_OK);
    CHECK(share[1] == 1.0 && share[0] == 0.0 && share[2] == 0.0);
    pn_place_free(place);
}

int
main(void)
{
    RUN(test_rings);
    RUN(test_twemproxy);
    RUN(test_uhashring);
    RUN(test_second_owner);
    RUN(test_rounding);
    RUN(test_identities);
    RUN(test_ejected);
    RUN(test_crc_ring);
    return harness_done();
}
