#include "place/assign.h"

#include <stdlib.h>

#include "../support/rng.h"
#include "place.h"

enum { N_MAX = 60, SLOTS = 1024, REPLICAS = 2 };

struct fixture {
    struct assign_node node[N_MAX];
    struct assign_remainder scratch[N_MAX];
    uint16_t owner[SLOTS], replica[SLOTS * REPLICAS], before[SLOTS];
    struct assign_slots table;
};

static struct fixture *
begin(uint32_t replicas)
{
    struct fixture *f = calloc(1, sizeof *f);
    memset(f->owner, 0xff, sizeof f->owner);
    memset(f->replica, 0xff, sizeof f->replica);
    f->table = (struct assign_slots){f->owner, f->replica, SLOTS, replicas};
    return f;
}

/* Fills the table for the weights of NODE; says how many slots had to move, because
 * their node is gone or above its target. */
static unsigned
run(struct fixture *f, uint32_t n)
{
    unsigned counts[N_MAX] = {0}, must = 0;
    for (uint32_t i = 0; i < n; i++) {
        f->node[i].held = 0;
        f->node[i].id = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
    }
    for (unsigned s = 0; s < SLOTS; s++) {
        f->before[s] = f->owner[s];
        if (f->owner[s] == ASSIGN_NONE) {
            must++;
        } else {
            f->node[f->owner[s]].held++;
        }
    }
    assign_targets(f->node, n, SLOTS, f->scratch);
    for (uint32_t i = 0; i < n; i++) {
        must += f->node[i].held > f->node[i].target
                    ? f->node[i].held - f->node[i].target
                    : 0;
    }
    assign_owners(f->node, n, &f->table);
    assign_replicas(f->node, n, &f->table);
    for (unsigned s = 0; s < SLOTS; s++) {
        CHECK(f->owner[s] < n);
        counts[f->owner[s] % N_MAX]++;
    }
    for (uint32_t i = 0; i < n; i++) {
        CHECK_EQ(counts[i], f->node[i].target);
    }
    return must;
}

static unsigned
moved(const struct fixture *f)
{
    unsigned n = 0;
    for (unsigned s = 0; s < SLOTS; s++) {
        n += f->before[s] != f->owner[s];
    }
    return n;
}

/* Through random fleets: shares exact to the slot, no slot moved that could stay. */
static void
test_minimal(void)
{
    struct rng rng = {.state = 5};
    struct fixture *f = begin(0);
    uint32_t n = 1;
    for (unsigned step = 0; step < 300; step++) {
        n = 1 + rng_below(&rng, N_MAX - 1);
        double sum = 0;
        for (uint32_t i = 0; i < n; i++) {
            f->node[i].weight = step % 3 == 0 ? 1 : rng_below(&rng, 5);
            sum += f->node[i].weight;
        }
        if (sum == 0) {
            f->node[0].weight = sum = 1;
        }
        for (unsigned s = 0; s < SLOTS; s++) { /* who is no longer there */
            f->owner[s] = f->owner[s] < n ? f->owner[s] : ASSIGN_NONE;
        }
        unsigned must = run(f, n);
        CHECK_EQ(moved(f), must);
        for (uint32_t i = 0; i < n; i++) {
            double exact = SLOTS * f->node[i].weight / sum;
            CHECK(f->node[i].target > exact - 1 && f->node[i].target < exact + 1);
        }
    }
    free(f);
}

/* Equal nodes whose number does not divide the slots: the odd ones stay where they
 * are, so that nothing moves when nothing changed. */
static void
test_still(void)
{
    struct fixture *f = begin(0);
    for (uint32_t i = 0; i < 7; i++) {
        f->node[i].weight = 1;
    }
    run(f, 7);
    for (unsigned s = 0; s < SLOTS; s++) { /* now the last nodes hold the odd ones */
        f->owner[s] = 6 - f->owner[s];
    }
    CHECK_EQ(run(f, 7), 0);
    CHECK_EQ(moved(f), 0);
    free(f);
}

