#define _POSIX_C_SOURCE 200809L
#include "client/code.h"
#include "client/link.h"
#include "harness.h"

#include <sys/socket.h>
#include <unistd.h>

/* A link over one end of a socket pair, and the peer's end in *PEER. */
static void
open_pair(struct pn_link *link, int *peer, bool is_memcached)
{
    int fd[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    pn_link_init(link, 3);
    link->stream =
        (struct pn_stream){.fd = fd[0], .is_connected = true, .is_ready = true};
    link->state = PN_LINK_READY;
    link->is_memcached = is_memcached;
    link->hello.protocol = 3;
    *peer = fd[1];
}

static void
close_pair(struct pn_link *link, int peer)
{
    pn_stream_close(&link->stream);
    pn_link_free(link);
    close(peer);
}

static void
say(int peer, const char *text)
{
    CHECK_EQ(write(peer, text, strlen(text)), strlen(text));
}

static struct pn_request
ask(const char *wire)
{
    return (struct pn_request){.wire = wire,
                               .wire_len = strlen(wire),
                               .node = PN_NODE_NONE};
}

static bool
is_message(const struct pn_link *link, const struct pn_message *message,
           const char *want)
{
    return message->len == strlen(want) &&
           memcmp(link->in.ptr + message->at, want, message->len) == 0;
}

/* Requests leave in one write; their replies come in order, cut anywhere. */
static void
test_in_order(void)
{
    struct pn_link link;
    struct pn_message message;
    int peer;
    char sent[64] = {0};
    open_pair(&link, &peer, false);
    struct pn_request a = ask("<a>"), b = ask("<b>");
    CHECK_EQ(pn_link_put(&link, &a, 10), PN_OK);
    CHECK_EQ(pn_link_put(&link, &b, 10), PN_OK);
    CHECK_EQ(a.state, PN_REQ_SENT);
    CHECK_EQ(pn_link_flush(&link, NULL), 0);
    CHECK_EQ(read(peer, sent, sizeof sent), 6);
    CHECK(strcmp(sent, "<a><b>") == 0);

    const char *replies = "$3\r\none\r\n:2\r\n";
    int got = 0;
    for (size_t i = 0; i < strlen(replies); i++) {
        char byte[2] = {replies[i], 0};
        say(peer, byte);
        CHECK_EQ(pn_link_fill(&link, 1000000000), 1);
        while (pn_link_next(&link, &message) == 1) {
            CHECK(message.flight->request == (got == 0 ? &a : &b));
            CHECK_EQ(message.flight->left, 0);
            CHECK(is_message(&link, &message, got == 0 ? "$3\r\none\r\n" : ":2\r\n"));
            pn_link_landed(&link);
            got++;
        }
    }
    CHECK_EQ(got, 2);
    CHECK(pn_link_is_idle(&link));
    close_pair(&link, peer);
}

/* More in flight than the ring began with. */
static void
test_ring_grows(void)
{
    struct pn_link link;
    struct pn_message message;
    struct pn_request request[50];
    int peer;
    open_pair(&link, &peer, false);
    for (int i = 0; i < 3; i++) { /* the ring's start moves before it grows */
        request[i] = ask(".");
        pn_link_put(&link, &request[i], 1);
    }
    say(peer, "+1\r\n+2\r\n+3\r\n");
    CHECK(pn_link_fill(&link, 1000000000) > 0);
    while (pn_link_next(&link, &message) == 1) {
        pn_link_landed(&link);
    }
    for (int i = 0; i < 50; i++) {
        request[i] = ask(".");
        CHECK_EQ(pn_link_put(&link, &request[i], 1), PN_OK);
    }
    for (uint32_t i = 0; i < 50; i++) {
        CHECK(pn_link_flight(&link, i)->request == &request[i]);
    }
    close_pair(&link, peer);
}

/* The reply of a request that was cancelled is nobody's, and the next one's is its
 * own. */
static void
test_forgotten(void)
{
    struct pn_link link;
    struct pn_message message;
    int peer;
    open_pair(&link, &peer, false);
    struct pn_request a = ask("a"), b = ask("b");
    pn_link_put(&link, &a, 1);
    pn_link_put(&link, &b, 1);
    pn_link_forget(&link, &a);
    say(peer, "+for a\r\n+for b\r\n");
    CHECK(pn_link_fill(&link, 1000000000) > 0);
    CHECK_EQ(pn_link_next(&link, &message), 1);
    CHECK(message.flight->request == NULL);
    pn_link_landed(&link);
    CHECK_EQ(pn_link_next(&link, &message), 1);
    CHECK(message.flight->request == &b && is_message(&link, &message, "+for b\r\n"));
    close_pair(&link, peer);
}

/* ASKING and the command are written together; its +OK is not the command's. */
static void
test_asking(void)
{
    struct pn_link link;
    struct pn_message message;
    int peer;
    char sent[64] = {0};
    open_pair(&link, &peer, false);
    struct pn_request a = ask("GET");
    a.is_asking = true;
    pn_link_put(&link, &a, 1);
    CHECK(!a.is_asking);
    pn_link_flush(&link, NULL);
    CHECK(read(peer, sent, sizeof sent) > 0);
    CHECK(strcmp(sent, "*1\r\n$6\r\nASKING\r\nGET") == 0);
    say(peer, "+OK\r\n+value\r\n");
    pn_link_fill(&link, 1000000000);
    CHECK_EQ(pn_link_next(&link, &message), 1);
    CHECK(is_message(&link, &message, "+value\r\n"));
    close_pair(&link, peer);
}

/* Pushes stand between replies and are no one's reply; of several expected, `left`
 * tells how many are to come. */
static void
test_pushes_and_several(void)
{
    struct pn_link link;
    struct pn_message message;
    int peer;
    open_pair(&link, &peer, false);
    struct pn_request a = ask("MULTI...EXEC");
    a.expect = 2;
    pn_link_put(&link, &a, 1);
    say(peer, "+OK\r\n>1\r\n+news\r\n*0\r\n");
    pn_link_fill(&link, 1000000000);
    CHECK_EQ(pn_link_next(&link, &message), 1);
    CHECK_EQ(message.flight->left, 1);
    CHECK_EQ(pn_link_next(&link, &message), 1);
    CHECK(message.is_push && is_message(&link, &message, ">1\r\n+news\r\n"));
    CHECK_EQ(pn_link_next(&link, &message), 1);
    CHECK_EQ(message.flight->left, 0);
    close_pair(&link, peer);
}

/* A reply that nobody asked for, and one that is none. */
static void
test_nonsense(void)
{
    struct pn_link link;
    struct pn_message message;
    int peer;
    open_pair(&link, &peer, false);
    say(peer, "+hello\r\n");
    pn_link_fill(&link, 1000000000);
    CHECK_EQ(pn_link_next(&link, &message), PN_CLIENT_E_REPLY);
    close_pair(&link, peer);

    open_pair(&link, &peer, false);
    struct pn_request a = ask("a");
    pn_link_put(&link, &a, 1);
    say(peer, "HTTP/1.1 400 Bad Request\r\n");
    pn_link_fill(&link, 1000000000);
    CHECK(pn_link_next(&link, &message) < 0);
    close_pair(&link, peer);
}

/* memcached: one reply, all up to MN, and a classic answer of several lines. */
static void
test_memcached(void)
{
    struct pn_link link;
    struct pn_message message;
    int peer, lines = 0;
    open_pair(&link, &peer, true);
    struct pn_request get = ask("mg"), many = ask("mg..mn"), stats = ask("stats");
    many.flags = PN_REQ_NOOP;
    stats.flags = PN_REQ_CLASSIC;
    pn_link_put(&link, &get, 1);
    pn_link_put(&link, &many, 1);
    pn_link_put(&link, &stats, 1);
    say(peer,
        "VA 2 f0\r\nMN\r\nVA 1 O1\r\nx\r\nHD O2\r\nMN\r\nSTAT a 1\r\nSTAT b 2\r\nEN");
    pn_link_fill(&link, 1000000000);
    CHECK_EQ(pn_link_next(&link, &message), 1);
    CHECK(is_message(&link, &message, "VA 2 f0\r\nMN\r\n"));
    CHECK_EQ(message.flight->left, 0);
    pn_link_landed(&link);
    for (struct pn_flight *flight = pn_link_flight(&link, 0); flight->left > 0;
         lines++) {
        CHECK_EQ(pn_link_next(&link, &message), 1);
        CHECK(message.flight->request == &many);
    }
    CHECK_EQ(lines, 3);
    pn_link_landed(&link);
    CHECK_EQ(pn_link_next(&link, &message), 1);
    CHECK(is_message(&link, &message, "STAT a 1\r\nSTAT b 2\r\n"));
    CHECK_EQ(message.flight->left, 1);
    CHECK_EQ(pn_link_next(&link, &message), 0);
    say(peer, "D\r\n");
    pn_link_fill(&link, 1000000000);
    CHECK_EQ(pn_link_next(&link, &message), 1);
    CHECK(is_message(&link, &message, "END\r\n"));
    CHECK_EQ(message.flight->left, 0);
    CHECK(!link.is_doubtful);
    close_pair(&link, peer);
}

/* After an error that may have left a value to be read as a command, no reply on the
 * connection can be trusted; after others it can. */
static void
test_doubtful(void)
{
    static const struct {
        const char *text;
        bool is_doubtful;
    } error[] = {
        {"CLIENT_ERROR bad command line format\r\n", true},
        {"CLIENT_ERROR bad data chunk\r\n", true},
        {"ERROR\r\n", true},
        {"CLIENT_ERROR invalid flag\r\n", false},
        {"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n", false},
        {"SERVER_ERROR object too large for cache\r\n", false},
        {"SERVER_ERROR out of memory storing object\r\n", false},
    };
    for (size_t i = 0; i < sizeof error / sizeof *error; i++) {
        struct pn_link link;
        struct pn_message message;
        int peer;
        open_pair(&link, &peer, true);
        struct pn_request a = ask("ms");
        pn_link_put(&link, &a, 1);
        say(peer, error[i].text);
        pn_link_fill(&link, 1000000000);
        CHECK_EQ(pn_link_next(&link, &message), 1);
        CHECK_EQ(link.is_doubtful, error[i].is_doubtful);
        close_pair(&link, peer);
    }
}

/* What callers still read stays where it is; a reply of which a part has come too. */
static void
test_release(void)
{
    struct pn_link link;
    struct pn_message message;
    int peer;
    open_pair(&link, &peer, false);
    struct pn_request a = ask("a"), b = ask("b");
    b.expect = 2;
    pn_link_put(&link, &a, 1);
    pn_link_put(&link, &b, 1);
    say(peer, "+first\r\n+half\r\n+ot");
    pn_link_fill(&link, 1000000000);
    pn_link_next(&link, &message);
    pn_link_landed(&link);
    pn_link_next(&link, &message);
    b.reply_at = message.at;
    b.reply_len = message.len;
    pn_link_release(&link);
    CHECK_EQ(b.reply_at, 0);
    CHECK_MEM(link.in.ptr, "+half\r\n+ot", 10);
    say(peer, "her\r\n");
    pn_link_fill(&link, 1000000000);
    CHECK_EQ(pn_link_next(&link, &message), 1);
    CHECK(is_message(&link, &message, "+other\r\n"));
    close_pair(&link, peer);
}

/* A peer that is always behind, and never by so much as to have nothing more to come:
 * what it has read takes no room. */
static void
test_behind(void)
{
    struct pn_link link;
    int peer;
    static char wire[50000], sink[50000];
    open_pair(&link, &peer, false);
    for (int i = 0; i < 40; i++) { /* as much as a socket takes, and more */
        struct pn_request r = {.wire = wire, .wire_len = sizeof wire};
        CHECK_EQ(pn_link_put(&link, &r, 1), PN_OK);
        pn_link_flush(&link, NULL);
    }
    size_t cap = link.out.cap, left = pn_buffer_left(&link.out);
    CHECK(left > 0);
    for (int i = 0; i < 400; i++) {
        for (size_t got = 0; got < sizeof sink;) {
            ssize_t n = read(peer, sink, sizeof sink - got);
            CHECK(n > 0);
            got += n > 0 ? (size_t)n : sizeof sink;
        }
        struct pn_request r = {.wire = wire, .wire_len = sizeof wire};
        CHECK_EQ(pn_link_put(&link, &r, 1), PN_OK);
        pn_link_flush(&link, NULL);
    }
    CHECK(link.out.cap <= 4 * cap);
    close_pair(&link, peer);
}

/* A SUBSCRIBE that is refused: its error comes as a push, whole or in parts. Before one
 * it is what nobody asked for. */
static void
test_refused_subscription(void)
{
    struct pn_link link;
    struct pn_message message;
    int peer;
    open_pair(&link, &peer, false);
    struct pn_request r = ask("SUBSCRIBE");
    r.flags = PN_REQ_PUSH;
    CHECK_EQ(pn_link_put(&link, &r, 1), PN_OK);
    say(peer, "-NOPERM");
    pn_link_fill(&link, 1000000000);
    CHECK_EQ(pn_link_next(&link, &message), 0);
    say(peer, " no\r\n+OK\r\n");
    pn_link_fill(&link, 1000000000);
    CHECK_EQ(pn_link_next(&link, &message), 1);
    CHECK(message.is_push && is_message(&link, &message, "-NOPERM no\r\n"));
    CHECK_EQ(pn_link_next(&link, &message), PN_CLIENT_E_REPLY);
    close_pair(&link, peer);

    open_pair(&link, &peer, false);
    say(peer, "-NOPERM");
    pn_link_fill(&link, 1000000000);
    CHECK_EQ(pn_link_next(&link, &message), PN_CLIENT_E_REPLY);
    close_pair(&link, peer);
}

/* Asks with WIRE and FLAGS, is told SAID: what pn_link_next() makes of it. */
static int
told(bool is_memcached, const char *wire, unsigned flags, const char *said)
{
    struct pn_link link;
    struct pn_message message;
    int peer;
    open_pair(&link, &peer, is_memcached);
    struct pn_request request = ask(wire);
    request.flags = (uint16_t)flags;
    request.key = PN_BYTES("k");
    CHECK_EQ(pn_link_put(&link, &request, 1), PN_OK);
    CHECK_EQ(pn_link_flush(&link, NULL), 0);
    say(peer, said);
    CHECK(pn_link_fill(&link, 0) > 0);
    int rc = pn_link_next(&link, &message);
    close_pair(&link, peer);
    return rc;
}

/* A reply that the command cannot get is some other's. */
static void
test_no_answer(void)
{
    static const struct {
        const char *wire, *good, *bad;
        unsigned flags;
    } meta[] = {
        {"mg k v\r\n", "EN\r\n", "HD\r\n", PN_REQ_VALUE},
        {"mg k\r\n", "HD\r\n", "NF\r\n", 0},
        {"mg k v k\r\n", "VA 1 kk\r\nx\r\n", "VA 1 kj\r\nx\r\n", PN_REQ_VALUE},
        {"mg k k\r\n", "HD kaw== b\r\n", "HD kag== b\r\n", 0},
        {"ms k 0\r\n\r\n", "NS\r\n", "VA 1\r\nx\r\n", 0},
        {"md k\r\n", "NF\r\n", "EN\r\n", 0},
        {"ma k\r\n", "NF\r\n", "MN\r\n", 0},
        {"get k\r\n", "END\r\n", "OK\r\n", PN_REQ_CLASSIC},
        {"version\r\n", "VERSION 1\r\n", "?\r\n", PN_REQ_CLASSIC},
    };
    for (size_t i = 0; i < sizeof meta / sizeof *meta; i++) {
        CHECK_EQ(told(true, meta[i].wire, meta[i].flags, meta[i].good), 1);
        CHECK(told(true, meta[i].wire, meta[i].flags, meta[i].bad) < 0);
        CHECK_EQ(told(true, meta[i].wire, meta[i].flags, "SERVER_ERROR no\r\n"), 1);
    }
    const char *good[] = {"$1\r\nx\r\n", "$-1\r\n", "_\r\n", "-ERR\r\n", "+x\r\n"};
    const char *bad[] = {":1\r\n", "*0\r\n", "#t\r\n", "%0\r\n"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK_EQ(told(false, "GET k\r\n", PN_REQ_VALUE, good[i]), 1);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(told(false, "GET k\r\n", PN_REQ_VALUE, bad[i]), PN_CLIENT_E_REPLY);
        CHECK_EQ(told(false, "GET k\r\n", 0, bad[i]), 1);
    }
}

/* A length is believed as far as its bytes come. */
static void
test_promises(void)
{
    struct pn_link link;
    struct pn_message message;
    int peer;
    open_pair(&link, &peer, false);
    struct pn_request request = ask("GET k\r\n");
    CHECK_EQ(pn_link_put(&link, &request, 1), PN_OK);
    CHECK_EQ(pn_link_flush(&link, NULL), 0);
    say(peer, "$400000000\r\nabc");
    CHECK(pn_link_fill(&link, 0) > 0);
    CHECK_EQ(pn_link_next(&link, &message), 0);
    CHECK_EQ(pn_link_fill(&link, 0), 0);
    CHECK(link.in.cap <= 4u << 20);
    close_pair(&link, peer);
}

int
main(void)
{
    RUN(test_in_order);
    RUN(test_ring_grows);
    RUN(test_forgotten);
    RUN(test_asking);
    RUN(test_pushes_and_several);
    RUN(test_nonsense);
    RUN(test_memcached);
    RUN(test_doubtful);
    RUN(test_release);
    RUN(test_behind);
    RUN(test_refused_subscription);
    RUN(test_no_answer);
    RUN(test_promises);
    return harness_done();
}
