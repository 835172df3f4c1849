/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The macro kit of the one table. An object is a list of fields, written once:
 *
 *     #define TAP_OPTIONS(F, S)                                                               \
 *         F(S, ifname, STR, (16), API_OPTIONAL, NULL, "name of the network interface")        \
 *         F(S, queues, U32, (1, 16), API_OPTIONAL, "1", "queue pairs")
 *     API_OBJECT_DECLARE(tap_options, TAP_OPTIONS)             in a header
 *     API_OBJECT_DEFINE(tap_options, TAP_OPTIONS, "tap options", "...")   in one C file
 *
 * It expands to `struct tap_options`, to the indexes `tap_options__ifname`, ... and to the field
 * table `tap_options_object`, from which api.h decodes, encodes, compares, prints and documents.
 * A column is: struct, member, KIND, (arguments of the kind), flags, default as text, help.
 */
#ifndef API_SCHEMA_H
#define API_SCHEMA_H

#include "base/base.h"
#include "base/mac.h"

/* A name: [A-Za-z0-9_.-], 1 to 63 characters, neither '.' nor '-' in front; and the NUL. */
#define API_NAME_SIZE     64
#define API_SECONDS_NEVER UINT32_MAX
#define API_TEXT_MAX      65536 /* characters of a TEXT value */
#define API_LIST_MAX      65536 /* items of a ROWS value that somebody sends us */
#define API_NAMES_MAX     4096  /* items of a NAMES value: more networks than VLAN numbers */
#define API_GIVEN_MAX     64    /* fields of one object: they are bits of `given` */

/* clang-format off */
/* KIND       arguments         C type                      JSON and command line
 * BOOL       ()                bool                        true, false; text also yes/no/on/off
 * U32        (min, max)        uint32_t                    number
 * U64        (min, max)        uint64_t                    number
 * ENUM       (enum tag)        enum tag                    one of its names
 * NAME       ()                char[API_NAME_SIZE]         a name; "" = none where optional
 * STR        (size with NUL)   char[size]                  UTF-8 text
 * TEXT       ()                char *, owned, may be NULL  UTF-8 text
 * MAC        ()                struct mac                  "52:54:00:12:34:56"
 * RATE_BPS   ()                uint64_t bits/s             10000000, "10M", 0 or "unlimited"
 * RATE_PPS   ()                uint64_t packets/s          10000, "10k", 0 or "unlimited"
 * BYTES      (min, max)        uint64_t                    65536, "64K" (K = 1024)
 * SECONDS    (min, max, never) uint32_t                    300, "5m"; "never" where `never` is 1
 * NAMES      ()                struct api_names            array of names; text: "a,b"
 * OBJECT     ()                struct json *, owned        any JSON object, kept as it is
 * STRUCT     (object tag)      struct tag                  nested object
 * ROWS       (object tag)      { struct tag *items; uint32_t count; }   array of objects
 */
/* clang-format on */
enum api_kind {
    API_BOOL,
    API_U32,
    API_U64,
    API_ENUM,
    API_NAME,
    API_STR,
    API_TEXT,
    API_MAC,
    API_RATE_BPS,
    API_RATE_PPS,
    API_BYTES,
    API_SECONDS,
    API_NAMES,
    API_OBJECT,
    API_STRUCT,
    API_ROWS,
    API_KIND_COUNT
};

/* Flags of a field, or-ed. */
enum {
    API_OPTIONAL = 0,
    API_REQUIRED = 1 << 0, /* must be there, but not in a partial update */
    API_KEY = 1 << 1,  /* identifies the object: always required, positional on the command line */
    API_CALL = 1 << 2, /* belongs to the call: accepted in parameters only, never stored or shown */
    API_DETAIL = 1 << 3, /* tables of several rows leave it out */
    API_GAUGE = 1 << 4,  /* measured, not wanted: a rate of 0 is no traffic, not "unlimited" */
    API_SHOWN = 1 << 5,  /* people see it even where it has its default */
};

struct json; /* a JSON value, api/json.h */

struct api_names {
    char (*items)[API_NAME_SIZE]; /* owned */
    uint32_t count;
};

/* What every ROWS member looks like to code that does not know its type. */
struct api_rows {
    void *items; /* owned */
    uint32_t count;
};

struct api_enum_name {
    uint32_t value;
    const char *name;
    const char *help;
};

struct api_enum {
    const char *tag;
    const struct api_enum_name *names;
    uint32_t count;
};

struct api_field {
    const char *name; /* the same in C, in JSON and on the command line */
    enum api_kind kind;
    uint32_t flags;
    uint32_t offset; /* bytes from the start of the struct */
    uint32_t size;   /* bytes of the member */
    uint64_t min, max;
    bool never;                      /* SECONDS: "never" is a value */
    const struct api_enum *names;    /* ENUM */
    const struct api_object *object; /* STRUCT, ROWS */
    const char *fallback;            /* default as text; NULL = zero, empty */
    const char *help;
};

struct api_object {
    const char *name; /* for people: "port", "tap options" */
    const char *help;
    const struct api_field *fields;
    uint32_t count;
    uint32_t size; /* bytes of the struct */
};

/* Every generated struct starts with this word: bit i = field i was given by the caller. */
struct api_head {
    uint64_t given;
};

