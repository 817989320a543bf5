/*
 * meta_words - commands of memcached as tuples, to bytes on the wire
 *
 *     ("mg", key, "v c t N30")   ("md", key, "")          ("mn",)
 *     ("ms", key, value, "T60")  ("ma", key, "N0 J1 D1")  ("me", key)
 *     ("version",) ("flush_all", delay) ("stats", name)
 *
 * Flags are checked against the table of wire before anything is sent: some servers
 * read the value behind a command that they refuse as the next one. Keys are any bytes;
 * those that may not be sent as they are go as base64.
 */
#include "call.h"
#include "wire/meta_flag.h"
#include "words.h"

#define VALUE_MAX (1u << 20) /* memcached's item size, unless the client says */

/* ---- Flags ------------------------------------------------------------------ */

static int
refuse_flag(struct call *call, struct pn_bytes name, struct pn_bytes flag,
            const char *why)
{
    PyErr_Format(call->client->st->argument_error, "%.2s: flag '%.20s' %s", name.ptr,
                 flag.ptr, why);
    return -1;
}

/* TEXT, such as "v c T60", is terminated. */
static int
read_flags(struct call *call, struct pn_bytes name, struct pn_bytes text,
           struct pn_meta_request *request)
{
    struct pn_bytes word;
    while (pn_word_next(&text, &word)) {
        const struct pn_meta_flag *flag = pn_meta_flag_of(request->verb, word.ptr[0]);
        uint64_t bit = pn_meta_bit(word.ptr[0]);
        if (flag == NULL) {
            return refuse_flag(call, name, word, "is none of this command");
        }
        if (word.ptr[0] == 'q') {
            return refuse_flag(call, name, word,
                               "would leave the call without a reply; the client sends "
                               "many commands in one flight without it");
        }
        struct pn_bytes arg = {word.ptr + 1, word.len - 1};
        if ((request->has & bit) != 0 || pn_meta_flag_read(flag, arg, request) < 0) {
            return refuse_flag(call, name, word, "is malformed or given twice");
        }
        request->has |= bit;
    }
    return 0;
}

/* ---- Meta commands ---------------------------------------------------------- */

/* One whose value is of a certain version may be told HD instead. */
static bool
wants_value(const struct pn_meta_request *request)
{
    uint64_t of_value = pn_meta_bit('v') | pn_meta_bit('C');
    return (request->has & of_value) == pn_meta_bit('v');
}

static uint32_t
safety(const struct pn_meta_request *request)
{
    uint64_t compared = pn_meta_bit('C') | pn_meta_bit('I');
    uint64_t winning = pn_meta_bit('N') | pn_meta_bit('R') | pn_meta_bit('T');
    switch (request->verb) {
    case PN_META_MG:
        return ((request->has & winning) == 0 ? PN_REQ_READ | PN_REQ_SAFE
                                              : PN_REQ_SAFE) |
               (wants_value(request) ? PN_REQ_VALUE : 0u);
    case PN_META_MS: /* the same value once more */
        return (request->has & compared) == 0 &&
                       (request->mode == 0 || request->mode == 'S')
                   ? PN_REQ_SAFE | PN_REQ_STORE
                   : 0;
    case PN_META_MD: /* what is gone stays gone */
        return PN_REQ_DELETE | ((request->has & compared) == 0 ? PN_REQ_SAFE : 0u);
    case PN_META_MN:
        return PN_REQ_READ | PN_REQ_SAFE | PN_REQ_NOOP;
    default:
        return 0;
    }
}

static int
raise_code(struct call *call, int code, struct pn_bytes name)
{
    struct fault_place place = {.node = PN_NODE_NONE, .command = name};
    fault_raise(fault_of_code(call->client->st, code, &place));
    return -1;
}

#define FLAGS_MOST 80 /* what the words beside key and value take, but for long text */

