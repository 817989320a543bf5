#include "meta_reply.h"

#include "wire/classic.h"
#include "wire/meta.h"

/* ---- Meta ------------------------------------------------------------------- */

bool
meta_reply_next(struct pn_bytes *bytes, struct pn_meta_reply *reply)
{
    struct pn_mc_reader reader = {.value_max = 0};
    ptrdiff_t n = pn_meta_reply(&reader, bytes->ptr, bytes->len, reply);
    if (n <= 0) {
        return false;
    }
    *bytes = (struct pn_bytes){bytes->ptr + n, bytes->len - (size_t)n};
    return true;
}

static struct pn_bytes
error_word(enum pn_meta_code code)
{
    switch (code) {
    case PN_META_ERROR:
        return PN_BYTES("ERROR");
    case PN_META_CLIENT_ERROR:
        return PN_BYTES("CLIENT_ERROR");
    default:
        return PN_BYTES("SERVER_ERROR");
    }
}

/* "SERVER_ERROR out of memory": the word goes in front again, for it is the kind. */
static PyObject *
refusal(const struct reply_reader *reader, struct pn_bytes word, struct pn_bytes text)
{
    char room[200];
    struct pn_out out = {.ptr = room, .cap = sizeof room};
    size_t left = sizeof room - word.len - 1;
    pn_out_bytes(&out, word);
    if (text.len > 0) {
        pn_out_char(&out, ' ');
        pn_out_put(&out, text.ptr, text.len < left ? text.len : left);
    }
    return fault_of_text(reader->st, (struct pn_bytes){room, out.len}, &reader->place);
}

PyObject *
meta_reply_fault(const struct reply_reader *reader, const struct pn_meta_reply *reply)
{
    if (reply->code < PN_META_ERROR) {
        return NULL;
    }
    return refusal(reader, error_word(reply->code), reply->text);
}

static PyObject *
number_or_none(const struct pn_meta_reply *reply, char flag, uint64_t number)
{
    if ((reply->has & pn_meta_bit(flag)) == 0) {
        Py_RETURN_NONE;
    }
    return PyLong_FromUnsignedLongLong(number);
}

static PyObject *
has_flag(const struct pn_meta_reply *reply, char flag)
{
    return PyBool_FromLong((reply->has & pn_meta_bit(flag)) != 0);
}

static PyObject *
key_of(const struct pn_meta_reply *reply)
{
    char room[PN_MC_KEY_MAX];
    struct pn_bytes raw;
    if ((reply->has & pn_meta_bit('k')) == 0 ||
        pn_meta_key(reply->key, reply->has, room, &raw) < 0) {
        Py_RETURN_NONE;
    }
    return PyBytes_FromStringAndSize(raw.ptr, (Py_ssize_t)raw.len);
}

static PyObject *
opaque_of(const struct pn_meta_reply *reply)
{
    if ((reply->has & pn_meta_bit('O')) == 0) {
        Py_RETURN_NONE;
    }
    return PyBytes_FromStringAndSize(reply->opaque.ptr, (Py_ssize_t)reply->opaque.len);
}

static PyObject *
value_of(const struct reply_reader *reader, const struct pn_meta_reply *reply)
{
    if (reply->code == PN_META_DEBUG) {
        return reply_text(reader, reply->text);
    }
    if (reply->code != PN_META_VA) {
        Py_RETURN_NONE;
    }
    return reply_text(reader, reply->value);
}

static PyObject *
ttl_of(const struct pn_meta_reply *reply)
{
    if ((reply->has & pn_meta_bit('t')) == 0) {
        Py_RETURN_NONE;
    }
    return PyLong_FromLongLong(reply->ttl_s);
}

static PyObject *
hit_of(const struct pn_meta_reply *reply)
{
    if ((reply->has & pn_meta_bit('h')) == 0) {
        Py_RETURN_NONE;
    }
    return PyBool_FromLong(reply->is_hit_before);
}

static PyObject *
code_of(const struct pn_meta_reply *reply)
{
    static const char *const words[] = {
#define META_WORD(name, word) word,
        PN_META_MAP(META_WORD)
#undef META_WORD
    };
    return PyUnicode_InternFromString(words[reply->code]);
}

/* The fields of MetaReply, in order: name, what makes it. */
#define META_FIELDS(X)                                        \
    X(code, code_of(reply))                                   \
    X(value, value_of(reader, reply))                         \
    X(flags, number_or_none(reply, 'f', reply->client_flags)) \
    X(cas, number_or_none(reply, 'c', reply->cas))            \
    X(ttl, ttl_of(reply))                                     \
    X(size, number_or_none(reply, 's', reply->size))          \
    X(idle, number_or_none(reply, 'l', reply->idle_s))        \
    X(hit, hit_of(reply))                                     \
    X(won, has_flag(reply, 'W'))                              \
    X(stale, has_flag(reply, 'X'))                            \
    X(token_sent, has_flag(reply, 'Z'))                       \
    X(key, key_of(reply))                                     \
    X(opaque, opaque_of(reply))                               \
    X(is_gutter, PyBool_FromLong(is_gutter))

