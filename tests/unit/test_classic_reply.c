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
    RUN(test_need);
    return harness_done();
}
