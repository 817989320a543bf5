#include "client/command.h"

#include "client/command_rule.h"
#include "client/command_table.h"

/* A name as the table has it: upper case, a space before the subcommand. */
struct name {
    char text[PN_COMMAND_NAME_MAX + 1];
    size_t len;
};

/* False: longer than any name there is. */
static bool
append(struct name *name, struct pn_bytes word)
{
    if (word.len > PN_COMMAND_NAME_MAX - name->len) {
        return false;
    }
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        name->text[name->len++] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    name->text[name->len] = '\0';
    return true;
}

/* The row called NAME among TABLE[begin..end); NULL: none. A word may hold any byte, a
 * zero too, which strcmp() would take for its end: so the length is compared last. */
static const struct pn_command_row *
find(const struct name *name, size_t begin, size_t end)
{
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        const struct pn_command_row *row = &pn_command_table[middle];
        int order = strcmp(name->text, row->name);
        if (order == 0) {
            return strlen(row->name) == name->len ? row : NULL;
        }
        begin = order > 0 ? middle + 1 : begin;
        end = order < 0 ? middle : end;
    }
    return NULL;
}

static bool
has_subcommands(const struct pn_command_row *row)
{
    const struct pn_command_row *end = pn_command_table + pn_command_table_len;
    size_t len = strlen(row->name);
    return row + 1 < end && memcmp(row[1].name, row->name, len) == 0 &&
           row[1].name[len] == ' ';
}

static const struct pn_command_row *
row_of(const struct pn_bytes *argv, size_t argc)
{
    struct name name = {.len = 0};
    if (argc == 0 || !append(&name, argv[0])) {
        return NULL;
    }
    const struct pn_command_row *row = find(&name, 0, pn_command_table_len);
    if (row == NULL || argc < 2 || !has_subcommands(row)) {
        return row;
    }
    if (!append(&name, PN_BYTES(" ")) || !append(&name, argv[1])) {
        return row;
    }
    size_t after = (size_t)(row - pn_command_table) + 1;
    const struct pn_command_row *own = find(&name, after, pn_command_table_len);
    return own != NULL ? own : row;
}

/* Where FIRST and LAST of a row lie among ARGC arguments. */
static void
place_keys(int first, int last, size_t argc, struct pn_command_info *info)
{
    ptrdiff_t end = last < 0 ? (ptrdiff_t)argc + last : last;
    if (end >= (ptrdiff_t)argc) {
        end = (ptrdiff_t)argc - 1;
    }
    if (first > 0 && end >= first) {
        info->first = (uint32_t)first;
        info->keys = (uint32_t)((end - first) / info->step) + 1;
    }
}

void
pn_command_info(const struct pn_bytes *argv, size_t argc, struct pn_command_info *info)
{
    const struct pn_command_row *row = row_of(argv, argc);
    *info = (struct pn_command_info){.step = 1};
    if (row == NULL) {
        place_keys(1, 1, argc, info);
    } else {
        info->flags = row->flags;
        info->step = row->step;
        place_keys(row->first, row->last, argc, info);
        pn_command_rule((enum pn_command_rule)row->rule, argv, argc, info);
    }
    if (info->keys == 0 && info->extra == 0) {
        info->flags |= PN_CMD_NO_KEY;
    }
}

size_t
pn_command_key(const struct pn_bytes *argv, size_t argc,
               const struct pn_command_info *info, size_t i)
{
    (void)argv;
    size_t at = 0;
    if (info->extra != 0 && info->extra < info->first) {
        if (i == 0) {
            return info->extra;
        }
        i--;
    }
    if (i < info->keys) {
        at = info->first + i * info->step;
    } else if (i == info->keys && info->extra > info->first) {
        at = info->extra;
    }
    return at < argc ? at : 0;
}
