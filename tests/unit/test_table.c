#include "place.h"

static void
test_redis_slots(void)
{
    static const struct {
        const char *key;
        uint32_t slot;
    } rows[] = {
        {"123456789", 12739},
        {"foo", 12182},
        {"bar", 5061},
        {"user:1", 10778},
        {"session:abc", 14788},
        {"", 0},
        {"\xe6\x97\xa5\xe6\x9c\xac", 10949},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 9502},
        {"{tag}x", 8338},
        {"{tag}y", 8338},
        {"tag", 8338},
        {"{user1000}.following", 3443},
        {"{user1000}.followers", 3443},
        {"foo{}{bar}", 8363},
        {"foo{{bar}}zap", 4015},
        {"{bar", 4015},
        {"foo{bar}{zap}", 5061},
        {"{}x", 10595},
        {"a}b{c}d", 7365},
        {"{a", 10276},
        {"{", 4092},
        {"}", 12090},
        {"{}", 15257},
    };
    struct pn_place *place = place_three("redis-cluster", false, NULL, NULL);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].key);
        CHECK_EQ(pn_place_slot(place, rows[i].key, len), rows[i].slot);
        uint32_t range = rows[i].slot <= 5460 ? 0 : rows[i].slot <= 10922 ? 1 : 2;
        CHECK_EQ(pn_place_owner(place, rows[i].key, len), range);
    }
    double share[3]; /* 0-5460, 5461-10922, 10923-16383 */
    CHECK_EQ(pn_place_share(place, share), PN_OK);
    CHECK(share[0] * 16384 == 5461 && share[1] * 16384 == 5462);
    pn_place_free(place);
}

/* The server's map, with a hole; one node is out, and its slots are holes too. */
static void
test_map(void)
{
    static uint16_t map[16384];
    for (unsigned s = 0; s < 16384; s++) {
        map[s] = (uint16_t)(s % 3);
    }
    map[12182] = UINT16_MAX; /* foo */
    struct pn_member node[] = {{.name = A1, .weight = 1, .is_out = 1},
                               {.name = A2, .weight = 1},
                               {.name = A3, .weight = 1}};
    struct pn_place_opts opts = {.table = map, .slots = 16384};
    struct pn_place *place = NULL;
    struct pn_why why;
    CHECK_EQ(pn_place_new("redis-cluster", node, 3, &opts, &place, &why), PN_OK);
    uint32_t owner[2];
    CHECK_EQ(pn_place_owner(place, "foo", 3), PN_PLACE_NONE);
    CHECK_EQ(pn_place_owners(place, "foo", 3, owner, 2), 0);
    CHECK_EQ(pn_place_owner(place, "bar", 3), 5061 % 3 == 0 ? PN_PLACE_NONE : 5061 % 3);
    CHECK_EQ(pn_place_owner(place, "user:1", 6), 10778 % 3);
    CHECK_EQ(pn_place_owners(place, "user:1", 6, owner, 2), 1);
    CHECK_EQ(owner[0], 10778 % 3);
    pn_place_free(place);
    map[7] = 3;
    CHECK_EQ(pn_place_new("redis-cluster", node, 3, &opts, &place, &why), PN_E_INVALID);
    CHECK(strstr(why.text, "slot 7 belongs to node 3") != NULL);
}

static void
test_couchbase(void)
{
    static const uint32_t big[] = {115, 767, 933, 5, 0, 951, 347, 568};
    static const uint32_t small[] = {115, 127, 37, 5, 0, 55, 91, 56};
    struct pn_place_opts opts = {.slots = 128};
    struct pn_place *a = place_three("couchbase", false, NULL, NULL);
    struct pn_place *b = place_three("couchbase", false, NULL, &opts);
    for (unsigned i = 0; i < 8; i++) {
        CHECK_EQ(pn_place_slot(a, keys[i], strlen(keys[i])), big[i]);
        CHECK_EQ(pn_place_slot(b, keys[i], strlen(keys[i])), small[i]);
    }
    pn_place_free(a);
    pn_place_free(b);
}

static struct pn_place *
slots(unsigned n, unsigned missing, const struct pn_place *previous, uint32_t replicas)
{
    static char name[100][24];
    struct pn_member node[100];
    unsigned at = 0;
    for (unsigned i = 0; i < n; i++) {
        snprintf(name[i], sizeof name[i], "node%u", i);
        if (i != missing) {
            node[at++] = (struct pn_member){.name = name[i], .weight = 1};
        }
    }
    struct pn_place_opts opts = {.previous = previous, .replicas = replicas};
    struct pn_place *place = NULL;
    CHECK_EQ(pn_place_new("slots", node, at, &opts, &place, NULL), PN_OK);
    return place;
}

