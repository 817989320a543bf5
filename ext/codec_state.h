/*
 * codec_state - what the value codec and the argument keys share within one module
 * object: exception classes, standard classes, interned names, and the registry of user
 * types.
 *
 * There is one per module object (thus per interpreter), a member of the module's
 * state: nothing here is global. Life of it, in ext/module.c:
 *
 *     exec:      create the exceptions, then
 *                codec_state_init(&state->codec, &(struct codec_errors){...})
 *                codec_type_add(module); plan_type_add(module)
 *     traverse:  codec_state_traverse(&state->codec, visit, arg)
 *     clear:     codec_state_clear(&state->codec)          (also from free)
 *
 * and, so that the types find it again:
 *
 *     struct codec_state *codec_state_of(PyObject *module)
 *     { return &((struct core_state *)PyModule_GetState(module))->codec; }
 *
 * Thread rule: filled once by init and read-only after it, but for the two registry
 * dictionaries, which have the thread safety of dict.
 */
#ifndef PINYON_EXT_CODEC_STATE_H
#define PINYON_EXT_CODEC_STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Leaves of Pinyon's exception tree. codec_state_init takes its own references.
       serialization     SerializationError
       unsigned_         Unsigned, is a SerializationError
       type_not_allowed  TypeNotAllowed, is a SerializationError
       value_too_large   ValueTooLarge, is a ValueError
       key_value         KeyValueError, is a ValueError
       key_too_long      KeyTooLong, is a KeyValueError
       key_type          KeyTypeError, is a TypeError
       config            ConfigError, is a ValueError
       argument          ArgumentError, is a ConfigError and a TypeError */
#define CODEC_ERRORS(X) \
    X(serialization)    \
    X(unsigned_)        \
    X(type_not_allowed) \
    X(value_too_large) X(key_value) X(key_too_long) X(key_type) X(config) X(argument)

struct codec_errors {
#define X(field) PyObject *field;
    CODEC_ERRORS(X)
#undef X
};

/* Standard classes: field, module, name. */
#define CODEC_CLASSES(X)                  \
    X(datetime, "datetime", "datetime")   \
    X(date, "datetime", "date")           \
    X(time, "datetime", "time")           \
    X(timedelta, "datetime", "timedelta") \
    X(timezone, "datetime", "timezone")   \
    X(zoneinfo, "zoneinfo", "ZoneInfo")   \
    X(decimal, "decimal", "Decimal")      \
    X(uuid, "uuid", "UUID")               \
    X(enum_, "enum", "Enum")

/* Attribute names read from Python objects, interned once. */
/* clang-format off */
#define CODEC_NAMES(X) \
    X(year) X(month) X(day) X(hour) X(minute) X(second) X(microsecond) X(fold) \
    X(tzinfo) X(days) X(seconds) X(microseconds) X(key) X(bytes) X(name) X(_value_) \
    X(compare) X(_fields) X(to_bytes) X(from_bytes) X(bit_length) X(__getinitargs__) \
    X(__module__) X(__qualname__) X(__dataclass_fields__) X(__pinyon_key__)
/* clang-format on */

struct codec_state {
    struct codec_errors errors;
#define X(field, module, name) PyObject *field;
    struct {
        CODEC_CLASSES(X)
    } classes;
#undef X
#define X(field) PyObject *field;
    struct {
        CODEC_NAMES(X)
    } names;
#undef X
    PyObject *from_bytes; /* int.from_bytes, bound */
    PyObject *signed_kw;  /* {"signed": True} */
    PyObject *big_text;   /* "big" */
    PyObject *local_mark; /* "<locals>", in the names of classes made in functions */
    PyObject *by_type;    /* dict: class -> (name, encode) */
    PyObject *by_name;    /* dict: name -> (class, decode) */
};

/* 0, or -1 with an exception set; on failure what was taken is released by clear. */
int
codec_state_init(struct codec_state *state, const struct codec_errors *errors);
int
codec_state_traverse(struct codec_state *state, visitproc visit, void *arg);
void
codec_state_clear(struct codec_state *state);

/* Supplied by ext/module.c; see above. */
struct codec_state *
codec_state_of(PyObject *module);

/* Lets values of exactly `cls` through the codec under `name`: encode(obj) returns a
   value the codec knows, decode(value) the object again. Registering the same class
   under the same name again replaces the hooks, and a module-level class defined again
   replaces its predecessor; a name that another class holds, or a class under a second
   name, is a ValueError. 0, or -1 with an exception set. */
int
codec_register(struct codec_state *state, PyObject *cls, PyObject *name,
               PyObject *encode, PyObject *decode);

#endif
