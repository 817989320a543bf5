#include "../support/guard.h"
#include "harness.h"
#include "wire/code.h"
#include "wire/line.h"

enum { MAX = 8 };

static struct guard guard;

/* TEXT a byte at a time, with one `seen`: the answer at its end. *calls that looked at
 * more than the new byte and the one before it are counted in *rescans. */
static ptrdiff_t
byte_by_byte(const char *text, size_t len, bool is_crlf, size_t *rescans)
{
    size_t seen = 0;
    size_t size;
    ptrdiff_t n = 0;
    for (size_t end = 1; end <= len && n == 0; end++) {
        const char *copy = guard_copy(&guard, text, end);
        *rescans += seen + 2 < end;
        n = is_crlf ? pn_line_crlf(copy, end, MAX, &seen)
                    : pn_line_lf(copy, end, MAX, &seen, &size);
        CHECK(n <= 0 || seen == 0);
    }
    return n;
}

static void
test_lines(void)
{
    static const struct {
        const char *text;
        ptrdiff_t crlf, lf;
    } rows[] = {
        {"", 0, 0},
        {"\r\n", 2, 2},
        {"ab\r\ncd", 4, 4},
        {"\n", 0, 1},
        {"ab\n", 0, 3},
        {"ab\nc\r\n", PN_WIRE_E_BARE, 3},
        {"a\rb\r\n", PN_WIRE_E_BARE, PN_WIRE_E_BARE},
        {"a\r\r\n", PN_WIRE_E_BARE, PN_WIRE_E_BARE},
        {"12345678\r\n", 10, 10},
        {"12345678\n", PN_WIRE_E_LINE, 9},
        {"123456789\r\n", PN_WIRE_E_LINE, PN_WIRE_E_LINE},
        {"123456789\n", PN_WIRE_E_LINE, PN_WIRE_E_LINE},
        {"1234567890", PN_WIRE_E_LINE, PN_WIRE_E_LINE},
        {"12345678", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = strlen(rows[i].text);
        size_t seen = 0;
        size_t size = 0;
        size_t rescans = 0;
        const char *copy = guard_copy(&guard, rows[i].text, len);
        ptrdiff_t crlf = pn_line_crlf(copy, len, MAX, &seen);
        CHECK_EQ(crlf, rows[i].crlf);
        seen = 0;
        CHECK_EQ(pn_line_lf(copy, len, MAX, &seen, &size), rows[i].lf);
        CHECK_EQ(byte_by_byte(rows[i].text, len, true, &rescans), crlf);
        CHECK_EQ(byte_by_byte(rows[i].text, len, false, &rescans), rows[i].lf);
        CHECK_EQ(rescans, 0);
    }
}

static void
test_size_is_of_the_text(void)
{
    size_t seen = 0;
    size_t size = 99;
    CHECK_EQ(pn_line_lf("ab\r\n", 4, MAX, &seen, &size), 4);
    CHECK_EQ(size, 2);
    CHECK_EQ(pn_line_lf("abc\n", 4, MAX, &seen, &size), 4);
    CHECK_EQ(size, 3);
}

int
main(void)
{
    guard_open(&guard, 64);
    RUN(test_lines);
    RUN(test_size_is_of_the_text);
    guard_close(&guard);
    return harness_done();
}
