#include "client/command_rule.h"
#include "harness.h"

enum { ARGS_MAX = 20 };

struct line {
    struct pn_bytes argv[ARGS_MAX];
    size_t argc;
};

/* Words apart by one space; '' is the empty one. */
static struct line
cut(const char *text)
{
    struct line line = {.argc = 0};
    struct pn_bytes rest = {text, strlen(text)};
    while (line.argc < ARGS_MAX && pn_word_next(&rest, &line.argv[line.argc])) {
        if (pn_bytes_equal(line.argv[line.argc], PN_BYTES("''"))) {
            line.argv[line.argc].len = 0;
        }
        line.argc++;
    }
    return line;
}

static struct pn_command_info
info_of(const char *text)
{
    struct pn_command_info info;
    struct line line = cut(text);
    pn_command_info(line.argv, line.argc, &info);
    return info;
}

static bool
has_keys(const char *text, const char *wanted)
{
    char found[64] = "";
    struct line line = cut(text);
    struct pn_command_info info = info_of(text);
    size_t at, n = 0, len = 0;
    while ((at = pn_command_key(line.argv, line.argc, &info, n)) != 0) {
        len += (size_t)snprintf(found + len, sizeof found - len, n > 0 ? " %zu" : "%zu",
                                at);
        n++;
    }
    bool is_right = strcmp(found, wanted) == 0 &&
                    ((info.flags & PN_CMD_NO_KEY) != 0) == (n == 0);
    if (!is_right) {
        printf("# %s: keys at %s\n", text, found);
    }
    return is_right;
}

static void
test_numkeys(void)
{
    CHECK(has_keys("EVAL script 2 a b arg", "3 4"));
    CHECK(has_keys("EVAL script 0 arg", ""));
    CHECK(has_keys("FCALL_RO f 1 a", "3"));
    CHECK(has_keys("ZUNION 2 a b WEIGHTS 1 2", "2 3"));
    CHECK(has_keys("SINTERCARD 2 a b LIMIT 1", "2 3"));
    CHECK(has_keys("LMPOP 1 a LEFT", "2"));
    CHECK(has_keys("BLMPOP 0.5 2 a b LEFT", "3 4"));
    CHECK(has_keys("ZUNIONSTORE d 2 a b AGGREGATE MAX", "1 3 4"));
    CHECK(has_keys("MSETEX 2 a 1 b 2 EX 5", "2 4"));
}

/* A count that cannot be: no key is made up, and none lies beyond the arguments. */
static void
test_malformed_counts(void)
{
    CHECK(has_keys("EVAL script 3 a b", ""));
    CHECK(has_keys("EVAL script -1 a b", ""));
    CHECK(has_keys("EVAL script x a", ""));
    CHECK(has_keys("EVAL script 18446744073709551615 a", ""));
    CHECK(has_keys("EVAL script 18446744073709551616 a", ""));
    CHECK(has_keys("EVAL script", ""));
    CHECK(has_keys("ZUNIONSTORE d 2 a", "1"));
    CHECK(has_keys("ZUNIONSTORE d 0", "1"));
    CHECK(has_keys("MSETEX 2 a 1 b", ""));
    CHECK(has_keys("MSETEX 9223372036854775808 a 1", ""));
    CHECK(has_keys("BLMPOP", ""));
}

static void
test_streams(void)
{
    CHECK(has_keys("XREAD COUNT 2 STREAMS a b 0 0", "4 5"));
    CHECK(has_keys("XREAD BLOCK 5 STREAMS a 0", "4"));
    CHECK(has_keys("XREADGROUP GROUP streams c NOACK STREAMS a >", "6"));
    CHECK(has_keys("XREAD STREAMS STREAMS 0", "2"));
    CHECK(has_keys("XREAD STREAMS a b 0", ""));
    CHECK(has_keys("XREAD STREAMS", ""));
    CHECK(has_keys("XREAD FUTURE STREAMS a 0", ""));
    CHECK(has_keys("XREAD", ""));
}

static void
test_stores(void)
{
    CHECK(has_keys("SORT k STORE d", "1 3"));
    CHECK(has_keys("SORT k BY store GET store LIMIT 0 5 ALPHA store d", "1 11"));
    CHECK(has_keys("SORT k BY STORE", "1"));
    CHECK(has_keys("SORT k STORE", "1"));
    CHECK(has_keys("SORT k STORE d STORE e", "1 5"));
    CHECK(has_keys("SORT_RO k BY p_*", "1"));
    CHECK(has_keys("GEORADIUS k 0 0 1 m STORE d", "1 7"));
    CHECK(has_keys("GEORADIUS k 0 0 1 m", "1"));
    CHECK(has_keys("GEORADIUSBYMEMBER k m 1 km STOREDIST d", "1 6"));
}

static void
test_migrate(void)
{
    CHECK(has_keys("MIGRATE h 6379 k 0 5000", "3"));
    CHECK(has_keys("MIGRATE h 6379 '' 0 5000 COPY REPLACE KEYS a b", "9 10"));
    CHECK(has_keys("MIGRATE h 6379 '' 0 5000 AUTH keys KEYS a", "9"));
    CHECK(has_keys("MIGRATE h 6379 '' 0 5000 AUTH2 u keys KEYS a", "10"));
    CHECK(has_keys("MIGRATE h 6379 k 0 5000 COPY", "3"));
    CHECK(has_keys("MIGRATE h 6379 k 0 5000 KEYS a", "3")); /* one or the other */
}

