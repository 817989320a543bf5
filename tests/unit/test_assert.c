#define _GNU_SOURCE
#include "base/assert.h"
#include "harness.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A false assertion names itself on standard error and aborts. */
static void
test_failure(void)
{
    int to[2];
    char text[300] = {0};
    CHECK_EQ(pipe(to), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(to[1], STDERR_FILENO);
        pn_assert_failed("one == two", "some.c", 42);
    }
    close(to[1]);
    CHECK(read(to[0], text, sizeof text - 1) > 0);
    close(to[0]);
    int status = 0;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(text, "one == two") != NULL && strstr(text, "some.c:42") != NULL);
}

static void
test_truth(void)
{
    PN_ASSERT(1 + 1 == 2);
}

int
main(void)
{
    RUN(test_failure);
    RUN(test_truth);
    return harness_done();
}
