/*
 * error - what a call of libpinyon can answer
 *
 * A call answers in one of three ways, and each has its own mechanism:
 *
 *   bug          an assertion (PN_ASSERT); never for bytes that came from a
 *                network or from shared memory: those are data
 *   outcome      zero or a small positive number: the ordinary answers of a
 *                cache, such as "no such key"; none of them is an error
 *   environment  a negative number from the one table below, from which
 *                pn_strerror() and the exceptions of the Python package are made
 *
 * Out-parameters are untouched when a call answers with a negative number.
 */
#ifndef PINYON_ERROR_H
#define PINYON_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PN_API __attribute__((visibility("default")))
#else
#define PN_API
#endif

/* Outcomes, in the order in which they were needed. */
enum pn_outcome {
    PN_OK = 0,      /* hit, stored, deleted, touched, granted */
    PN_MISS = 1,    /* no such key: absent, expired, cleared or invalidated */
    PN_EXISTS = 2,  /* add: the key is there; cas: another version is there */
    PN_SMALL = 3,   /* the buffer is too short; the size needed was written */
    PN_BUSY = 4,    /* the lock was not free within the deadline: nothing changed */
    PN_FENCED = 5,  /* the lease is no longer yours: the fill was refused */
    PN_HELD = 6,    /* somebody else holds the lease */
    PN_TIMEOUT = 7, /* a wait ended without news */
};

/*      name            code  text */
#define PN_ERROR_MAP(X)                                                        \
    X(PN_E_INVALID, -1, "an argument is out of its range")                     \
    X(PN_E_NOMEM, -2, "out of memory")                                         \
    X(PN_E_OS, -3, "a system call failed")                                     \
    X(PN_E_NOSPACE, -4, "the file system has no room for the region")          \
    X(PN_E_NAME, -5, "the region's name is not usable")                        \
    X(PN_E_ABSENT, -6, "there is no such region")                              \
    X(PN_E_OWNER, -7, "the region belongs to another user")                    \
    X(PN_E_MODE, -8, "the region's file may be opened by others")              \
    X(PN_E_MAGIC, -9, "the file is not a Pinyon region")                       \
    X(PN_E_VERSION, -10, "the region has another layout version")              \
    X(PN_E_ABI, -11, "the region was made by another kind of machine or libc") \
    X(PN_E_SIZE, -12, "the region has another size")                           \
    X(PN_E_SEED, -13, "the region has another hash seed")                      \
    X(PN_E_DAMAGED, -14, "the region's header is damaged")                     \
    X(PN_E_NAMESPACE, -15, "the region belongs to another PID namespace")      \
    X(PN_E_BOOT, -16, "the region was made before the last reboot")            \
    X(PN_E_KEY_SIZE, -17, "a key has 1 to 255 bytes")                          \
    X(PN_E_VALUE_SIZE, -18, "the value does not fit this store")               \
    X(PN_E_TAGS, -19, "too many tags for one item")                            \
    X(PN_E_TYPE, -20, "the item is not a counter")                             \
    X(PN_E_RANGE, -21, "the counter would leave the range of 64 bits")         \
    X(PN_E_READ_ONLY, -22, "the store was opened for reading only")            \
    X(PN_E_CONDEMNED, -23, "the shard's lock is lost; recreate the region")

enum pn_error {
#define PN_ERROR_ENUM(name, code, text) name = (code),
    PN_ERROR_MAP(PN_ERROR_ENUM)
#undef PN_ERROR_ENUM
};

/* The sentence of CODE; "unknown error" for a code that is not in the table. */
PN_API const char *
pn_strerror(int code);

/* The name of CODE, such as "PN_E_SIZE" or "PN_MISS". */
PN_API const char *
pn_error_name(int code);

/*
 * Why a call failed, for people: a sentence that names the thing and the
 * remedy. Optional out-parameter of the calls that open things. Never holds
 * a secret. TEXT is always terminated.
 */
struct pn_why {
    int code;     /* what the call returned */
    int os_error; /* errno, or 0 */
    char text[400];
};

#ifdef __cplusplus
}
#endif

#endif
