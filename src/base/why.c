#include "base/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int
pn_why(struct pn_why *why, int code, const char *format, ...)
{
    int err = errno;
    if (why != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(why->text, sizeof why->text, format, args);
        va_end(args);
        why->code = code;
        why->os_error = code == PN_E_OS || code == PN_E_NOSPACE ? err : 0;
    }
    return code;
}
