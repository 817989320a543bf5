#include "wire/classic.h"

#include "wire.h"

static void
test_some(void)
{
    READS(feed_classic_request, NULL, "set k 1 2 3 noreply\r\nabc\r\nget  a  b \n",
          "set \"k\" flags 1 exptime 2 cas 0 number 0 \"abc\" noreply\n"
          "get \"a\" \"b\" flags 0 exptime 0 cas 0 number 0\n");
    READS(feed_classic_request, NULL, "set k 1 2 3\r\nab", "15 left\n");
    READS(feed_classic_request, NULL, "GET k\r\n", "malformed PN_WIRE_E_VERB\n");
}

/* The number of keys of one get is bounded by the length of its line. */
static void
test_limits(void)
{
    static char line[PN_MC_LINE_MAX + 16];
    struct pn_mc_reader reader = {0};
    struct pn_classic_request request;
    memset(line, ' ', sizeof line);
    memcpy(line, "get ", 4);
    for (size_t i = 4; i < PN_MC_LINE_MAX; i += 2) {
        line[i] = 'k';
    }
    line[PN_MC_LINE_MAX] = '\n';
    CHECK_EQ(pn_classic_request(&reader, line, PN_MC_LINE_MAX, &request), 0);
    CHECK_EQ(pn_classic_request(&reader, line, sizeof line, &request),
             PN_MC_LINE_MAX + 1);
    CHECK_EQ(request.keys.len, PN_MC_LINE_MAX - 5);
    line[PN_MC_LINE_MAX] = ' ';
    reader = (struct pn_mc_reader){0};
    CHECK_EQ(pn_classic_request(&reader, line, sizeof line, &request), PN_WIRE_E_LINE);
    CHECK_EQ(reader.skip, 0);
    union feed_state small = {.mc.value_max = 2};
    READS(feed_classic_request, &small, "set k 0 0 2\r\nab\r\nset k 0 0 3\r\n",
          "set \"k\" flags 0 exptime 0 cas 0 number 0 \"ab\"\n"
          "malformed PN_WIRE_E_VALUE_SIZE\n");
}

/* After a refusal a server stands at the next request: the value of a bad `set` must
 * not be run as commands. */
static void
test_skip(void)
{
    static const struct {
        const char *text;
        size_t skip;
    } rows[] = {
        {"foo\r\nversion\r\n", 5},
        {"get\r\n", 5},
        {"set k x 0 9\r\nflush_all\r\n", 13 + 11},
        {"set k\x01 0 0 9\r\n", 14 + 11},
        {"set k 0 0 99999999999\r\n", 0},
        {"set k 0 0 -1\r\n", 14},
        {"set k 0 0 1\r\nabcd", 13 + 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pn_mc_reader reader = {0};
        struct pn_classic_request request;
        CHECK(pn_classic_request(&reader, rows[i].text, strlen(rows[i].text),
                                 &request) < 0);
        if (!CHECK_EQ(reader.skip, rows[i].skip)) {
            printf("# after %s\n", rows[i].text);
        }
    }
}

int
main(void)
{
    RUN(test_some);
    RUN(test_limits);
    RUN(test_skip);
    return harness_done();
}
