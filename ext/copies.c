/*
 * copies - keys that stand on every node, each beside the keys of its node
 *
 * What many items depend on (the generation of a tag) must not be one key on one node:
 * its death would be the death of them all, and that node would serve every look. So
 * it is kept in copies, at most 16, and an item's copy is the one of its part of the
 * fleet:
 *
 *     one server, Sentinels    the key itself
 *     cluster                  one in each sixteenth of the slots, by the item's slot
 *     placed keys              of each node KEY, KEY#1, KEY#2 ...: the first that is
 *                              placed on the node; with over 16 nodes KEY#0 ... KEY#15,
 *                              by the item's slot in a cluster
 *
 * All clients of a fleet find the same, for they agree on where keys are. While a fleet
 * warms up some of them may have the list of before: all copies are those of either.
 */
#include "call.h"

#include <stdio.h>
#include <string.h>

enum { COPIES = 16, COPIES_MOST = 2 * COPIES, SEARCH_MAX = 4096, MORE_MAX = 16 };

struct copies {
    enum pn_fleet_kind kind;
    struct pn_bytes base, beside;
    char *room; /* for COPIES_MOST of them */
    size_t len[COPIES_MOST];
    size_t n;
};

static char *
room_of(const struct copies *copies, size_t i)
{
    return copies->room + i * (copies->base.len + MORE_MAX);
}

/* A word in the middle of each sixteenth of the slots. Clusters give their nodes ranges
 * of slots, so a copy with the word of the item's sixteenth stands on the item's node
 * nearly always: one flight, and no other node to depend on. By the item's key alone,
 * without the map: it holds through failovers, and in a client that does not know the
 * map yet. */
static const char *const middle[COPIES] = {"18",  "249", "72",  "223", "19",  "2",
                                           "64",  "222", "265", "34",  "404", "155",
                                           "264", "22",  "219", "48"};

/* Writes copy I: the base, and behind it NUMBER in the form of LEAD: "#7", the word of
 * a sixteenth as a hash tag, or nothing when LEAD is 0. */
static void
put(struct copies *copies, size_t i, char lead, unsigned number)
{
    char *at = room_of(copies, i);
    char *end = at + copies->base.len;
    int more = 0;
    memcpy(at, copies->base.ptr, copies->base.len);
    if (lead == '{') {
        more = snprintf(end, MORE_MAX, "{%s}", middle[number]);
    } else if (lead == '#') {
        more = snprintf(end, MORE_MAX, "#%u", number);
    }
    copies->len[i] = copies->base.len + (size_t)more;
}

/* Adds the copy of NODE: the first variant of the base that is placed there, by the
 * list of servers before the last change when that is OLD. */
static void
search(const struct pn_fleet *fleet, struct copies *copies, bool old, uint16_t node)
{
    size_t i = copies->n++;
    for (unsigned s = 0; s < SEARCH_MAX; s++) {
        put(copies, i, s == 0 ? 0 : '#', s);
        const char *key = room_of(copies, i);
        if ((old ? pn_fleet_old_owner(fleet, key, copies->len[i])
                 : pn_fleet_owner(fleet, key, copies->len[i])) == node) {
            return;
        }
    }
    put(copies, i, 0, 0); /* a node that owns next to nothing: anywhere will do */
}

/* Adds the copy that items beside a key have, or all: one in each sixteenth. */
static void
add_numbered(struct copies *copies, char lead)
{
    const struct pn_bytes *beside = &copies->beside;
    if (beside->ptr != NULL) {
        uint32_t slot = pn_fleet_slot(beside->ptr, beside->len);
        put(copies, copies->n++, lead, slot / (PN_FLEET_SLOTS / COPIES));
        return;
    }
    for (unsigned i = 0; i < COPIES; i++) {
        put(copies, copies->n++, lead, i);
    }
}

/* Adds the copies by one list of servers. */
static void
add_placed(const struct pn_fleet *fleet, struct copies *copies, bool old)
{
    const struct pn_bytes *beside = &copies->beside;
    uint16_t node[COPIES];
    size_t n = pn_fleet_members(fleet, old, node, COPIES);
    if (n > COPIES) {
        add_numbered(copies, '#');
    } else if (beside->ptr != NULL) {
        search(fleet, copies, old, pn_fleet_owner(fleet, beside->ptr, beside->len));
    } else {
        for (size_t i = 0; i < n; i++) {
            search(fleet, copies, old, node[i]);
        }
    }
}

static void
find(struct pn_fleet *fleet, void *context)
{
    struct copies *copies = context;
    if (copies->kind == PN_FLEET_CLUSTER) {
        add_numbered(copies, '{');
        return;
    }
    add_placed(fleet, copies, false);
    if (copies->beside.ptr == NULL) {
        add_placed(fleet, copies, true);
    }
}

/* Fills COPIES in. 0, or -1 with an exception set; PyMem_Free(copies->room) either
 * way. */
static int
look_up(struct client_object *self, PyObject *base, PyObject *beside,
        struct copies *copies)
{
    char *text;
    Py_ssize_t len;
    *copies = (struct copies){.kind = self->share->kind};
    if (client_check(self) < 0 || PyBytes_AsStringAndSize(base, &text, &len) < 0) {
        return -1;
    }
    copies->base = (struct pn_bytes){text, (size_t)len};
    if (beside != NULL) {
        if (PyBytes_AsStringAndSize(beside, &text, &len) < 0) {
            return -1;
        }
        copies->beside = (struct pn_bytes){text, (size_t)len};
    }
    copies->room = PyMem_Malloc(COPIES_MOST * (copies->base.len + MORE_MAX));
    if (copies->room == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (copies->kind == PN_FLEET_HASH || copies->kind == PN_FLEET_CLUSTER) {
        pn_client_fleet(self->share->client, find, copies);
    } else {
        copies->n = 1;
        put(copies, 0, 0, 0);
    }
    return 0;
}

static PyObject *
bytes_of(const struct copies *copies, size_t i)
{
    return PyBytes_FromStringAndSize(room_of(copies, i), (Py_ssize_t)copies->len[i]);
}

static PyObject *
list_of(const struct copies *copies)
{
    PyObject *list = PyList_New((Py_ssize_t)copies->n);
    for (size_t i = 0; list != NULL && i < copies->n; i++) {
        PyObject *one = bytes_of(copies, i);
        if (one == NULL || PyList_SetItem(list, (Py_ssize_t)i, one) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

/* _copy(key, beside): the copy of KEY that items beside the key BESIDE depend on. */
PyObject *
client_copy(PyObject *self, PyObject *args)
{
    PyObject *base, *beside, *out = NULL;
    struct copies copies;
    if (!PyArg_ParseTuple(args, "SS:_copy", &base, &beside)) {
        return NULL;
    }
    if (look_up((struct client_object *)self, base, beside, &copies) == 0) {
        out = bytes_of(&copies, 0);
    }
    PyMem_Free(copies.room);
    return out;
}

/* _copies(key): all of them; some twice, perhaps. */
PyObject *
client_copies(PyObject *self, PyObject *base)
{
    struct copies copies;
    PyObject *out = NULL;
    if (look_up((struct client_object *)self, base, NULL, &copies) == 0) {
        out = list_of(&copies);
    }
    PyMem_Free(copies.room);
    return out;
}
