/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Log lines for the operator. Rooms do not log: they return errors and raise events; the daemon
 * logs. Lines go to stderr as `<N>text` when the journal reads them (JOURNAL_STREAM is set), else
 * with a time stamp and the level's name.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_COUNT
};

/**
 * log_set_level() - lines above @level are dropped
 * @level: default LOG_LEVEL_INFO
 *
 * Context: any thread; does not block.
 * Source: none
 */
void log_set_level(enum log_level level);

/**
 * log_line() - write one line
 * @level: its severity
 * @fmt: printf format, without a newline
 *
 * Context: control and helper threads; may block on a slow stderr.
 * Source: sd-daemon(3) for the <N> prefix
 */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* One per source of lines that a peer can provoke: `burst` lines at once, then `per_s` a second. */
struct log_limit {
    uint32_t burst;
    uint32_t per_s;
    uint64_t tokens_ns;
    uint64_t last_ns;
    uint64_t suppressed; /* lines not written since the last that was */
};

/**
 * log_limit_pass() - may a line be written now?
 * @limit: zero-initialised but for burst and per_s; owned by the caller, one thread only
 * @now_ns: time
 * @ret_suppressed: lines held back since the last one that passed; may be NULL
 *
 * Return: true when the line may be written.
 * Context: any thread; does not block.
 * Source: token bucket
 */
bool log_limit_pass(struct log_limit *limit, uint64_t now_ns, uint64_t *ret_suppressed);

#endif