/* A node leaves and comes back: only its slots move, and the fleet stays even. */
static void
test_slots_change(void)
{
    static struct pn_move move[16384];
    struct pn_place *full = slots(48, 99, NULL, 1);
    struct pn_place *less = slots(48, 20, full, 1);
    struct pn_place *again = slots(48, 99, less, 1);
    CHECK_EQ(pn_place_epoch(full), 1);
    CHECK_EQ(pn_place_epoch(again), 3);
    double share[48];
    CHECK_EQ(pn_place_share(full, share), PN_OK);
    for (unsigned i = 0; i < 48; i++) { /* 341 or 342 of 16384 */
        CHECK(share[i] == 341 / 16384.0 || share[i] == 342 / 16384.0);
    }
    int64_t n = pn_place_moves(full, less, move, 16384);
    CHECK(n == 341 || n == 342);
    for (int64_t i = 0; i < n; i++) {
        CHECK_EQ(move[i].from, 20);
        CHECK(i == 0 || move[i].slot > move[i - 1].slot);
    }
    n = pn_place_moves(less, again, move, 16384);
    CHECK(n == 341 || n == 342);
    for (int64_t i = 0; i < n; i++) {
        CHECK_EQ(move[i].to, 20);
    }
    CHECK_EQ(pn_place_moves(full, full, NULL, 0), 0);
    pn_place_free(full);
    pn_place_free(less);
    pn_place_free(again);
}

/* Fixed for ever: the same slot on every machine, in every version. */
static void
test_slots_frozen(void)
{
    static const uint32_t want[] = {15754, 4962, 5377, 8444, 5314, 7104, 10646, 3167};
    struct pn_place_opts opts = {.hash_tag = "{}"};
    struct pn_place *plain = place_three("slots", false, NULL, NULL);
    struct pn_place *tagged = place_three("slots", false, NULL, &opts);
    for (unsigned i = 0; i < 8; i++) {
        CHECK_EQ(pn_place_slot(plain, keys[i], strlen(keys[i])), want[i]);
    }
    CHECK_EQ(pn_place_slot(tagged, "{tag}x", 6), pn_place_slot(plain, "tag", 3));
    CHECK_EQ(pn_place_slot(tagged, "a{}b", 4), pn_place_slot(plain, "a{}b", 4));
    pn_place_free(plain);
    pn_place_free(tagged);
}

static void
test_slots_owners(void)
{
    struct pn_place *place = slots(10, 99, NULL, 2);
    for (unsigned i = 0; i < 1000; i++) {
        char key[24];
        uint32_t owner[5];
        size_t len = number_key(key, "key", i);
        CHECK_EQ(pn_place_owners(place, key, len, owner, 5), 3);
        CHECK(owner[0] != owner[1] && owner[1] != owner[2] && owner[0] != owner[2]);
        CHECK_EQ(owner[0], pn_place_owner(place, key, len));
    }
    pn_place_free(place);
}

/* A node of weight 0 is drained: it keeps nothing, its index stays. */
static void
test_drain(void)
{
    struct pn_place *before = place_three("slots", false, NULL, NULL);
    struct pn_place_opts opts = {.previous = before};
    struct pn_place *after = place_three("slots", false, (const double[]){1, 0, 1},
                                         &opts);
    double share[3], moved[9];
    CHECK_EQ(pn_place_share(after, share), PN_OK);
    CHECK(share[0] == 0.5 && share[1] == 0 && share[2] == 0.5);
    CHECK_EQ(pn_place_diff(before, after, moved), PN_OK);
    CHECK(moved[0 * 3 + 2] == 0 && moved[2 * 3 + 0] == 0 && moved[1 * 3 + 1] == 0);
    CHECK(moved[1 * 3 + 0] > 0.16 && moved[1 * 3 + 2] > 0.16);
    pn_place_free(before);
    pn_place_free(after);
}

/* Who starts with the same list must find the keys of whoever wrote them: never to be
 * changed. */
