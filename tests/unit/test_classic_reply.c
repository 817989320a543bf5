#include "wire/classic.h"

#include "wire.h"

/* Every word of the table, and nothing near to one. */
static void
test_words(void)
{
    static const char *const words[] = {
#define ROW(name, word) (word),
        PN_CLASSIC_REPLY_MAP(ROW)
#undef ROW
    };
    for (int i = PN_REPLY_END; i < PN_REPLY_NUMBER; i++) {
        char line[64];
        int len = snprintf(line, sizeof line, "%s%s\r\n", words[i],
                           i == PN_REPLY_STAT ? " a b" : "");
        struct pn_mc_reader reader = {0};
        struct pn_classic_reply reply = {.kind = PN_REPLY_NUMBER};
        CHECK_EQ(pn_classic_reply(&reader, line, (size_t)len, &reply), len);
        CHECK_EQ(reply.kind, i);
        line[0] ^= 0x20;
        CHECK_EQ(pn_classic_reply(&reader, line, (size_t)len, &reply), PN_WIRE_E_REPLY);
    }
}

static void
test_values(void)
{
    READS(feed_classic_reply, NULL, "VALUE k 7 4 9\r\n\r\n\r\n\r\nEND\r\n",
          "VALUE \"k\" flags 7 \"\\r\\n\\r\\n\" cas 9\nEND .\n");
    READS(feed_classic_reply, NULL, "VALUE k 0 3\r\nab", "15 left\n");
    READS(feed_classic_reply, NULL, "VALUE key 0 2\r\nab\r\nEND\r\n",
          "VALUE \"key\" flags 0 \"ab\"\nEND .\n");
    READS(feed_classic_reply, NULL, "42\r\n0\r\n", "number 42 .\nnumber 0 .\n");
    READS(feed_classic_reply, NULL, "-1\r\n", "malformed PN_WIRE_E_REPLY\n");
    READS(feed_classic_reply, NULL, "VALUE  k  7  2 \r\nab\r\n",
          "VALUE \"k\" flags 7 \"ab\"\n");
    READS(feed_classic_reply, NULL, "VALUE k 4294967295 2\r\nab\r\n",
          "VALUE \"k\" flags 4294967295 \"ab\"\n");
    READS(feed_classic_reply, NULL, "VALUE k 4294967296 2\r\n",
          "malformed PN_WIRE_E_NUMBER\n");
    READS(feed_classic_reply, NULL, "VALUE k 0 0000000002\r\nab\r\n",
          "VALUE \"k\" flags 0 \"ab\"\n");
    READS(feed_classic_reply, NULL, "VALUE k 0 2x\r\n", "malformed PN_WIRE_E_NUMBER\n");
    READS(feed_classic_reply, NULL, "VALUE k 0 \r\n", "malformed PN_WIRE_E_WORDS\n");
    READS(feed_classic_reply, NULL, "VALUE k\001y 0 2\r\n",
          "malformed PN_WIRE_E_KEY_BYTE\n");
    union feed_state small = {.mc.value_max = 2};
    READS(feed_classic_reply, &small, "VALUE k 0 3\r\n",
          "malformed PN_WIRE_E_VALUE_SIZE\n");
}

/* What is read at once, and the same with a space more, which is not: one answer. */
static void
test_both_ways(void)
{
    static const char *const rows[][2] = {
        {"k", "0 2\r\nab\r\n"},          {"a-longer-key", "999999999 0\r\n\r\n"},
        {"k", "0 000000002\r\nab\r\n"},  {"k", "0 2\r\nabc\r\n"},
        {"k", "0 2\r\nab\rx"},           {"k", "0 2\rxab\r\n"},
        {"k", "0 \r\nab\r\n"},           {"k", "x 2\r\nab\r\n"},
        {"k", "0x2\r\nab\r\n"},          {"k", " 2\r\nab\r\n"},
        {"k", "0 2\r\nabx\n"},           {"", "0 2\r\nab\r\n"},
        {"k", "9999999999 2\r\nab\r\n"}, {"k", "0 3\r\nabc\r\n"},
        {"k", "0 999999999\r\nab\r\n"},  {"k", "0 9999999999999999999999\r\nab\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char said[2][96];
        for (int k = 0; k < 2; k++) {
            struct pn_mc_reader r = {.value_max = 2};
            struct pn_classic_reply reply = {.kind = PN_REPLY_END};
            char text[96];
            int len = snprintf(text, sizeof text, "VALUE %s%s %s", rows[i][0],
                               k ? " " : "", rows[i][1]);
            long n = (long)pn_classic_reply(&r, text, (size_t)len, &reply);
            long skip = (long)r.skip;
            snprintf(said[k], sizeof said[k], "%ld %d %.*s %u %d skip %ld",
                     n > 0 ? n - k : n, (int)reply.kind, (int)reply.key.len,
                     reply.key.ptr, reply.flags, (int)reply.value.len,
                     skip > 0 ? skip - k : 0);
            CHECK(n < 0 || r.need == 0);
        }
        CHECK(strcmp(said[0], said[1]) == 0);
    }
}

/* The longest key there is, and one more. */
static void
test_long_keys(void)
{
    char text[PN_MC_KEY_MAX + 32];
    for (int more = 0; more < 2; more++) {
        struct pn_mc_reader reader = {0};
        struct pn_classic_reply reply;
        memcpy(text, "VALUE ", 6);
        memset(text + 6, 'k', PN_MC_KEY_MAX + 1);
        memcpy(text + 6 + PN_MC_KEY_MAX + more, " 0 1\r\n1\r\n", 9);
        size_t len = 6 + PN_MC_KEY_MAX + (size_t)more + 9;
        CHECK_EQ(pn_classic_reply(&reader, text, len, &reply),
                 more ? PN_WIRE_E_KEY_SIZE : (int)len);
    }
}

/* A long value is waited for by its length, not by looking. */
static void
test_need(void)
{
    struct pn_mc_reader reader = {0};
    struct pn_classic_reply reply;
    CHECK_EQ(pn_classic_reply(&reader, "VALUE k 0 1000\r\nabc", 19, &reply), 0);
    CHECK_EQ(reader.need, 16 + 1000 + 2);
}

int
main(void)
{
    RUN(test_words);
    RUN(test_values);
    RUN(test_both_ways);
    RUN(test_long_keys);
    RUN(test_need);
    return harness_done();
}