#define api_given(ptr, tag, member) (((ptr)->given >> tag##__##member) & 1)
#define api_give(ptr, tag, member)  ((ptr)->given |= 1ull << tag##__##member)

/* ---- enums: E(CONSTANT, "name", "help") -------------------------------------------------- */
#define API_ENUM_CONSTANT(constant, text, help) constant,
#define API_ENUM_ROW(constant, text, help)      {constant, text, help},

#define API_ENUM_DECLARE(tag, LIST)                                                                \
    enum tag { LIST(API_ENUM_CONSTANT) };                                                          \
    extern const struct api_enum tag##_enum;

#define API_ENUM_DEFINE(tag, LIST)                                                                 \
    static const struct api_enum_name tag##_names[] = {LIST(API_ENUM_ROW)};                        \
    const struct api_enum tag##_enum = {#tag, tag##_names, ARRAY_SIZE(tag##_names)};

/* ---- objects ----------------------------------------------------------------------------- */
#define API_TYPE_BOOL()             bool
#define API_TYPE_U32(lo, hi)        uint32_t
#define API_TYPE_U64(lo, hi)        uint64_t
#define API_TYPE_ENUM(tag)          enum tag
#define API_TYPE_NAME()             char
#define API_TYPE_STR(n)             char
#define API_TYPE_TEXT()             char *
#define API_TYPE_MAC()              struct mac
#define API_TYPE_RATE_BPS()         uint64_t
#define API_TYPE_RATE_PPS()         uint64_t
#define API_TYPE_BYTES(lo, hi)      uint64_t
#define API_TYPE_SECONDS(lo, hi, n) uint32_t
#define API_TYPE_NAMES()            struct api_names
#define API_TYPE_OBJECT()           struct json *
#define API_TYPE_STRUCT(tag)        struct tag
#define API_TYPE_ROWS(tag)                                                                         \
    struct {                                                                                       \
        struct tag *items;                                                                         \
        uint32_t count;                                                                            \
    }

#define API_DIM_BOOL()
#define API_DIM_U32(lo, hi)
#define API_DIM_U64(lo, hi)
#define API_DIM_ENUM(tag)
#define API_DIM_NAME() [API_NAME_SIZE]
#define API_DIM_STR(n) [n]
#define API_DIM_TEXT()
#define API_DIM_MAC()
#define API_DIM_RATE_BPS()
#define API_DIM_RATE_PPS()
#define API_DIM_BYTES(lo, hi)
#define API_DIM_SECONDS(lo, hi, n)
#define API_DIM_NAMES()
#define API_DIM_OBJECT()
#define API_DIM_STRUCT(tag)
#define API_DIM_ROWS(tag)

#define API_INFO_BOOL()
#define API_INFO_U32(lo, hi) .min = (lo), .max = (hi),
#define API_INFO_U64(lo, hi) .min = (lo), .max = (hi),
#define API_INFO_ENUM(tag)   .names = &tag##_enum,
#define API_INFO_NAME()      .max = API_NAME_SIZE - 1,
#define API_INFO_STR(n)      .max = (n)-1,
#define API_INFO_TEXT()      .max = API_TEXT_MAX,
#define API_INFO_MAC()
#define API_INFO_RATE_BPS()         .max = 1000000000000000ull,
#define API_INFO_RATE_PPS()         .max = 1000000000000ull,
#define API_INFO_BYTES(lo, hi)      .min = (lo), .max = (hi),
#define API_INFO_SECONDS(lo, hi, n) .min = (lo), .max = (hi), .never = (n),
#define API_INFO_NAMES()            .max = API_NAMES_MAX,
#define API_INFO_OBJECT()
#define API_INFO_STRUCT(tag) .object = &tag##_object,
#define API_INFO_ROWS(tag)   .max = API_LIST_MAX, .object = &tag##_object,

#define API_MEMBER(S, member, kind, args, flag_bits, default_text, help_text)                      \
    API_TYPE_##kind args member API_DIM_##kind args;
#define API_INDEX(S, member, kind, args, flag_bits, default_text, help_text) S##__##member,
#define API_ROW(S, member, kind_name, args, flag_bits, default_text, help_text)                    \
    {                                                                                              \
        API_INFO_##kind_name args.name = #member,                                                  \
        .kind = API_##kind_name,                                                                   \
        .flags = (flag_bits),                                                                      \
        .offset = offsetof(struct S, member),                                                      \
        .size = sizeof(((struct S *)NULL)->member),                                                \
        .fallback = (default_text),                                                                \
        .help = (help_text),                                                                       \
    },

#define API_OBJECT_DECLARE(tag, LIST)                                                              \
    struct tag {                                                                                   \
        uint64_t given;                                                                            \
        LIST(API_MEMBER, tag)                                                                      \
    };                                                                                             \
    enum { LIST(API_INDEX, tag) tag##_field_count };                                               \
    extern const struct api_object tag##_object;

#define API_OBJECT_DEFINE(tag, LIST, label, text)                                                  \
    static const struct api_field tag##_fields[] = {LIST(API_ROW, tag)};                           \
    static_assert(tag##_field_count <= API_GIVEN_MAX, #tag ": more fields than bits of given");    \
    const struct api_object tag##_object = {label, text, tag##_fields, tag##_field_count,          \
                                            sizeof(struct tag)};

#endif
