#include "wire/base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static unsigned
byte_at(struct pn_bytes raw, size_t i)
{
    return i < raw.len ? (unsigned char)raw.ptr[i] : 0;
}

void
pn_base64_put(struct pn_out *out, struct pn_bytes raw)
{
    for (size_t i = 0; i < raw.len; i += 3) {
        unsigned bits = byte_at(raw, i) << 16 | byte_at(raw, i + 1) << 8 |
                        byte_at(raw, i + 2);
        char four[4] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63],
                        i + 1 < raw.len ? alphabet[bits >> 6 & 63] : '=',
                        i + 2 < raw.len ? alphabet[bits & 63] : '='};
        pn_out_put(out, four, sizeof four);
    }
}

/* The six bits of C, or -1. */
static int
bits_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* How many of the last four characters are padding; 3 is an error. */
static size_t
padding_of(struct pn_bytes text)
{
    if (text.len == 0 || text.ptr[text.len - 1] != '=') {
        return 0;
    }
    return text.ptr[text.len - 2] == '=' ? 2 : 1;
}

int
pn_base64_read(struct pn_bytes text, char *raw, size_t *len)
{
    size_t size = 0;
    if (text.len % 4 != 0) {
        return PN_WIRE_E_BASE64;
    }
    size_t digits = text.len - padding_of(text);
    unsigned bits = 0;
    for (size_t i = 0; i < digits; i++) {
        int six = bits_of(text.ptr[i]);
        if (six < 0) {
            return PN_WIRE_E_BASE64;
        }
        bits = bits << 6 | (unsigned)six;
        if (i % 4 != 0) { /* 12, 10 or 8 bits are waiting: one byte is whole */
            if (raw != NULL) {
                raw[size] = (char)(bits >> (6 - 2 * (i % 4)));
            }
            size++;
        }
    }
    /* Bits of the last digit that no byte takes must be zero. */
    unsigned rest = digits % 4 == 2 ? bits & 15 : digits % 4 == 3 ? bits & 3 : 0;
    if (rest != 0) {
        return PN_WIRE_E_BASE64;
    }
    *len = size;
    return 0;
}
