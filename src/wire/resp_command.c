#include "wire/resp_command.h"

#include "wire/line.h"
#include "wire/resp_head.h"

static size_t
args_max(const struct pn_resp_command *c, size_t argv_max)
{
    size_t max = c->limits.count != 0 ? c->limits.count : PN_RESP_ARGS_MAX;
    return argv_max < max ? argv_max : max;
}

static size_t
length_max(const struct pn_resp_command *c)
{
    return c->limits.length != 0 ? c->limits.length : PN_RESP_LENGTH_MAX;
}

/* "*n\r\n". Negative counts are read as none, as Redis does. */
static ptrdiff_t
take_count(struct pn_resp_command *c, const char *buf, size_t len, size_t max)
{
    int64_t count;
    ptrdiff_t n = pn_resp_number_line(buf, len, &count);
    if (n <= 0) {
        return n;
    }
    if (count > 0 && (uint64_t)count > max) {
        return PN_WIRE_E_COUNT;
    }
    c->argc = count > 0 ? (uint32_t)count : 0;
    c->at = (size_t)n;
    return n;
}

/* "$len\r\n" at AT. *size is the length of the text that follows. */
static ptrdiff_t
take_length(const struct pn_resp_command *c, const char *buf, size_t len, size_t *size)
{
    int64_t length;
    if (len == 0) {
        return 0;
    }
    if (buf[0] != PN_RESP_BULK) {
        return PN_WIRE_E_COMMAND;
    }
    ptrdiff_t n = pn_resp_number_line(buf, len, &length);
    if (n <= 0) {
        return n;
    }
    if (length < 0) {
        return PN_WIRE_E_COMMAND;
    }
    *size = (size_t)length;
    return *size > length_max(c) ? PN_WIRE_E_LENGTH : n;
}

/* One argument at c->at. > 0 it is there whole and c->at stands behind it. */
static ptrdiff_t
take_argument(struct pn_resp_command *c, const char *buf, size_t len,
              struct pn_bytes *arg)
{
    size_t size;
    ptrdiff_t n = take_length(c, buf + c->at, len - c->at, &size);
    if (n <= 0) {
        c->need = len + 1;
        return n;
    }
    size_t begin = c->at + (size_t)n;
    if (len < begin + size + 2) {
        c->need = begin + size + 2;
        return 0;
    }
    if (buf[begin + size] != '\r' || buf[begin + size + 1] != '\n') {
        return PN_WIRE_E_CRLF;
    }
    *arg = (struct pn_bytes){buf + begin, size};
    c->at = begin + size + 2;
    return n;
}

/* The arguments of earlier calls may have moved with the buffer: their heads are read
 * once more when the command is whole. That is twice for a command cut in two, and
 * never more often however small the pieces. */
static void
reread(const struct pn_resp_command *c, const char *buf, size_t len,
       struct pn_bytes *argv, size_t from)
{
    struct pn_resp_command again = {.limits = c->limits, .argc = c->argc};
    (void)take_count(&again, buf, len, UINT32_MAX);
    for (size_t i = 0; i < from; i++) {
        (void)take_argument(&again, buf, len, &argv[i]);
    }
}

static ptrdiff_t
take_array(struct pn_resp_command *c, const char *buf, size_t len,
           struct pn_bytes *argv, size_t max)
{
    if (c->at == 0) {
        ptrdiff_t n = take_count(c, buf, len, max);
        if (n <= 0) {
            c->need = len + 1;
            return n;
        }
    }
    uint32_t from = c->complete;
    while (c->complete < c->argc) {
        ptrdiff_t n = take_argument(c, buf, len, &argv[c->complete]);
        if (n <= 0) {
            return n;
        }
        c->complete++;
    }
    if (from > 0) {
        reread(c, buf, len, argv, from);
    }
    return (ptrdiff_t)c->at;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void
cut(struct pn_bytes *text, size_t n)
{
    *text = (struct pn_bytes){text->ptr + n, text->len - n};
}

/* Up to a blank. A quote in the middle of a word would begin a quoted part. */
static int
plain_word(struct pn_bytes *line, struct pn_bytes *word)
{
    size_t n = 0;
    while (n < line->len && !is_blank(line->ptr[n])) {
        if (line->ptr[n] == '"' || line->ptr[n] == '\'') {
            return PN_WIRE_E_QUOTE;
        }
        n++;
    }
    *word = (struct pn_bytes){line->ptr, n};
    cut(line, n);
    return 0;
}

/* Up to the same quote, behind which the word must end. */
static int
quoted_word(struct pn_bytes *line, struct pn_bytes *word)
{
    const char *first = line->ptr + 1;
    const char *end = memchr(first, line->ptr[0], line->len - 1);
    if (end == NULL || memchr(first, '\\', (size_t)(end - first)) != NULL) {
        return PN_WIRE_E_QUOTE;
    }
    *word = (struct pn_bytes){first, (size_t)(end - first)};
    cut(line, word->len + 2);
    return line->len > 0 && !is_blank(line->ptr[0]) ? PN_WIRE_E_QUOTE : 0;
}

/* Words of LINE into ARGV. 0, or a code. */
static int
take_words(struct pn_resp_command *c, struct pn_bytes line, struct pn_bytes *argv,
           size_t max)
{
    for (;;) {
        while (line.len > 0 && is_blank(line.ptr[0])) {
            cut(&line, 1);
        }
        if (line.len == 0) {
            return 0;
        }
        if (c->argc == max) {
            return PN_WIRE_E_COUNT;
        }
        bool is_quoted = line.ptr[0] == '"' || line.ptr[0] == '\'';
        struct pn_bytes *word = &argv[c->argc++];
        int code = is_quoted ? quoted_word(&line, word) : plain_word(&line, word);
        if (code < 0 || word->len > length_max(c)) {
            return code < 0 ? code : PN_WIRE_E_LENGTH;
        }
    }
}

static ptrdiff_t
take_inline(struct pn_resp_command *c, const char *buf, size_t len,
            struct pn_bytes *argv, size_t max)
{
    size_t size;
    ptrdiff_t n = pn_line_lf(buf, len, PN_RESP_LINE_MAX, &c->seen, &size);
    if (n <= 0) {
        c->need = len + 1;
        return n;
    }
    int code = take_words(c, (struct pn_bytes){buf, size}, argv, max);
    return code < 0 ? code : n;
}

ptrdiff_t
pn_resp_command(struct pn_resp_command *c, const char *buf, size_t len,
                struct pn_bytes *argv, size_t argv_max, size_t *argc)
{
    if (len == 0 || len < c->need) {
        return 0;
    }
    size_t max = args_max(c, argv_max);
    ptrdiff_t n = buf[0] == PN_RESP_ARRAY ? take_array(c, buf, len, argv, max)
                                          : take_inline(c, buf, len, argv, max);
    if (n > 0) {
        *argc = c->argc;
        *c = (struct pn_resp_command){.limits = c->limits};
    }
    return n;
}
