/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cmocka.h with the headers it needs and forgets to include.
 */
#ifndef TESTS_SUPPORT_CMOCKA_H
#define TESTS_SUPPORT_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
