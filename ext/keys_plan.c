/*
 * Plans: a function's signature laid out for binding calls to it.
 *
 *     prefix:module.qualname:version.shape:=AwE        up to 24 bytes, verbatim
 *     prefix:module.qualname:version.shape:c0Rm...     more, 22 characters of a digest
 *
 * `shape` is a digest of the parameters' names and kinds: when the signature changes,
 * what the old one stored no longer answers, even if nobody thought of raising the
 * version.
 *
 * A short encoding goes in as it is: hashing it would cost ten times the rest, and
 * there is then no collision to speak of. A longer one is replaced by 128 bits of
 * BLAKE2b: a hash made for speed (XXH3) can be driven to collide by whoever chooses the
 * arguments, and he would then read the value of another call.
 *
 * The head is read from the right: neither a module, nor a qualified name, nor a
 * version contains a colon, so a prefix may.
 */
#include "codec_compat.h"
#include "keys_internal.h"

/* PY_VECTORCALL_ARGUMENTS_OFFSET, which the limited API has from 3.12 on. */
#define OFFSET_FLAG ((size_t)1 << (8 * sizeof(size_t) - 1))
#define PARAMETERS_MAX 64
#define VERBATIM_MAX 24 /* bytes; 32 characters */
#define SHAPE_BYTES 3
#define TAIL_MAX (1 + (VERBATIM_MAX + 2) / 3 * 4)
#define HEAD_MAX (KEY_MEMCACHED_MAX - TAIL_MAX)

struct keys_plan {
    struct codec_state *state;
    PyObject *identity;
    PyObject *names;                    /* tuple, holds what `name` points to */
    PyObject *name[PARAMETERS_MAX];     /* borrowed from names */
    PyObject *defaults[PARAMETERS_MAX]; /* strong, or NULL */
    Py_ssize_t n;
    Py_ssize_t positional_only;
    Py_ssize_t positional; /* how many can be given by position */
    Py_ssize_t skip;
    bool has_args;
    bool has_kwargs;
    size_t head_len;
    char head[HEAD_MAX];
};

/* ---- Making a plan ------------------------------------------------------------ */

static int
wrong(const struct keys_plan *plan, const char *what)
{
    PyErr_Format(plan->state->errors.config, "%U: %s", plan->identity, what);
    return -1;
}

static int
set_names(struct keys_plan *plan, const struct keys_plan_opts *opts)
{
    Py_ssize_t n = PyTuple_Check(opts->names) ? PyTuple_Size(opts->names) : -1;
    if (n < 0 || n > PARAMETERS_MAX) {
        return wrong(plan, "names must be a tuple of at most 64 parameters; give key=");
    }
    if (opts->positional_only < 0 || opts->keyword_only < 0 || opts->skip < 0 ||
        opts->positional_only > n - opts->keyword_only ||
        opts->skip > n - opts->keyword_only) {
        return wrong(plan, "the kinds of its parameters do not add up");
    }
    plan->n = n;
    plan->names = Py_NewRef(opts->names);
    plan->positional_only = opts->positional_only;
    plan->positional = plan->n - opts->keyword_only;
    plan->skip = opts->skip;
    plan->has_args = opts->has_args;
    plan->has_kwargs = opts->has_kwargs;
    for (Py_ssize_t i = 0; i < plan->n; i++) {
        plan->name[i] = PyTuple_GetItem(opts->names, i);
        if (!PyUnicode_CheckExact(plan->name[i])) {
            return wrong(plan, "the name of a parameter is not a str");
        }
    }
    return 0;
}

static int
set_defaults(struct keys_plan *plan, PyObject *defaults)
{
    if (defaults == NULL || defaults == Py_None) {
        return 0;
    }
    if (!PyDict_Check(defaults)) {
        return wrong(plan, "defaults must be a dict");
    }
    for (Py_ssize_t i = 0; i < plan->n; i++) {
        plan->defaults[i] = codec_dict_get(defaults, plan->name[i]);
        if (plan->defaults[i] == NULL && PyErr_Occurred()) {
            return -1;
        }
    }
    return 0;
}

