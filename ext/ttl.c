#include "ttl.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <pinyon/store.h>

#define TTL_SECONDS_MAX 9.5e9 /* 301 years: far from the sentinels of store.h */

static int
bad_ttl(struct core_state *st, PyObject *ttl, const char *option)
{
    PyErr_Format(st->config_error,
                 "%s=%R is not a time to live: give seconds as int or float (0: do "
                 "not store), text such as \"10m\" or \"1h30m\", a timedelta, or "
                 "None for no expiry",
                 option, ttl);
    return -1;
}

static int
from_seconds(struct core_state *st, double seconds, PyObject *ttl, const char *option,
             uint64_t *ms)
{
    if (!(seconds >= 0.0 && seconds <= TTL_SECONDS_MAX)) {
        return bad_ttl(st, ttl, option);
    }
    *ms = (uint64_t)ceil(seconds * 1e3 - 1e-6);
    if (*ms == 0 && seconds > 0.0) {
        *ms = 1;
    }
    return 0;
}

/* Seconds of the unit that starts TEXT, its length in *LEN; 0 when there is none. */
static double
unit_seconds(const char *text, size_t *len)
{
    static const struct {
        char name[3];
        double seconds;
    } units[] = {{"ms", 1e-3}, {"s", 1},     {"m", 60},
                 {"h", 3600},  {"d", 86400}, {"w", 604800}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        *len = strlen(units[i].name);
        if (strncmp(text, units[i].name, *len) == 0) {
            return units[i].seconds;
        }
    }
    *len = 0;
    return 0;
}

/* One decimal number such as 90 or 1.5; -1 when TEXT does not start with one. By
 * hand, because strtod follows the locale and takes "inf" and hexadecimal. */
static double
take_number(const char **text)
{
    const char *p = *text;
    double value = 0.0, scale = 1.0;
    bool is_fraction = false, has_digit = false;
    for (; (*p >= '0' && *p <= '9') || (*p == '.' && !is_fraction); p++) {
        if (*p == '.') {
            is_fraction = true;
            continue;
        }
        has_digit = true;
        value = value * 10.0 + (*p - '0');
        scale *= is_fraction ? 10.0 : 1.0;
    }
    *text = p;
    return has_digit ? value / scale : -1.0;
}

/* Seconds of "1h30m"; -1 when it is something else. */
static double
text_seconds(const char *text)
{
    const char *start = text;
    double sum = 0.0;
    while (*text != '\0') {
        size_t len;
        bool is_first = text == start;
        double number = take_number(&text);
        double unit = unit_seconds(text, &len);
        if (unit == 0.0 && is_first && *text == '\0') {
            unit = 1.0; /* "90" */
        }
        if (number < 0.0 || unit == 0.0) {
            return -1.0;
        }
        sum += number * unit;
        text += len;
    }
    return text == start ? -1.0 : sum;
}

static int
from_text(struct core_state *st, PyObject *ttl, const char *option, uint64_t *ms)
{
    Py_ssize_t len;
    const char *text = PyUnicode_AsUTF8AndSize(ttl, &len);
    if (text == NULL && !PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
        return -1;
    }
    PyErr_Clear(); /* lone surrogates are no duration */
    bool is_text = text != NULL && strlen(text) == (size_t)len;
    double seconds = is_text ? text_seconds(text) : -1.0;
    return from_seconds(st, seconds, ttl, option, ms);
}

static int
from_timedelta(struct core_state *st, PyObject *ttl, const char *option, uint64_t *ms)
{
    PyObject *number = PyObject_CallMethod(ttl, "total_seconds", NULL);
    if (number == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError)) {
            return -1;
        }
        PyErr_Clear();
        return bad_ttl(st, ttl, option);
    }
    double seconds = PyFloat_AsDouble(number);
    Py_DECREF(number);
    if (seconds == -1.0 && PyErr_Occurred()) {
        return -1;
    }
    return from_seconds(st, seconds, ttl, option, ms);
}

int
ttl_from_object(struct core_state *st, PyObject *ttl, const char *option, uint64_t *ms)
{
    if (ttl == Py_None) {
        *ms = PN_NO_TTL;
        return 0;
    }
    if (PyLong_Check(ttl) && !PyBool_Check(ttl)) {
        long long seconds = PyLong_AsLongLong(ttl);
        if (seconds == -1 && PyErr_Occurred()) {
            PyErr_Clear();
        }
        return from_seconds(st, (double)seconds, ttl, option, ms);
    }
    if (PyFloat_Check(ttl)) {
        return from_seconds(st, PyFloat_AsDouble(ttl), ttl, option, ms);
    }
    if (PyUnicode_Check(ttl)) {
        return from_text(st, ttl, option, ms);
    }
    return from_timedelta(st, ttl, option, ms);
}

PyObject *
ttl_parse(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    const char *option = "ttl";
    if (nargs < 1 || nargs > 2) {
        PyErr_SetString(PyExc_TypeError, "parse_ttl() takes one or two arguments");
        return NULL;
    }
    if (nargs == 2 && (option = PyUnicode_AsUTF8AndSize(args[1], NULL)) == NULL) {
        return NULL;
    }
    uint64_t ms;
    if (ttl_from_object(core_state_of(module), args[0], option, &ms) < 0) {
        return NULL;
    }
    return ms == PN_NO_TTL ? Py_NewRef(Py_None) : PyLong_FromUnsignedLongLong(ms);
}
