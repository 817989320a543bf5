#include "wire/meta_flag.h"

#include "harness.h"

/* A letter stands once in the table, and each verb has the flags of meta.h. */
static void
test_table(void)
{
    static const char *const letters[] = {
        [PN_META_MG] = "CELNOPRTbcfhklqstuv",
        [PN_META_MS] = "CEFILMNOPTbckqs",
        [PN_META_MD] = "CEILOPTbkqx",
        [PN_META_MA] = "CDEJLMNOPTbckqtv",
        [PN_META_MN] = "",
        [PN_META_ME] = "b",
    };
    size_t n;
    const struct pn_meta_flag *flag = pn_meta_flags(&n);
    uint64_t seen = 0;
    for (size_t i = 0; i < n; i++) {
        CHECK((seen & pn_meta_bit(flag[i].name)) == 0);
        CHECK(flag[i].bit == pn_meta_bit(flag[i].name));
        seen |= flag[i].bit;
    }
    for (int verb = PN_META_MG; verb <= PN_META_ME; verb++) {
        for (int c = 1; c < 128; c++) {
            bool is_there = pn_meta_flag_of((enum pn_meta_verb)verb, (char)c) != NULL;
            CHECK_EQ(is_there, strchr(letters[verb], c) != NULL);
        }
    }
}

static void
test_bits(void)
{
    uint64_t seen = 0;
    for (int c = 0; c < 256; c++) {
        uint64_t bit = pn_meta_bit((char)c);
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        CHECK_EQ(bit != 0, is_letter);
        CHECK((seen & bit) == 0);
        seen |= bit;
    }
}

/* What was read of a flag is written as it was. */
static void
test_read_and_put(void)
{
    static const struct {
        enum pn_meta_verb verb;
        const char *word;
    } rows[] = {
        {PN_META_MG, "T-1"},
        {PN_META_MG, "N30"},
        {PN_META_MG, "R0"},
        {PN_META_MG, "Oabc"},
        {PN_META_MS, "F4294967295"},
        {PN_META_MS, "MA"},
        {PN_META_MS, "C18446744073709551615"},
        {PN_META_MA, "MD"},
        {PN_META_MA, "J7"},
        {PN_META_MD, "x"},
        {PN_META_MA, "D1"},
        {PN_META_MS, "E9"},
        {PN_META_MG, "L1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[64] = "";
        struct pn_out out = {buf, sizeof buf - 1, 0};
        struct pn_meta_request request = {.verb = rows[i].verb};
        const struct pn_meta_flag *flag = pn_meta_flag_of(rows[i].verb,
                                                          rows[i].word[0]);
        struct pn_bytes arg = {rows[i].word + 1, strlen(rows[i].word) - 1};
        if (CHECK(flag != NULL)) {
            CHECK_EQ(pn_meta_flag_read(flag, arg, &request), 0);
            CHECK_EQ(pn_meta_flag_put(&out, flag, &request), 0);
            CHECK(strcmp(buf + 1, rows[i].word) == 0);
        }
    }
}

/* An opaque is a word: a space in it would be a flag. */
static void
test_opaque(void)
{
    struct pn_out out = {0};
    const struct pn_meta_flag *flag = pn_meta_flag_of(PN_META_MG, 'O');
    struct pn_meta_request request = {.opaque = PN_BYTES("a b")};
    CHECK_EQ(pn_meta_flag_put(&out, flag, &request), PN_WIRE_E_FLAG);
    request.opaque = PN_BYTES("123456789012345678901234567890123");
    CHECK_EQ(pn_meta_flag_put(&out, flag, &request), PN_WIRE_E_FLAG);
    request.opaque.len = PN_MC_OPAQUE_MAX;
    CHECK_EQ(pn_meta_flag_put(&out, flag, &request), 0);
}

int
main(void)
{
    RUN(test_table);
    RUN(test_bits);
    RUN(test_read_and_put);
    RUN(test_opaque);
    return harness_done();
}
