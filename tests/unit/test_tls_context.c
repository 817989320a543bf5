#define _GNU_SOURCE
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/scratch.h"
#include "../support/tlspeer.h"
#include "harness.h"
#include "net/code.h"
#include "net/tls.h"

static char cert_file[128], key_file[128], locked_file[128], junk_file[128];

static void
make_files(void)
{
    struct cert cert;
    snprintf(cert_file, sizeof cert_file, "%s", tls_path("cert.pem"));
    snprintf(key_file, sizeof key_file, "%s", tls_path("key.pem"));
    snprintf(locked_file, sizeof locked_file, "%s", tls_path("locked.pem"));
    snprintf(junk_file, sizeof junk_file, "%s", tls_path("junk.pem"));
    CHECK(cert_make(&cert, "DNS:client", tls_authority(), 3600));
    CHECK(cert_write(&cert, cert_file, key_file, NULL));
    CHECK(cert_write(&cert, NULL, locked_file, "hunter2"));
    cert_release(&cert);
    FILE *junk = fopen(junk_file, "w");
    fputs("this is no PEM\n", junk);
    fclose(junk);
}

/* Makes a context of OPTS: its code; for a refusal the sentence holds each of WORDS. */
static int
make(const struct pn_tls_opts *opts, const char *a, const char *b)
{
    struct pn_tls_context *context = NULL;
    struct pn_why why = {0};
    int rc = pn_tls_context_new(opts, &context, &why);
    CHECK((rc == PN_OK) == (context != NULL));
    CHECK_EQ(ERR_peek_error(), 0);
    if (rc != PN_OK) {
        CHECK_EQ(why.code, rc);
        bool has_a = CHECK(strstr(why.text, a) != NULL);
        bool has_b = CHECK(strstr(why.text, b) != NULL);
        if (!has_a || !has_b) {
            printf("# it says: %s\n", why.text);
        }
        CHECK(strstr(why.text, "hunter") == NULL);
    }
    pn_tls_context_free(context);
    return rc;
}

static void
test_good(void)
{
    CHECK_EQ(make(NULL, "", ""), PN_OK);
    CHECK_EQ(make(&(struct pn_tls_opts){.ca_file = tls_path("ca.pem"),
                                        .ca_dir = scratch_path(),
                                        .cert_file = cert_file,
                                        .key_file = key_file,
                                        .ciphers = "ECDHE+AESGCM"},
                  "", ""),
             PN_OK);
    pn_tls_context_free(NULL);
}

static void
test_absent_files(void)
{
    static const struct pn_tls_opts rows[] = {
        {.ca_file = "/no/such/file"},
        {.ca_dir = "/no/such/file"},
        {.cert_file = "/no/such/file"},
        {.cert_file = cert_file, .key_file = "/no/such/file"},
    };
    static const char *const what[] = {"CA file", "CA directory", "certificate", "key"};
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(make(&rows[i], what[i], "'/no/such/file'"), PN_NET_E_FILES);
    }
}

static void
test_wrong_files(void)
{
    CHECK_EQ(make(&(struct pn_tls_opts){.ca_file = junk_file}, "CA file", "junk"),
             PN_NET_E_FILES);
    CHECK_EQ(make(&(struct pn_tls_opts){.ca_dir = junk_file}, "CA directory", "junk"),
             PN_NET_E_FILES);
    CHECK_EQ(make(&(struct pn_tls_opts){.cert_file = junk_file}, "certificate", "junk"),
             PN_NET_E_FILES);
    CHECK_EQ(make(&(struct pn_tls_opts){.cert_file = cert_file, .key_file = junk_file},
                  "key", "junk"),
             PN_NET_E_FILES);
    /* The key is looked for in the certificate's file when none is named. */
    CHECK_EQ(make(&(struct pn_tls_opts){.cert_file = cert_file}, "key", "cert.pem"),
             PN_NET_E_FILES);
    CHECK_EQ(make(&(struct pn_tls_opts){.key_file = key_file}, "no certificate", "key"),
             PN_NET_E_FILES);
}

/* Another certificate's key. */
static void
test_mismatch(void)
{
    struct cert other;
    CHECK(cert_make(&other, "DNS:client", tls_authority(), 3600));
    CHECK(cert_write(&other, NULL, tls_path("other.pem"), NULL));
    cert_release(&other);
    CHECK_EQ(make(&(struct pn_tls_opts){.cert_file = cert_file,
                                        .key_file = tls_path("other.pem")},
                  "other.pem", "key values mismatch"),
             PN_NET_E_FILES);
}

/* A key that needs a password is refused, when OpenSSL could ask whoever is at the
 * other end of the standard input for it: here that is somebody who knows. */
static void
test_nobody_is_asked(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int answer[2];
        bool is_ready = pipe(answer) == 0 && write(answer[1], "hunter2\n", 8) == 8 &&
                        dup2(answer[0], 0) == 0 && setsid() > 0; /* no /dev/tty */
        struct pn_tls_opts opts = {.cert_file = cert_file, .key_file = locked_file};
        struct pn_tls_context *context = NULL;
        _exit(is_ready && pn_tls_context_new(&opts, &context, NULL) == PN_NET_E_FILES
                  ? 0
                  : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK_EQ(status, 0);
}

static void
test_password(void)
{
    struct pn_tls_opts opts = {.cert_file = cert_file, .key_file = locked_file};
    CHECK_EQ(make(&opts, "locked.pem", ""), PN_NET_E_FILES);
    opts.key_password = "hunter3";
    CHECK_EQ(make(&opts, "locked.pem", ""), PN_NET_E_FILES);
    opts.key_password = "hunter2";
    CHECK_EQ(make(&opts, "", ""), PN_OK);
}

static void
test_bad_options(void)
{
    CHECK_EQ(make(&(struct pn_tls_opts){.ciphers = "ROT13"}, "ROT13", "cipher"),
             PN_E_INVALID);
    char name[300];
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    CHECK_EQ(make(&(struct pn_tls_opts){.server_name = name}, "too long", "name"),
             PN_E_INVALID);
}

int
main(void)
{
    scratch_make();
    make_files();
    tls_authority();
    RUN(test_good);
    RUN(test_absent_files);
    RUN(test_wrong_files);
    RUN(test_mismatch);
    RUN(test_nobody_is_asked);
    RUN(test_password);
    RUN(test_bad_options);
    tls_authority_release();
    scratch_remove();
    return harness_done();
}