static void
test_slots_for_ever(void)
{
    static const char *const key[] = {"",      "a",     "user:7", "session:{42}",
                                      "key-1", "key-2", "key-3",  "key-4"};
    static const uint32_t of_three[] = {2, 0, 1, 2, 1, 1, 2, 0};
    static const uint32_t of_seven[] = {2, 1, 4, 2, 1, 3, 2, 5};
    struct pn_member node[7];
    char name[7][32];
    for (unsigned n = 3; n <= 7; n += 4) {
        for (unsigned i = 0; i < n; i++) {
            snprintf(name[i], sizeof name[i], "10.0.0.%u:11211", i);
            node[i] = (struct pn_member){.name = name[i],
                                         .weight = n == 3 ? 1 : 1 + i % 3};
        }
        struct pn_place *place = NULL;
        CHECK_EQ(pn_place_new("slots", node, n, NULL, &place, NULL), PN_OK);
        for (unsigned i = 0; i < 8; i++) {
            CHECK_EQ(pn_place_owner(place, key[i], strlen(key[i])),
                     n == 3 ? of_three[i] : of_seven[i]);
        }
        pn_place_free(place);
    }
}

/* Which of N members stands at I: they begin with FIRST and go round, or the other
 * way. */
static unsigned
at_place(unsigned n, unsigned first, bool is_back, unsigned i)
{
    return (first + (is_back ? n - i : i)) % n;
}

static struct pn_place *
in_order(char name[][24], unsigned n, unsigned first, bool is_back)
{
    struct pn_member node[16];
    for (unsigned i = 0; i < n; i++) {
        unsigned k = at_place(n, first, is_back, i);
        node[i] = (struct pn_member){.name = name[k], .weight = 1 + 0.1 * (k % 4)};
    }
    struct pn_place_opts opts = {.replicas = 2};
    struct pn_place *place = NULL;
    CHECK_EQ(pn_place_new("slots", node, n, &opts, &place, NULL), PN_OK);
    return place;
}

/* Who lists the same members in another order has the same owners of every slot, and
 * the same replicas. */
static void
test_slots_in_any_order(void)
{
    char name[16][24];
    for (unsigned turn = 0; turn < 40; turn++) {
        unsigned n = 3 + turn % 13;
        for (unsigned i = 0; i < n; i++) {
            snprintf(name[i], sizeof name[i], "127.0.0.1:%u", 10000 + 577 * turn + i);
        }
        struct pn_place *one = in_order(name, n, 0, false);
        struct pn_place *other = in_order(name, n, turn % n, turn % 2 == 0);
        unsigned differ = 0;
        for (unsigned i = 0; i < 20000; i++) {
            char key[24];
            uint32_t of_one[3], of_other[3];
            size_t len = number_key(key, "key", i);
            CHECK_EQ(pn_place_owners(one, key, len, of_one, 3), 3);
            CHECK_EQ(pn_place_owners(other, key, len, of_other, 3), 3);
            for (unsigned c = 0; c < 3; c++) {
                differ += of_one[c] !=
                          at_place(n, turn % n, turn % 2 == 0, of_other[c]);
            }
        }
        CHECK_EQ(differ, 0);
        pn_place_free(one);
        pn_place_free(other);
    }
}

static void
test_refusals(void)
{
    struct pn_member node[] = {{.name = A1, .weight = 1}, {.name = A2, .weight = 1}};
    struct pn_place *place = NULL, *ring = place_three("hash_ring", false, NULL, NULL);
    struct pn_place *table = place_three("slots", false, NULL, NULL);
    const struct pn_place_opts opts[] = {
        {.slots = 1000},
        {.slots = 131072},
        {.slots = 1},
        {.replicas = 5},
        {.previous = ring},
        {.previous = table, .slots = 1024},
        {.previous = table, .seed = 1},
        {.previous = table, .hash_tag = "{}"},
    };
    for (unsigned i = 0; i < sizeof opts / sizeof opts[0]; i++) {
        struct pn_why why = {.code = 0};
        CHECK_EQ(pn_place_new("slots", node, 2, &opts[i], &place, &why), PN_E_INVALID);
        CHECK(why.code == PN_E_INVALID && strlen(why.text) > 20);
    }
    CHECK(place == NULL);
    pn_place_free(ring);
    pn_place_free(table);
}

int
main(void)
{
    RUN(test_redis_slots);
    RUN(test_map);
    RUN(test_couchbase);
    RUN(test_slots_change);
    RUN(test_slots_frozen);
    RUN(test_slots_owners);
    RUN(test_drain);
    RUN(test_slots_for_ever);
    RUN(test_slots_in_any_order);
    RUN(test_refusals);
    return harness_done();
}
