#include "base/why.h"
#include "harness.h"

#include <errno.h>

static void
test_sentence(void)
{
    struct pn_why why;
    memset(&why, 0x55, sizeof why);
    errno = ENOENT;
    CHECK_EQ(pn_why(&why, PN_E_NAME, "'%s' is %d", "x", 7), PN_E_NAME);
    CHECK_EQ(why.code, PN_E_NAME);
    CHECK_EQ(why.os_error, 0);
    CHECK(strcmp(why.text, "'x' is 7") == 0);
    CHECK_EQ(pn_why(&why, PN_E_OS, "open"), PN_E_OS);
    CHECK_EQ(why.os_error, ENOENT);
    CHECK_EQ(pn_why(NULL, PN_E_OS, "nobody asks"), PN_E_OS);
}

/* However long a name is, the text ends within its room. */
static void
test_long(void)
{
    struct pn_why why;
    char name[1000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    pn_why(&why, PN_E_NAME, "%s", name);
    CHECK_EQ(strlen(why.text), sizeof why.text - 1);
}

int
main(void)
{
    RUN(test_sentence);
    RUN(test_long);
    return harness_done();
}