static PyObject *
tuple_of(const struct reply_reader *reader, const struct pn_meta_reply *reply,
         bool is_gutter)
{
    PyObject *tuple = PyStructSequence_New(reader->st->meta_reply_type);
    Py_ssize_t i = 0;
#define META_SET(name, value)                            \
    if (tuple != NULL) {                                 \
        PyObject *field = (value);                       \
        if (field == NULL) {                             \
            Py_CLEAR(tuple);                             \
        } else {                                         \
            PyStructSequence_SetItem(tuple, i++, field); \
        }                                                \
    }
    META_FIELDS(META_SET)
#undef META_SET
    return tuple;
}

PyObject *
meta_reply_take(const struct reply_reader *reader, struct pn_bytes *bytes,
                bool is_gutter)
{
    struct pn_meta_reply reply;
    if (!meta_reply_next(bytes, &reply)) {
        return fault_raise(fault_of_code(reader->st, PN_WIRE_E_REPLY, &reader->place));
    }
    if (reply.code >= PN_META_ERROR) {
        return meta_reply_fault(reader, &reply);
    }
    return tuple_of(reader, &reply, is_gutter);
}

/* ---- Classic ---------------------------------------------------------------- */

/* Adds one "STAT name value" to *DICT, which is made when it is the first. */
static int
add_stat(const struct reply_reader *reader, PyObject **dict,
         const struct pn_classic_reply *reply)
{
    if (*dict == NULL && (*dict = PyDict_New()) == NULL) {
        return -1;
    }
    PyObject *name = reply_text(reader, reply->key);
    PyObject *text = reply_text(reader, reply->text);
    int rc = name == NULL || text == NULL ? -1 : PyDict_SetItem(*dict, name, text);
    Py_XDECREF(name);
    Py_XDECREF(text);
    return rc;
}

static PyObject *
classic_last(const struct reply_reader *reader, PyObject *dict,
             const struct pn_classic_reply *reply)
{
    switch (reply->kind) {
    case PN_REPLY_END:
        return dict != NULL ? Py_NewRef(dict) : PyDict_New();
    case PN_REPLY_VERSION:
        return reply_text(reader, reply->text);
    case PN_REPLY_OK:
    case PN_REPLY_RESET:
        return Py_NewRef(Py_True);
    case PN_REPLY_NUMBER:
        return PyLong_FromUnsignedLongLong(reply->number);
    case PN_REPLY_ERROR:
        return refusal(reader, PN_BYTES("ERROR"), reply->text);
    case PN_REPLY_CLIENT_ERROR:
        return refusal(reader, PN_BYTES("CLIENT_ERROR"), reply->text);
    case PN_REPLY_SERVER_ERROR:
        return refusal(reader, PN_BYTES("SERVER_ERROR"), reply->text);
    default:
        return fault_of_code(reader->st, PN_WIRE_E_REPLY, &reader->place);
    }
}

PyObject *
classic_reply_take(const struct reply_reader *reader, struct pn_bytes *bytes)
{
    PyObject *dict = NULL, *value = NULL;
    bool is_last = false;
    while (!is_last) {
        struct pn_mc_reader mc = {.value_max = 0};
        struct pn_classic_reply reply;
        ptrdiff_t n = pn_classic_reply(&mc, bytes->ptr, bytes->len, &reply);
        if (n <= 0) {
            value = fault_of_code(reader->st, PN_WIRE_E_REPLY, &reader->place);
            break;
        }
        *bytes = (struct pn_bytes){bytes->ptr + n, bytes->len - (size_t)n};
        is_last = pn_classic_is_last(&reply);
        if (is_last) {
            value = classic_last(reader, dict, &reply);
        } else if (add_stat(reader, &dict, &reply) < 0) {
            break;
        }
    }
    Py_XDECREF(dict);
    return value;
}

/* ---- The type --------------------------------------------------------------- */

int
meta_reply_type_add(PyObject *module)
{
    struct core_state *st = core_state_of(module);
    PyStructSequence_Field fields[] = {
#define META_FIELD(name, value) {#name, NULL},
        META_FIELDS(META_FIELD)
#undef META_FIELD
            {NULL, NULL},
    };
    PyStructSequence_Desc desc = {
        .name = "pinyon._core.MetaReply",
        .doc = "What memcached answered to a meta command.",
        .fields = fields,
        .n_in_sequence = (int)(sizeof fields / sizeof fields[0]) - 1,
    };
    st->meta_reply_type = PyStructSequence_NewType(&desc);
    return st->meta_reply_type == NULL
               ? -1
               : PyModule_AddObjectRef(module, "MetaReply",
                                       (PyObject *)st->meta_reply_type);
}
