/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The pre-scan of a JSON text: strict grammar, line and column of what is wrong, duplicate keys,
 * depth and length. Recursion is bounded by JSON_DEPTH_MAX; time is n log n in the length. Pure.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json_scan.h"

struct scan_key {
    size_t offset; /* of the opening quote */
    size_t len;    /* bytes between the quotes, escapes as written */
};

struct scan {
    const char *text;
    size_t len;
    size_t pos;
    bool comments;
    char *copy; /* comments are blanked in it; may be NULL */
    unsigned depth;
    struct scan_key *keys; /* of all objects that are open, innermost last */
    size_t key_count, key_room;
    size_t found; /* where the wanted path led so far */
    struct vsw_err *err;
};

static int scan_value(struct scan *s, const char *path);

void json_position(const char *text, size_t offset, unsigned *ret_line, unsigned *ret_column)
{
    unsigned line = 1, column = 1;

    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

static int scan_refuse(struct scan *s, int code, size_t offset, const char *what)
{
    unsigned line, column;

    json_position(s->text, offset, &line, &column);
    return vsw_err_set(s->err, code, NULL, "line %u, column %u: %s", line, column, what);
}

/* The next byte, 0 at the end: a NUL in the text is refused wherever it stands. */
static unsigned char scan_peek(const struct scan *s)
{
    return s->pos < s->len ? (unsigned char)s->text[s->pos] : 0;
}

static int scan_comment(struct scan *s)
{
    size_t start = s->pos, left = s->len - s->pos;
    const char *text = s->text + start, *end;

    if (left >= 2 && text[1] == '/') {
        end = memchr(text, '\n', left);
        s->pos = end ? (size_t)(end - s->text) : s->len;
    } else if (left >= 2 && text[1] == '*') {
        end = memmem(text + 2, left - 2, "*/", 2);
        if (end == NULL)
            return scan_refuse(s, -EINVAL, start, "the comment does not end");
        s->pos = (size_t)(end - s->text) + 2;
    } else {
        return scan_refuse(s, -EINVAL, start, "unexpected \"/\"");
    }
    if (s->copy != NULL)
        memset(s->copy + start, ' ', s->pos - start);
    return 0;
}

static int scan_space(struct scan *s)
{
    for (;;) {
        unsigned char c = scan_peek(s);
        int rc = 0;

        if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            s->pos++;
        else if (c == '/' && s->comments)
            rc = scan_comment(s);
        else
            return 0;
        if (rc != 0)
            return rc;
    }
}

static int hex4(const struct scan *s, size_t pos)
{
    int v = 0;

    if (pos + 4 > s->len)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        char c = s->text[pos + i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;

        if (digit < 0)
            return -1;
        v = v << 4 | digit;
    }
    return v;
}

/* "\uXXXX", or two of them that make one character; pos is behind "\u". -1: not a character. */
static int unicode_escape(const struct scan *s, size_t *pos)
{
    int high = hex4(s, *pos), low;

    if (high <= 0)
        return -1;
    *pos += 4;
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || *pos + 2 > s->len || memcmp(s->text + *pos, "\\u", 2) != 0)
        return -1;
    low = hex4(s, *pos + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    *pos += 6;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* One UTF-8 character of two or more bytes, RFC 3629 section 4. -1: it is none. */
static int utf8_read(const struct scan *s, size_t *pos)
{
    static const int least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char c = (unsigned char)s->text[*pos];
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    int v = c & (0xff >> (n + 1));

    if (c < 0xc2 || c > 0xf4 || *pos + n > s->len)
        return -1;
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)s->text[*pos + i] & 0xc0) != 0x80)
            return -1;
        v = v << 6 | (s->text[*pos + i] & 0x3f);
    }
    if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
        return -1;
    *pos += n;
    return v;
}

/* One character inside a string, escapes resolved. -1: refuse. */
static int char_read(const struct scan *s, size_t *pos)
{
    static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    unsigned char c = (unsigned char)s->text[*pos];
    const char *found;

    if (c >= 0x80)
        return utf8_read(s, pos);
    if (c < 0x20)
        return -1;
    *pos += 1;
    if (c != '\\')
        return c;
    if (*pos >= s->len)
        return -1;
    c = (unsigned char)s->text[*pos];
    *pos += 1;
    if (c == 'u')
        return unicode_escape(s, pos);
    found = c ? strchr(escapes, c) : NULL;
    return found ? meant[found - escapes] : -1;
}

