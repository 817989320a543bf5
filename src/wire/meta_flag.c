#include "wire/meta_flag.h"

enum {
    MG = 1 << PN_META_MG,
    MS = 1 << PN_META_MS,
    MD = 1 << PN_META_MD,
    MA = 1 << PN_META_MA,
    ME = 1 << PN_META_ME,
    ALL = MG | MS | MD | MA,
};

#define FIELD(name) offsetof(struct pn_meta_request, name)
/* pn_meta_bit() as a constant; test_meta_flag compares the two. */
#define BIT(name) (UINT64_C(1) << ((name) < 'a' ? (name) - 'A' : 26 + (name) - 'a'))
#define ROW(name, arg, verbs, field)               \
    {                                              \
        (name), (arg), (verbs), (field), BIT(name) \
    }

/* What asks to be told comes first: replies come in this order. `t` stands behind what
 * sets a TTL, for servers answer flags as they read them. */
static const struct pn_meta_flag table[] = {
    ROW('b', PN_ARG_NONE, ALL | ME, 0),
    ROW('P', PN_ARG_TEXT, ALL, FIELD(proxy_path)),
    ROW('L', PN_ARG_TEXT, ALL, FIELD(proxy_hint)),
    ROW('M', PN_ARG_MODE, MS | MA, FIELD(mode)),
    ROW('C', PN_ARG_U64, ALL, FIELD(cas_compare)),
    ROW('E', PN_ARG_U64, ALL, FIELD(cas_new)),
    ROW('D', PN_ARG_U64, MA, FIELD(delta)),
    ROW('J', PN_ARG_U64, MA, FIELD(initial)),
    ROW('F', PN_ARG_U32, MS, FIELD(client_flags)),
    ROW('I', PN_ARG_NONE, MS | MD, 0),
    ROW('N', PN_ARG_I64, MG | MS | MA, FIELD(vivify)),
    ROW('R', PN_ARG_I64, MG, FIELD(recache)),
    ROW('T', PN_ARG_I64, ALL, FIELD(ttl)),
    ROW('q', PN_ARG_NONE, ALL, 0),
    ROW('u', PN_ARG_NONE, MG, 0),
    ROW('x', PN_ARG_NONE, MD, 0),
    ROW('v', PN_ARG_NONE, MG | MA, 0),
    ROW('k', PN_ARG_NONE, ALL, 0),
    ROW('O', PN_ARG_TEXT, ALL, FIELD(opaque)),
    ROW('c', PN_ARG_NONE, MG | MS | MA, 0),
    ROW('f', PN_ARG_NONE, MG, 0),
    ROW('h', PN_ARG_NONE, MG, 0),
    ROW('l', PN_ARG_NONE, MG, 0),
    ROW('s', PN_ARG_NONE, MG | MS, 0),
    ROW('t', PN_ARG_NONE, MG | MA, 0),
};

#undef ROW
#undef BIT
#undef FIELD

enum { FLAGS = sizeof table / sizeof table[0] };

const struct pn_meta_flag *
pn_meta_flags(size_t *n)
{
    *n = FLAGS;
    return table;
}

const struct pn_meta_flag *
pn_meta_flag_of(enum pn_meta_verb verb, char name)
{
    for (unsigned i = 0; i < FLAGS; i++) {
        if (table[i].name == name) {
            return (table[i].verbs >> verb & 1) != 0 ? &table[i] : NULL;
        }
    }
    return NULL;
}

/* The letter C means in VERB, in upper case; 0 for none. memcached takes both cases,
 * and signs for the two of arithmetic. */
static char
mode_of(enum pn_meta_verb verb, char c)
{
    static const char read[] = "SsAaPpRrEe", meant[] = "SSAAPPRREE";
    static const char read_ma[] = "IiDd+-", meant_ma[] = "IIDDID";
    const char *from = verb == PN_META_MA ? read_ma : read;
    const char *to = verb == PN_META_MA ? meant_ma : meant;
    const char *at = c != '\0' ? strchr(from, c) : NULL;
    return at != NULL ? to[at - from] : '\0';
}

/* A word has no blank in it and no line end; the limit of a key is one for it too. */
static bool
is_text(const struct pn_meta_flag *flag, struct pn_bytes text)
{
    return pn_mc_key_check(text) == 0 &&
           (flag->name != 'O' || text.len <= PN_MC_OPAQUE_MAX);
}

int
pn_meta_flag_read(const struct pn_meta_flag *flag, struct pn_bytes arg,
                  struct pn_meta_request *request)
{
    void *field = (char *)request + flag->field;
    uint64_t n = 0;
    switch ((enum pn_meta_arg)flag->arg) {
    case PN_ARG_NONE:
        return arg.len == 0 ? 0 : PN_WIRE_E_FLAG;
    case PN_ARG_U64:
        return pn_word_u64(arg, (uint64_t *)field) ? 0 : PN_WIRE_E_NUMBER;
    case PN_ARG_I64:
        return pn_word_i64(arg, (int64_t *)field) ? 0 : PN_WIRE_E_NUMBER;
    case PN_ARG_U32:
        if (!pn_word_u64(arg, &n) || n > UINT32_MAX) {
            return PN_WIRE_E_NUMBER;
        }
        *(uint32_t *)field = (uint32_t)n;
        return 0;
    case PN_ARG_TEXT:
        if (!is_text(flag, arg)) {
            return PN_WIRE_E_FLAG;
        }
        *(struct pn_bytes *)field = arg;
        return 0;
    case PN_ARG_MODE:
        request->mode = arg.len == 1 ? mode_of(request->verb, arg.ptr[0]) : '\0';
        return request->mode != '\0' ? 0 : PN_WIRE_E_FLAG;
    }
    return PN_WIRE_E_FLAG;
}

int
pn_meta_flag_put(struct pn_out *out, const struct pn_meta_flag *flag,
                 const struct pn_meta_request *request)
{
    const void *field = (const char *)request + flag->field;
    char head[2] = {' ', flag->name};
    pn_out_put(out, head, sizeof head);
    switch ((enum pn_meta_arg)flag->arg) {
    case PN_ARG_NONE:
        break;
    case PN_ARG_U64:
        pn_out_u64(out, *(const uint64_t *)field);
        break;
    case PN_ARG_I64:
        pn_out_i64(out, *(const int64_t *)field);
        break;
    case PN_ARG_U32:
        pn_out_u64(out, *(const uint32_t *)field);
        break;
    case PN_ARG_TEXT:
        pn_out_bytes(out, *(const struct pn_bytes *)field);
        return is_text(flag, *(const struct pn_bytes *)field) ? 0 : PN_WIRE_E_FLAG;
    case PN_ARG_MODE:
        if (mode_of(request->verb, request->mode) == '\0') {
            return PN_WIRE_E_FLAG;
        }
        pn_out_char(out, mode_of(request->verb, request->mode));
        break;
    }
    return 0;
}
