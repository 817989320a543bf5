/*
 * atomic - MULTI, commands, EXEC: one request to one node
 *
 * All keys have one owner, which is asked before anything is sent. The hub hands the
 * replies over as they came. A node that no longer owns the slot refuses a command
 * while it is queued, and then EXEC executes nothing: the whole may be sent again
 * elsewhere. An ASK is not followed (the other node has but some of the keys): the
 * whole is tried again where it was.
 *
 * Where MULTI alone is refused, to a user whose rights do not include it, the commands
 * behind it are executed one by one: they left in the same write. That is raised, by an
 * exception which has what they were answered.
 */
#include "call.h"
#include "client/judge.h"
#include "wire/resp_put.h"

#define ROUNDS_MAX 5

/* ---- Sending ---------------------------------------------------------------- */

/* The part of a command, as planned, that says where the transaction goes: the first
 * one with a key. All others must agree. */
static int
find_home(struct call *call, const struct part **home)
{
    size_t n = 0;
    struct pn_bytes *key = arena_take(&call->arena, call->n_parts * sizeof *key);
    uint32_t *owner = arena_take(&call->arena, call->n_parts * sizeof *owner);
    if (key == NULL || owner == NULL) {
        return -1;
    }
    *home = &call->part[0];
    for (size_t i = 0; i < call->n_parts; i++) {
        if (call->part[i].request.key.ptr != NULL) {
            *home = n == 0 ? &call->part[i] : *home;
            key[n++] = call->part[i].request.key;
        }
    }
    if (call_owners(call, key, n, owner) < 0) {
        return -1;
    }
    for (size_t i = 1; i < n; i++) {
        if (owner[i] != owner[0]) {
            struct fault_place place = {.node = PN_NODE_NONE,
                                        .command = PN_BYTES("MULTI")};
            fault_raise(fault_of_type(
                call->client->st->cross_slot, "CROSSSLOT",
                "the keys of a transaction have several owners; give them a common "
                "{tag}, or send the commands without atomic=True",
                &place));
            return -1;
        }
    }
    return 0;
}

static int
write_block(struct call *call, struct pn_bytes *wire)
{
    struct pn_bytes multi = PN_BYTES("*1\r\n$5\r\nMULTI\r\n");
    struct pn_bytes exec = PN_BYTES("*1\r\n$4\r\nEXEC\r\n");
    size_t size = multi.len + exec.len;
    for (size_t i = 0; i < call->n_commands; i++) {
        size += call->command[i].wire.len;
    }
    struct pn_out out = {.ptr = arena_take(&call->arena, size), .cap = size};
    if (out.ptr == NULL) {
        return -1;
    }
    pn_out_bytes(&out, multi);
    for (size_t i = 0; i < call->n_commands; i++) {
        pn_out_bytes(&out, call->command[i].wire);
    }
    pn_out_bytes(&out, exec);
    *wire = (struct pn_bytes){out.ptr, out.len};
    return 0;
}

/* The commands become command number 0; its n_keys is how many they are. */
int
call_seal_atomic(struct call *call)
{
    struct pn_bytes wire;
    const struct part *home;
    if (call->client->share->is_memcached) {
        PyErr_SetString(call->client->st->argument_error,
                        "memcached has no transactions");
        return -1;
    }
    if (find_home(call, &home) < 0 || write_block(call, &wire) < 0) {
        return -1;
    }
    uint32_t n = (uint32_t)call->n_commands;
    struct pn_request first = home->request;
    call->n_parts = 0;
    call->n_commands = 1;
    struct command *command = &call->command[0];
    *command = (struct command){
        .name = PN_BYTES("EXEC"), .wire = wire, .n_keys = n, .merge = MERGE_ATOMIC};
    struct part *part = call_new_part(call, 0, wire, PN_REQ_RAW);
    if (part == NULL) {
        return -1;
    }
    part->request.key = first.key;
    part->request.slot = first.slot;
    part->request.expect = n + 2;
    return 0;
}

/* ---- Receiving -------------------------------------------------------------- */

/* The next reply of REPLY; pushes that stand between replies are dropped. */
static PyObject *
next_reply(const struct reply_reader *reader, struct pn_bytes *reply)
{
    for (;;) {
        bool is_push = reply->len > 0 && reply->ptr[0] == '>';
        PyObject *value = reply_take(reader, reply);
        if (value == NULL || !is_push) {
            return value;
        }
        Py_DECREF(value);
    }
}

/* Notes the first redirect among the errors. The slice is the hub's, so is copied. */
static int
note_redirect(struct call *call, struct command *command, struct pn_bytes error)
{
    struct pn_bytes rest = error, word;
    const char *end = memchr(error.ptr, '\r', error.len);
    if (command->moved.len > 0 || error.len == 0 || *error.ptr != '-' || end == NULL) {
        return 0;
    }
    rest = (struct pn_bytes){error.ptr + 1, (size_t)(end - error.ptr) - 1};
    error = rest;
    if (!pn_word_next(&rest, &word) || !(pn_bytes_equal(word, PN_BYTES("MOVED")) ||
                                         pn_bytes_equal(word, PN_BYTES("ASK")) ||
                                         pn_bytes_equal(word, PN_BYTES("TRYAGAIN")))) {
        return 0;
    }
    char *copy = arena_take(&call->arena, error.len);
    if (copy == NULL) {
        return -1;
    }
    memcpy(copy, error.ptr, error.len);
    command->moved = (struct pn_bytes){copy, error.len};
    return 0;
}

