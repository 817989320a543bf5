/*
 * Python object -> MessagePack.
 *
 * One recursive walk. Each container puts a `struct frame` on the C stack and links it
 * to its parent's; the chain serves three purposes at no cost for the good case: it
 * bounds the depth, it finds a container that contains itself (a bound on depth alone
 * would let a = [a, a] run for 2^128 steps), and it spells the path of an offender.
 *
 * No user code runs during the walk but registered encode hooks. Containers that such a
 * hook (or, without the GIL, another thread) changes meanwhile are noticed by their
 * number of members and refused: the count has been written before them.
 */
#include "codec_compat.h"
#include "codec_internal.h"
#include "codec_path.h"

static int
pack_value(struct packer *p, PyObject *value);

/* ---- Heads and scalars ------------------------------------------------------ */

static int
put_head(struct packer *p, unsigned byte, uint64_t value, unsigned width)
{
    uint8_t raw[9];
    raw[0] = (uint8_t)byte;
    store_be(raw + 1, value, width);
    return codec_buf_put(p->out, raw, width + 1);
}

/* A length in the shortest of up to four forms: `fix` holds counts below fix_end;
   8, 16 and 32 bits (8 is 0 where MessagePack has no such form). */
static int
put_length(struct packer *p, size_t len, unsigned fix, size_t fix_end, unsigned head8,
           unsigned head16)
{
    if (len > CODEC_VALUE_MAX) {
        return codec_refuse_size(p);
    }
    if (len < fix_end) {
        return codec_buf_put_u8(p->out, fix | (unsigned)len);
    }
    if (len <= 0xff && head8 != 0) {
        return put_head(p, head8, len, 1);
    }
    return len <= 0xffff ? put_head(p, head16, len, 2)
                         : put_head(p, head16 + 1, len, 4);
}

static int
pack_str(struct packer *p, PyObject *value)
{
    Py_ssize_t len;
    const char *utf8 = PyUnicode_AsUTF8AndSize(value, &len);
    if (utf8 == NULL) {
        return codec_refuse_from(p, "a str with lone surrogates is not text; store "
                                    "its bytes instead");
    }
    if (put_length(p, (size_t)len, 0xa0, 32, 0xd9, 0xda) < 0) {
        return -1;
    }
    return codec_buf_put(p->out, utf8, (size_t)len);
}

static int
pack_bytes(struct packer *p, PyObject *value)
{
    size_t len = (size_t)PyBytes_Size(value);
    if (put_length(p, len, 0, 0, 0xc4, 0xc5) < 0) {
        return -1;
    }
    return codec_buf_put(p->out, PyBytes_AsString(value), len);
}

static int
pack_float(struct packer *p, PyObject *value)
{
    double number = PyFloat_AsDouble(value);
    uint64_t word;
    memcpy(&word, &number, 8);
    return put_head(p, 0xcb, word, 8);
}

static int
put_negative(struct packer *p, long long number)
{
    uint64_t word = (uint64_t)number;
    if (number >= -32) {
        return codec_buf_put_u8(p->out, (unsigned)(word & 0xff));
    }
    if (number >= INT8_MIN) {
        return put_head(p, 0xd0, word, 1);
    }
    if (number >= INT16_MIN) {
        return put_head(p, 0xd1, word, 2);
    }
    return number >= INT32_MIN ? put_head(p, 0xd2, word, 4)
                               : put_head(p, 0xd3, word, 8);
}

static int
put_unsigned(struct packer *p, unsigned long long word)
{
    if (word < 128) {
        return codec_buf_put_u8(p->out, (unsigned)word);
    }
    if (word <= UINT8_MAX) {
        return put_head(p, 0xcc, word, 1);
    }
    if (word <= UINT16_MAX) {
        return put_head(p, 0xcd, word, 2);
    }
    return word <= UINT32_MAX ? put_head(p, 0xce, word, 4) : put_head(p, 0xcf, word, 8);
}

/* ---- Extension types -------------------------------------------------------- */

static int
put_ext_head(struct packer *p, unsigned type, size_t len)
{
    static const uint8_t fixed[17] = {
        [1] = 0xd4, [2] = 0xd5, [4] = 0xd6, [8] = 0xd7, [16] = 0xd8};
    int rc;
    if (len <= 16 && fixed[len] != 0) {
        rc = codec_buf_put_u8(p->out, fixed[len]);
    } else {
        rc = put_length(p, len, 0, 0, 0xc7, 0xc8);
    }
    return rc < 0 ? -1 : codec_buf_put_u8(p->out, type);
}

/* A value of a standard type, or one that only its type's name can describe. 1:
   neither. */
static int
pack_standard(struct packer *p, PyObject *value)
{
    struct codec_buf body;
    const char *why = NULL;

    codec_buf_init(&body);
    int type = codec_std_body(p->state, value, &body, &why);
    int rc = 1;
    if (type == -2) {
        rc = codec_refuse(p, why);
    } else if (type < 0) {
        rc = codec_refuse_from(p, "cannot be encoded");
    } else if (type > 0) {
        rc = put_ext_head(p, (unsigned)type, body.len) < 0 ||
                     codec_buf_put(p->out, body.data, body.len) < 0
                 ? -1
                 : 0;
    }
    codec_buf_release(&body);
    return rc;
}

