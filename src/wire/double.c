#include "wire/double.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/limits.h"

/* A number taken apart: 0.5e3 has digits "05", point 1, exponent 3. */
struct decimal {
    char digits[PN_RESP_DOUBLE_MAX + 1];
    int n, point; /* how many digits; how many of them before the point */
    int exponent;
    bool is_negative;
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *
take_digits(const char *p, const char *end, struct decimal *d)
{
    while (p < end && is_digit(*p)) {
        d->digits[d->n++] = *p++;
    }
    return p;
}

/* [eE][+-]?digits; NULL when there is an e and no number. Values beyond what a double
 * can be are cut off, not overflowed. */
static const char *
take_exponent(const char *p, const char *end, struct decimal *d)
{
    if (p == end || (*p != 'e' && *p != 'E')) {
        return p;
    }
    p++;
    bool is_negative = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    if (p == end) {
        return NULL;
    }
    int value = 0;
    for (; p < end && is_digit(*p); p++) {
        value = value < 100000 ? value * 10 + (*p - '0') : value;
    }
    d->exponent = is_negative ? -value : value;
    return p;
}

static bool
take_apart(struct pn_bytes text, struct decimal *d)
{
    const char *p = text.ptr;
    const char *end = p + text.len;
    *d = (struct decimal){.is_negative = *p == '-'};
    p += *p == '-' || *p == '+';
    p = take_digits(p, end, d);
    d->point = d->n;
    if (p < end && *p == '.') {
        p = take_digits(p + 1, end, d);
    }
    if (d->n == 0) {
        return false;
    }
    p = take_exponent(p, end, d);
    return p == end;
}

/* Nineteen digits and a power of ten up to 22 make an exact product or quotient when
 * the digits fit 53 bits (W. Clinger, 1990). */
static bool
fast_value(const struct decimal *d, double *value)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    int scale = d->exponent - (d->n - d->point);
    uint64_t n = 0;
    if (d->n > 19 || scale > 22 || scale < -22) {
        return false;
    }
    for (int i = 0; i < d->n; i++) {
        n = n * 10 + (uint64_t)(d->digits[i] - '0');
    }
    if (n > UINT64_C(1) << 53) {
        return false;
    }
    *value = scale < 0 ? (double)n / power[-scale] : (double)n * power[scale];
    return true;
}

/* The rest goes to strtod in a form without a point, which is the only thing in it
 * that a locale changes. */
static double
slow_value(const struct decimal *d)
{
    char text[PN_RESP_DOUBLE_MAX + 16];
    int scale = d->exponent - (d->n - d->point);
    (void)snprintf(text, sizeof text, "%.*se%d", d->n, d->digits, scale);
    return strtod(text, NULL);
}

static bool
read_word(struct pn_bytes text, double *value)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"inf", INFINITY},
                 {"-inf", -INFINITY},
                 {"+inf", INFINITY},
                 {"nan", NAN},
                 {"-nan", NAN}};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t n = strlen(words[i].word);
        if (text.len == n && memcmp(text.ptr, words[i].word, n) == 0) {
            *value = words[i].value;
            return true;
        }
    }
    return false;
}

bool
pn_double_read(struct pn_bytes text, double *value)
{
    struct decimal d;
    if (text.len == 0 || text.len > PN_RESP_DOUBLE_MAX) {
        return false;
    }
    if (!take_apart(text, &d)) {
        return read_word(text, value);
    }
    double v;
    if (!fast_value(&d, &v)) {
        v = slow_value(&d);
    }
    *value = d.is_negative ? -v : v;
    return true;
}

/* What %.*e made of VALUE, whatever it put for the point: digits, and the exponent of
 * the first. Trailing zeros are dropped. */
static void
digits_of(double value, int precision, struct decimal *d)
{
    char text[64];
    int len = snprintf(text, sizeof text, "%.*e", precision - 1, value);
    const char *end = text + len;
    const char *e = memchr(text, 'e', (size_t)len);
    *d = (struct decimal){.is_negative = text[0] == '-', .point = 1};
    for (const char *p = text; p < e; p++) {
        if (is_digit(*p)) {
            d->digits[d->n++] = *p;
        }
    }
    while (d->n > 1 && d->digits[d->n - 1] == '0') {
        d->n--;
    }
    (void)take_exponent(e, end, d);
}

/* 0.0015, 15, 1.5e20: without an exponent while that is no longer. */
static void
put_decimal(struct pn_out *out, const struct decimal *d)
{
    bool is_plain = d->exponent >= -5 && d->exponent < 17;
    int point = is_plain ? d->exponent + 1 : 1; /* digits before it; may be negative */
    if (d->is_negative) {
        pn_out_char(out, '-');
    }
    if (point <= 0) {
        pn_out_put(out, "0.00000", (size_t)(2 - point));
    }
    for (int i = 0; i < d->n || i < point; i++) {
        if (i > 0 && i == point) {
            pn_out_char(out, '.');
        }
        pn_out_char(out, (char)(i < d->n ? d->digits[i] : '0'));
    }
    if (!is_plain) {
        pn_out_char(out, 'e');
        pn_out_i64(out, d->exponent);
    }
}

/* Fifteen digits are enough for most numbers that people write, seventeen for all. */
void
pn_double_write(struct pn_out *out, double value)
{
    struct decimal d = {0};
    if (isnan(value)) {
        pn_out_bytes(out, PN_BYTES("nan"));
        return;
    }
    if (isinf(value)) {
        pn_out_bytes(out, value < 0 ? PN_BYTES("-inf") : PN_BYTES("inf"));
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        digits_of(value, precision, &d);
        if (slow_value(&d) == fabs(value)) {
            break;
        }
    }
    put_decimal(out, &d);
}