static void
test_channel(void)
{
    CHECK(has_keys("PUBLISH channel text", ""));
    CHECK_EQ(info_of("PUBLISH channel text").first, 1);
    CHECK_EQ(info_of("PUBLISH").first, 0);
}

static int64_t
blocks_ms(const char *text)
{
    struct pn_command_info info = info_of(text);
    return (info.flags & PN_CMD_BLOCKS) != 0 ? info.blocks_ms : -1;
}

static void
test_blocking(void)
{
    CHECK_EQ(blocks_ms("BLPOP a b 0"), 0);
    CHECK_EQ(blocks_ms("BLPOP a 1.5"), 1500);
    CHECK_EQ(blocks_ms("BRPOPLPUSH a b 2"), 2000);
    CHECK_EQ(blocks_ms("BLMOVE a b LEFT LEFT 3"), 3000);
    CHECK_EQ(blocks_ms("BZPOPMIN a 0.0001"), 1);
    CHECK_EQ(blocks_ms("BZPOPMAX a 0.0011"), 2);
    CHECK_EQ(blocks_ms("BLMPOP 4 1 a LEFT"), 4000);
    CHECK_EQ(blocks_ms("BZMPOP 0 1 a MIN"), 0);
    CHECK_EQ(blocks_ms("WAIT 1 250"), 250);
    CHECK_EQ(blocks_ms("WAITAOF 1 1 250"), 250);
    CHECK_EQ(blocks_ms("XREAD BLOCK 70 STREAMS a 0"), 70);
    CHECK_EQ(blocks_ms("XREAD STREAMS a 0"), -1);
    CHECK_EQ(blocks_ms("XREADGROUP GROUP g c BLOCK 0 STREAMS a 0"), 0);
    CHECK_EQ(blocks_ms("LPOP a"), -1);
    /* refused by the server at once */
    CHECK_EQ(blocks_ms("BLPOP a -1"), 1);
    CHECK_EQ(blocks_ms("BLPOP a nan"), 1);
    CHECK_EQ(blocks_ms("BLPOP a x"), 1);
    CHECK_EQ(blocks_ms("WAIT 1"), 1);
    CHECK_EQ(blocks_ms("XREAD BLOCK"), 1);
    CHECK_EQ(blocks_ms("BLPOP a 1e300"), INT32_MAX);
    CHECK_EQ(blocks_ms("BLPOP a 2147483.647"), INT32_MAX);
}

static void
test_safe(void)
{
    static const char *const safe[] = {
        "SET k v",
        "SET k v EX 5",
        "set k v keepttl",
        "SET k v PXAT 5",
        "EXPIRE k 5",
        "PEXPIREAT k 5",
        "SORT k",
        "GEORADIUS k 0 0 1 m",
        "MSETEX 1 a 1",
        "MSETEX 1 a 1 EX 5",
        "HSETEX k EX 5 FIELDS 1 f v",
        "HSETEX k FIELDS 1 f v",
        "HEXPIRE k 5 FIELDS 1 f",
        "GETEX k EX 5",
    };
    static const char *const not_safe[] = {
        "SET k v NX",
        "SET k v XX",
        "SET k v GET",
        "SET k v EX 5 NX",
        "SET k v IFEQ old",
        "SET k v FUTURE",
        "SET k v EX",
        "EXPIRE k 5 NX",
        "EXPIRE k",
        "SORT k STORE d",
        "GEORADIUS k 0 0 1 m STORE d",
        "MSETEX 1 a 1 NX",
        "MSETEX 2 a 1",
        "HSETEX k FNX FIELDS 1 f v",
        "HSETEX k EX 5",
        "HEXPIRE k 5 NX FIELDS 1 f",
        "XREADGROUP GROUP g c STREAMS a 0",
        "EVAL s 0",
    };
    for (size_t i = 0; i < sizeof safe / sizeof safe[0]; i++) {
        if (!CHECK((info_of(safe[i]).flags & PN_CMD_SAFE) != 0)) {
            printf("# %s\n", safe[i]);
        }
    }
    for (size_t i = 0; i < sizeof not_safe / sizeof not_safe[0]; i++) {
        if (!CHECK((info_of(not_safe[i]).flags & PN_CMD_SAFE) == 0)) {
            printf("# %s\n", not_safe[i]);
        }
    }
}

static void
test_words(void)
{
    CHECK(pn_command_is(PN_BYTES("bLock"), "BLOCK"));
    CHECK(!pn_command_is(PN_BYTES("bloc"), "BLOCK"));
    CHECK(!pn_command_is(PN_BYTES("blocks"), "BLOCK"));
    CHECK(!pn_command_is((struct pn_bytes){"BLOC\0", 5}, "BLOCK"));
}

int
main(void)
{
    RUN(test_numkeys);
    RUN(test_malformed_counts);
    RUN(test_streams);
    RUN(test_stores);
    RUN(test_migrate);
    RUN(test_channel);
    RUN(test_blocking);
    RUN(test_safe);
    RUN(test_words);
    return harness_done();
}
