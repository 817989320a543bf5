#include "harness.h"
#include "wire/mc.h"

enum { DAY_MS = 24 * 3600 * 1000 };
static const uint64_t now_ms = UINT64_C(1790000000123);

static void
test_keys(void)
{
    char key[PN_MC_KEY_MAX + 1];
    memset(key, 'k', sizeof key);
    CHECK_EQ(pn_mc_key_check((struct pn_bytes){key, PN_MC_KEY_MAX}), 0);
    CHECK_EQ(pn_mc_key_check((struct pn_bytes){key, PN_MC_KEY_MAX + 1}),
             PN_WIRE_E_KEY_SIZE);
    CHECK_EQ(pn_mc_key_check((struct pn_bytes){key, 0}), PN_WIRE_E_KEY_SIZE);
    CHECK_EQ(pn_mc_key_span(key, PN_MC_KEY_MAX + 1), PN_MC_KEY_MAX);
    CHECK_EQ(pn_mc_key_span(key, 0), 0);
    for (int c = 0; c < 256; c++) {
        char one = (char)c;
        bool is_bad = c <= ' ' || c == 0x7f;
        CHECK_EQ(pn_mc_key_check((struct pn_bytes){&one, 1}),
                 is_bad ? PN_WIRE_E_KEY_BYTE : 0);
    }
}

/* Every byte at every place of keys of every length up to four steps of eight. */
static void
test_key_bytes(void)
{
    char key[32];
    for (size_t len = 1; len <= sizeof key; len++) {
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                memset(key, c & 1 ? 0x80 : '!', sizeof key);
                key[at] = (char)c;
                bool is_bad = c <= ' ' || c == 0x7f;
                CHECK_EQ(pn_mc_key_check((struct pn_bytes){key, len}),
                         is_bad ? PN_WIRE_E_KEY_BYTE : 0);
                CHECK_EQ(pn_mc_key_span(key, len), is_bad ? at : len);
            }
        }
    }
}

/* Never shorter than asked, never for ever by rounding, a date beyond 30 days. */
static void
test_exptime(void)
{
    CHECK_EQ(pn_mc_exptime(PN_MC_NO_TTL, now_ms), 0);
    CHECK_EQ(pn_mc_exptime(0, now_ms), -1);
    CHECK_EQ(pn_mc_exptime(1, now_ms), 1);
    CHECK_EQ(pn_mc_exptime(1000, now_ms), 1);
    CHECK_EQ(pn_mc_exptime(1001, now_ms), 2);
    CHECK_EQ(pn_mc_exptime(30ull * DAY_MS, now_ms), 30 * 24 * 3600);
    CHECK_EQ(pn_mc_exptime(30ull * DAY_MS + 1, now_ms),
             1790000000 + 30 * 24 * 3600 + 1);
    CHECK_EQ(pn_mc_exptime(365ull * DAY_MS, now_ms), 1790000000 + 365 * 24 * 3600 + 1);
    CHECK_EQ(pn_mc_exptime(36500ull * DAY_MS, now_ms), INT32_MAX);
    CHECK_EQ(pn_mc_exptime(UINT64_MAX - 1, now_ms), INT32_MAX);
}

static void
test_ttl_of_exptime(void)
{
    CHECK(pn_mc_ttl_ms(0, now_ms) == PN_MC_NO_TTL);
    CHECK_EQ(pn_mc_ttl_ms(-1, now_ms), 0);
    CHECK_EQ(pn_mc_ttl_ms(INT64_MIN, now_ms), 0);
    CHECK_EQ(pn_mc_ttl_ms(1, now_ms), 1000);
    CHECK_EQ(pn_mc_ttl_ms(30 * 24 * 3600, now_ms), 30ll * DAY_MS);
    CHECK_EQ(pn_mc_ttl_ms(30 * 24 * 3600 + 1, now_ms), 0); /* a day of 1970 */
    CHECK_EQ(pn_mc_ttl_ms(1790000001, now_ms), 877);
    CHECK(pn_mc_ttl_ms(INT64_MAX, now_ms) == (uint64_t)INT64_MAX - now_ms);
    static const uint64_t rows[] = {
        1, 999, 1000, 60000, 30ull * DAY_MS, 31ull * DAY_MS, 365ull * DAY_MS};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t back = pn_mc_ttl_ms(pn_mc_exptime(rows[i], now_ms), now_ms);
        CHECK(back >= rows[i] && back < rows[i] + 1000);
    }
}

/* What is said of each refusal is a line a client of memcached knows. */
static void
test_refusals(void)
{
#define ROW(name, code, text) code,
    static const int codes[] = {PN_WIRE_MAP(ROW)};
#undef ROW
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        char buf[100];
        struct pn_out out = {buf, sizeof buf, 0};
        pn_mc_put_refusal(&out, codes[i]);
        CHECK(out.len > 6 && out.len < sizeof buf);
        CHECK_MEM(buf + out.len - 2, "\r\n", 2);
        CHECK(memchr(buf, '\r', out.len - 2) == NULL);
        CHECK(memcmp(buf, "ERROR\r", 6) == 0 || memcmp(buf, "CLIENT_ERROR ", 13) == 0 ||
              memcmp(buf, "SERVER_ERROR ", 13) == 0);
    }
}

static void
test_value(void)
{
    struct pn_mc_reader reader = {.value_max = 5};
    struct pn_bytes value = {NULL, 0};
    CHECK_EQ(pn_mc_value(&reader, "H\r\n12345\r\n", 10, 3, 5, &value), 10);
    CHECK(pn_bytes_equal(value, PN_BYTES("12345")));
    CHECK_EQ(pn_mc_value(&reader, "H\r\n12345\r", 9, 3, 5, &value), 0);
    CHECK_EQ(reader.need, 10);
    CHECK_EQ(pn_mc_value(&reader, "H\r\n123456\r\n", 11, 3, 5, &value), PN_WIRE_E_CRLF);
    CHECK_EQ(reader.skip, 10);
    CHECK_EQ(pn_mc_value(&reader, "H\r\n", 3, 3, 6, &value), PN_WIRE_E_VALUE_SIZE);
    CHECK_EQ(reader.skip, 3 + 6 + 2);
    CHECK_EQ(pn_mc_value(&reader, "H\r\n", 3, 3, UINT64_MAX, &value),
             PN_WIRE_E_VALUE_SIZE);
    CHECK_EQ(reader.skip, 0);
}

int
main(void)
{
    RUN(test_keys);
    RUN(test_key_bytes);
    RUN(test_exptime);
    RUN(test_ttl_of_exptime);
    RUN(test_refusals);
    RUN(test_value);
    return harness_done();
}
