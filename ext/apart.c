/*
 * apart - several keys of a slot that is half moved, one by one
 *
 * While a slot moves, some of its keys are here and the others there. A node that is
 * asked for one key which has left says ASK, and the hub follows; asked for several of
 * which it has but some it says TRYAGAIN, and so does the other node, for as long as
 * the slot stays so: for ever, when whoever moves it has died. After a few tries of the
 * hub's (PN_REQ_APART) each key is asked for by itself, and follows an ASK of its own.
 *
 * The keys are parts of a round of the command's own. What they were answered is put
 * together in the place of the part that was refused, as if its node had said it.
 *
 * Such a command sees its keys at several moments, as one across slots does. MSET and
 * what cannot be split (SINTER ...) are told TRYAGAIN.
 */
#include "call.h"
#include "wire/resp.h"
#include "wire/resp_put.h"

/* Was PART, of which the hub knew that it may be taken apart, told TRYAGAIN? */
static bool
is_refused(const struct part *part)
{
    if ((part->request.flags & PN_REQ_APART) == 0 || !reply_is_fault(part->value)) {
        return false;
    }
    PyObject *kind = PyObject_GetAttrString(part->value, "kind");
    bool is = kind != NULL && PyUnicode_Check(kind) &&
              PyUnicode_CompareWithASCIIString(kind, "TRYAGAIN") == 0;
    Py_XDECREF(kind);
    PyErr_Clear();
    return is;
}

/* ---- Asking ------------------------------------------------------------------- */

/* The next word of WIRE, a command of our own, which is cut off. */
static bool
next_word(struct pn_resp_reader *reader, struct pn_bytes *wire, struct pn_bytes *word)
{
    struct pn_resp_token token;
    ptrdiff_t n = pn_resp_next(reader, wire->ptr, wire->len, &token);
    if (n <= 0) {
        return false;
    }
    *wire = (struct pn_bytes){wire->ptr + n, wire->len - (size_t)n};
    *word = token.text;
    return true;
}

/* NAME and KEY as a part of command number I, for part number N. */
static int
ask_one(struct call *call, size_t i, size_t n, struct pn_bytes name,
        struct pn_bytes key)
{
    struct pn_bytes argv[] = {name, key};
    struct pn_out out = {.cap = name.len + key.len + 64};
    out.ptr = arena_take(&call->arena, out.cap);
    if (out.ptr == NULL) {
        return -1;
    }
    pn_resp_put_command(&out, argv, 2);
    struct part *part = call_new_part(call, i, (struct pn_bytes){out.ptr, out.len},
                                      call->part[n].request.flags &
                                          ~(uint32_t)PN_REQ_APART);
    if (part == NULL) {
        return -1;
    }
    part->from = (uint32_t)n;
    call_aim(call, part, key);
    return 0;
}

/* All keys of part number N, each by itself. */
static int
ask_each(struct call *call, size_t i, size_t n)
{
    struct pn_resp_reader reader = {.limits = {.count = PN_RESP_ARGS_MAX}};
    const struct pn_request *request = &call->part[n].request;
    struct pn_bytes wire = {request->wire, request->wire_len}, head, name, key;
    if (!next_word(&reader, &wire, &head) || !next_word(&reader, &wire, &name)) {
        return 0;
    }
    while (next_word(&reader, &wire, &key)) {
        if (ask_one(call, i, n, name, key) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
take_apart(struct call *call, size_t i)
{
    uint32_t first = call->command[i].first, n = call->command[i].n_parts;
    bool is_any = false;
    for (uint32_t k = first; k < first + n; k++) {
        if (!is_refused(&call->part[k])) {
            continue;
        }
        if (!is_any) {
            call_renew(call, i);
            is_any = true;
        }
        if (ask_each(call, i, k) < 0) {
            return -1;
        }
    }
    if (is_any) {
        call->command[i].rounds++;
        call->command[i].whole = first;
        call->command[i].n_whole = n;
    }
    return 0;
}

/* ---- Putting together --------------------------------------------------------- */

/* ALL (stolen) and VALUE as one: lists joined, numbers added. Of errors the first; what
 * is neither is one. */
static PyObject *
join(const struct call *call, const struct part *part, PyObject *all, PyObject *value)
{
    bool are_lists = PyList_Check(all) && PyList_Check(value);
    bool are_numbers = PyLong_Check(all) && PyLong_Check(value);
    PyObject *joined;
    if (reply_is_fault(all)) {
        return all;
    }
    if (are_lists || are_numbers) {
        joined = PyNumber_InPlaceAdd(all, value);
    } else if (reply_is_fault(value)) {
        joined = Py_NewRef(value);
    } else {
        struct fault_place place = {.client = call->client->share->client,
                                    .node = part->request.by,
                                    .command = call->command[part->command].name};
        joined = fault_of_code(call->client->st, PN_CLIENT_E_REPLY, &place);
    }
    Py_DECREF(all);
    return joined;
}

/* The values of the keys take the place of those that were refused. */
static int
put_together(struct call *call, size_t i)
{
    struct command *command = &call->command[i];
    uint32_t end = command->first + command->n_parts;
    for (uint32_t from = command->first, k; from < end; from = k) {
        struct part *whole = &call->part[call->part[from].from];
        PyObject *all = Py_NewRef(call->part[from].value);
        for (k = from + 1; k < end && call->part[k].from == call->part[from].from;
             k++) {
            all = join(call, &call->part[k], all, call->part[k].value);
            if (all == NULL) {
                return -1;
            }
        }
        Py_DECREF(whole->value);
        whole->value = all;
    }
    command->first = command->whole;
    command->n_parts = command->n_whole;
    command->n_whole = 0;
    return 0;
}

int
call_go_on_apart(struct call *call, size_t i)
{
    struct command *command = &call->command[i];
    if (command->n_whole > 0) {
        return put_together(call, i);
    }
    return command->rounds > 0 ? 0 : take_apart(call, i);
}
