/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Errors meant for people. A function that can explain itself takes a `struct vsw_err *` as its
 * last parameter; the text is made once, where the facts are, and travels unchanged to the
 * operator.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

struct vsw_err {
    int code;       /* negative errno, 0 = none */
    char field[96]; /* what was wrong: a field or a JSON path; may be empty */
    char msg[256];  /* one sentence without a full stop */
    char hint[256]; /* what to do about it; may be empty */
};

/**
 * vsw_err_set() - fill an error
 * @err: may be NULL: then only the code is returned
 * @code: negative errno
 * @field: name of the wrong field, copied; NULL for none
 * @fmt: printf format of the sentence
 *
 * Clears the hint. The first error wins: a filled @err is left as it is.
 * Return: @code, so that a caller can `return vsw_err_set(...)`.
 * Context: any thread; does not block.
 * Source: none
 */
int vsw_err_set(struct vsw_err *err, int code, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/**
 * vsw_err_hint() - add what to do about it
 * @err: may be NULL
 * @fmt: printf format
 *
 * Context: any thread; does not block.
 * Source: none
 */
void vsw_err_hint(struct vsw_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
