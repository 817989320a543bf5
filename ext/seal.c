/*
 * From a value to the bytes that go to an engine which others share.
 *
 *     cache._seal(value, soft_ms, grace_ms, load_us, negative, tags) -> bytes
 *     cache._marks(tags) -> [bytes of 8, ...]     what tags are called in envelopes
 *     cache._mark(tag) -> bytes                   one of them, without the namespace's
 */
#define _GNU_SOURCE /* getrandom() */

#include <blake2.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "cache.h"
#include "envelope.h"

/* ---- Sealing --------------------------------------------------------------- */

struct seal_args {
    PyObject *value;
    long long soft_ms;  /* from now; < 0: not written down */
    long long grace_ms; /* beyond the soft expiry */
    long long load_us;  /* < 0: not kept */
    bool is_negative;
    const char *tags; /* ENVELOPE_TAG bytes each */
    size_t ntags;
};

static int
take_seal(struct core_state *st, PyObject *const *args, Py_ssize_t nargs,
          struct seal_args *out)
{
    char *tags;
    Py_ssize_t size;
    if (nargs != 6) {
        PyErr_Format(PyExc_TypeError, "_seal() takes 6 arguments (%zd given)", nargs);
        return -1;
    }
    out->value = args[0];
    out->soft_ms = PyLong_AsLongLong(args[1]);
    out->grace_ms = PyLong_AsLongLong(args[2]);
    out->load_us = PyLong_AsLongLong(args[3]);
    out->is_negative = args[4] == Py_True;
    if (PyErr_Occurred() || PyBytes_AsStringAndSize(args[5], &tags, &size) < 0) {
        return -1;
    }
    out->tags = tags;
    out->ntags = (size_t)size / ENVELOPE_TAG;
    if (out->ntags > PN_TAGS_MAX || (size_t)size % ENVELOPE_TAG != 0) {
        PyErr_SetString(st->config_error, "tags are up to 15, of 16 bytes each");
        return -1;
    }
    return 0;
}

static uint32_t
cflags_of(const struct seal_args *in)
{
    uint64_t units = 0;
    if (in->soft_ms >= 0 && in->grace_ms > 0) {
        units = ((uint64_t)in->grace_ms + ITEM_GRACE_UNIT - 1) / ITEM_GRACE_UNIT;
    }
    if (units > ITEM_GRACE_MASK) {
        units = ITEM_GRACE_MASK;
    }
    return (uint32_t)units | (in->is_negative ? ITEM_NEGATIVE : 0);
}

static int64_t
number_of(const struct codec_buf *buf)
{
    int64_t number;
    memcpy(&number, buf->data, sizeof number);
    return number;
}

/* The item: an envelope, or a plain number where nothing needs one. */
static PyObject *
enclose(const struct seal_args *in, const struct codec_buf *buf, uint8_t bits)
{
    char digits[ENVELOPE_NUMBER_MAX];
    const char *payload = buf->data;
    size_t len = buf->len;
    struct envelope head = {.bits = bits,
                            .ntags = (uint8_t)in->ntags,
                            .cflags = cflags_of(in),
                            .soft_ms = 0};
    if (bits == CODEC_BIT_INT) {
        len = envelope_put_number(digits, number_of(buf));
        payload = digits;
        if (in->ntags == 0 && head.cflags == 0 && in->soft_ms < 0) {
            return PyBytes_FromStringAndSize(payload, (Py_ssize_t)len);
        }
    }
    if (in->soft_ms >= 0) {
        head.soft_ms = pn_clock_unix_ms() + (uint64_t)in->soft_ms;
    }
    if (getrandom(&head.version, sizeof head.version, 0) != sizeof head.version) {
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    size_t tags = in->ntags * ENVELOPE_TAG;
    PyObject *out = PyBytes_FromStringAndSize(NULL,
                                              (Py_ssize_t)(ENVELOPE_HEAD + tags + len));
    if (out != NULL) {
        char *to = PyBytes_AsString(out);
        envelope_put_head(to, &head);
        memcpy(to + ENVELOPE_HEAD, in->tags, tags);
        memcpy(to + ENVELOPE_HEAD + tags, payload, len);
    }
    return out;
}

PyObject *
cache_seal(struct cache_object *self, PyObject *const *args, Py_ssize_t nargs,
           PyObject *kwnames)
{
    struct seal_args in;
    (void)kwnames;
    if (take_seal(self->st, args, nargs, &in) < 0) {
        return NULL;
    }
    struct codec_buf buf;
    uint8_t bits = 0;
    codec_buf_init(&buf);
    if (in.load_us >= 0) {
        struct codec_meta meta = {.soft_expiry_ms = 0};
        meta.load_us = in.load_us > UINT32_MAX ? UINT32_MAX : (uint32_t)in.load_us;
        codec_meta_put(&buf, &meta, &bits);
    }
    PyObject *out = NULL;
    if (codec_encode(&self->codec, in.value, &buf, &bits) == 0) {
        out = enclose(&in, &buf, bits);
    }
    codec_buf_release(&buf);
    return out;
}

/* ---- Tags ------------------------------------------------------------------ */

static int
mark_text(void *context, const char *text, size_t len)
{
    uint8_t hash[8];
    /* Not of a region's seed: the same in every process. Two tags that meet are
     * invalidated together, which drops too much and never too little. */
    blake2b(hash, text, NULL, sizeof hash, len, 0);
    PyObject *mark = PyBytes_FromStringAndSize((const char *)hash, sizeof hash);
    int rc = mark == NULL ? -1 : PyList_Append(context, mark);
    Py_XDECREF(mark);
    return rc;
}

PyObject *
cache_marks(struct cache_object *self, PyObject *tags)
{
    PyObject *marks = PyList_New(0);
    if (marks != NULL && cache_each_tag(self, tags, mark_text, marks) < 0) {
        Py_CLEAR(marks);
    }
    return marks;
}

PyObject *
cache_mark(struct cache_object *self, PyObject *tag)
{
    char room[CACHE_TAG_ROOM];
    size_t len;
    if (cache_tag_text(self, tag, room, &len) < 0) {
        return NULL;
    }
    uint8_t hash[8];
    blake2b(hash, room, NULL, sizeof hash, len, 0);
    return PyBytes_FromStringAndSize((const char *)hash, sizeof hash);
}
