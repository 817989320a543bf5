#include "client/command_rule.h"

#include "wire/double.h"

typedef void
rule_fn(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info);

bool
pn_command_is(struct pn_bytes word, const char *name)
{
    if (word.len != strlen(name)) {
        return false;
    }
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        if ((c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) != name[i]) {
            return false;
        }
    }
    return true;
}

/* ---- Keys ------------------------------------------------------------------- */

/* ARGV[AT] says how many keys follow it. Returns where they end; 0: malformed. */
static size_t
keys_behind(size_t at, size_t step, const struct pn_bytes *argv, size_t argc,
            struct pn_command_info *info)
{
    uint64_t n;
    if (at >= argc || !pn_word_u64(argv[at], &n) || n > (argc - at - 1) / step) {
        return 0;
    }
    info->first = n > 0 ? (uint32_t)at + 1 : 0;
    info->keys = (uint32_t)n;
    info->step = (uint8_t)step;
    return at + 1 + (size_t)n * step;
}

static void
numkeys_1(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    keys_behind(1, 1, argv, argc, info);
}

static void
numkeys_2(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    keys_behind(2, 1, argv, argc, info);
}

static void
store(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    if (keys_behind(2, 1, argv, argc, info) > 0) {
        info->extra = 1;
    }
}

/* Options that have arguments are stepped over, so that a pattern called "store" is
 * none. The last STORE counts, as it does for the server. */
static void
sort(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    for (size_t i = 2; i < argc; i++) {
        if (pn_command_is(argv[i], "LIMIT")) {
            i += 2;
        } else if (pn_command_is(argv[i], "BY") || pn_command_is(argv[i], "GET")) {
            i++;
        } else if (pn_command_is(argv[i], "STORE") && i + 1 < argc) {
            info->extra = (uint32_t)++i;
        }
    }
    info->flags |= info->extra == 0 ? PN_CMD_SAFE : 0;
}

/* Both forms, as the server looks at them: that with a member has its options from
 * argument 5, the other has a unit there. */
static void
georadius(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    for (size_t i = 5; i + 1 < argc; i++) {
        if (pn_command_is(argv[i], "STORE") || pn_command_is(argv[i], "STOREDIST")) {
            info->extra = (uint32_t)++i;
        }
    }
    info->flags |= info->extra == 0 ? PN_CMD_SAFE : 0;
}

static void
migrate(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    if (argc < 7 || argv[3].len > 0) {
        return;
    }
    for (size_t i = 6; i + 1 < argc; i++) {
        if (pn_command_is(argv[i], "AUTH")) {
            i++;
        } else if (pn_command_is(argv[i], "AUTH2")) {
            i += 2;
        } else if (pn_command_is(argv[i], "KEYS")) {
            info->first = (uint32_t)i + 1;
            info->keys = (uint32_t)(argc - i - 1);
            return;
        }
    }
}

static void
publish(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    (void)argv;
    info->first = argc > 1 ? 1 : 0;
}

/* ---- For how long ------------------------------------------------------------ */

/* 0 is for ever. What the server will refuse does not wait: the least there is. */
static int32_t
wait_ms(struct pn_bytes word, double unit_ms)
{
    double value;
    if (!pn_double_read(word, &value) || !(value >= 0)) {
        return 1;
    }
    value *= unit_ms;
    if (value >= (double)INT32_MAX) {
        return INT32_MAX;
    }
    int32_t whole = (int32_t)value;
    return (double)whole < value ? whole + 1 : whole;
}

static void
block(const struct pn_bytes *argv, size_t argc, size_t at, double unit_ms,
      struct pn_command_info *info)
{
    info->flags |= PN_CMD_BLOCKS;
    info->blocks_ms = at < argc ? wait_ms(argv[at], unit_ms) : 1;
}

static void
block_last(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    block(argv, argc, argc - 1, 1000, info);
}

static void
block_numkeys(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    block(argv, argc, 1, 1000, info);
    keys_behind(2, 1, argv, argc, info);
}

static void
wait(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    block(argv, argc, 2, 1, info);
}

static void
waitaof(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    block(argv, argc, 3, 1, info);
}

/* Keys are the first half of what follows STREAMS, ids the second. */
static void
streams(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    for (size_t i = 1; i < argc; i++) {
        if (pn_command_is(argv[i], "BLOCK")) {
            block(argv, argc, ++i, 1, info);
        } else if (pn_command_is(argv[i], "COUNT") || pn_command_is(argv[i], "CLAIM")) {
            i++;
        } else if (pn_command_is(argv[i], "GROUP")) {
            i += 2;
        } else if (pn_command_is(argv[i], "STREAMS")) {
            size_t rest = argc - i - 1;
            info->first = rest > 0 && rest % 2 == 0 ? (uint32_t)i + 1 : 0;
            info->keys = info->first > 0 ? (uint32_t)(rest / 2) : 0;
            return;
        } else if (!pn_command_is(argv[i], "NOACK")) {
            return;
        }
    }
}

/* ---- Whether it may be sent twice ------------------------------------------------ */

/* The first argument from AT on that does not say how long a value lives; beyond ARGC
 * when the last option lacks its number. Whatever else is said is a condition or asks
 * for the old value, now or in versions to come: so the harmless ones are listed, not
 * the others. */
static size_t
behind_lifetime(const struct pn_bytes *argv, size_t argc, size_t at)
{
    while (at < argc) {
        if (pn_command_is(argv[at], "KEEPTTL")) {
            at++;
        } else if (pn_command_is(argv[at], "EX") || pn_command_is(argv[at], "PX") ||
                   pn_command_is(argv[at], "EXAT") || pn_command_is(argv[at], "PXAT")) {
            at += 2;
        } else {
            break;
        }
    }
    return at;
}

static void
set(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    info->flags |= behind_lifetime(argv, argc, 3) == argc ? PN_CMD_SAFE : 0;
}

static void
msetex(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    size_t end = keys_behind(1, 2, argv, argc, info);
    if (end > 0 && behind_lifetime(argv, argc, end) == argc) {
        info->flags |= PN_CMD_SAFE;
    }
}

static void
expire(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    (void)argv;
    info->flags |= argc == 3 ? PN_CMD_SAFE : 0;
}

static void
hsetex(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    size_t at = behind_lifetime(argv, argc, 2);
    info->flags |= at < argc && pn_command_is(argv[at], "FIELDS") ? PN_CMD_SAFE : 0;
}

static void
hexpire(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    info->flags |= argc > 3 && pn_command_is(argv[3], "FIELDS") ? PN_CMD_SAFE : 0;
}

void
pn_command_rule(enum pn_command_rule rule, const struct pn_bytes *argv, size_t argc,
                struct pn_command_info *info)
{
    static rule_fn *const rules[] = {NULL,
#define PN_RULE_FUNCTION(name, function) function,
                                     PN_COMMAND_RULES(PN_RULE_FUNCTION)
#undef PN_RULE_FUNCTION
    };
    if (rules[rule] != NULL) {
        rules[rule](argv, argc, info);
    }
}
