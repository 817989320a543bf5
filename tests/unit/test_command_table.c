#include "client/command_table.h"

#include "client/command.h"
#include "client/command_rule.h"
#include "harness.h"

static void
test_sorted(void)
{
    CHECK(pn_command_table_len > 300);
    for (size_t i = 1; i < pn_command_table_len; i++) {
        CHECK(strcmp(pn_command_table[i - 1].name, pn_command_table[i].name) < 0);
    }
}

/* Every row is found under its name, in any case: by itself, or with its subcommand. */
static void
test_found(void)
{
    for (size_t i = 0; i < pn_command_table_len; i++) {
        const struct pn_command_row *row = &pn_command_table[i];
        char lower[PN_COMMAND_NAME_MAX + 1];
        for (size_t c = 0; c < sizeof lower; c++) {
            char upper = row->name[c];
            lower[c] = (char)(upper >= 'A' && upper <= 'Z' ? upper + ('a' - 'A')
                                                           : upper);
        }
        struct pn_bytes argv[4], rest = {lower, strlen(lower)};
        struct pn_command_info info;
        size_t argc = 0;
        while (pn_word_next(&rest, &argv[argc])) {
            argc++;
        }
        pn_command_info(argv, argc, &info);
        if (!CHECK((info.flags & row->flags) == row->flags)) {
            printf("# %s\n", row->name);
        }
    }
}

static void
test_sensible(void)
{
    for (size_t i = 0; i < pn_command_table_len; i++) {
        const struct pn_command_row *row = &pn_command_table[i];
        bool is_read = (row->flags & PN_CMD_READ) != 0;
        bool is_keyless = (row->flags & PN_CMD_NO_KEY) != 0;
        bool is_right = (row->flags & PN_CMD_KNOWN) != 0 && row->step >= 1 &&
                        (!is_read || (row->flags & PN_CMD_SAFE) != 0) &&
                        ((row->flags & PN_CMD_EVERY) == 0 || is_keyless) &&
                        ((row->flags & PN_CMD_SPLIT) == 0 || row->last == -1) &&
                        (row->first == 0) == (row->last == 0) &&
                        (row->first == 0 || !is_keyless) &&
                        (row->first != 0 || is_keyless || row->rule != PN_RULE_NONE);
        if (!CHECK(is_right)) {
            printf("# %s\n", row->name);
        }
    }
}

int
main(void)
{
    RUN(test_sorted);
    RUN(test_found);
    RUN(test_sensible);
    return harness_done();
}