/* Without a memory: exact as well, and when a node comes little moves that need not. */
static void
test_from_nothing(void)
{
    static const uint32_t sizes[] = {1, 3, 10, 40};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        uint32_t n = sizes[k];
        struct fixture *small = begin(0), *large = begin(0);
        unsigned differ = 0, needless = 0;
        for (uint32_t i = 0; i <= n; i++) {
            small->node[i].weight = large->node[i].weight = 1 + i % 3;
        }
        run(small, n);
        run(large, n + 1);
        for (unsigned s = 0; s < SLOTS; s++) {
            differ += small->owner[s] != large->owner[s];
            needless += small->owner[s] != large->owner[s] && large->owner[s] != n;
        }
        CHECK_EQ(differ - needless, large->node[n].target);
        CHECK(needless * 25 <
              SLOTS); /* 4 %; in turn, as cards are dealt, it was 50 % */
        free(small);
        free(large);
    }
}

static void
check_replicas(const struct fixture *f, uint32_t n, unsigned zones)
{
    unsigned count[N_MAX] = {0};
    for (unsigned s = 0; s < SLOTS; s++) {
        uint16_t a = f->owner[s], b = f->replica[2 * s], c = f->replica[2 * s + 1];
        CHECK(b < n && c < n && a != b && b != c && a != c);
        if (zones >= 3) {
            CHECK(f->node[a].zone != f->node[b].zone);
            CHECK(f->node[a].zone != f->node[c].zone);
            CHECK(f->node[b].zone != f->node[c].zone);
        }
        count[b % N_MAX]++;
    }
    for (uint32_t i = 0; i < n;
         i++) { /* of the first replicas nobody has far too many */
        CHECK(count[i] <= 2 * SLOTS / n);
    }
}

static void
test_replicas(void)
{
    struct fixture *f = begin(REPLICAS);
    for (uint32_t i = 0; i < 9; i++) {
        f->node[i] = (struct assign_node){.weight = 1, .zone = 1 + i % 3};
    }
    run(f, 9);
    check_replicas(f, 9, 3);
    /* What one node owns is replicated by many: its death is borne by all. */
    unsigned heir[9] = {0};
    for (unsigned s = 0; s < SLOTS; s++) {
        heir[f->replica[2 * s]] += f->owner[s] == 0;
    }
    bool is_pair[9][9] = {{false}};
    unsigned pairs = 0;
    for (unsigned s = 0; s < SLOTS; s++) { /* no two nodes are copies of each other */
        bool *pair = &is_pair[f->replica[2 * s]][f->replica[2 * s + 1]];
        pairs += !*pair;
        *pair = true;
    }
    CHECK_EQ(pairs, 54);
    for (unsigned i = 0; i < 9; i++) { /* the six of the two other zones, 19 each */
        CHECK(i % 3 == 0 ? heir[i] == 0 : heir[i] > 5 && heir[i] < 40);
    }
    free(f);
}

/* The slots of a node that went go to those who hold copies of them. */
static void
test_heirs(void)
{
    struct fixture *f = begin(REPLICAS);
    for (uint32_t i = 0; i < 8; i++) {
        f->node[i].weight = 1;
    }
    run(f, 8);
    unsigned gone = 0, warm = 0;
    uint16_t copies[SLOTS * REPLICAS];
    memcpy(copies, f->replica, sizeof copies);
    for (unsigned s = 0; s < SLOTS; s++) {
        if (f->owner[s] == 7) {
            f->owner[s] = ASSIGN_NONE;
            gone++;
        }
        for (unsigned r = 0; r < REPLICAS; r++) {
            if (f->replica[2 * s + r] == 7) {
                f->replica[2 * s + r] = ASSIGN_NONE;
            }
        }
    }
    CHECK_EQ(run(f, 7), gone);
    for (unsigned s = 0; s < SLOTS; s++) {
        if (f->before[s] == ASSIGN_NONE) {
            warm += f->owner[s] == copies[2 * s] || f->owner[s] == copies[2 * s + 1];
        }
    }
    CHECK(warm * 10 > gone * 9);
    check_replicas(f, 7, 0);
    free(f);
}

int
main(void)
{
    RUN(test_minimal);
    RUN(test_still);
    RUN(test_from_nothing);
    RUN(test_replicas);
    RUN(test_heirs);
    return harness_done();
}
