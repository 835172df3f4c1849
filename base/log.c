/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/log.h"

#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static enum log_level max_level = LOG_LEVEL_INFO;

static const struct {
    const char *name;
    int syslog_priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARN] = {"warn", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};
static_assert(ARRAY_SIZE(levels) == LOG_LEVEL_COUNT, "a name for each level");

void log_set_level(enum log_level level)
{
    max_level = level;
}

static int format_prefix(enum log_level level, char *buf, size_t size)
{
    struct timespec ts;
    struct tm tm;
    char stamp[32];

    if (getenv("JOURNAL_STREAM") != NULL)
        return snprintf(buf, size, "<%d>", levels[level].syslog_priority);
    clock_gettime(CLOCK_REALTIME, &ts);
    localtime_r(&ts.tv_sec, &tm);
    strftime(stamp, sizeof(stamp), "%H:%M:%S", &tm);
    return snprintf(buf, size, "%s.%03ld %-5s ", stamp, ts.tv_nsec / 1000000, levels[level].name);
}

void log_line(enum log_level level, const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    int len, room;

    if (level > max_level)
        return;
    len = format_prefix(level, line, sizeof(line));
    room = (int)sizeof(line) - len - 1;
    va_start(ap, fmt);
    len += (int)u64_min((uint64_t)vsnprintf(line + len, (size_t)room, fmt, ap), (uint64_t)room - 1);
    va_end(ap);
    line[len++] = '\n';
    /* One write per line: lines of two threads do not mix. Nothing useful can be done on failure.
     */
    if (write(STDERR_FILENO, line, (size_t)len) < 0)
        return;
}

bool log_limit_pass(struct log_limit *limit, uint64_t now_ns, uint64_t *ret_suppressed)
{
    uint64_t cost_ns = NS_PER_SEC / limit->per_s;
    uint64_t full_ns = cost_ns * limit->burst;

    if (limit->last_ns == 0)
        limit->tokens_ns = full_ns;
    else
        limit->tokens_ns = u64_min(full_ns, limit->tokens_ns + (now_ns - limit->last_ns));
    limit->last_ns = now_ns;
    if (limit->tokens_ns < cost_ns) {
        limit->suppressed++;
        return false;
    }
    limit->tokens_ns -= cost_ns;
    if (ret_suppressed != NULL)
        *ret_suppressed = limit->suppressed;
    limit->suppressed = 0;
    return true;
}