/* Extension types that hold other values: their length is known only afterwards. Room
   for the short form is left open, and a body over 255 bytes is moved up by three. */
#define EXT8_HEAD 3
#define EXT32_HEAD 6

static int
ext_begin(struct packer *p, size_t *mark)
{
    *mark = p->out->len;
    if (codec_buf_reserve(p->out, EXT32_HEAD) < 0) {
        return -1;
    }
    p->out->len += EXT8_HEAD;
    return 0;
}

static int
ext_end(struct packer *p, unsigned type, size_t mark)
{
    struct codec_buf *out = p->out;
    size_t len = out->len - mark - EXT8_HEAD;
    if (len > CODEC_VALUE_MAX) {
        return codec_refuse_size(p);
    }
    if (codec_buf_reserve(out, EXT32_HEAD - EXT8_HEAD) < 0) {
        return -1;
    }
    uint8_t *head = (uint8_t *)out->room + mark;
    if (len <= 0xff) {
        head[0] = 0xc7;
        head[1] = (uint8_t)len;
        head[2] = (uint8_t)type;
        return 0;
    }
    memmove(head + EXT32_HEAD, head + EXT8_HEAD, len);
    head[0] = 0xc9;
    store_be(head + 1, len, 4);
    head[5] = (uint8_t)type;
    out->len += EXT32_HEAD - EXT8_HEAD;
    return 0;
}

/* ---- Containers ------------------------------------------------------------- */

static int
enter(struct packer *p, struct frame *frame, PyObject *container, enum frame_kind kind)
{
    if (p->out->len > CODEC_VALUE_MAX) {
        return codec_refuse_size(p);
    }
    if (p->depth >= CODEC_DEPTH_MAX) {
        return codec_refuse(p, "nested deeper than 128 levels");
    }
    for (const struct frame *f = p->top; f != NULL; f = f->up) {
        if (f->container == container) {
            return codec_refuse(p, "contains itself");
        }
    }
    *frame = (struct frame){p->top, container, NULL, 0, kind};
    p->top = frame;
    p->depth++;
    return 0;
}

static void
leave(struct packer *p, const struct frame *frame)
{
    p->top = frame->up;
    p->depth--;
}

static int
pack_list(struct packer *p, PyObject *list)
{
    struct frame frame;
    Py_ssize_t n = PyList_Size(list);

    if (enter(p, &frame, list, FRAME_LIST) < 0 ||
        put_length(p, (size_t)n, 0x90, 16, 0, 0xdc) < 0) {
        return -1;
    }
    for (; frame.index < n && frame.index < PyList_Size(list); frame.index++) {
        PyObject *member = codec_list_get(list, frame.index);
        if (member == NULL) {
            return -1;
        }
        int rc = pack_value(p, member);
        Py_DECREF(member);
        if (rc < 0) {
            return -1;
        }
    }
    leave(p, &frame);
    return PyList_Size(list) == n ? 0 : codec_refuse(p, "changed while it was encoded");
}

static int
pack_tuple(struct packer *p, PyObject *tuple)
{
    struct frame frame;
    size_t mark;
    Py_ssize_t n = PyTuple_Size(tuple);

    if (enter(p, &frame, tuple, FRAME_LIST) < 0 || ext_begin(p, &mark) < 0 ||
        put_length(p, (size_t)n, 0x90, 16, 0, 0xdc) < 0) {
        return -1;
    }
    for (; frame.index < n; frame.index++) {
        if (pack_value(p, PyTuple_GetItem(tuple, frame.index)) < 0) {
            return -1;
        }
    }
    leave(p, &frame);
    return ext_end(p, EXT_TUPLE, mark);
}

/* A key that is a container has a segment of its own in the path. */
static int
pack_key(struct packer *p, PyObject *dict, PyObject *key)
{
    if (PyUnicode_CheckExact(key)) {
        return pack_str(p, key);
    }
    struct frame frame = {p->top, dict, NULL, 0, FRAME_KEYS};
    p->top = &frame;
    int rc = pack_value(p, key);
    if (rc == 0) {
        p->top = frame.up;
    }
    return rc;
}

static int
pack_items(struct packer *p, struct frame *frame, PyObject *dict)
{
    Py_ssize_t pos = 0;
    PyObject *key, *value;
    int rc = 0;

    CODEC_LOCK(dict)
    while (rc == 0 && PyDict_Next(dict, &pos, &key, &value)) {
        Py_INCREF(key);
        Py_INCREF(value);
        frame->key = key;
        frame->index++;
        p->top = frame->up;
        rc = pack_key(p, dict, key);
        if (rc == 0) {
            p->top = frame;
            rc = pack_value(p, value);
        }
        Py_DECREF(key);
        Py_DECREF(value);
    }
    CODEC_UNLOCK()
    return rc;
}

