/*
 * place - keys, nodes and tables of expected owners for the tests of placement
 *
 * The vectors were made with the original programs; where one of them can be installed,
 * tests/interop asks it for thousands of keys more.
 */
#ifndef PN_TEST_PLACE_H
#define PN_TEST_PLACE_H

#include "harness.h"
#include "pinyon/place.h"

enum { KEYS = 10 };

/* k0..k9: ASCII, empty, UTF-8, longer than a block of some hashes, with tags. */
static const char *const keys[KEYS] = {
    "foo",
    "bar",
    "user:1",
    "session:abc",
    "",
    "\xe6\x97\xa5\xe6\x9c\xac",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "{tag}x",
    "{tag}y",
    "a{}b",
};

#define A1 "10.0.1.1:11211"
#define A2 "10.0.1.2:11211"
#define A3 "10.0.1.3:11211"
#define B3 "10.0.1.3:11212"

/* Three nodes, the third with another port when IS_B. */
static inline struct pn_place *
place_three(const char *policy, bool is_b, const double *weight,
            const struct pn_place_opts *opts)
{
    struct pn_member node[3] = {{.name = A1}, {.name = A2}, {.name = is_b ? B3 : A3}};
    for (unsigned i = 0; i < 3; i++) {
        node[i].weight = weight != NULL ? weight[i] : 1;
    }
    struct pn_place *place = NULL;
    struct pn_why why = {.code = 0};
    if (!CHECK_EQ(pn_place_new(policy, node, 3, opts, &place, &why), PN_OK)) {
        printf("# %s: %s\n", policy, why.text);
    }
    return place;
}

/* OWNER holds the 1-based owners of k0, k1, ... as digits. Frees PLACE. */
static inline void
check_owners(struct pn_place *place, const char *what, const char *owner)
{
    for (unsigned i = 0; owner[i] != '\0' && place != NULL; i++) {
        uint32_t got = pn_place_owner(place, keys[i], strlen(keys[i]));
        uint32_t first = PN_PLACE_NONE;
        pn_place_owners(place, keys[i], strlen(keys[i]), &first, 1);
        if (!CHECK_EQ(got + 1, owner[i] - '0') || !CHECK_EQ(first, got)) {
            printf("# %s, key %u\n", what, i);
        }
    }
    pn_place_free(place);
}

/* A name that no other test key has; its length. */
static inline size_t
number_key(char key[24], const char *prefix, unsigned i)
{
    return (size_t)snprintf(key, 24, "%s%u", prefix, i);
}

#endif
