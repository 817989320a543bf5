#include "wire/resp_head.h"

#include <stdlib.h>

#include "wire.h"

static void
test_number_line(void)
{
    static const struct {
        const char *text;
        ptrdiff_t n;
        int64_t value;
    } rows[] = {
        {":", 0, 0},
        {":-", 0, 0},
        {":1", 0, 0},
        {":1\r", 0, 0},
        {":1\r\n", 4, 1},
        {":+1\r\n", 5, 1},
        {"$+1\r\n", PN_WIRE_E_NUMBER, 0},
        {":0\r\n", 4, 0},
        {":00\r\n", PN_WIRE_E_NUMBER, 0},
        {":01\r\n", PN_WIRE_E_NUMBER, 0},
        {":-0\r\n", PN_WIRE_E_NUMBER, 0},
        {":-9223372036854775808\r\n", 23, INT64_MIN},
        {":-9223372036854775809\r\n", PN_WIRE_E_NUMBER, 0},
        {":9223372036854775807\r\n", 22, INT64_MAX},
        {":9223372036854775808\r\n", PN_WIRE_E_NUMBER, 0},
        {":9999999999999999999\r\n", PN_WIRE_E_NUMBER, 0},
        {"$?\r\n", PN_WIRE_E_STREAMED, 0},
        {":1\n", PN_WIRE_E_NUMBER, 0},
        {":1\rx", PN_WIRE_E_BARE, 0},
        {":\r\n", PN_WIRE_E_NUMBER, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = 0;
        ptrdiff_t n = pn_resp_number_line(rows[i].text, strlen(rows[i].text), &value);
        CHECK_EQ(n, rows[i].n);
        CHECK_EQ(value, rows[i].value);
    }
}

/* Each byte begins an element, a streamed form, or nothing. */
static void
test_first_byte(void)
{
    static const char types[] = "+-:$*_#,(!=%~|>";
    for (int c = 0; c < 256; c++) {
        char text[2] = {(char)c, '\0'};
        struct pn_resp_limits limits = {0};
        struct pn_resp_token token = {0};
        size_t seen = 0;
        bool is_type = c != 0 && strchr(types, c) != NULL;
        ptrdiff_t n = pn_resp_head(text, 1, &limits, &seen, &token);
        CHECK_EQ(n, is_type                ? 0
                    : c == ';' || c == '.' ? PN_WIRE_E_STREAMED
                                           : PN_WIRE_E_TYPE);
    }
}

static void
test_limits(void)
{
    union feed_state small = {.reader.limits = {.length = 3, .count = 4}};
    READS(feed_resp, &small, "$3\r\nabc\r\n!3\r\nabc\r\n$4\r\n",
          "bulk \"abc\" .\nbulk-error \"abc\" .\nmalformed PN_WIRE_E_LENGTH\n");
    READS(feed_resp, &small, "=4\r\n", "malformed PN_WIRE_E_LENGTH\n");
    READS(feed_resp, &small, "*5\r\n", "malformed PN_WIRE_E_COUNT\n");
    READS(feed_resp, &small, "%3\r\n", "malformed PN_WIRE_E_COUNT\n");
    READS(feed_resp, &small, "|3\r\n", "malformed PN_WIRE_E_COUNT\n");
    READS(feed_resp, &small, "%2\r\n", "map 2\n");
    READS(feed_resp, &small, "*4\r\n", "array 4\n");
}

/* A line without end is refused at the limit, not when memory is gone. */
static void
test_long_line(void)
{
    static char text[PN_RESP_LINE_MAX + 4];
    struct pn_resp_limits limits = {0};
    struct pn_resp_token token = {0};
    size_t seen = 0;
    memset(text, 'a', sizeof text);
    text[0] = '+';
    CHECK_EQ(pn_resp_head(text, PN_RESP_LINE_MAX, &limits, &seen, &token), 0);
    CHECK_EQ(seen, PN_RESP_LINE_MAX);
    CHECK_EQ(pn_resp_head(text, PN_RESP_LINE_MAX + 1, &limits, &seen, &token),
             PN_WIRE_E_LINE);
    memcpy(text + PN_RESP_LINE_MAX, "\r\n", 2);
    seen = 0;
    CHECK_EQ(pn_resp_head(text, sizeof text, &limits, &seen, &token),
             PN_RESP_LINE_MAX + 2);
    CHECK_EQ(token.text.len, PN_RESP_LINE_MAX - 1);
}

int
main(void)
{
    RUN(test_number_line);
    RUN(test_first_byte);
    RUN(test_limits);
    RUN(test_long_line);
    return harness_done();
}
