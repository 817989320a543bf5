#include "place/hash.h"

#include "place.h"

/* Every name that messages list is one that is found. */
static void
test_listed(void)
{
    char list[300];
    snprintf(list, sizeof list, "%s", pn_hash_names);
    unsigned n = 0;
    for (char *name = list, *end; (end = strchr(name, ' ')) != NULL; name = end + 1) {
        *end = '\0';
        CHECK(pn_hash_named(name, false) != NULL);
        CHECK(pn_hash_named(name, true) != NULL);
        n++;
    }
    CHECK_EQ(n, 15);
}

static void
test_meanings(void)
{
    CHECK(pn_hash_named("one_at_a_time", false) == pn_oaat);
    CHECK(pn_hash_named("default", true) == pn_oaat_u);
    CHECK(pn_hash_named("crc32", false) == pn_crc32_15);
    CHECK(pn_hash_named("crc32a", false) == pn_crc32);
    CHECK(pn_hash_named("fnv1a_64", true) == pn_fnv1a_64_u);
    CHECK(pn_hash_named("hsieh", false) == NULL);
    CHECK(pn_hash_named("", false) == NULL);
}

int
main(void)
{
    RUN(test_listed);
    RUN(test_meanings);
    return harness_done();
}
