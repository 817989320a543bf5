/*
 * plan - from the words of a command of Redis to the parts it is sent as
 */
#include "call.h"
#include "wire/resp_put.h"
#include "words.h"

static const uint32_t keep_apart = PN_CMD_STATE | PN_CMD_PUSH;

/* A command that changes its connection is of no use on one that is another's next. */
static int
refuse_state(struct core_state *st, struct pn_bytes name)
{
    PyObject *text = PyUnicode_DecodeUTF8(name.ptr, (Py_ssize_t)name.len, "replace");
    if (text != NULL) {
        PyErr_Format(st->argument_error,
                     "%U changes the connection, which others use as well: open a "
                     "session for it, or say it in the client's URL",
                     text);
        Py_DECREF(text);
    }
    return -1;
}

static int
refuse_cross(struct core_state *st, struct pn_bytes name, const char *what)
{
    struct fault_place place = {.node = PN_NODE_NONE, .command = name};
    fault_raise(fault_of_type(st->cross_slot, "CROSSSLOT", what, &place));
    return -1;
}

/* May the keys of a command that may be split be asked for one by one, when they cannot
 * be all at once? MSET of one slot is all or nothing. */
static bool
may_take_apart(const struct call *call, const struct pn_command_info *info)
{
    return info->step == 1 && call->client->share->kind == PN_FLEET_CLUSTER &&
           call->node == PN_NODE_NONE &&
           (call->run & (RUN_ATOMIC | RUN_SESSION | RUN_RAW | RUN_NO_RETRY)) == 0;
}

uint32_t
call_flags(const struct call *call, const struct pn_command_info *info,
           struct pn_bytes name)
{
    uint32_t flags = 0;
    if ((info->flags & PN_CMD_READ) != 0) {
        flags |= PN_REQ_READ | PN_REQ_SAFE;
    }
    if ((info->flags & PN_CMD_SAFE) != 0) {
        flags |= PN_REQ_SAFE;
    }
    if ((info->flags & PN_CMD_PUSH) != 0) {
        flags |= PN_REQ_PUSH;
    }
    if (name.len == 3 && (name.ptr[0] | 0x20) == 'g' && (name.ptr[1] | 0x20) == 'e') {
        flags |= PN_REQ_VALUE; /* GET */
    }
    char letter = (char)(name.ptr[0] | 0x20);
    if ((info->flags & PN_CMD_SPLIT) != 0) {
        flags |= letter == 'd' || letter == 'u' ? PN_REQ_DELETE : 0u; /* DEL, UNLINK */
        flags |= may_take_apart(call, info) ? PN_REQ_APART : 0u;
    }
    return flags;
}

static void
note_blocking(struct call *call, const struct pn_command_info *info)
{
    if ((info->flags & PN_CMD_BLOCKS) == 0 || call->blocks_ns == PN_NEVER) {
        return;
    }
    if (info->blocks_ms <= 0) {
        call->blocks_ns = PN_NEVER;
    } else {
        call->blocks_ns += (uint64_t)info->blocks_ms * 1000000;
    }
}

/* The keys of the command at hand, in ARENA; *N is how many. */
static struct pn_bytes *
find_keys(struct call *call, const struct words *words,
          const struct pn_command_info *info, size_t *n)
{
    size_t count = 0;
    while (pn_command_key(words->argv, words->argc, info, count) != 0) {
        count++;
    }
    struct pn_bytes *key = arena_take(&call->arena, count * sizeof *key);
    for (size_t i = 0; key != NULL && i < count; i++) {
        key[i] = words->argv[pn_command_key(words->argv, words->argc, info, i)];
    }
    *n = count;
    return key;
}

static bool
is_one_owner(const uint32_t *owner, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (owner[i] != owner[0]) {
            return false;
        }
    }
    return true;
}

