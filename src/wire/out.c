#include "wire/out.h"

void
pn_out_u64(struct pn_out *out, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    pn_out_put(out, digits + at, sizeof digits - at);
}

void
pn_out_i64(struct pn_out *out, int64_t n)
{
    if (n < 0) {
        pn_out_char(out, '-');
    }
    pn_out_u64(out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

/* Byte by byte: the lines that need it are errors, which are short and rare. */
void
pn_out_line(struct pn_out *out, struct pn_bytes line)
{
    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        pn_out_char(out, c == '\r' || c == '\n' ? ' ' : c);
    }
}
