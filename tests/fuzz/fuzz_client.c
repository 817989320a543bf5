/*
 * fuzz_client - any bytes as an error, as the replies to a handshake, as a command
 *
 *   input    { u8 what; u8 options; bytes... }
 *
 * Errors are judged as they are; replies and arguments stand apart by a '|'. What is
 * held: a redirect leads to a slot and a port that there are; a handshake that failed
 * shows printable words without the password; keys lie in the command, in order.
 */
#include <stdio.h>
#include <stdlib.h>

#include "client/command.h"
#include "client/hello.h"
#include "client/judge.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARGS_MAX = 64 };

static const char password[] = "OK hunter22";

static void
hold(bool is_so, const char *what)
{
    if (!is_so) {
        fprintf(stderr, "# not so: %s\n", what);
        abort();
    }
}

/* The bytes up to the next '|', which are cut off, in memory of their own. */
static struct pn_bytes
next_piece(struct pn_bytes *rest)
{
    const char *end = rest->len > 0 ? memchr(rest->ptr, '|', rest->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->ptr) : rest->len;
    char *copy = malloc(len + (len == 0));
    hold(copy != NULL, "there is memory");
    if (len > 0) {
        memcpy(copy, rest->ptr, len);
    }
    size_t cut = len + (end != NULL);
    *rest = (struct pn_bytes){rest->ptr + cut, rest->len - cut};
    return (struct pn_bytes){copy, len};
}

static void
release(struct pn_bytes piece)
{
    free((void *)(uintptr_t)piece.ptr);
}

static void
try_judge(struct pn_bytes error)
{
    struct pn_verdict v;
    pn_judge(error, &v);
    bool has_slot = v.kind == PN_VERDICT_MOVED || v.kind == PN_VERDICT_ASK;
    hold(!has_slot || v.slot < PN_FLEET_SLOTS, "the slot is one");
    if (has_slot || v.kind == PN_VERDICT_REDIRECT) {
        hold(v.endpoint.port > 0, "the port is one");
        hold(memchr(v.endpoint.host, '\0', sizeof v.endpoint.host) != NULL,
             "the host ends");
        hold(v.endpoint.host[0] != '/', "the host is no path");
    }
}

static void
hold_words(const char *said, size_t room)
{
    const char *end = memchr(said, '\0', room);
    hold(end != NULL, "the words end");
    for (const char *p = said; p < end; p++) {
        hold(*p >= ' ' && *p <= '~', "the words are printable");
    }
    for (size_t i = 0; i + 4 < sizeof password; i++) {
        char piece[5] = {0};
        memcpy(piece, password + i, 4);
        hold(strstr(said, piece) == NULL, "the password is not shown");
    }
}

static void
try_hello(uint8_t options, struct pn_bytes replies)
{
    struct pn_hello_opts opts = {
        .password = (options & 1) != 0 ? password : NULL,
        .client_name = (options & 2) != 0 ? "me" : NULL,
        .library_version = (options & 4) != 0 ? "1" : NULL,
        .db = (options & 8) != 0,
        .protocol = (options & 16) != 0 ? 2 : 3,
        .is_memcached = (options & 32) != 0,
        .is_readonly = (options & 64) != 0,
        .role = (options & 128) != 0 ? PN_ROLE_PRIMARY : PN_ROLE_UNKNOWN,
    };
    struct pn_hello hello = {0};
    unsigned flights = 0;
    while (hello.state == PN_HELLO_SEND ||
           (hello.state == PN_HELLO_WAIT && replies.len > 0)) {
        if (hello.state == PN_HELLO_SEND) {
            char text[1000];
            struct pn_out out = {.ptr = text, .cap = sizeof text};
            pn_hello_put(&hello, &opts, &out);
            hold(++flights <= 2, "there are two flights at most");
        } else {
            struct pn_bytes reply = next_piece(&replies);
            pn_hello_take(&hello, &opts, reply);
            release(reply);
        }
    }
    hold(hello.state != PN_HELLO_FAILED || hello.code < 0, "a failure has a code");
    if (opts.password != NULL) {
        hold_words(hello.said, sizeof hello.said);
    }
}

static void
try_command(struct pn_bytes line)
{
    struct pn_bytes argv[ARGS_MAX];
    size_t argc = 0;
    while (line.len > 0 && argc < ARGS_MAX) {
        argv[argc++] = next_piece(&line);
    }
    struct pn_command_info info;
    pn_command_info(argv, argc, &info);
    size_t n = 0, at, last = 0;
    while ((at = pn_command_key(argv, argc, &info, n)) != 0) {
        hold(at < argc && at > last, "keys are in the command, in order");
        last = at;
        n++;
    }
    hold(n == (size_t)info.keys + (info.extra != 0), "there are as many as it says");
    hold((n == 0) == ((info.flags & PN_CMD_NO_KEY) != 0), "NO_KEY says so");
    hold(info.step >= 1 && info.blocks_ms >= 0, "numbers are in their range");
    for (size_t i = 0; i < argc; i++) {
        release(argv[i]);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct pn_bytes rest = {(const char *)data + 2, size - 2};
    switch (data[0] % 3) {
    case 0: {
        struct pn_bytes error = next_piece(&rest);
        try_judge(error);
        release(error);
        break;
    }
    case 1:
        try_hello(data[1], rest);
        break;
    default:
        try_command(rest);
    }
    return 0;
}
