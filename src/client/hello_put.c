#include "client/hello_step.h"
#include "wire/resp_put.h"

static struct pn_bytes
bytes_of(const char *text)
{
    return (struct pn_bytes){text, strlen(text)};
}

static struct pn_bytes
user_of(const struct pn_hello_opts *opts)
{
    return bytes_of(opts->username != NULL ? opts->username : "default");
}

/* A sentinel is asked one thing, in RESP2. The second flight is in RESP2 too, and of a
 * fallback that stands before it only `protocol` tells. */
uint8_t
pn_hello_protocol(const struct pn_hello *hello, const struct pn_hello_opts *opts)
{
    if (opts->is_memcached) {
        return 0;
    }
    if (hello->is_fallback) {
        return hello->state == PN_HELLO_SEND ? 2 : hello->protocol;
    }
    return opts->protocol == 2 || opts->role == PN_ROLE_SENTINEL ? 2 : 3;
}

static bool
is_redis_step(enum pn_hello_step step, uint8_t protocol,
              const struct pn_hello_opts *opts)
{
    if (step == PN_STEP_HELLO) {
        return protocol == 3;
    }
    if (step == PN_STEP_AUTH) {
        return protocol == 2 && pn_hello_has_auth(opts);
    }
    if (opts->role == PN_ROLE_SENTINEL) {
        return false;
    }
    switch (step) {
    case PN_STEP_SETNAME:
        return protocol == 2 && opts->client_name != NULL;
    case PN_STEP_SELECT:
        return opts->db != 0;
    case PN_STEP_LIB_NAME:
    case PN_STEP_LIB_VER:
        return opts->library_version != NULL;
    case PN_STEP_CAPA:
        /* Not where the user may have meant a replica: it would send reads away. */
        return opts->role == PN_ROLE_PRIMARY && !opts->is_readonly;
    case PN_STEP_READONLY:
        return opts->is_readonly;
    case PN_STEP_ROLE:
        return opts->role == PN_ROLE_PRIMARY || opts->role == PN_ROLE_REPLICA;
    default:
        return false;
    }
}

static bool
is_said(enum pn_hello_step step, uint8_t protocol, const struct pn_hello_opts *opts)
{
    if (opts->is_memcached) {
        return step == PN_STEP_MC_VERSION ||
               (step == PN_STEP_MC_AUTH && pn_hello_has_auth(opts));
    }
    return is_redis_step(step, protocol, opts);
}

unsigned
pn_hello_next(unsigned step, uint8_t protocol, const struct pn_hello_opts *opts)
{
    while (step < PN_HELLO_STEPS &&
           !is_said((enum pn_hello_step)step, protocol, opts)) {
        step++;
    }
    return step;
}

static void
put_hello(const struct pn_hello_opts *opts, struct pn_out *out)
{
    struct pn_bytes argv[7] = {PN_BYTES("HELLO"), PN_BYTES("3")};
    size_t argc = 2;
    if (pn_hello_has_auth(opts)) {
        argv[argc++] = PN_BYTES("AUTH");
        argv[argc++] = user_of(opts);
        argv[argc++] = pn_hello_password(opts);
    }
    if (opts->client_name != NULL) {
        argv[argc++] = PN_BYTES("SETNAME");
        argv[argc++] = bytes_of(opts->client_name);
    }
    pn_resp_put_command(out, argv, argc);
}

/* Without a user's name in the form of before Redis 6, which knew no users. */
static void
put_auth(const struct pn_hello_opts *opts, struct pn_out *out)
{
    struct pn_bytes argv[3] = {PN_BYTES("AUTH")};
    size_t argc = 1;
    if (opts->username != NULL) {
        argv[argc++] = user_of(opts);
    }
    argv[argc++] = pn_hello_password(opts);
    pn_resp_put_command(out, argv, argc);
}

static void
put_select(uint32_t db, struct pn_out *out)
{
    char digits[12];
    struct pn_out number = {.ptr = digits, .cap = sizeof digits};
    pn_out_u64(&number, db);
    struct pn_bytes argv[2] = {PN_BYTES("SELECT"), {digits, number.len}};
    pn_resp_put_command(out, argv, 2);
}

static void
put_client(struct pn_out *out, const char *verb, const char *name, const char *value)
{
    struct pn_bytes argv[4] = {PN_BYTES("CLIENT"), bytes_of(verb)};
    size_t argc = 2;
    if (name != NULL) {
        argv[argc++] = bytes_of(name);
    }
    argv[argc++] = bytes_of(value);
    pn_resp_put_command(out, argv, argc);
}

/* memcached's ASCII authentication: a `set` of any key, whose value is both words. */
static void
put_mc_auth(const struct pn_hello_opts *opts, struct pn_out *out)
{
    struct pn_bytes user = user_of(opts), password = pn_hello_password(opts);
    pn_out_bytes(out, PN_BYTES("set auth 0 0 "));
    pn_out_u64(out, user.len + 1 + password.len);
    pn_out_crlf(out);
    pn_out_bytes(out, user);
    pn_out_char(out, ' ');
    pn_out_bytes(out, password);
    pn_out_crlf(out);
}

static void
put_step(enum pn_hello_step step, const struct pn_hello_opts *opts, struct pn_out *out)
{
    switch (step) {
    case PN_STEP_HELLO:
        put_hello(opts, out);
        break;
    case PN_STEP_AUTH:
        put_auth(opts, out);
        break;
    case PN_STEP_SETNAME:
        put_client(out, "SETNAME", NULL, opts->client_name);
        break;
    case PN_STEP_SELECT:
        put_select(opts->db, out);
        break;
    case PN_STEP_LIB_NAME:
        put_client(out, "SETINFO", "LIB-NAME", "pinyon");
        break;
    case PN_STEP_LIB_VER:
        put_client(out, "SETINFO", "LIB-VER", opts->library_version);
        break;
    case PN_STEP_CAPA:
        put_client(out, "CAPA", NULL, "redirect");
        break;
    case PN_STEP_READONLY:
        pn_resp_put_command(out, &PN_BYTES("READONLY"), 1);
        break;
    case PN_STEP_ROLE:
        pn_resp_put_command(out, &PN_BYTES("ROLE"), 1);
        break;
    case PN_STEP_MC_AUTH:
        put_mc_auth(opts, out);
        break;
    case PN_STEP_MC_VERSION:
    case PN_HELLO_STEPS:
        pn_out_bytes(out, PN_BYTES("version\r\n"));
        break;
    }
}

void
pn_hello_put(struct pn_hello *hello, const struct pn_hello_opts *opts,
             struct pn_out *out)
{
    uint8_t protocol = pn_hello_protocol(hello, opts);
    unsigned first = pn_hello_next(0, protocol, opts);
    uint8_t n = 0;
    for (unsigned step = first; step < PN_HELLO_STEPS;
         step = pn_hello_next(step + 1, protocol, opts)) {
        put_step((enum pn_hello_step)step, opts, out);
        n++;
    }
    if (out->len > out->cap) {
        return;
    }
    hello->protocol = protocol;
    hello->step = (uint8_t)first;
    hello->left = n;
    hello->state = n > 0 ? PN_HELLO_WAIT : PN_HELLO_DONE;
}
