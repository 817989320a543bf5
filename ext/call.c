#include "call.h"

#include "meta_reply.h"
#include "wire/meta.h"

#define ROUNDS_MAX 6 /* of one command; each has a reason of its own */

/* ---- Room ------------------------------------------------------------------- */

void
call_begin(struct call *call, struct client_object *client, void *room, size_t cap)
{
    call->client = client;
    arena_init(&call->arena, room, cap);
    call->command = &call->first_command;
    call->part = &call->first_part;
    call->n_commands = call->n_parts = call->sent = 0;
    call->command_cap = call->part_cap = 1;
    call->now = call->deadline = call->blocks_ns = 0;
    call->is_timed = false;
    call->run = 0;
    call->node = PN_NODE_NONE;
    call->home = (struct pn_bytes){NULL, 0};
    call->keys = call->found = NULL;
    call->key = NULL;
}

void
call_end(struct call *call)
{
    for (size_t i = 0; i < call->n_parts; i++) {
        Py_CLEAR(call->part[i].value);
    }
    if (call->part != &call->first_part) {
        PyMem_Free(call->part);
    }
    if (call->command != &call->first_command) {
        PyMem_Free(call->command);
    }
    Py_CLEAR(call->keys);
    Py_CLEAR(call->found);
    arena_free(&call->arena);
}

/* ARRAY of *CAP elements of SIZE bytes, all in use, made longer; FIRST is the one
 * inside of the call. NULL with MemoryError set. */
