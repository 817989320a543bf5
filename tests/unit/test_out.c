#include "harness.h"
#include "wire/out.h"

static bool
says(const struct pn_out *out, const char *text)
{
    return out->len == strlen(text) && memcmp(out->ptr, text, out->len) == 0;
}

static void
test_numbers(void)
{
    static const struct {
        int64_t n;
        const char *text;
    } rows[] = {{0, "0"},
                {7, "7"},
                {-7, "-7"},
                {10, "10"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[32];
        struct pn_out out = {buf, sizeof buf, 0};
        pn_out_i64(&out, rows[i].n);
        CHECK(says(&out, rows[i].text));
        int64_t back = 1;
        CHECK(pn_word_i64((struct pn_bytes){buf, out.len}, &back));
        CHECK_EQ(back, rows[i].n);
    }
    char buf[32];
    struct pn_out out = {buf, sizeof buf, 0};
    pn_out_u64(&out, UINT64_MAX);
    CHECK(says(&out, "18446744073709551615"));
}

/* What does not fit is counted, not written, and nothing behind it is. */
static void
test_too_long(void)
{
    char buf[8] = "........";
    struct pn_out out = {buf, 4, 0};
    pn_out_put(&out, "ab", 2);
    pn_out_put(&out, "cde", 3);
    pn_out_put(&out, "f", 1);
    CHECK_EQ(out.len, 6);
    CHECK_MEM(buf, "ab......", 8);
    struct pn_out exact = {buf, 4, 0};
    pn_out_put(&exact, "abcd", 4);
    CHECK_EQ(exact.len, 4);
    CHECK_MEM(buf, "abcd....", 8);
    struct pn_out counted = {0};
    pn_out_crlf(&counted);
    pn_out_bytes(&counted, (struct pn_bytes){NULL, 0});
    pn_out_char(&counted, 'x');
    CHECK_EQ(counted.len, 3);
}

/* A line end within a line would be a message of the user's making. */
static void
test_line(void)
{
    char buf[32];
    struct pn_out out = {buf, sizeof buf, 0};
    pn_out_line(&out, PN_BYTES("no '\r\n+OK\r\n'"));
    CHECK(says(&out, "no '  +OK  '"));
}

static void
test_words(void)
{
    struct pn_bytes text = PN_BYTES("  a bc   d ");
    struct pn_bytes word;
    CHECK(pn_word_next(&text, &word) && pn_bytes_equal(word, PN_BYTES("a")));
    CHECK(pn_word_next(&text, &word) && pn_bytes_equal(word, PN_BYTES("bc")));
    CHECK(pn_word_next(&text, &word) && pn_bytes_equal(word, PN_BYTES("d")));
    CHECK(!pn_word_next(&text, &word));
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1x",
                                      "--1",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "100000000000000000000"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t u = 77;
        int64_t s = 77;
        struct pn_bytes w = {bad[i], strlen(bad[i])};
        CHECK(!pn_word_u64(w, &u) && u == 77);
        CHECK(!pn_word_i64(w, &s) && s == 77);
    }
    int64_t n = 0;
    CHECK(!pn_word_i64(PN_BYTES("9223372036854775808"), &n));
    CHECK(!pn_word_i64(PN_BYTES("-9223372036854775809"), &n));
    CHECK(pn_word_i64(PN_BYTES("-0"), &n) && n == 0);
}

int
main(void)
{
    RUN(test_numbers);
    RUN(test_too_long);
    RUN(test_line);
    RUN(test_words);
    return harness_done();
}
