#include "client/judge.h"

/* What follows from the first word alone. A word that is not here is an answer: the
 * server understood the command and refuses it (WRONGTYPE, CROSSSLOT, NOPERM,
 * EXECABORT, BUSYGROUP ...). NOPERM is one too: the user may run other commands. */
static const struct rule {
    const char *word;
    enum pn_verdict_kind kind;
    bool has_trouble;
    enum pn_trouble trouble;
} rules[] = {
    {"BUSY", PN_VERDICT_AGAIN, true, PN_TROUBLE_AGAIN},
    {"TRYAGAIN", PN_VERDICT_APART, true, PN_TROUBLE_AGAIN},
    {"MIGRATING", PN_VERDICT_AGAIN, true, PN_TROUBLE_AGAIN},
    {"LOADING", PN_VERDICT_ELSEWHERE, true, PN_TROUBLE_LOADING},
    {"READONLY", PN_VERDICT_ELSEWHERE, true, PN_TROUBLE_ROLE},
    {"MASTERDOWN", PN_VERDICT_ELSEWHERE, true, PN_TROUBLE_DOWN},
    {"CLUSTERDOWN", PN_VERDICT_ELSEWHERE, true, PN_TROUBLE_DOWN},
    {"NOREPLICAS", PN_VERDICT_ELSEWHERE, true, PN_TROUBLE_DOWN},
    {"NOAUTH", PN_VERDICT_AUTH, false, 0},
    {"WRONGPASS", PN_VERDICT_AUTH, false, 0},
    {"OOM", PN_VERDICT_ANSWER, true, PN_TROUBLE_REFUSED},
    {"MISCONF", PN_VERDICT_ANSWER, true, PN_TROUBLE_REFUSED},
};

static bool
is_word(struct pn_bytes word, const char *name)
{
    return strlen(name) == word.len && memcmp(word.ptr, name, word.len) == 0;
}

/* Characters of names and addresses, no more: a server must not make us open a socket
 * of the file system ('/'), and "?" is how it says that it does not know the host. */
static bool
is_host(struct pn_bytes host, bool is_v6)
{
    size_t colons = 0;
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        bool is_name = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                       (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
        colons += c == ':';
        if (!is_name && c != ':' && c != '%') {
            return false;
        }
    }
    return is_v6 ? colons >= 2 : colons != 1; /* no IPv6 address has less than "::" */
}

bool
pn_judge_endpoint(struct pn_bytes text, struct pn_endpoint *endpoint)
{
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return false;
    }
    struct pn_bytes host = {text.ptr, colon - 1};
    struct pn_bytes digits = {text.ptr + colon, text.len - colon};
    bool is_v6 = host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (is_v6) {
        host = (struct pn_bytes){host.ptr + 1, host.len - 2};
    }
    uint64_t port;
    if (!pn_word_u64(digits, &port) || port == 0 || port > UINT16_MAX ||
        host.len > PN_FLEET_HOST_MAX || !is_host(host, is_v6)) {
        return false;
    }
    memcpy(endpoint->host, host.ptr, host.len);
    endpoint->host[host.len] = '\0';
    endpoint->port = (uint16_t)port;
    return true;
}

/* "[SLOT] HOST:PORT"; words behind it are of servers to come and do not disturb. */
static bool
read_target(struct pn_bytes text, bool has_slot, struct pn_verdict *verdict)
{
    struct pn_bytes word;
    uint64_t slot = 0;
    if (has_slot && (!pn_word_next(&text, &word) || !pn_word_u64(word, &slot) ||
                     slot >= PN_FLEET_SLOTS)) {
        return false;
    }
    if (!pn_word_next(&text, &word) || !pn_judge_endpoint(word, &verdict->endpoint)) {
        return false;
    }
    verdict->slot = (uint32_t)slot;
    return true;
}

/* A server that becomes a replica sends blocked clients away; CLIENT UNBLOCK, which
 * some user asked for, says another sentence behind the same word. */
static bool
is_demoted(struct pn_bytes word, struct pn_bytes rest)
{
    struct pn_bytes next;
    return is_word(word, "UNBLOCKED") && pn_word_next(&rest, &next) &&
           is_word(next, "force");
}

static void
judge_target(struct pn_bytes rest, enum pn_verdict_kind kind,
             struct pn_verdict *verdict)
{
    if (read_target(rest, kind != PN_VERDICT_REDIRECT, verdict)) {
        verdict->kind = kind;
    }
}

static void
judge_word(struct pn_bytes word, struct pn_bytes rest, struct pn_verdict *verdict)
{
    if (is_demoted(word, rest)) {
        verdict->kind = PN_VERDICT_ELSEWHERE;
        verdict->has_trouble = true;
        verdict->trouble = PN_TROUBLE_ROLE;
        return;
    }
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (is_word(word, rules[i].word)) {
            verdict->kind = rules[i].kind;
            verdict->has_trouble = rules[i].has_trouble;
            verdict->trouble = rules[i].trouble;
            return;
        }
    }
}

void
pn_judge(struct pn_bytes error, struct pn_verdict *verdict)
{
    verdict->kind = PN_VERDICT_ANSWER;
    verdict->trouble = PN_TROUBLE_DIAL;
    verdict->has_trouble = false;
    verdict->slot = PN_SLOT_NONE;
    verdict->endpoint.host[0] = '\0';
    verdict->endpoint.port = 0;
    struct pn_bytes rest = error, word;
    if (error.len == 0 || error.ptr[0] == 'E' || !pn_word_next(&rest, &word)) {
        return; /* ERR and EXECABORT: what there is most of */
    }
    if (is_word(word, "MOVED")) {
        judge_target(rest, PN_VERDICT_MOVED, verdict);
    } else if (is_word(word, "ASK")) {
        judge_target(rest, PN_VERDICT_ASK, verdict);
    } else if (is_word(word, "REDIRECT")) {
        judge_target(rest, PN_VERDICT_REDIRECT, verdict);
    } else {
        judge_word(word, rest, verdict);
    }
}
