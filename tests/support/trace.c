#include "trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUOTED_MAX = 200 };

void
trace_free(struct trace *trace)
{
    free(trace->text);
    *trace = (struct trace){0};
}

char *
trace_room(struct trace *trace, size_t len)
{
    if (trace->len + len + 1 > trace->cap) {
        trace->cap = (trace->len + len + 1) * 2;
        trace->text = realloc(trace->text, trace->cap);
        if (trace->text == NULL) {
            perror("trace");
            exit(2);
        }
    }
    trace->len += len;
    trace->text[trace->len] = '\0';
    return trace->text + trace->len - len;
}

void
trace_bytes(struct trace *trace, const void *data, size_t len)
{
    char *room = trace_room(trace, len);
    if (len > 0) {
        memcpy(room, data, len);
    }
}

void
trace_add(struct trace *trace, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    trace_bytes(trace, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static void
quote_byte(struct trace *trace, unsigned char c)
{
    static const char plain[] = "\r\n\"\\";
    static const char escaped[] = "rn\"\\";
    const char *at = c != '\0' ? strchr(plain, c) : NULL;
    if (at != NULL) {
        trace_add(trace, "\\%c", escaped[at - plain]);
    } else {
        trace_add(trace, c < ' ' || c > '~' ? "\\x%02x" : "%c", c);
    }
}

void
trace_quoted(struct trace *trace, struct pn_bytes text)
{
    uint32_t sum = 2166136261u; /* FNV-1a: two long texts that differ must not agree */
    if (text.len > QUOTED_MAX) {
        for (size_t i = 0; i < text.len; i++) {
            sum = (sum ^ (unsigned char)text.ptr[i]) * 16777619u;
        }
        trace_add(trace, " <%zu bytes, sum %08" PRIx32 ">", text.len, sum);
        return;
    }
    trace_add(trace, " \"");
    for (size_t i = 0; i < text.len; i++) {
        quote_byte(trace, (unsigned char)text.ptr[i]);
    }
    trace_add(trace, "\"");
}

static const char *
type_name(uint8_t type)
{
    static const struct {
        uint8_t type;
        const char *name;
    } rows[] = {
        {PN_RESP_SIMPLE, "simple"},     {PN_RESP_ERROR, "error"},
        {PN_RESP_INTEGER, "integer"},   {PN_RESP_BULK, "bulk"},
        {PN_RESP_ARRAY, "array"},       {PN_RESP_NULL, "null"},
        {PN_RESP_BOOLEAN, "boolean"},   {PN_RESP_DOUBLE, "double"},
        {PN_RESP_BIG, "big"},           {PN_RESP_BULK_ERROR, "bulk-error"},
        {PN_RESP_VERBATIM, "verbatim"}, {PN_RESP_MAP, "map"},
        {PN_RESP_SET, "set"},           {PN_RESP_ATTRIBUTE, "attribute"},
        {PN_RESP_PUSH, "push"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].type == type) {
            return rows[i].name;
        }
    }
    return "?";
}

void
trace_token(struct trace *trace, const struct pn_resp_token *token)
{
    trace_add(trace, "%*s%s", token->depth * 2, "", type_name(token->type));
    switch (token->type) {
    case PN_RESP_NULL:
        trace_add(trace, " %c", token->lead);
        break;
    case PN_RESP_DOUBLE:
        trace_add(trace, " %.17g", token->real);
        break;
    case PN_RESP_VERBATIM:
        trace_add(trace, " %.3s", token->format);
        trace_quoted(trace, token->text);
        break;
    case PN_RESP_SIMPLE:
    case PN_RESP_ERROR:
    case PN_RESP_BULK:
    case PN_RESP_BIG:
    case PN_RESP_BULK_ERROR:
        trace_quoted(trace, token->text);
        break;
    default:
        trace_add(trace, " %" PRId64, token->number);
    }
    trace_add(trace, "%s", token->closes > 0 ? " " : "");
    for (unsigned i = 0; i < token->closes; i++) {
        trace_add(trace, ")");
    }
    trace_add(trace, token->is_last ? " .\n" : "\n");
}

void
trace_command(struct trace *trace, const struct pn_bytes *argv, size_t argc)
{
    trace_add(trace, "command");
    for (size_t i = 0; i < argc; i++) {
        trace_quoted(trace, argv[i]);
    }
    trace_add(trace, "\n");
}

void
trace_classic_request(struct trace *trace, const struct pn_classic_request *request)
{
    static const struct {
        const char *verb;
        int shape;
    } rows[] = {
#define ROW(name, verb, shape) {(verb), (shape)},
        PN_CLASSIC_MAP(ROW)
#undef ROW
    };
    struct pn_bytes keys = request->keys;
    struct pn_bytes key;
    trace_add(trace, "%s", rows[request->verb].verb);
    while (pn_word_next(&keys, &key)) {
        trace_quoted(trace, key);
    }
    trace_add(trace,
              " flags %" PRIu32 " exptime %" PRId64 " cas %" PRIu64 " number %" PRIu64,
              request->flags, request->exptime, request->cas, request->number);
    if (rows[request->verb].shape <= PN_SHAPE_CAS &&
        rows[request->verb].shape >= PN_SHAPE_STORE) {
        trace_quoted(trace, request->value);
    }
    if (request->args.len > 0) {
        trace_quoted(trace, request->args);
    }
    trace_add(trace, request->is_noreply ? " noreply\n" : "\n");
}

void
trace_classic_reply(struct trace *trace, const struct pn_classic_reply *reply)
{
    static const char *const words[] = {
#define ROW(name, word) (word),
        PN_CLASSIC_REPLY_MAP(ROW)
#undef ROW
    };
    bool is_number = reply->kind == PN_REPLY_NUMBER;
    trace_add(trace, "%s", is_number ? "number" : words[reply->kind]);
    if (is_number) {
        trace_add(trace, " %" PRIu64, reply->number);
    }
    if (reply->key.len > 0) {
        trace_quoted(trace, reply->key);
    }
    if (reply->kind == PN_REPLY_VALUE) {
        trace_add(trace, " flags %" PRIu32, reply->flags);
        trace_quoted(trace, reply->value);
    }
    if (reply->has_cas) {
        trace_add(trace, " cas %" PRIu64, reply->cas);
    }
    if (reply->text.len > 0) {
        trace_quoted(trace, reply->text);
    }
    trace_add(trace, pn_classic_is_last(reply) ? " .\n" : "\n");
}

static bool
has(uint64_t bits, char flag)
{
    return (bits & pn_meta_bit(flag)) != 0;
}

static void
trace_letters(struct trace *trace, uint64_t bits)
{
    trace_add(trace, " [");
    for (char c = 'A'; c <= 'z'; c++) {
        if (has(bits, c)) {
            trace_add(trace, "%c", c);
        }
    }
    trace_add(trace, "]");
}

static void
trace_word(struct trace *trace, uint64_t bits, char flag, struct pn_bytes word)
{
    if (has(bits, flag)) {
        trace_add(trace, " %c", flag);
        trace_quoted(trace, word);
    }
}

static void
trace_u64(struct trace *trace, uint64_t bits, char flag, uint64_t n)
{
    if (has(bits, flag)) {
        trace_add(trace, " %c %" PRIu64, flag, n);
    }
}

static void
trace_i64(struct trace *trace, uint64_t bits, char flag, int64_t n)
{
    if (has(bits, flag)) {
        trace_add(trace, " %c %" PRId64, flag, n);
    }
}

void
trace_meta_request(struct trace *trace, const struct pn_meta_request *request)
{
    uint64_t bits = request->has;
    trace_add(trace, "m%c", "gsdane"[request->verb]);
    if (request->verb != PN_META_MN) {
        trace_quoted(trace, request->key);
        trace_letters(trace, bits);
    }
    trace_word(trace, bits, 'P', request->proxy_path);
    trace_word(trace, bits, 'L', request->proxy_hint);
    if (has(bits, 'M')) {
        trace_add(trace, " M %c", request->mode);
    }
    trace_u64(trace, bits, 'C', request->cas_compare);
    trace_u64(trace, bits, 'E', request->cas_new);
    trace_u64(trace, bits, 'D', request->delta);
    trace_u64(trace, bits, 'J', request->initial);
    trace_u64(trace, bits, 'F', request->client_flags);
    trace_i64(trace, bits, 'N', request->vivify);
    trace_i64(trace, bits, 'R', request->recache);
    trace_i64(trace, bits, 'T', request->ttl);
    trace_word(trace, bits, 'O', request->opaque);
    if (request->verb == PN_META_MS) {
        trace_quoted(trace, request->value);
    }
    trace_add(trace, "\n");
}

void
trace_meta_reply(struct trace *trace, const struct pn_meta_reply *reply)
{
    static const char *const words[] = {
#define ROW(name, word) (word),
        PN_META_MAP(ROW)
#undef ROW
    };
    uint64_t bits = reply->has;
    trace_add(trace, "%s", words[reply->code]);
    if (bits != 0) {
        trace_letters(trace, bits);
    }
    trace_word(trace, bits, 'k', reply->key);
    trace_word(trace, bits, 'O', reply->opaque);
    trace_u64(trace, bits, 'c', reply->cas);
    trace_u64(trace, bits, 'f', reply->client_flags);
    trace_u64(trace, bits, 'h', reply->is_hit_before);
    trace_u64(trace, bits, 'l', reply->idle_s);
    trace_u64(trace, bits, 's', reply->size);
    trace_i64(trace, bits, 't', reply->ttl_s);
    if (reply->code == PN_META_VA) {
        trace_quoted(trace, reply->value);
    }
    if (reply->text.len > 0) {
        trace_quoted(trace, reply->text);
    }
    trace_add(trace, "\n");
}
