#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "../support/rng.h"
#include "harness.h"
#include "wire/double.h"
#include "wire/limits.h"

static bool
same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void
test_read(void)
{
    static const struct {
        const char *text;
        double value;
    } rows[] = {
        {"0", 0},
        {"-0", -0.0},
        {"1", 1},
        {"+1", 1},
        {"0.1", 0.1},
        {".5", 0.5},
        {"5.", 5},
        {"1e3", 1000},
        {"1E+3", 1000},
        {"-1.5e-7", -1.5e-7},
        {"0.30000000000000004", 0.30000000000000004},
        {"9007199254740993", 9007199254740993.0},
        {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"1.7976931348623157e308", 1.7976931348623157e308},
        {"5e-324", 5e-324},
        {"1e400", INFINITY},
        {"1e99999999999", INFINITY},
        {"1e-400", 0},
        {"inf", INFINITY},
        {"-inf", -INFINITY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double value = 42;
        CHECK(pn_double_read((struct pn_bytes){rows[i].text, strlen(rows[i].text)},
                             &value));
        CHECK(same(value, rows[i].value));
    }
    double nan = 0;
    CHECK(pn_double_read(PN_BYTES("nan"), &nan) && isnan(nan));
}

static void
test_refused(void)
{
    static const char *const rows[] = {"",       "-",        "+",     ".",     "e5",
                                       "1e",     "1e+",      "1x",    "0x1p3", " 1",
                                       "1 ",     "1,5",      "1.2.3", "--1",   "Inf",
                                       "nan(1)", "infinity", "1e5.5"};
    char long_text[PN_RESP_DOUBLE_MAX + 1];
    double value = 42;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool ok = pn_double_read((struct pn_bytes){rows[i], strlen(rows[i])}, &value);
        CHECK(!ok);
    }
    memset(long_text, '1', sizeof long_text);
    CHECK(!pn_double_read((struct pn_bytes){long_text, sizeof long_text}, &value));
    CHECK(same(value, 42));
    CHECK(pn_double_read((struct pn_bytes){long_text, sizeof long_text - 1}, &value));
}

static void
test_written(void)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {10, "10"},
        {0.1, "0.1"},
        {-1.5, "-1.5"},
        {100, "100"},
        {0.001, "0.001"},
        {1e-5, "0.00001"},
        {1e-6, "1e-6"},
        {1.5e300, "1.5e300"},
        {1e16, "10000000000000000"},
        {1e17, "1e17"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
        {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"},
        {123.456, "123.456"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[64] = "";
        struct pn_out out = {buf, sizeof buf - 1, 0};
        pn_double_write(&out, rows[i].value);
        CHECK_EQ(out.len, strlen(rows[i].text));
        CHECK(strcmp(buf, rows[i].text) == 0);
    }
}

/* Any double, written and read, is the same; and reads as strtod would read it. */
static void
test_round_trip(void)
{
    struct rng rng = {.state = 7};
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = rng_next(&rng);
        double value;
        double back = 0;
        char buf[64] = "";
        struct pn_out out = {buf, sizeof buf - 1, 0};
        if (i % 2 == 0) { /* numbers that people write */
            value = (double)rng_below(&rng, 1000000) / 1000;
        } else {
            memcpy(&value, &bits, sizeof value);
        }
        if (isnan(value)) {
            continue;
        }
        pn_double_write(&out, value);
        bool ok = out.len <= PN_RESP_DOUBLE_MAX &&
                  pn_double_read((struct pn_bytes){buf, out.len}, &back) &&
                  same(back, value) && same(strtod(buf, NULL), value);
        if (!CHECK(ok)) {
            printf("# %.17g was written %s\n", value, buf);
            break;
        }
    }
}

/* In a locale whose point is a comma; where there is none of them, only in C. */
static void
test_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        printf("# locale %s: %s\n", names[i],
               setlocale(LC_NUMERIC, names[i]) != NULL ? "yes" : "not there");
        test_read();
        test_written();
    }
    (void)setlocale(LC_NUMERIC, "C");
}

int
main(void)
{
    RUN(test_read);
    RUN(test_refused);
    RUN(test_written);
    RUN(test_round_trip);
    RUN(test_locale);
    return harness_done();
}