static int scan_string(struct scan *s)
{
    size_t start = s->pos++;

    while (s->pos < s->len && s->text[s->pos] != '"') {
        size_t here = s->pos;

        if (char_read(s, &s->pos) < 0)
            return scan_refuse(s, -EINVAL, here, "not a valid character of a text");
    }
    if (s->pos >= s->len)
        return scan_refuse(s, -EINVAL, start, "the text has no closing quote");
    s->pos++;
    return 0;
}

static void scan_digits(struct scan *s)
{
    while (scan_peek(s) >= '0' && scan_peek(s) <= '9')
        s->pos++;
}

/* json-c saturates silently: what does not fit is refused here. */
static bool number_fits(const char *digits, bool is_real)
{
    errno = 0;
    if (is_real)
        return isfinite(strtod(digits, NULL));
    if (digits[0] == '-')
        strtoll(digits, NULL, 10);
    else
        strtoull(digits, NULL, 10);
    return errno == 0;
}

static int scan_number(struct scan *s)
{
    size_t start = s->pos, digits;
    bool is_real = false;
    char copy[64];

    if (scan_peek(s) == '-')
        s->pos++;
    digits = s->pos;
    scan_digits(s);
    if (s->pos == digits || (s->text[digits] == '0' && s->pos > digits + 1))
        return scan_refuse(s, -EINVAL, start, "not a number");
    if (scan_peek(s) == '.') {
        is_real = true;
        digits = ++s->pos;
        scan_digits(s);
        if (s->pos == digits)
            return scan_refuse(s, -EINVAL, start, "not a number");
    }
    if (scan_peek(s) == 'e' || scan_peek(s) == 'E') {
        is_real = true;
        s->pos++;
        if (scan_peek(s) == '+' || scan_peek(s) == '-')
            s->pos++;
        digits = s->pos;
        scan_digits(s);
        if (s->pos == digits)
            return scan_refuse(s, -EINVAL, start, "not a number");
    }
    if (s->pos - start >= sizeof(copy))
        return scan_refuse(s, -EINVAL, start, "the number has too many digits");
    memcpy(copy, s->text + start, s->pos - start);
    copy[s->pos - start] = '\0';
    return number_fits(copy, is_real) ? 0
                                      : scan_refuse(s, -EINVAL, start, "the number is too large");
}

static int scan_word(struct scan *s)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        size_t len = strlen(words[i]);

        if (s->len - s->pos >= len && memcmp(s->text + s->pos, words[i], len) == 0) {
            s->pos += len;
            return 0;
        }
    }
    if (s->pos >= s->len)
        return scan_refuse(s, -EINVAL, s->pos, "the text ends too early");
    return scan_refuse(s, -EINVAL, s->pos, "expected a value");
}

static int key_remember(struct scan *s, size_t offset, size_t len)
{
    if (s->key_count == s->key_room) {
        size_t room = s->key_room ? s->key_room * 2 : 64;
        void *grown = reallocarray(s->keys, room, sizeof(*s->keys));

        if (grown == NULL)
            return vsw_err_set(s->err, -ENOMEM, NULL, "out of memory");
        s->keys = grown;
        s->key_room = room;
    }
    s->keys[s->key_count++] = (struct scan_key){offset, len};
    return 0;
}

/* By character, so that "a" and "\u0061" are one key. */
static int key_compare(const void *left, const void *right, void *arg)
{
    const struct scan_key *a = left, *b = right;
    size_t i = a->offset + 1, j = b->offset + 1;

    while (i < a->offset + 1 + a->len && j < b->offset + 1 + b->len) {
        int x = char_read(arg, &i), y = char_read(arg, &j);

        if (x != y)
            return x < y ? -1 : 1;
    }
    return (i < a->offset + 1 + a->len) - (j < b->offset + 1 + b->len);
}

/* Sorts the keys of the object that just ended and forgets them. */
static int keys_check(struct scan *s, size_t first)
{
    size_t count = s->key_count - first, worst = SIZE_MAX;
    struct scan_key *keys;

    s->key_count = first;
    if (count < 2)
        return 0;
    keys = s->keys + first;
    qsort_r(keys, count, sizeof(*keys), key_compare, s);
    for (size_t i = 1; i < count; i++) {
        size_t later = u64_max(keys[i - 1].offset, keys[i].offset);

        if (later < worst && key_compare(&keys[i - 1], &keys[i], s) == 0)
            worst = later;
    }
    return worst == SIZE_MAX ? 0 : scan_refuse(s, -EINVAL, worst, "the key is there twice");
}