static int
pack_dict(struct packer *p, PyObject *dict)
{
    struct frame frame;
    Py_ssize_t n = PyDict_Size(dict);

    if (enter(p, &frame, dict, FRAME_DICT) < 0 ||
        put_length(p, (size_t)n, 0x80, 16, 0, 0xde) < 0 ||
        pack_items(p, &frame, dict) < 0) {
        return -1;
    }
    leave(p, &frame);
    return frame.index == n && PyDict_Size(dict) == n
               ? 0
               : codec_refuse(p, "changed while it was encoded");
}

static int
pack_set(struct packer *p, PyObject *set, unsigned type)
{
    struct frame frame;
    size_t mark;
    Py_ssize_t n = PySet_Size(set);
    PyObject *iter, *member;
    int rc = 0;

    if (enter(p, &frame, set, FRAME_SET) < 0 || ext_begin(p, &mark) < 0 ||
        put_length(p, (size_t)n, 0x90, 16, 0, 0xdc) < 0) {
        return -1;
    }
    iter = PyObject_GetIter(set);
    if (iter == NULL) {
        return -1;
    }
    while (rc == 0 && (member = PyIter_Next(iter)) != NULL) {
        frame.index++;
        rc = pack_value(p, member);
        Py_DECREF(member);
    }
    Py_DECREF(iter);
    if (rc < 0) {
        return -1;
    }
    if (PyErr_Occurred() || frame.index != n) {
        PyErr_Clear(); /* RuntimeError: changed size during iteration */
        return codec_refuse(p, "changed while it was encoded");
    }
    leave(p, &frame);
    return ext_end(p, type, mark);
}

/* The name, then what the hook makes of the object. */
static int
pack_registered(struct packer *p, PyObject *value, PyObject *entry)
{
    struct frame frame;
    size_t mark;

    if (enter(p, &frame, value, FRAME_REGISTERED) < 0 || ext_begin(p, &mark) < 0 ||
        pack_str(p, PyTuple_GetItem(entry, 0)) < 0) {
        return -1;
    }
    PyObject *basic = codec_call(PyTuple_GetItem(entry, 1), value, NULL);
    if (basic == NULL) {
        return codec_refuse_from(p, "its registered encoder failed");
    }
    int rc = pack_value(p, basic);
    Py_DECREF(basic);
    if (rc < 0) {
        return -1;
    }
    leave(p, &frame);
    return ext_end(p, EXT_REGISTERED, mark);
}

/* ---- Dispatch --------------------------------------------------------------- */

static int
pack_int(struct packer *p, PyObject *value)
{
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow == 0) {
        return number < 0 ? put_negative(p, number)
                          : put_unsigned(p, (unsigned long long)number);
    }
    if (overflow > 0) {
        unsigned long long word = PyLong_AsUnsignedLongLong(value);
        if (!PyErr_Occurred()) {
            return put_unsigned(p, word);
        }
        PyErr_Clear();
    }
    return pack_standard(p, value);
}

/* What is not among the common builtin types. */
static int
pack_rare(struct packer *p, PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PySet_Type) {
        return pack_set(p, value, EXT_SET);
    }
    if (type == &PyFrozenSet_Type) {
        return pack_set(p, value, EXT_FROZENSET);
    }
    int rc = pack_standard(p, value);
    if (rc != 1) {
        return rc;
    }
    PyObject *entry = codec_dict_get(p->state->by_type, (PyObject *)type);
    if (entry == NULL) {
        return PyErr_Occurred() ? -1 : codec_refuse_type(p, value);
    }
    rc = pack_registered(p, value, entry);
    Py_DECREF(entry);
    return rc;
}

/* By exact type: a subclass would come back as its base. On failure the chain of frames
   is left as it was then; nobody looks at it any more. */
static int
pack_value(struct packer *p, PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);

    if (type == &PyUnicode_Type) {
        return pack_str(p, value);
    }
    if (type == &PyLong_Type) {
        return pack_int(p, value);
    }
    if (type == &PyDict_Type) {
        return pack_dict(p, value);
    }
    if (type == &PyList_Type) {
        return pack_list(p, value);
    }
    if (type == &PyFloat_Type) {
        return pack_float(p, value);
    }
    if (type == &PyTuple_Type) {
        return pack_tuple(p, value);
    }
    if (type == &PyBytes_Type) {
        return pack_bytes(p, value);
    }
    if (value == Py_None) {
        return codec_buf_put_u8(p->out, 0xc0);
    }
    if (type == &PyBool_Type) {
        return codec_buf_put_u8(p->out, value == Py_True ? 0xc3 : 0xc2);
    }
    return pack_rare(p, value);
}

int
codec_pack(struct codec *codec, PyObject *value, struct codec_buf *out)
{
    struct packer p = {codec->state, out, NULL, 0};
    if (pack_value(&p, value) < 0) {
        return -1;
    }
    return out->len > CODEC_VALUE_MAX ? codec_refuse_size(&p) : 0;
}
