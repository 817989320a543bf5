#include "place/kind.h"

#include "place.h"

static void
test_tags(void)
{
    static const struct {
        const char *key, *want;
    } rows[] = {
        {"", ""},           {"{tag}x", "tag"},
        {"a{b}c{d}", "b"},  {"{}x", "{}x"},
        {"a{}b", "a{}b"},   {"foo{{bar}}", "{bar"},
        {"{open", "{open"}, {"}{", "}{"},
        {"}a{b}", "b"},     {"foo{}{bar}", "foo{}{bar}"},
        {"{", "{"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const void *key = rows[i].key;
        size_t len = strlen(rows[i].key);
        place_cut_tag("{}", &key, &len);
        CHECK_EQ(len, strlen(rows[i].want));
        CHECK_MEM(key, rows[i].want, len);
    }
    const void *key = "a#b#c"; /* both characters the same */
    size_t len = 5;
    place_cut_tag("##", &key, &len);
    CHECK_EQ(len, 1);
    CHECK_MEM(key, "b", 1);
}

static void
test_identity(void)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"10.0.1.1:11211", "10.0.1.1"},
        {"10.0.1.1:11212", "10.0.1.1:11212"},
        {"10.0.1.1", "10.0.1.1"},
        {"h:1 cache-7", "cache-7"},
        {":11211", ":11211"},
        {"h:1 a:11211", "a:11211"},
        {"h:1 ", "h:1 "},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct place_member member = {.name = rows[i].name,
                                      .len = strlen(rows[i].name)};
        size_t len;
        const char *got = place_identity(&member, &len);
        CHECK_EQ(len, strlen(rows[i].want));
        CHECK_MEM(got, rows[i].want, len);
    }
}

int
main(void)
{
    RUN(test_tags);
    RUN(test_identity);
    return harness_done();
}