/* Names and kinds, not defaults: those enter the key as values. */
static int
put_shape(const struct keys_plan *plan, char *to)
{
    struct codec_buf shape;
    uint8_t digest[KEY_DIGEST_SIZE];
    int rc = 0;

    codec_buf_init(&shape);
    for (Py_ssize_t i = 0; rc == 0 && i < plan->n; i++) {
        unsigned kind = i < plan->positional_only ? 'p'
                        : i < plan->positional    ? 'e'
                                                  : 'k';
        rc = codec_buf_put_u8(&shape, i < plan->skip ? 's' : kind);
        rc = rc < 0 ? -1 : keys_put_str(plan->name[i], &shape);
    }
    rc = rc < 0 ? -1 : codec_buf_put_u8(&shape, plan->has_args ? 'A' : 'a');
    rc = rc < 0 ? -1 : codec_buf_put_u8(&shape, plan->has_kwargs ? 'K' : 'k');
    if (rc == 0) {
        keys_digest(shape.data, shape.len, digest);
        keys_base64(digest, SHAPE_BYTES, to);
        to[4] = '\0';
    }
    codec_buf_release(&shape);
    return rc;
}

/* A part of the head that must not contain a colon. */
static int
check_part(const struct keys_plan *plan, PyObject *part, const char *what)
{
    Py_ssize_t len;
    const char *text = PyUnicode_AsUTF8AndSize(part, &len);
    if (text == NULL) {
        return -1;
    }
    return memchr(text, ':', (size_t)len) == NULL ? 0 : wrong(plan, what);
}

static PyObject *
version_text(PyObject *version)
{
    if (version == NULL || version == Py_None) {
        return PyUnicode_FromString("1");
    }
    if (PyUnicode_Check(version) || PyLong_CheckExact(version)) {
        return PyObject_Str(version);
    }
    PyErr_Format(PyExc_TypeError, "version must be an int or a str, not %R",
                 Py_TYPE(version));
    return NULL;
}

/* A head that is too long, or that memcached would not take, becomes its digest. */
static int
set_head_text(struct keys_plan *plan, PyObject *text)
{
    Py_ssize_t len;
    const char *head = PyUnicode_AsUTF8AndSize(text, &len);
    if (head == NULL) {
        return -1;
    }
    if ((size_t)len <= HEAD_MAX && keys_is_text(head, (size_t)len)) {
        memcpy(plan->head, head, (size_t)len);
        plan->head_len = (size_t)len;
        return 0;
    }
    keys_digest_text(head, (size_t)len, plan->head);
    plan->head[KEY_DIGEST_TEXT] = ':';
    plan->head_len = KEY_DIGEST_TEXT + 1;
    return 0;
}

static int
set_head(struct keys_plan *plan, const struct keys_plan_opts *opts)
{
    char shape[5];
    bool has_prefix = opts->prefix != NULL && opts->prefix != Py_None;
    PyObject *version = version_text(opts->version);
    PyObject *head = NULL;
    int rc = -1;

    if (version != NULL && has_prefix && !PyUnicode_Check(opts->prefix)) {
        PyErr_SetString(PyExc_TypeError, "prefix must be a str");
    } else if (version != NULL && put_shape(plan, shape) == 0 &&
               check_part(plan, plan->identity, "a colon in its name") == 0 &&
               check_part(plan, version, "a colon in its version") == 0) {
        head = has_prefix
                   ? PyUnicode_FromFormat("%U:%U:%U.%s:", opts->prefix, plan->identity,
                                          version, shape)
                   : PyUnicode_FromFormat("%U:%U.%s:", plan->identity, version, shape);
        rc = head == NULL ? -1 : set_head_text(plan, head);
    }
    Py_XDECREF(version);
    Py_XDECREF(head);
    return rc;
}