static void *
grow(void *array, const void *first, size_t *cap, size_t size)
{
    size_t wanted = *cap < 8 ? 16 : *cap * 2;
    void *longer = PyMem_Realloc(array == first ? NULL : array, wanted * size);
    if (longer == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    if (array == first) {
        memcpy(longer, first, size);
    }
    *cap = wanted;
    return longer;
}

struct command *
call_new_command(struct call *call, struct pn_bytes name, struct pn_bytes wire)
{
    if (call->n_commands == call->command_cap) {
        void *longer = grow(call->command, &call->first_command, &call->command_cap,
                            sizeof *call->command);
        if (longer == NULL) {
            return NULL;
        }
        call->command = longer;
    }
    struct command *command = &call->command[call->n_commands++];
    *command =
        (struct command){.name = name, .wire = wire, .first = (uint32_t)call->n_parts};
    return command;
}

static uint32_t
request_flags(const struct call *call, uint32_t flags)
{
    return flags | ((call->run & RUN_RAW) != 0 ? PN_REQ_RAW : 0u) |
           ((call->run & RUN_READ) != 0 ? PN_REQ_READ | PN_REQ_SAFE : 0u) |
           ((call->run & RUN_NO_RETRY) != 0 ? PN_REQ_NO_RETRY : 0u) |
           ((call->run & RUN_STAY) != 0 ? PN_REQ_STAY : 0u) |
           (call->client->share->is_quick ? PN_REQ_QUICK : 0u);
}

struct part *
call_new_part(struct call *call, size_t i, struct pn_bytes wire, uint32_t flags)
{
    if (call->n_parts == call->part_cap) {
        void *longer = grow(call->part, &call->first_part, &call->part_cap,
                            sizeof *call->part);
        if (longer == NULL) {
            return NULL;
        }
        call->part = longer;
    }
    struct part *part = &call->part[call->n_parts++];
    *part = (struct part){
        .command = (uint32_t)i,
        .request = {.wire = wire.ptr,
                    .wire_len = wire.len,
                    .slot = PN_SLOT_NONE,
                    .node = call->node,
                    .flags = (uint16_t)request_flags(call, flags),
                    .deadline = call->deadline,
                    .owner = call},
    };
    call->command[i].n_parts++;
    return part;
}

/* ---- Rounds ----------------------------------------------------------------- */

static bool
is_too_large(PyObject *value)
{
    PyObject *text = reply_is_fault(value) ? PyObject_Str(value) : NULL;
    PyObject *mark = text == NULL ? NULL : PyUnicode_FromString("object too large");
    bool is = mark != NULL && PyUnicode_Contains(text, mark) == 1;
    Py_XDECREF(text);
    Py_XDECREF(mark);
    PyErr_Clear();
    return is;
}

/* The server refused a value; what it replaced must not stay. */
static int
drop_predecessor(struct call *call, size_t i)
{
    char *wire = arena_take(&call->arena, PN_MC_KEY_MAX + 16);
    struct pn_out out = {.ptr = wire, .cap = PN_MC_KEY_MAX + 16};
    struct pn_meta_request request = {.verb = PN_META_MD, .key = call->command[i].key};
    if (wire == NULL || pn_meta_put_request(&out, &request) < 0) {
        return wire == NULL ? -1 : 0;
    }
    call_renew(call, i);
    struct part *part = call_new_part(call, i, (struct pn_bytes){wire, out.len},
                                      PN_REQ_SAFE | PN_REQ_DELETE);
    if (part == NULL) {
        return -1;
    }
    call_aim(call, part, call->command[i].key);
    call->command[i].merge = MERGE_DROP;
    return 0;
}

/* What is still to be done for command number I, whose parts are all there. */
static int
go_on(struct call *call, size_t i)
{
    struct command *command = &call->command[i];
    if ((command->flags & PN_CMD_SPLIT) != 0) {
        return call_go_on_apart(call, i);
    }
    PyObject *value = command->n_parts == 0 ? NULL : call->part[command->first].value;
    if (command->rounds >= ROUNDS_MAX || value == NULL) {
        return 0;
    }
    if (command->n_empty > 0) {
        return call_ask_again(call, i);
    }
    if (command->merge == MERGE_FIND && !reply_is_fault(value)) {
        return call_to_all(call, i) < 0 ? -1 : 0;
    }
    if (command->merge == MERGE_ATOMIC && command->moved.len > 0) {
        return call_retry_atomic(call, i);
    }
    if (command->key.len == 0 || command->merge != MERGE_ONE) {
        return 0;
    }
    if (is_too_large(value)) {
        return drop_predecessor(call, i);
    }
    if (!command->is_short && call->part[command->first].request.is_gutter) {
        return call_shorten_late(call, i);
    }
    return 0;
}

Py_ssize_t
call_next(struct call *call)
{
    if (call->sent > 0) {
        for (size_t i = 0; i < call->n_commands; i++) {
            if (go_on(call, i) < 0) {
                return -1;
            }
        }
    }
    size_t n = call->n_parts - call->sent;
    call->sent = call->n_parts;
    return (Py_ssize_t)n;
}

/* ---- Replies ---------------------------------------------------------------- */

static PyObject *
take_value(const struct reply_reader *reader, struct pn_bytes *reply)
{
    struct pn_meta_reply meta;
    if (!meta_reply_next(reply, &meta)) {
        return fault_of_code(reader->st, PN_WIRE_E_REPLY, &reader->place);
    }
    if (meta.code >= PN_META_ERROR) {
        return meta_reply_fault(reader, &meta);
    }
    if (meta.code != PN_META_VA || meta_reply_is_stub(&meta)) {
        Py_RETURN_NONE;
    }
    return reply_text(reader, meta.value);
}

/* Of get_many, where one part asked for all the keys: to the dict of what was found. */
static PyObject *
take_resp(struct call *call, const struct command *command,
          const struct reply_reader *reader, struct pn_bytes *reply)
{
    if (call->key != NULL && command->merge == MERGE_ONE && !reader->is_decoded) {
        size_t n = (size_t)PyTuple_Size(call->keys);
        call->found = reply_take_found(*reply, call->key, n);
        if (call->found != NULL) {
            Py_RETURN_NONE;
        }
        if (PyErr_Occurred()) {
            return NULL;
        }
    }
    return reply_take(reader, reply);
}

static PyObject *
value_of(struct call *call, struct part *part, const struct reply_reader *reader,
         struct pn_bytes reply)
{
    const struct command *command = &call->command[part->command];
    if (part->request.rc < 0) {
        return fault_of_code(reader->st, part->request.rc, &reader->place);
    }
    if (command->merge == MERGE_ATOMIC) {
        return call_take_atomic(call, part, reader, reply);
    }
    switch (command->answer) {
    case ANSWER_RESP:
        return take_resp(call, command, reader, &reply);
    case ANSWER_META:
        return meta_reply_take(reader, &reply, part->request.is_gutter);
    case ANSWER_VALUE:
        return take_value(reader, &reply);
    case ANSWER_FOUND:
        return call_take_found(call, part, reader, reply);
    case ANSWER_CLASSIC:
        return classic_reply_take(reader, &reply);
    default:
        Py_RETURN_NONE;
    }
}

struct owning {
    struct pn_bytes key;
    uint16_t node;
};

static void
find_owner(struct pn_fleet *fleet, void *context)
{
    struct owning *owning = context;
    owning->node = pn_fleet_owner(fleet, owning->key.ptr, owning->key.len);
}

/* A delete without conditions that a stand-in has answered: the owner has not heard of
 * it, which must be told. (Of one by token the stand-in had the item.) */
static bool
is_half_deleted(const struct pn_request *request)
{
    const uint16_t both = PN_REQ_DELETE | PN_REQ_SAFE;
    return request->rc == 0 && request->is_gutter && (request->flags & both) == both;
}

static PyObject *
fault_of_owner(struct reply_reader *reader, struct pn_bytes key)
{
    struct owning owning = {.key = key};
    pn_client_fleet(reader->place.client, find_owner, &owning);
    reader->place.node = owning.node;
    return fault_of_code(reader->st, PN_CLIENT_E_STAND_IN, &reader->place);
}

int
call_take(struct call *call, struct part *part, struct pn_bytes reply)
{
    struct client_object *client = call->client;
    struct reply_reader reader = {
        .st = client->st,
        .place = {.client = client->share->client,
                  .node = part->request.by,
                  .command = call->command[part->command].name},
        .is_decoded = client->is_decoded,
    };
    part->value = is_half_deleted(&part->request)
                      ? fault_of_owner(&reader, part->request.key)
                      : value_of(call, part, &reader, reply);
    return part->value == NULL ? -1 : 0;
}

/* ---- Results ---------------------------------------------------------------- */

/* Of the keys KEY those whose value in LIST is not None. LIST is stolen. */
static PyObject *
dict_of_values(PyObject *const *key, PyObject *list)
{
    PyObject *dict = PyDict_New();
    Py_ssize_t n = PyList_Size(list);
    for (Py_ssize_t i = 0; dict != NULL && i < n; i++) {
        PyObject *value = PyList_GetItem(list, i);
        if (value != Py_None && PyDict_SetItem(dict, key[i], value) < 0) {
            Py_CLEAR(dict);
        }
    }
    Py_DECREF(list);
    return dict;
}

static PyObject *
result_of_keys(struct call *call)
{
    PyObject *reply = call->n_commands == 0 ? PyList_New(0) : call_merge(call, 0);
    if (reply != NULL && reply_is_fault(reply)) {
        return fault_raise(reply);
    }
    if (reply == NULL || call->found != NULL) {
        Py_XDECREF(reply);
        return reply == NULL ? NULL : Py_NewRef(call->found);
    }
    if (!PyList_Check(reply) || PyList_Size(reply) != PyTuple_Size(call->keys)) {
        Py_DECREF(reply);
        struct fault_place place = {.node = PN_NODE_NONE};
        return fault_raise(fault_of_code(call->client->st, PN_CLIENT_E_REPLY, &place));
    }
    return dict_of_values(call->key, reply);
}

PyObject *
call_result_one(struct call *call)
{
    if (call->keys != NULL) {
        return result_of_keys(call);
    }
    PyObject *reply = call_merge(call, 0);
    return reply != NULL && reply_is_fault(reply) ? fault_raise(reply) : reply;
}

/* EXEC's list or None; why there is none, in the place of each command. That a block
 * was executed, but not as one, is no command's error: it is raised. */
static PyObject *
result_of_block(struct call *call)
{
    PyObject *reply = call_merge(call, 0);
    if (reply == NULL || !reply_is_fault(reply)) {
        return reply;
    }
    if (call->command[0].is_torn) {
        return fault_raise(reply);
    }
    Py_ssize_t n = (Py_ssize_t)call->command[0].n_keys;
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list != NULL && i < n; i++) {
        PyList_SetItem(list, i, Py_NewRef(reply));
    }
    Py_DECREF(reply);
    return list;
}

PyObject *
call_result(struct call *call)
{
    if ((call->run & RUN_ATOMIC) != 0 && call->n_commands > 0) {
        return result_of_block(call);
    }
    PyObject *list = PyList_New((Py_ssize_t)call->n_commands);
    for (size_t i = 0; list != NULL && i < call->n_commands; i++) {
        PyObject *reply = call_merge(call, i);
        if (reply == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SetItem(list, (Py_ssize_t)i, reply);
        }
    }
    return list;
}
