#include "place.h"

static const double w314[] = {3, 1, 4};

static void
test_libmemcached(void)
{
    static const struct {
        const char *hash, *owners;
    } rows[] = {
        {"oaat", "12311111"},     {"md5", "23112332"},      {"crc", "22121332"},
        {"fnv1_64", "13112232"},  {"fnv1a_64", "32212112"}, {"fnv1_32", "32112332"},
        {"fnv1a_32", "13212222"}, {"murmur", "33331212"},   {"jenkins", "12111231"},
        {"murmur3", "13221233"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pn_place_opts opts = {.hash = rows[i].hash};
        check_owners(place_three("modula", true, NULL, &opts), rows[i].hash,
                     rows[i].owners);
        check_owners(place_three("modula", true, w314, &opts), "weights are ignored",
                     rows[i].owners);
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
        {"one_at_a_time", NULL, NULL, "1231111112"},
        {"md5", NULL, NULL, "2311133213"},
        {"crc16", NULL, NULL, "2331132233"},
        {"crc32", NULL, NULL, "2212133212"},
        {"crc32a", NULL, NULL, "3312133232"},
        {"fnv1_64", NULL, NULL, "1311123213"},
        {"fnv1a_64", NULL, NULL, "3221111221"},
        {"fnv1_32", NULL, NULL, "3211133213"},
        {"fnv1a_32", NULL, NULL, "1321122231"},
        {"murmur", NULL, NULL, "3333121221"},
        {"jenkins", NULL, NULL, "1211123133"},
        {"one_at_a_time", w314, NULL, "3121131332"},
        {"md5", w314, NULL, "3331133311"},
        {"crc16", w314, NULL, "3313133113"},
        {"crc32", w314, NULL, "2333132133"},
        {"crc32a", w314, NULL, "1111133133"},
        {"fnv1_64", w314, NULL, "2123133211"},
        {"fnv1a_64", w314, NULL, "3121113333"},
        {"fnv1_32", w314, NULL, "2123133211"},
        {"fnv1a_32", w314, NULL, "3121113333"},
        {"murmur", w314, NULL, "3223121331"},
        {"jenkins", w314, NULL, "1211133321"},
        {"fnv1a_64", NULL, "{}", "3221111221"},
        {"murmur", NULL, "{}", "3333121111"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pn_place_opts opts = {.hash = rows[i].hash,
                                     .distribution = "modula",
                                     .hash_tag = rows[i].tag};
        check_owners(place_three("twemproxy", true, rows[i].weight, &opts),
                     rows[i].hash, rows[i].owners);
    }
}

/* Its servers stand in the order of (length, bytes): b cc aaa zeta. */
static void
test_twemproxy_order(void)
{
    struct pn_member node[] = {{.name = "h:1 zeta", .weight = 1},
                               {.name = "h:2 b", .weight = 1},
                               {.name = "h:3 aaa", .weight = 1},
                               {.name = "h:4 cc", .weight = 1}};
    static const uint32_t order[] = {1, 3, 2, 0};
    struct pn_place_opts opts = {.distribution = "modula", .hash = "crc32a"};
    struct pn_place *place = NULL;
    CHECK_EQ(pn_place_new("twemproxy", node, 4, &opts, &place, NULL), PN_OK);
    CHECK_EQ(pn_place_owner(place, "foo", 3), order[2356372769u % 4]);
    CHECK_EQ(pn_place_owner(place, "bar", 3), order[1996459178u % 4]);
    CHECK_EQ(pn_place_owner(place, "", 0), order[0]);
    pn_place_free(place);
}

static void
test_python(void)
{
    struct pn_place_opts old = {.flags = PN_PLACE_ZERO_IS_ONE};
    check_owners(place_three("python-memcached", false, NULL, NULL), "py", "22121332");
    check_owners(place_three("python-memcached", false, w314, NULL), "3,1,4",
                 "23331321");
    check_owners(place_three("python-memcached", false, NULL, &old), "1.59",
                 "22122332");
}

/* The rehash chain: h, h', h'' of k0 and k1, modulo three. */
static void
test_python_chain(void)
{
    static const uint32_t chain[2][3] = {{3187, 29842, 32274}, {30463, 7952, 17934}};
    struct pn_place *place = place_three("python-memcached", false, NULL, NULL);
    for (unsigned i = 0; i < 2; i++) {
        uint32_t owner[3];
        size_t n = pn_place_owners(place, keys[i], 3, owner, 3), at = 0;
        CHECK_EQ(n, 3);
        for (unsigned k = 0; k < 3; k++) {
            bool is_known = false;
            for (unsigned before = 0; before < k; before++) {
                is_known |= chain[i][before] % 3 == chain[i][k] % 3;
            }
            if (!is_known) {
                CHECK_EQ(owner[at++], chain[i][k] % 3);
            }
        }
    }
    pn_place_free(place);
}

static void
test_share(void)
{
    struct pn_place *place = place_three("python-memcached", false, w314, NULL);
    double share[3];
    CHECK_EQ(pn_place_share(place, share), PN_OK);
    CHECK(share[0] == 3 * 4096 / 32768.0);
    CHECK(share[1] == 4096 / 32768.0);
    CHECK(share[2] == 4 * 4096 / 32768.0);
    pn_place_free(place);
}

int
main(void)
{
    RUN(test_libmemcached);
    RUN(test_twemproxy);
    RUN(test_twemproxy_order);
    RUN(test_python);
    RUN(test_python_chain);
    RUN(test_share);
    return harness_done();
}
