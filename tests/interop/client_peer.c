/*
 * client_peer - the pure files of src/client as a program, beside real servers
 *
 *     client_peer hello [WORD=VALUE...]   the handshake, over the socket that is its
 *                                         standard input; says how it went
 *     client_peer commands                reads commands (RESP), says of each, one to
 *                                         a line, its flags and where its keys are
 *
 * Written for tests: what it is given is trusted to be of this form.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/code.h"
#include "client/command.h"
#include "client/hello.h"
#include "wire/resp.h"
#include "wire/resp_command.h"

enum { REPLY_MAX = 1 << 16, INPUT_MAX = 1 << 22, ARGS_MAX = 4096 };

static enum pn_role
role_of(const char *word)
{
    return strcmp(word, "primary") == 0   ? PN_ROLE_PRIMARY
           : strcmp(word, "replica") == 0 ? PN_ROLE_REPLICA
                                          : PN_ROLE_SENTINEL;
}

static void
set_option(struct pn_hello_opts *opts, const char *word)
{
    const char *value = strchr(word, '=') + 1;
    size_t len = (size_t)(value - word) - 1;
    struct pn_bytes name = {word, len};
    if (pn_bytes_equal(name, PN_BYTES("username"))) {
        opts->username = value;
    } else if (pn_bytes_equal(name, PN_BYTES("password"))) {
        opts->password = value;
    } else if (pn_bytes_equal(name, PN_BYTES("name"))) {
        opts->client_name = value;
    } else if (pn_bytes_equal(name, PN_BYTES("library"))) {
        opts->library_version = value;
    } else if (pn_bytes_equal(name, PN_BYTES("db"))) {
        opts->db = (uint32_t)strtoul(value, NULL, 10);
    } else if (pn_bytes_equal(name, PN_BYTES("protocol"))) {
        opts->protocol = value[0] == '2' ? 2 : 3;
    } else if (pn_bytes_equal(name, PN_BYTES("role"))) {
        opts->role = role_of(value);
    } else if (pn_bytes_equal(name, PN_BYTES("memcached"))) {
        opts->is_memcached = true;
    } else if (pn_bytes_equal(name, PN_BYTES("readonly"))) {
        opts->is_readonly = true;
    }
}

/* A line, or a message of RESP: byte by byte, so that nothing behind it is taken. */
static bool
receive(bool is_line, char *reply, size_t *len)
{
    struct pn_resp_scan scan = {0};
    *len = 0;
    while (*len < REPLY_MAX && read(STDIN_FILENO, reply + *len, 1) == 1) {
        ++*len;
        bool is_end = is_line ? reply[*len - 1] == '\n'
                              : pn_resp_scan(&scan, reply, *len) != 0;
        if (is_end) {
            return true;
        }
    }
    return false;
}

static int
hello(int argc, char **argv)
{
    static char text[REPLY_MAX];
    struct pn_hello_opts opts = {.protocol = 3};
    struct pn_hello state = {0};
    for (int i = 0; i < argc; i++) {
        set_option(&opts, argv[i]);
    }
    while (state.state == PN_HELLO_SEND || state.state == PN_HELLO_WAIT) {
        size_t len;
        if (state.state == PN_HELLO_SEND) {
            struct pn_out out = {.ptr = text, .cap = sizeof text};
            pn_hello_put(&state, &opts, &out);
            if (write(STDIN_FILENO, text, out.len) != (ssize_t)out.len) {
                return 1;
            }
        } else if (receive(opts.is_memcached, text, &len)) {
            pn_hello_take(&state, &opts, (struct pn_bytes){text, len});
        } else {
            printf("closed\n");
            return 0;
        }
    }
    if (state.state == PN_HELLO_DONE) {
        printf("done protocol=%u version=%06x valkey=%d fallback=%d\n", state.protocol,
               state.version, state.is_valkey, state.is_fallback);
    } else {
        printf("%s loading=%d full=%d: %s\n", pn_client_code_name(state.code),
               state.is_loading, state.is_full, state.said);
    }
    return 0;
}

static int
commands(void)
{
    static char input[INPUT_MAX];
    static struct pn_bytes argv[ARGS_MAX];
    size_t len = fread(input, 1, sizeof input, stdin), at = 0, argc;
    while (at < len) {
        struct pn_resp_command reader = {0};
        struct pn_command_info info;
        ptrdiff_t n = pn_resp_command(&reader, input + at, len - at, argv, ARGS_MAX,
                                      &argc);
        if (n <= 0) {
            return 1;
        }
        at += (size_t)n;
        pn_command_info(argv, argc, &info);
        printf("%x", info.flags);
        for (size_t i = 0, key; (key = pn_command_key(argv, argc, &info, i)) != 0;
             i++) {
            printf(" %zu", key);
        }
        printf("\n");
    }
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "hello") == 0) {
        return hello(argc - 2, argv + 2);
    }
    return argc == 2 && strcmp(argv[1], "commands") == 0 ? commands() : 2;
}