/* REQUEST as bytes, into the arena: in one go where its room was guessed well. */
static int
write_request(struct call *call, const struct pn_meta_request *request,
              struct pn_bytes name, struct pn_bytes *wire)
{
    struct pn_out out = {.len = request->key.len + request->value.len + FLAGS_MOST};
    do {
        out = (struct pn_out){.ptr = arena_take(&call->arena, out.len), .cap = out.len};
        if (out.ptr == NULL) {
            return -1;
        }
        int code = pn_meta_put_request(&out, request);
        if (code < 0) {
            return raise_code(call, code, name);
        }
    } while (out.len > out.cap);
    *wire = (struct pn_bytes){out.ptr, out.len};
    return 0;
}

/* Writes REQUEST as a command with one part; a value that no server takes becomes the
 * deletion of its predecessor. */
static int
add_request(struct call *call, struct pn_bytes name, struct pn_meta_request *request,
            enum answer answer)
{
    struct fleet_share *share = call->client->share;
    uint32_t value_max = share->value_max != 0 ? share->value_max : VALUE_MAX;
    bool is_too_large = request->value.len > value_max;
    if (is_too_large) {
        *request = (struct pn_meta_request){.verb = PN_META_MD, .key = request->key};
    }
    bool is_short;
    call_shorten(call, request, &is_short);
    struct pn_bytes wire;
    if (write_request(call, request, name, &wire) < 0) {
        return -1;
    }
    struct command *command = call_new_command(call, name, wire);
    struct part *part = command == NULL ? NULL
                                        : call_new_part(call, call->n_commands - 1,
                                                        wire, safety(request));
    if (part == NULL) {
        return -1;
    }
    command->answer = (uint8_t)answer;
    command->merge = is_too_large ? MERGE_DROP : MERGE_ONE;
    bool stores = request->verb == PN_META_MS || !is_short;
    command->key = stores ? request->key : (struct pn_bytes){NULL, 0};
    command->is_short = is_short;
    if (request->key.len > 0) {
        call_aim(call, part, request->key);
    }
    return 0;
}

/* The bytes of ARG, copied where they stay as long as the call, terminated. */
static int
take_bytes(struct call *call, PyObject *arg, const char *what, struct pn_bytes *bytes)
{
    struct pn_bytes found;
    int rc = words_one(&call->arena, arg, &found);
    if (rc != 0) {
        return words_refuse(call->client->st, arg, rc, what);
    }
    char *copy = arena_take(&call->arena, found.len + 1);
    if (copy == NULL) {
        return -1;
    }
    if (found.len > 0) {
        memcpy(copy, found.ptr, found.len);
    }
    copy[found.len] = '\0';
    *bytes = (struct pn_bytes){copy, found.len};
    return 0;
}

/* The value is not copied twice: it goes from where it is to the wire. */
static int
take_value(struct call *call, PyObject *arg, struct pn_bytes *value)
{
    if (!PyBytes_Check(arg) && !PyUnicode_Check(arg)) {
        return take_bytes(call, arg, "a value", value);
    }
    int rc = words_one(&call->arena, arg, value);
    return rc == 0 ? 0 : words_refuse(call->client->st, arg, rc, "a value");
}

static int
wrong_count(struct call *call, struct pn_bytes name)
{
    PyErr_Format(call->client->st->argument_error,
                 "%.10s: too few or too many arguments", name.ptr);
    return -1;
}

static int
add_meta(struct call *call, struct pn_bytes name, enum pn_meta_verb verb,
         PyObject *const *arg, Py_ssize_t n)
{
    struct pn_meta_request request = {.verb = verb};
    Py_ssize_t i = 1;
    Py_ssize_t least = verb == PN_META_MN ? 1 : verb == PN_META_MS ? 3 : 2;
    if (n < least || n > least + (verb == PN_META_MN ? 0 : 1)) {
        return wrong_count(call, name);
    }
    if (verb != PN_META_MN && take_bytes(call, arg[i++], "a key", &request.key) < 0) {
        return -1;
    }
    if (verb == PN_META_MS && take_value(call, arg[i++], &request.value) < 0) {
        return -1;
    }
    if (i < n) {
        struct pn_bytes flags;
        if (take_bytes(call, arg[i], "the flags", &flags) < 0 ||
            read_flags(call, name, flags, &request) < 0) {
            return -1;
        }
    }
    return add_request(call, name, &request, ANSWER_META);
}

