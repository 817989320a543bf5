/*
 * split - one command whose keys have several owners, as one for each of them
 *
 * Two slots of one node are two owners, too: servers refuse a command across slots. All
 * parts for a node leave in one write. A split MSET is not atomic, as documented.
 */
#include <stdlib.h>

#include "call.h"
#include "wire/resp_put.h"
#include "words.h"

static int
compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void
call_sort(uint64_t *order, const uint32_t *owner, size_t n)
{
    bool is_sorted = true; /* as they are when one node owns all */
    for (size_t i = 0; i < n; i++) {
        order[i] = (uint64_t)owner[i] << 32 | i;
        is_sorted &= i == 0 || owner[i - 1] <= owner[i];
    }
    if (!is_sorted) {
        qsort(order, n, sizeof *order, compare);
    }
}

/* How the parts become one. The name's first letters tell, for the commands that may be
 * split are few: MGET, MSET; DEL UNLINK EXISTS TOUCH count. */
static enum merge
merge_of(struct pn_bytes name)
{
    bool is_multi = name.len == 4 && (name.ptr[0] | 0x20) == 'm';
    if (!is_multi) {
        return MERGE_SUM;
    }
    return (name.ptr[1] | 0x20) == 'g' ? MERGE_KEYS : MERGE_STATUS;
}

/* NAME and the arguments of the N keys in ORDER, as a command. */
static int
write_part(struct call *call, const struct words *words,
           const struct pn_command_info *info, const uint64_t *order, size_t n,
           struct pn_bytes *wire)
{
    size_t argc = 1 + n * info->step, size = 24 + words->argv[0].len + 26;
    struct pn_bytes *argv = arena_take(&call->arena, argc * sizeof *argv);
    if (argv == NULL) {
        return -1;
    }
    argv[0] = words->argv[0];
    for (size_t i = 0; i < n; i++) {
        size_t from = pn_command_key(words->argv, words->argc, info,
                                     (size_t)(uint32_t)order[i]);
        for (size_t k = 0; k < info->step; k++) {
            argv[1 + i * info->step + k] = words->argv[from + k];
            size += words->argv[from + k].len + 26;
        }
    }
    struct pn_out out = {.ptr = arena_take(&call->arena, size), .cap = size};
    if (out.ptr == NULL) {
        return -1;
    }
    pn_resp_put_command(&out, argv, argc);
    *wire = (struct pn_bytes){out.ptr, out.len};
    return 0;
}

int
call_split(struct call *call, const struct words *words,
           const struct pn_command_info *info, const uint32_t *owner, size_t n_keys)
{
    size_t i_command = call->n_commands - 1;
    struct command *command = &call->command[i_command];
    uint64_t *order = arena_take(&call->arena, n_keys * sizeof *order);
    uint32_t *position = arena_take(&call->arena, n_keys * sizeof *position);
    if (order == NULL || position == NULL ||
        words->argc % info->step != 1 % info->step) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(call->client->st->argument_error,
                            "a value is missing behind the last key");
        }
        return -1;
    }
    call_sort(order, owner, n_keys);
    command->merge = (uint8_t)merge_of(words->argv[0]);
    command->n_keys = (uint32_t)n_keys;
    command->position = position;
    uint32_t flags = call_flags(call, info, words->argv[0]);
    for (size_t from = 0, to; from < n_keys; from = to) {
        struct pn_bytes wire;
        for (to = from; to < n_keys && order[to] >> 32 == order[from] >> 32; to++) {
            position[to] = (uint32_t)order[to];
        }
        if (write_part(call, words, info, order + from, to - from, &wire) < 0) {
            return -1;
        }
        struct part *part = call_new_part(call, i_command, wire, flags);
        if (part == NULL) {
            return -1;
        }
        part->n_keys = (uint32_t)(to - from);
        call_aim(call, part,
                 words->argv[pn_command_key(words->argv, words->argc, info,
                                            position[from])]);
    }
    return 0;
}
