/*
 * code - why bytes are not a message
 *
 * Every parser of this room answers
 *
 *     > 0   bytes consumed: there is a message (or one element of it)
 *       0   need more: nothing was consumed, call again with more behind it
 *     < 0   malformed: one of the codes below; the stream cannot be trusted further
 *           (where a server may go on, pn_mc_reader.skip says from where)
 *
 * and every check of something to be sent answers 0 or one of the codes. The numbers
 * do not meet those of pinyon/error.h, so that one int can carry either.
 */
#ifndef PN_WIRE_CODE_H
#define PN_WIRE_CODE_H

/*      name                    code  text */
#define PN_WIRE_MAP(X)                                                            \
    X(PN_WIRE_E_TYPE, -201,                                                       \
      "no element of RESP begins with this byte: does Redis listen there?")       \
    X(PN_WIRE_E_STREAMED, -202, "streamed strings and aggregates are refused")    \
    X(PN_WIRE_E_NUMBER, -203, "a number is malformed or does not fit")            \
    X(PN_WIRE_E_LENGTH, -204, "a string is longer than the limit")                \
    X(PN_WIRE_E_COUNT, -205, "an aggregate or command has too many elements")     \
    X(PN_WIRE_E_DEPTH, -206, "aggregates are nested too deep")                    \
    X(PN_WIRE_E_LINE, -207, "a line is longer than the limit")                    \
    X(PN_WIRE_E_BARE, -208, "a line holds a CR or LF that does not end it")       \
    X(PN_WIRE_E_CRLF, -209, "data does not end where its length says")            \
    X(PN_WIRE_E_BOOLEAN, -210, "a boolean is neither #t nor #f")                  \
    X(PN_WIRE_E_NULL, -211, "a null has text")                                    \
    X(PN_WIRE_E_VERBATIM, -212, "a verbatim string does not name its format")     \
    X(PN_WIRE_E_PUSH, -213, "a push inside of, or announced as part of, a reply") \
    X(PN_WIRE_E_COMMAND, -214, "a command is not an array of bulk strings")       \
    X(PN_WIRE_E_QUOTE, -215,                                                      \
      "an inline command has quotes that do not match, or "                       \
      "an escape: send it as an array")                                           \
    X(PN_WIRE_E_VERB, -216, "no command of memcached has this name")              \
    X(PN_WIRE_E_WORDS, -217, "a line has too few or too many words")              \
    X(PN_WIRE_E_KEY_SIZE, -218, "a key of memcached has 1 to 250 bytes as sent")  \
    X(PN_WIRE_E_KEY_BYTE, -219, "a key holds a space or a control character")     \
    X(PN_WIRE_E_BASE64, -220, "a key said to be base64 is not")                   \
    X(PN_WIRE_E_FLAG, -221, "the command has no such flag, or not in this form")  \
    X(PN_WIRE_E_FLAG_TWICE, -222, "a flag is given twice")                        \
    X(PN_WIRE_E_VALUE_SIZE, -223, "a value is larger than the limit")             \
    X(PN_WIRE_E_REPLY, -224,                                                      \
      "no reply of memcached begins with this word: does memcached listen there?")

enum pn_wire_code {
#define PN_WIRE_ENUM(name, code, text) name = (code),
    PN_WIRE_MAP(PN_WIRE_ENUM)
#undef PN_WIRE_ENUM
};

/* The sentence of CODE; "unknown error" for a code that is not in the table. */
const char *
pn_wire_strerror(int code);

/* The name of CODE, such as "PN_WIRE_E_DEPTH". */
const char *
pn_wire_code_name(int code);

#endif
