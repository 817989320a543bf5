/*
 * transcript - holds src/wire against dialogues written down
 *
 *     # what this is about
 *     protocol resp | classic | meta
 *     >>> *2\r\n$3\r\nGET\r\n$1\r\nk\r\n        what a client sends
 *         command "GET" "k"                     what a server must read in it
 *     <<< $1\r\nv\r\n                           what the server answers
 *         bulk "v" .                            what a client must read in it
 *
 * Several >>> or <<< in a row are one stream. Escapes are \r \n \t \\ \" \xHH. The
 * bytes go through the parser in every way they can arrive (tests/support/feed.h), and
 * what was read, composed again, must be the same bytes: unless the mark is >~> or <~<,
 * for what nobody would write so. Each block is one test.
 */
#define _GNU_SOURCE
#include "../support/feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROTOCOLS = 3 };

static const struct protocol {
    const char *name;
    feed_fn of_client, of_server;
} protocols[PROTOCOLS] = {
    {"resp", feed_resp_command, feed_resp},
    {"classic", feed_classic_request, feed_classic_reply},
    {"meta", feed_meta_request, feed_meta_reply},
};

struct block {
    const char *path;
    unsigned line;
    char mark[4]; /* of the last line of bytes */
    struct trace input, expected;
    const struct protocol *protocol;
    unsigned tests, failed;
};

static void
stop(const struct block *block, const char *why)
{
    printf("Bail out! %s:%u: %s\n", block->path, block->line, why);
    exit(2);
}

static int
hex(const struct block *block, char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    if (at == NULL) {
        stop(block, "not a hexadecimal digit");
    }
    return (int)(at - digits);
}

/* Adds the bytes that TEXT, up to the end of its line, stands for. */
static void
add_bytes(struct block *block, const char *text)
{
    static const char names[] = "rnt\\\"", meant[] = "\r\n\t\\\"";
    for (; *text != '\0' && *text != '\n'; text++) {
        char c = *text;
        if (c == '\\' && text[1] == 'x') {
            c = (char)(hex(block, text[2]) * 16 + hex(block, text[3]));
            text += 3;
        } else if (c == '\\') {
            const char *at = text[1] != '\0' ? strchr(names, text[1]) : NULL;
            if (at == NULL) {
                stop(block, "unknown escape");
            }
            c = meant[at - names];
            text++;
        }
        trace_bytes(&block->input, &c, 1);
    }
}

static bool
is_as_written(const struct block *block, const struct feed_said *said)
{
    if (strcmp(said->events.text, block->expected.text) != 0) {
        printf("# read\n%s# expected\n%s", said->events.text, block->expected.text);
        return false;
    }
    bool is_same = said->again.len == block->input.len &&
                   memcmp(said->again.text, block->input.text, said->again.len) == 0;
    bool must_be_same = block->mark[1] != '~' && said->code == 0;
    if (must_be_same != is_same) {
        printf("# composed again it is %s:\n# %s\n",
               is_same ? "the same" : "not the same", said->again.text);
    }
    return must_be_same == is_same;
}

/* Runs the block read so far, if there is one. */
static void
finish(struct block *block)
{
    if (block->input.len > 0) {
        struct feed_said said = {.code = 0};
        feed_fn parser = block->mark[0] == '>' ? block->protocol->of_client
                                               : block->protocol->of_server;
        trace_bytes(&block->expected, "", 0);
        bool is_ok = feed_all(parser, NULL, block->input.text, block->input.len,
                              &said) &&
                     is_as_written(block, &said);
        const char *slash = strrchr(block->path, '/');
        printf("%s %u - %s, up to line %u\n", is_ok ? "ok" : "not ok", ++block->tests,
               slash != NULL ? slash + 1 : block->path, block->line);
        block->failed += is_ok ? 0 : 1;
        feed_free(&said);
    }
    block->input.len = block->expected.len = 0;
}

static void
set_protocol(struct block *block, const char *name)
{
    block->protocol = NULL;
    for (unsigned i = 0; i < PROTOCOLS; i++) {
        size_t n = strlen(protocols[i].name);
        if (strncmp(name, protocols[i].name, n) == 0 && name[n] == '\n') {
            block->protocol = &protocols[i];
        }
    }
    if (block->protocol == NULL) {
        stop(block, "unknown protocol");
    }
}

static bool
is_mark(const char *line)
{
    return strncmp(line, ">>> ", 4) == 0 || strncmp(line, "<<< ", 4) == 0 ||
           strncmp(line, ">~> ", 4) == 0 || strncmp(line, "<~< ", 4) == 0;
}

static void
take_line(struct block *block, const char *line)
{
    if (is_mark(line)) {
        if (block->protocol == NULL) {
            stop(block, "no protocol yet");
        }
        if (block->expected.len > 0 || memcmp(block->mark, line, 3) != 0) {
            finish(block);
        }
        memcpy(block->mark, line, 3);
        add_bytes(block, line + 4);
    } else if (strncmp(line, "    ", 4) == 0 && block->input.len > 0) {
        trace_bytes(&block->expected, line + 4, strlen(line + 4));
    } else if (strncmp(line, "protocol ", 9) == 0) {
        finish(block);
        set_protocol(block, line + 9);
    } else if (line[0] != '#' && line[0] != '\n') {
        stop(block, "not a line of a transcript");
    }
}

static void
run_file(struct block *block, const char *path)
{
    char *line = NULL;
    size_t cap = 0;
    FILE *file = fopen(path, "r");
    block->path = path;
    block->line = 0;
    block->protocol = NULL;
    if (file == NULL) {
        stop(block, strerror(errno));
    }
    while (getline(&line, &cap, file) > 0) {
        block->line++;
        take_line(block, line);
    }
    finish(block);
    free(line);
    (void)fclose(file);
}

int
main(int argc, char **argv)
{
    struct block block = {.mark = ""};
    for (int i = 1; i < argc; i++) {
        run_file(&block, argv[i]);
    }
    printf("1..%u\n", block.tests);
    trace_free(&block.input);
    trace_free(&block.expected);
    return block.failed == 0 && block.tests > 0 ? 0 : 1;
}
