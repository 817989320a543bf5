/*
 * What Python sees of a place besides lookups: shares, differences, points.
 */
#include "ring_type.h"

#include <stdbool.h>

#include "errors.h"

/* ---- Comparing ------------------------------------------------------------- */

static PyObject *
floats_of(const double *number, size_t n)
{
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list != NULL && i < n; i++) {
        PyObject *item = PyFloat_FromDouble(number[i]);
        if (item == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SetItem(list, (Py_ssize_t)i, item);
    }
    return list;
}

/* N numbers: the shares, or what moves to OTHER. */
static PyObject *
list_of(struct ring_object *self, struct ring_object *other, size_t n)
{
    double *number = PyMem_Calloc(n, sizeof *number);
    if (number == NULL) {
        return PyErr_NoMemory();
    }
    int rc;
    Py_BEGIN_ALLOW_THREADS rc = other == NULL
                                    ? pn_place_share(self->place, number)
                                    : pn_place_diff(self->place, other->place, number);
    Py_END_ALLOW_THREADS PyObject *list = rc < 0 ? errors_raise(self->st, rc, "place")
                                                 : floats_of(number, n);
    PyMem_Free(number);
    return list;
}

PyObject *
ring_shares(struct ring_object *self, PyObject *unused)
{
    (void)unused;
    return list_of(self, NULL, pn_place_size(self->place));
}

static struct ring_object *
other_ring(struct ring_object *self, PyObject *other)
{
    if (!PyObject_TypeCheck(other, self->st->ring_type)) {
        PyErr_SetString(PyExc_TypeError, "the other is a HashRing too");
        return NULL;
    }
    return (struct ring_object *)other;
}

PyObject *
ring_moved(struct ring_object *self, PyObject *arg)
{
    struct ring_object *other = other_ring(self, arg);
    if (other == NULL) {
        return NULL;
    }
    size_t n = pn_place_size(self->place), columns = pn_place_size(other->place);
    return list_of(self, other, n * columns);
}

static PyObject *
moves_of(struct ring_object *self, struct ring_object *other,
         const struct pn_move *move, int64_t n)
{
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (int64_t i = 0; list != NULL && i < n; i++) {
        PyObject *item = Py_BuildValue("(INN)", move[i].slot,
                                       ring_node_of(self, move[i].from),
                                       ring_node_of(other, move[i].to));
        if (item == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SetItem(list, (Py_ssize_t)i, item);
    }
    return list;
}

/* Slots are 65536 at most, Maglev's table 8388608. */
PyObject *
ring_moves(struct ring_object *self, PyObject *arg)
{
    struct ring_object *other = other_ring(self, arg);
    if (other == NULL) {
        return NULL;
    }
    int64_t n = pn_place_moves(self->place, other->place, NULL, 0);
    if (n < 0) {
        Py_RETURN_NONE;
    }
    struct pn_move *move = PyMem_Calloc((size_t)n + 1, sizeof *move);
    if (move == NULL) {
        return PyErr_NoMemory();
    }
    pn_place_moves(self->place, other->place, move, (size_t)n);
    PyObject *list = moves_of(self, other, move, n);
    PyMem_Free(move);
    return list;
}

/* ---- From inside ----------------------------------------------------------- */

/* A point's number: 32, 64 or 128 bits. */
static PyObject *
number_of(const struct pn_point *point)
{
    if (point->high == 0) {
        return PyLong_FromUnsignedLongLong(point->low);
    }
    PyObject *high = PyLong_FromUnsignedLongLong(point->high);
    PyObject *low = PyLong_FromUnsignedLongLong(point->low);
    PyObject *bits = PyLong_FromLong(64), *sum = NULL, *shifted = NULL;
    if (high != NULL && low != NULL && bits != NULL) {
        shifted = PyNumber_Lshift(high, bits);
        sum = shifted == NULL ? NULL : PyNumber_Or(shifted, low);
    }
    Py_XDECREF(shifted);
    Py_XDECREF(high);
    Py_XDECREF(low);
    Py_XDECREF(bits);
    return sum;
}

static bool
is_ring(struct ring_object *self)
{
    if (pn_place_points(self->place) > 0) {
        return true;
    }
    PyErr_SetString(self->st->config_error, "this place has no points: it is no ring");
    return false;
}

PyObject *
ring_find_point(struct ring_object *self, PyObject *key)
{
    const char *data;
    size_t len;
    if (!is_ring(self) || ring_key_bytes(self, key, &data, &len) < 0) {
        return NULL;
    }
    struct pn_point at;
    return PyLong_FromSize_t(pn_place_find(self->place, data, len, &at));
}

PyObject *
ring_hash_key(struct ring_object *self, PyObject *key)
{
    const char *data;
    size_t len;
    if (!is_ring(self) || ring_key_bytes(self, key, &data, &len) < 0) {
        return NULL;
    }
    struct pn_point at;
    pn_place_find(self->place, data, len, &at);
    return number_of(&at);
}

PyObject *
ring_points(struct ring_object *self, PyObject *unused)
{
    (void)unused;
    size_t n = pn_place_points(self->place);
    PyObject *list = PyList_New((Py_ssize_t)n);
    for (size_t i = 0; list != NULL && i < n; i++) {
        struct pn_point point = pn_place_point(self->place, i);
        PyObject *item = Py_BuildValue("(NN)", number_of(&point),
                                       ring_node_of(self, point.owner));
        if (item == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SetItem(list, (Py_ssize_t)i, item);
    }
    return list;
}