/* ---- Classic commands ------------------------------------------------------- */

static bool
is_word(struct pn_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if ((unsigned char)bytes.ptr[i] <= ' ' || bytes.ptr[i] == 0x7f) {
            return false;
        }
    }
    return bytes.len > 0 && bytes.len <= PN_MC_KEY_MAX;
}

static int
add_classic(struct call *call, struct pn_bytes name, PyObject *const *arg, Py_ssize_t n)
{
    struct pn_bytes more = {NULL, 0};
    if (n > 2) {
        return wrong_count(call, name);
    }
    if (n == 2 &&
        (take_bytes(call, arg[1], "the argument", &more) < 0 || !is_word(more))) {
        return PyErr_Occurred() ? -1 : wrong_count(call, name);
    }
    size_t size = name.len + more.len + 3;
    struct pn_out out = {.ptr = arena_take(&call->arena, size), .cap = size};
    if (out.ptr == NULL) {
        return -1;
    }
    pn_out_bytes(&out, name);
    if (n == 2) {
        pn_out_char(&out, ' ');
        pn_out_bytes(&out, more);
    }
    pn_out_crlf(&out);
    struct pn_bytes wire = {out.ptr, out.len};
    struct command *command = call_new_command(call, name, wire);
    if (command == NULL) {
        return -1;
    }
    command->answer = ANSWER_CLASSIC;
    bool is_flush = name.ptr[0] == 'f';
    command->flags = is_flush ? PN_CMD_SAFE : PN_CMD_READ | PN_CMD_SAFE;
    bool is_many = call->client->share->kind == PN_FLEET_HASH;
    if (is_flush && is_many && call->node == PN_NODE_NONE) {
        return call_to_all(call, call->n_commands - 1) < 0 ? -1 : 0;
    }
    return call_new_part(call, call->n_commands - 1, wire,
                         PN_REQ_CLASSIC | PN_REQ_SAFE) == NULL
               ? -1
               : 0;
}

int
call_add_meta(struct call *call, PyObject *const *arg, Py_ssize_t n)
{
    static const struct {
        struct pn_bytes name;
        int verb; /* -1: classic */
    } table[] = {
        {{"mg", 2}, PN_META_MG}, {{"ms", 2}, PN_META_MS}, {{"md", 2}, PN_META_MD},
        {{"ma", 2}, PN_META_MA}, {{"mn", 2}, PN_META_MN}, {{"me", 2}, PN_META_ME},
        {{"version", 7}, -1},    {{"flush_all", 9}, -1},  {{"stats", 5}, -1},
    };
    struct pn_bytes name;
    if (n == 2 && arg[0] == NULL) { /* get: the value or None */
        struct pn_meta_request request = {.verb = PN_META_MG, .has = pn_meta_bit('v')};
        return take_bytes(call, arg[1], "a key", &request.key) < 0
                   ? -1
                   : add_request(call, table[0].name, &request, ANSWER_VALUE);
    }
    if (n < 1) {
        PyErr_SetString(call->client->st->argument_error,
                        "a command begins with its name");
        return -1;
    }
    if (take_bytes(call, arg[0], "a command's name", &name) < 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (pn_bytes_equal(table[i].name, name)) {
            return table[i].verb < 0
                       ? add_classic(call, table[i].name, arg, n)
                       : add_meta(call, table[i].name, (enum pn_meta_verb)table[i].verb,
                                  arg, n);
        }
    }
    PyErr_Format(
        call->client->st->argument_error,
        "memcached has no command '%.40s': mg ms md ma mn me version flush_all "
        "stats",
        name.ptr);
    return -1;
}
