/*
 * merge - the replies of a command's parts as one
 *
 * An error of one part is the command's. Of all primaries come
 *
 *     numbers   DBSIZE            their sum; LASTSAVE, WAIT: the least
 *     lists     KEYS              joined; SCRIPT EXISTS: what all of them have;
 *                                 PUBSUB NUMSUB: summed by channel
 *     the rest  FLUSHDB           the first
 */
#include "call.h"

static PyObject *
first_value(const struct call *call, const struct command *command)
{
    return Py_NewRef(call->part[command->first].value);
}

static PyObject *
malformed(const struct call *call, const struct command *command)
{
    struct fault_place place = {.client = call->client->share->client,
                                .node = call->part[command->first].request.by,
                                .command = command->name};
    return fault_of_code(call->client->st, PN_CLIENT_E_REPLY, &place);
}

/* ---- By keys ---------------------------------------------------------------- */

static PyObject *
merge_keys(const struct call *call, const struct command *command)
{
    PyObject *list = PyList_New((Py_ssize_t)command->n_keys);
    const uint32_t *position = command->position;
    for (uint32_t i = 0; list != NULL && i < command->n_parts; i++) {
        const struct part *part = &call->part[command->first + i];
        if (!PyList_Check(part->value) ||
            PyList_Size(part->value) != (Py_ssize_t)part->n_keys) {
            Py_DECREF(list);
            return malformed(call, command);
        }
        for (uint32_t k = 0; k < part->n_keys; k++) {
            PyObject *item = PyList_GetItem(part->value, (Py_ssize_t)k);
            PyList_SetItem(list, (Py_ssize_t)*position++, Py_NewRef(item));
        }
    }
    return list;
}

/* ---- Numbers and lists ------------------------------------------------------ */

static PyObject *
merge_sum(const struct call *call, const struct command *command)
{
    PyObject *sum = PyLong_FromLong(0);
    for (uint32_t i = 0; sum != NULL && i < command->n_parts; i++) {
        PyObject *next = PyNumber_Add(sum, call->part[command->first + i].value);
        Py_DECREF(sum);
        sum = next;
    }
    return sum;
}

static PyObject *
merge_least(const struct call *call, const struct command *command)
{
    PyObject *least = call->part[command->first].value;
    for (uint32_t i = 1; i < command->n_parts; i++) {
        PyObject *value = call->part[command->first + i].value;
        int is_less = PyObject_RichCompareBool(value, least, Py_LT);
        if (is_less < 0) {
            return NULL;
        }
        least = is_less ? value : least;
    }
    return Py_NewRef(least);
}

static PyObject *
merge_join(const struct call *call, const struct command *command)
{
    PyObject *list = PyList_New(0);
    for (uint32_t i = 0; list != NULL && i < command->n_parts; i++) {
        Py_ssize_t n = PyList_Size(list);
        if (PyList_SetSlice(list, n, n, call->part[command->first + i].value) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

/* ITEM(a, b) of each two items of LIST and OTHER, of one length, from FROM on, every
 * STEP-th, into LIST. 0, or -1 with an exception set. */
static int
merge_into(PyObject *list, PyObject *other, Py_ssize_t from, Py_ssize_t step,
           PyObject *(*item)(PyObject *, PyObject *))
{
    Py_ssize_t n = PyList_Size(list);
    for (Py_ssize_t k = from; k < n; k += step) {
        PyObject *merged = item(PyList_GetItem(list, k), PyList_GetItem(other, k));
        if (merged == NULL || PyList_SetItem(list, k, merged) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Items of types that do not go together are no answer; other exceptions stay. */
static PyObject *
mixed(const struct call *call, const struct command *command)
{
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) {
        return NULL;
    }
    PyErr_Clear();
    return malformed(call, command);
}

/* Lists of one length: ITEM(a, b) of each two, from the item FROM on, every STEP-th. */
static PyObject *
merge_items(const struct call *call, const struct command *command, Py_ssize_t from,
            Py_ssize_t step, PyObject *(*item)(PyObject *, PyObject *))
{
    PyObject *first = call->part[command->first].value;
    Py_ssize_t n = PyList_Size(first);
    PyObject *list = PyList_GetSlice(first, 0, n);
    for (uint32_t i = 1; list != NULL && i < command->n_parts; i++) {
        PyObject *other = call->part[command->first + i].value;
        if (PyList_Size(other) != n) {
            Py_DECREF(list);
            return malformed(call, command);
        }
        if (merge_into(list, other, from, step, item) < 0) {
            Py_DECREF(list);
            return mixed(call, command);
        }
    }
    return list;
}

/* ---- Of all primaries ------------------------------------------------------- */

/* Does the command's wire, which holds its words, have WORD (of the given case or the
 * other) as an element? */
static bool
has_word(const struct command *command, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 1; i + len < command->wire.len; i++) {
        const char *at = command->wire.ptr + i;
        size_t k = 0;
        while (k < len && (at[k] & ~0x20) == word[k]) {
            k++;
        }
        if (k == len && at[-1] == '\n' && at[len] == '\r') {
            return true;
        }
    }
    return false;
}

static bool
all_are(const struct call *call, const struct command *command,
        int (*is)(PyObject *value))
{
    for (uint32_t i = 0; i < command->n_parts; i++) {
        if (!is(call->part[command->first + i].value)) {
            return false;
        }
    }
    return true;
}

static int
is_number(PyObject *value)
{
    return PyLong_Check(value) && !PyBool_Check(value);
}

static int
is_list(PyObject *value)
{
    return PyList_Check(value);
}

static PyObject *
merge_nodes(const struct call *call, const struct command *command)
{
    if (all_are(call, command, is_number)) {
        bool is_least = has_word(command, "WAIT") || has_word(command, "LASTSAVE");
        return is_least ? merge_least(call, command) : merge_sum(call, command);
    }
    if (!all_are(call, command, is_list)) {
        return first_value(call, command);
    }
    if (has_word(command, "SCRIPT")) {
        return merge_items(call, command, 0, 1, PyNumber_And);
    }
    if (has_word(command, "NUMSUB") || has_word(command, "SHARDNUMSUB")) {
        return merge_items(call, command, 1, 2, PyNumber_Add);
    }
    return merge_join(call, command);
}

/* ---- Any -------------------------------------------------------------------- */

/* The error of a part, or NULL. */
static PyObject *
fault_of_parts(const struct call *call, const struct command *command)
{
    for (uint32_t i = 0; i < command->n_parts; i++) {
        PyObject *value = call->part[command->first + i].value;
        if (reply_is_fault(value)) {
            return Py_NewRef(value);
        }
    }
    return NULL;
}

static PyObject *
too_large(const struct call *call, const struct command *command)
{
    struct fault_place place = {.client = call->client->share->client,
                                .node = call->part[command->first].request.by,
                                .command = command->name};
    return fault_of_type(
        call->client->st->value_too_large, "VALUE_SIZE",
        "the value is larger than the server takes (memcached -I); the "
        "key was deleted, so that no older value is left behind",
        &place);
}

PyObject *
call_merge(struct call *call, size_t i)
{
    const struct command *command = &call->command[i];
    PyObject *fault = fault_of_parts(call, command);
    if (fault != NULL) {
        return fault;
    }
    switch (command->merge) {
    case MERGE_KEYS:
        return merge_keys(call, command);
    case MERGE_SUM:
        return all_are(call, command, is_number) ? merge_sum(call, command)
                                                 : malformed(call, command);
    case MERGE_NODES:
        return merge_nodes(call, command);
    case MERGE_DROP:
        return too_large(call, command);
    default:
        return first_value(call, command);
    }
}
