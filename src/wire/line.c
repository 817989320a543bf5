#include "wire/line.h"

#include <string.h>

#include "wire/code.h"

/* Both ends are searched with memchr, which looks at 32 bytes a step. What is refused
 * must not depend on how the bytes arrived: the limit is judged on the first max + 1
 * bytes, a bare CR or LF only once the end of the line is there. */
ptrdiff_t
pn_line_crlf(const char *buf, size_t len, size_t max, size_t *seen)
{
    size_t room = len < max + 1 ? len : max + 1;
    const char *cr = room > *seen ? memchr(buf + *seen, '\r', room - *seen) : NULL;
    if (cr == NULL) {
        *seen = room;
        return room == max + 1 ? PN_WIRE_E_LINE : 0;
    }
    size_t size = (size_t)(cr - buf);
    if (size + 1 == len) {
        *seen = size;
        return 0;
    }
    if (cr[1] != '\n' || memchr(buf, '\n', size) != NULL) {
        return PN_WIRE_E_BARE;
    }
    *seen = 0;
    return (ptrdiff_t)size + 2;
}

ptrdiff_t
pn_line_lf(const char *buf, size_t len, size_t max, size_t *seen, size_t *size)
{
    size_t room = len < max + 2 ? len : max + 2;
    const char *lf = room > *seen ? memchr(buf + *seen, '\n', room - *seen) : NULL;
    if (lf == NULL) {
        *seen = room;
        return room == max + 2 ? PN_WIRE_E_LINE : 0;
    }
    size_t n = (size_t)(lf - buf);
    *size = n > 0 && lf[-1] == '\r' ? n - 1 : n;
    if (*size > max) {
        return PN_WIRE_E_LINE;
    }
    if (memchr(buf, '\r', *size) != NULL) {
        return PN_WIRE_E_BARE;
    }
    *seen = 0;
    return (ptrdiff_t)n + 1;
}