/* LIST with FAULT where no error stands yet. */
static PyObject *
fill_with(PyObject *list, PyObject *fault)
{
    Py_ssize_t n = PyList_Size(list);
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!reply_is_fault(PyList_GetItem(list, i))) {
            PyList_SetItem(list, i, Py_NewRef(fault));
        }
    }
    return Py_NewRef(list);
}

/* EXEC's reply, or why there is none, in the places of the commands. QUEUED are what
 * MULTI's commands were answered while they were queued. */
static PyObject *
outcome(const struct reply_reader *reader, PyObject *queued, PyObject *exec)
{
    if (reply_is_fault(exec)) {
        return fill_with(queued, exec);
    }
    if (exec == Py_None ||
        (PyList_Check(exec) && PyList_Size(exec) == PyList_Size(queued))) {
        return Py_NewRef(exec);
    }
    PyObject *fault = fault_of_code(reader->st, PN_CLIENT_E_REPLY, &reader->place);
    PyObject *filled = fault == NULL ? NULL : fill_with(queued, fault);
    Py_XDECREF(fault);
    return filled;
}

/* What was executed although MULTI was refused: the commands, at once, or by EXEC (of a
 * MULTI that was said before). NULL without an exception: nothing. */
static PyObject *
done_without(PyObject *queued, PyObject *exec)
{
    if (PyList_Check(exec)) {
        return exec;
    }
    Py_ssize_t n = exec == Py_None ? 0 : PyList_Size(queued);
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!reply_is_fault(PyList_GetItem(queued, i))) {
            return queued;
        }
    }
    return NULL;
}

/* The error MULTI, that says what came of it all the same: REPLIES. */
static PyObject *
tell_done(PyObject *multi, PyObject *replies)
{
    PyObject *text = PyObject_Str(multi), *full = NULL, *args = NULL;
    if (text != NULL) {
        full = PyUnicode_FromFormat("%U; the commands were executed all the same, but "
                                    "not as one: `replies` has their answers",
                                    text);
    }
    args = full == NULL ? NULL : PyTuple_Pack(1, full);
    bool is_told = args != NULL && PyObject_SetAttrString(multi, "args", args) == 0 &&
                   PyObject_SetAttrString(multi, "replies", replies) == 0;
    Py_XDECREF(text);
    Py_XDECREF(full);
    Py_XDECREF(args);
    return is_told ? Py_NewRef(multi) : NULL;
}

/* The answers to the commands between MULTI and EXEC. */
static PyObject *
take_queued(struct call *call, struct command *command,
            const struct reply_reader *reader, struct pn_bytes *reply)
{
    Py_ssize_t n = (Py_ssize_t)command->n_keys;
    PyObject *queued = PyList_New(n);
    command->moved.len = 0;
    for (Py_ssize_t i = 0; queued != NULL && i < n; i++) {
        PyObject *value = note_redirect(call, command, *reply) < 0
                              ? NULL
                              : next_reply(reader, reply);
        if (value == NULL) {
            Py_CLEAR(queued);
        } else {
            PyList_SetItem(queued, i, value);
        }
    }
    return queued;
}

PyObject *
call_take_atomic(struct call *call, struct part *part,
                 const struct reply_reader *reader, struct pn_bytes reply)
{
    struct command *command = &call->command[part->command];
    struct reply_reader of_multi = *reader;
    of_multi.place.command = PN_BYTES("MULTI");
    PyObject *exec = NULL, *done = NULL, *value = NULL;
    PyObject *multi = next_reply(&of_multi, &reply);
    PyObject *queued = multi == NULL ? NULL
                                     : take_queued(call, command, reader, &reply);
    exec = queued == NULL ? NULL : next_reply(reader, &reply);
    if (exec != NULL && reply_is_fault(multi)) {
        done = done_without(queued, exec);
    }
    if (done != NULL) {
        command->is_torn = true;
        command->moved.len = 0; /* nothing is executed twice */
        value = tell_done(multi, done);
    } else if (exec != NULL) {
        value = outcome(reader, queued, exec);
    }
    Py_XDECREF(multi);
    Py_XDECREF(queued);
    Py_XDECREF(exec);
    return value;
}

/* ---- Again ------------------------------------------------------------------ */

struct learning {
    uint16_t by;
    const struct pn_verdict *verdict;
    uint64_t now;
};

static void
learn_move(struct pn_fleet *fleet, void *context)
{
    const struct learning *learning = context;
    pn_fleet_moved(fleet, learning->by, learning->verdict->slot,
                   &learning->verdict->endpoint, learning->now);
}

int
call_retry_atomic(struct call *call, size_t i)
{
    struct command *command = &call->command[i];
    const struct pn_request *last = &call->part[command->first].request;
    struct pn_bytes key = last->key;
    struct pn_verdict verdict;
    if (command->rounds++ >= ROUNDS_MAX ||
        (call->run & (RUN_RAW | RUN_NO_RETRY)) != 0) {
        return 0;
    }
    pn_judge(command->moved, &verdict);
    if (verdict.kind == PN_VERDICT_MOVED) {
        struct learning learning = {last->by, &verdict, call->now};
        pn_client_fleet(call->client->share->client, learn_move, &learning);
    }
    uint32_t n = command->n_keys;
    call_renew(call, i);
    struct part *part = call_new_part(call, i, command->wire, PN_REQ_RAW);
    if (part == NULL) {
        return -1;
    }
    call_aim(call, part, key);
    part->request.expect = n + 2;
    return 1;
}