/* Several keys: all of one owner, or to be split. 1: it was. */
static int
plan_keys(struct call *call, const struct words *words,
          const struct pn_command_info *info, const struct pn_bytes *key, size_t n)
{
    uint32_t *owner = arena_take(&call->arena, n * sizeof *owner);
    if (owner == NULL || call_owners(call, key, n, owner) < 0) {
        return -1;
    }
    if (is_one_owner(owner, n)) {
        return 0;
    }
    if ((info->flags & PN_CMD_SPLIT) != 0 &&
        (call->run & (RUN_ATOMIC | RUN_SESSION)) == 0) {
        return call_split(call, words, info, owner, n) < 0 ? -1 : 1;
    }
    bool is_cluster = call->client->share->kind == PN_FLEET_CLUSTER;
    return refuse_cross(call->client->st, words->argv[0],
                        is_cluster
                            ? "its keys are in several slots; give them a common "
                              "{tag}, or send a command for each"
                            : "its keys are on several nodes; send a command for "
                              "each");
}

static int
plan_part(struct call *call, const struct words *words,
          const struct pn_command_info *info, struct pn_bytes key)
{
    uint32_t flags = call_flags(call, info, words->argv[0]);
    struct part *part = call_new_part(call, call->n_commands - 1, words->wire, flags);
    if (part == NULL) {
        return -1;
    }
    if (key.ptr != NULL) {
        call_aim(call, part, key);
    }
    return 0;
}

/* Where the words at hand are to go. */
static int
plan(struct call *call, const struct words *words, const struct pn_command_info *info)
{
    enum pn_fleet_kind kind = call->client->share->kind;
    struct pn_bytes none = {NULL, 0};
    bool is_many = kind == PN_FLEET_CLUSTER || kind == PN_FLEET_HASH;
    bool is_alone = (call->run & (RUN_ATOMIC | RUN_SESSION)) != 0;
    if (!is_many || call->node != PN_NODE_NONE) {
        return plan_part(call, words, info, none);
    }
    if ((info->flags & PN_CMD_EVERY) != 0 && !is_alone) {
        return call_to_all(call, call->n_commands - 1) < 0 ? -1 : 0;
    }
    size_t n = 0;
    struct pn_bytes *key = find_keys(call, words, info, &n);
    if (key == NULL) {
        return -1;
    }
    int rc = n < 2 ? 0 : plan_keys(call, words, info, key, n);
    return rc != 0 ? (rc < 0 ? -1 : 0)
                   : plan_part(call, words, info, n == 0 ? call->home : key[0]);
}

static int
add_words(struct call *call, const struct words *words)
{
    struct pn_command_info info;
    pn_command_info(words->argv, words->argc, &info);
    if ((info.flags & keep_apart) != 0 && (call->run & RUN_SESSION) == 0) {
        return refuse_state(call->client->st, words->argv[0]);
    }
    struct command *command = call_new_command(call, words->argv[0], words->wire);
    if (command == NULL) {
        return -1;
    }
    command->flags = info.flags;
    command->answer = (info.flags & PN_CMD_PUSH) != 0 ? ANSWER_NONE : ANSWER_RESP;
    note_blocking(call, &info);
    return plan(call, words, &info);
}

int
call_add(struct call *call, PyObject *const *arg, Py_ssize_t n)
{
    if (call->client->share->is_memcached) {
        return call_add_meta(call, arg, n);
    }
    struct words words;
    if (words_take(call->client->st, &call->arena, arg, n, &words) < 0) {
        return -1;
    }
    return add_words(call, &words);
}

static int
add_sequence(struct call *call, PyObject *sequence)
{
    if (PyUnicode_Check(sequence) || PyBytes_Check(sequence)) {
        PyErr_SetString(call->client->st->argument_error,
                        "each command is a sequence of its name and arguments");
        return -1;
    }
    PyObject *tuple = PySequence_Tuple(sequence);
    Py_ssize_t n = 0;
    PyObject **item = tuple == NULL ? NULL : words_items(&call->arena, tuple, &n);
    int rc = item == NULL ? -1 : call_add(call, item, n);
    Py_XDECREF(tuple);
    return rc;
}

int
call_add_all(struct call *call, PyObject *commands)
{
    PyObject *tuple = PySequence_Tuple(commands);
    Py_ssize_t n = tuple == NULL ? -1 : PyTuple_Size(tuple);
    int rc = n < 0 ? -1 : 0;
    for (Py_ssize_t i = 0; i < n && rc == 0; i++) {
        rc = add_sequence(call, PyTuple_GetItem(tuple, i));
    }
    Py_XDECREF(tuple);
    return rc;
}

/* ---- GET and MGET ----------------------------------------------------------- */