/* What remains of the path behind member @key or item @index; NULL: this is not the way. */
static const char *path_member(const char *path, const char *key, size_t len)
{
    if (path == NULL)
        return NULL;
    path += *path == '.';
    if (len == 0 || strncmp(path, key, len) != 0)
        return NULL;
    return path[len] == '\0' || path[len] == '.' || path[len] == '[' ? path + len : NULL;
}

static const char *path_item(const char *path, size_t index)
{
    char step[32];

    snprintf(step, sizeof(step), "[%zu]", index);
    return path != NULL && strncmp(path, step, strlen(step)) == 0 ? path + strlen(step) : NULL;
}

static int scan_member(struct scan *s, const char *path)
{
    size_t key = s->pos, len;
    int rc;

    if (scan_peek(s) != '"')
        return scan_refuse(s, -EINVAL, s->pos, "expected a key in quotes");
    rc = scan_string(s);
    len = s->pos - key - 2;
    if (rc == 0)
        rc = key_remember(s, key, len);
    if (rc == 0)
        rc = scan_space(s);
    if (rc == 0 && scan_peek(s) != ':')
        rc = scan_refuse(s, -EINVAL, s->pos, "expected \":\"");
    if (rc != 0)
        return rc;
    s->pos++;
    return scan_value(s, path_member(path, s->text + key + 1, len));
}

/* Members or items, up to the closing character; the opening one is read. */
static int scan_list(struct scan *s, const char *path, char close)
{
    const char *want = close == '}' ? "expected \",\" or \"}\"" : "expected \",\" or \"]\"";
    int rc = scan_space(s);

    if (rc == 0 && scan_peek(s) == close) {
        s->pos++;
        return 0;
    }
    for (size_t i = 0; rc == 0; i++) {
        rc = scan_space(s);
        if (rc == 0)
            rc = close == '}' ? scan_member(s, path) : scan_value(s, path_item(path, i));
        if (rc == 0)
            rc = scan_space(s);
        if (rc == 0 && scan_peek(s) == close) {
            s->pos++;
            return 0;
        }
        if (rc == 0 && scan_peek(s) != ',')
            rc = scan_refuse(s, -EINVAL, s->pos, want);
        s->pos++;
    }
    return rc;
}

static int scan_nested(struct scan *s, const char *path)
{
    char close = s->text[s->pos] == '{' ? '}' : ']';
    size_t first = s->key_count;
    int rc;

    if (s->depth == JSON_DEPTH_MAX)
        return scan_refuse(s, -E2BIG, s->pos, "nested too deep");
    s->depth++;
    s->pos++;
    rc = scan_list(s, path, close);
    s->depth--;
    return rc == 0 ? keys_check(s, first) : rc;
}

static int scan_value(struct scan *s, const char *path)
{
    unsigned char c;
    int rc = scan_space(s);

    if (rc != 0)
        return rc;
    if (path != NULL)
        s->found = s->pos;
    c = scan_peek(s);
    if (c == '{' || c == '[')
        return scan_nested(s, path);
    if (c == '"')
        return scan_string(s);
    if (c == '-' || (c >= '0' && c <= '9'))
        return scan_number(s);
    return scan_word(s);
}

int json_scan_blank(const char *text, size_t len, const struct json_limits *limits,
                    const char *path, size_t *ret_offset, char *copy, struct vsw_err *err)
{
    struct scan s = {
        .text = text, .len = len, .comments = limits->comments, .copy = copy, .err = err};
    int rc;

    if (limits->max_bytes != 0 && len > limits->max_bytes) {
        vsw_err_set(err, -E2BIG, NULL, "the text has %zu bytes", len);
        vsw_err_hint(err, "at most %zu", limits->max_bytes);
        return -E2BIG;
    }
    rc = scan_value(&s, path ? path : "");
    if (rc == 0)
        rc = scan_space(&s);
    if (rc == 0 && s.pos != len)
        rc = scan_refuse(&s, -EINVAL, s.pos, "unexpected text behind the end");
    if (rc == 0 && ret_offset != NULL)
        *ret_offset = s.found;
    free(s.keys);
    return rc;
}

int json_scan(const char *text, size_t len, const struct json_limits *limits, const char *path,
              size_t *ret_offset, struct vsw_err *err)
{
    return json_scan_blank(text, len, limits, path, ret_offset, NULL, err);
}