struct keys_plan *
keys_plan_new(struct codec_state *state, const struct keys_plan_opts *opts)
{
    if (!PyUnicode_CheckExact(opts->identity)) {
        PyErr_SetString(PyExc_TypeError, "identity must be a str, module.qualname");
        return NULL;
    }
    struct keys_plan *plan = PyMem_Calloc(1, sizeof *plan);
    if (plan == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    plan->state = state;
    plan->identity = Py_NewRef(opts->identity);
    if (set_names(plan, opts) < 0 || set_defaults(plan, opts->defaults) < 0 ||
        set_head(plan, opts) < 0) {
        keys_plan_free(plan);
        return NULL;
    }
    return plan;
}

void
keys_plan_free(struct keys_plan *plan)
{
    if (plan == NULL) {
        return;
    }
    for (Py_ssize_t i = 0; i < plan->n; i++) {
        Py_XDECREF(plan->defaults[i]);
    }
    Py_XDECREF(plan->names);
    Py_XDECREF(plan->identity);
    PyMem_Free(plan);
}

int
keys_plan_traverse(struct keys_plan *plan, visitproc visit, void *arg)
{
    for (Py_ssize_t i = 0; i < plan->n; i++) {
        Py_VISIT(plan->defaults[i]);
    }
    Py_VISIT(plan->names);
    return 0;
}

const char *
keys_plan_head(const struct keys_plan *plan, size_t *len)
{
    *len = plan->head_len;
    return plan->head;
}

/* ---- Binding ------------------------------------------------------------------ */

/* One call. `slots` are borrowed from the caller or the plan. */
struct call {
    const struct keys_plan *plan;
    PyObject *const *args;
    Py_ssize_t nargs;
    PyObject *extra; /* list of (name, value) for **kwargs, or NULL */
    PyObject *slots[PARAMETERS_MAX];
};

/* The parameter that may be given by this keyword; -1 if there is none. Names in calls
   and in signatures are interned, so the first loop nearly always finds what there is.
   */
static Py_ssize_t
find_parameter(const struct keys_plan *plan, PyObject *name)
{
    for (Py_ssize_t i = plan->positional_only; i < plan->n; i++) {
        if (plan->name[i] == name) {
            return i;
        }
    }
    for (Py_ssize_t i = plan->positional_only; i < plan->n; i++) {
        if (PyUnicode_Compare(plan->name[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static int
add_extra(struct call *call, PyObject *name, PyObject *value)
{
    if (!call->plan->has_kwargs) {
        return KEYS_MISMATCH;
    }
    if (call->extra == NULL) {
        call->extra = PyList_New(0);
    }
    PyObject *pair = call->extra == NULL ? NULL : PyTuple_Pack(2, name, value);
    int rc = pair == NULL ? -1 : PyList_Append(call->extra, pair);
    Py_XDECREF(pair);
    return rc < 0 ? -1 : KEYS_BOUND;
}

static int
bind_keywords(struct call *call, PyObject *kwnames)
{
    Py_ssize_t n = PyTuple_Size(kwnames);
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *name = PyTuple_GetItem(kwnames, i);
        PyObject *value = call->args[call->nargs + i];
        Py_ssize_t at = find_parameter(call->plan, name);
        if (at >= 0 && call->slots[at] != NULL) {
            return KEYS_MISMATCH; /* given twice */
        }
        if (at >= 0) {
            call->slots[at] = value;
            continue;
        }
        int rc = add_extra(call, name, value);
        if (rc != KEYS_BOUND) {
            return rc;
        }
    }
    return KEYS_BOUND;
}

static int
bind_call(struct call *call, PyObject *kwnames)
{
    const struct keys_plan *plan = call->plan;
    Py_ssize_t given = call->nargs < plan->positional ? call->nargs : plan->positional;

    if (call->nargs > plan->positional && !plan->has_args) {
        return KEYS_MISMATCH;
    }
    for (Py_ssize_t i = 0; i < given; i++) {
        call->slots[i] = call->args[i];
    }
    for (Py_ssize_t i = given; i < plan->n; i++) {
        call->slots[i] = NULL;
    }
    if (kwnames != NULL) {
        int rc = bind_keywords(call, kwnames);
        if (rc != KEYS_BOUND) {
            return rc;
        }
    }
    for (Py_ssize_t i = given; i < plan->n; i++) {
        if (call->slots[i] == NULL) {
            call->slots[i] = plan->defaults[i];
        }
        if (call->slots[i] == NULL) {
            return KEYS_MISMATCH; /* missing */
        }
    }
    return KEYS_BOUND;
}

/* ---- Encoding a call ------------------------------------------------------------ */

/* Names the parameter and the remedy; an exception that is set already stays. */
static int
refuse(const struct keys_plan *plan, struct key_walk *walk, const char *stars,
       PyObject *name)
{
    if (walk->offender != NULL) {
        PyErr_Format(plan->state->errors.key_type,
                     "%U(): argument '%s%U': %R cannot become part of a key%s%s; give "
                     "the decorator key=, or the class a __pinyon_key__ method",
                     plan->identity, stars, name, walk->offender,
                     walk->why == NULL ? "" : ": ", walk->why == NULL ? "" : walk->why);
        Py_CLEAR(walk->offender);
    }
    return -1;
}

static int
refuse_star(const struct keys_plan *plan, struct key_walk *walk, const char *stars)
{
    PyObject *nothing = PyUnicode_FromString("");
    if (nothing != NULL) {
        refuse(plan, walk, stars, nothing);
        Py_DECREF(nothing);
    }
    Py_CLEAR(walk->offender);
    return -1;
}

static int
encode_args(const struct call *call, struct key_walk *walk, struct codec_buf *out)
{
    Py_ssize_t first = call->plan->positional;
    Py_ssize_t n = call->nargs > first ? call->nargs - first : 0;

    if (keys_put_length(out, KEY_TUPLE, (size_t)n) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (keys_encode(walk, call->args[first + i], out) < 0) {
            return refuse_star(call->plan, walk, "*args");
        }
    }
    return 0;
}

static int
encode_kwargs(const struct call *call, struct key_walk *walk, struct codec_buf *out)
{
    if (call->extra == NULL) {
        return keys_put_length(out, KEY_DICT, 0);
    }
    if (keys_encode_unordered(walk, call->extra, KEY_DICT, out) < 0) {
        return refuse_star(call->plan, walk, "**kwargs");
    }
    return 0;
}

static int
encode_call(const struct call *call, struct codec_buf *out)
{
    const struct keys_plan *plan = call->plan;
    struct key_walk walk = {plan->state, 0, NULL, NULL};

    for (Py_ssize_t i = plan->skip; i < plan->n; i++) {
        if (keys_encode(&walk, call->slots[i], out) < 0) {
            return refuse(plan, &walk, "", plan->name[i]);
        }
    }
    if (plan->has_args && encode_args(call, &walk, out) < 0) {
        return -1;
    }
    if (plan->has_kwargs && encode_kwargs(call, &walk, out) < 0) {
        return -1;
    }
    return 0;
}

static void
compose(const struct keys_plan *plan, const struct codec_buf *encoded,
        struct key_buf *out)
{
    uint8_t digest[KEY_DIGEST_SIZE];
    char *to = out->room;

    memcpy(to, plan->head, plan->head_len);
    to += plan->head_len;
    if (encoded->len <= VERBATIM_MAX) {
        *to++ = '=';
        to += keys_base64((const uint8_t *)encoded->data, encoded->len, to);
    } else {
        keys_digest(encoded->data, encoded->len, digest);
        to += keys_base64(digest, sizeof digest, to);
    }
    out->data = out->room;
    out->len = (size_t)(to - out->room);
}

int
keys_bind(const struct keys_plan *plan, PyObject *const *args, size_t nargsf,
          PyObject *kwnames, struct key_buf *out)
{
    struct call call;
    struct codec_buf encoded;

    call.plan = plan;
    call.args = args;
    call.nargs = (Py_ssize_t)(nargsf & ~OFFSET_FLAG);
    call.extra = NULL;
    int rc = bind_call(&call, kwnames);
    if (rc == KEYS_BOUND) {
        codec_buf_init(&encoded);
        rc = encode_call(&call, &encoded);
        if (rc == 0) {
            compose(plan, &encoded, out);
        }
        codec_buf_release(&encoded);
    }
    Py_XDECREF(call.extra);
    return rc;
}