static int
refuse_key(struct call *call, PyObject *key)
{
    PyObject *type = PyType_GetQualName(Py_TYPE(key));
    if (type != NULL) {
        PyErr_Format(call->client->st->key_type_error, "a key is str or bytes, not %U",
                     type);
        Py_DECREF(type);
    }
    return -1;
}

int
call_add_get(struct call *call, PyObject *key)
{
    if (!PyUnicode_Check(key) && !PyBytes_Check(key)) {
        return refuse_key(call, key);
    }
    struct pn_bytes bytes, argv[2] = {PN_BYTES("GET")};
    if (words_key(call->client->st, key, &bytes) < 0) {
        return -1;
    }
    if (call->client->share->is_memcached) {
        PyObject *arg[] = {NULL, key};
        return call_add_meta(call, arg, 2);
    }
    argv[1] = bytes;
    struct pn_out out = {.cap = bytes.len + 64};
    out.ptr = arena_take(&call->arena, out.cap);
    if (out.ptr == NULL) {
        return -1;
    }
    pn_resp_put_command(&out, argv, 2);
    struct pn_bytes wire = {out.ptr, out.len};
    if (call_new_command(call, argv[0], wire) == NULL) {
        return -1;
    }
    struct part *part = call_new_part(call, 0, wire,
                                      PN_REQ_READ | PN_REQ_SAFE | PN_REQ_VALUE);
    if (part == NULL) {
        return -1;
    }
    if (call->client->share->kind >= PN_FLEET_CLUSTER) {
        bytes.ptr = out.ptr + out.len - 2 - bytes.len;
        call_aim(call, part, bytes);
    }
    return 0;
}

/* What is wrong with an argument of MGET is wrong with a key, to whoever asked for it:
 * found out when it is, not for each key of each call. */
static void
blame_key(struct call *call)
{
    PyObject *type, *value, *traceback;
    struct pn_bytes bytes;
    Py_ssize_t n = PyTuple_Size(call->keys);
    PyErr_Fetch(&type, &value, &traceback);
    for (Py_ssize_t i = 0; i < n && !PyErr_Occurred(); i++) {
        words_key(call->client->st, call->key[i], &bytes);
    }
    if (!PyErr_Occurred()) {
        PyErr_Restore(type, value, traceback);
        return;
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
}

/* MGET and the keys, as any other command. */
static int
add_mget(struct call *call, Py_ssize_t n)
{
    PyObject **arg = arena_take(&call->arena, ((size_t)n + 1) * sizeof *arg);
    PyObject *name = PyUnicode_InternFromString("MGET");
    int rc = -1;
    if (arg != NULL && name != NULL) {
        arg[0] = name;
        memcpy(arg + 1, call->key, (size_t)n * sizeof *arg);
        rc = call_add(call, arg, n + 1);
    }
    if (rc < 0) {
        blame_key(call);
    }
    Py_XDECREF(name);
    return rc;
}

int
call_add_get_many(struct call *call, PyObject *keys)
{
    if (PyUnicode_Check(keys) || PyBytes_Check(keys)) {
        PyErr_SetString(call->client->st->key_type_error,
                        "get_many() takes several keys, not one str or bytes");
        return -1;
    }
    Py_ssize_t n = 0;
    call->keys = PySequence_Tuple(keys);
    call->key = call->keys == NULL ? NULL : words_items(&call->arena, call->keys, &n);
    if (call->key == NULL) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!PyUnicode_Check(call->key[i]) && !PyBytes_Check(call->key[i])) {
            return refuse_key(call, call->key[i]);
        }
    }
    if (n == 0) {
        return 0;
    }
    return call->client->share->is_memcached ? call_get_many_meta(call)
                                             : add_mget(call, n);
}

/* ---- The end of it ---------------------------------------------------------- */

int
call_seal(struct call *call)
{
    if ((call->run & RUN_ATOMIC) != 0 && call->n_commands > 0 &&
        call_seal_atomic(call) < 0) {
        return -1;
    }
    if (call->blocks_ns == PN_NEVER && !call->is_timed) {
        call->deadline = PN_NEVER;
    } else if (call->blocks_ns != PN_NEVER) {
        call->deadline += call->blocks_ns;
    }
    for (size_t i = 0; call->blocks_ns > 0 && i < call->n_parts; i++) {
        call->part[i].request.deadline = call->deadline;
    }
    return 0;
}
