/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/wake.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/cmocka.h"

static struct pg_hist hist;

/* First and last CPU that this process may use. */
static void cpus_find(int *ret_first, int *ret_last)
{
    cpu_set_t set;

    *ret_first = -1;
    assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &set))
            continue;
        *ret_first = *ret_first < 0 ? cpu : *ret_first;
        *ret_last = cpu;
    }
}

static unsigned entries_count(const char *folder)
{
    DIR *dir = opendir(folder);
    unsigned n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

static void measured(int writer, int sleeper)
{
    struct pg_wake wake = {writer, sleeper, 200, 100000};
    struct vsw_err err = {0};

    if (pg_wake_measure(&wake, &hist, &err) != 0)
        fail_msg("%s", err.msg);
    assert_int_equal(hist.count, 200);
    /* no wake-up takes less than a system call, or 10 s */
    assert_true(hist.min > 100 && hist.max < 10 * NS_PER_SEC);
    assert_true(pg_hist_percentile(&hist, 50) < 1e9);
}

static void test_measures(void **state)
{
    unsigned before, threads;
    int first = -1, last = -1;

    cpus_find(&first, &last);
    measured(-1, -1);
    before = entries_count("/proc/self/fd");
    threads = entries_count("/proc/self/task");
    measured(first, last);
    measured(last, first);
    measured(first, first); /* one CPU: the writer must leave it first */
    assert_int_equal(entries_count("/proc/self/fd"), before);
    assert_int_equal(entries_count("/proc/self/task"), threads);
}

/* taskset narrows what a program starts with, not where its threads could be. */
static void test_other_cpu(void **state)
{
    cpu_set_t before, one, after;
    int first = -1, last = -1, other;

    cpus_find(&first, &last);
    assert_int_equal(pg_wake_cpu_other(last), first == last ? pg_wake_cpu_other(first) : first);
    if (first == last)
        return;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    other = pg_wake_cpu_other(last);
    assert_int_equal(pg_wake_cpu_other(first), last);
    assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
    assert_true(CPU_EQUAL(&one, &after));
    assert_true(other >= 0 && other != last);
    measured(last, other);
    assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

static void test_no_such_cpu(void **state)
{
    struct pg_wake wake = {-1, 1000, 10, 1000};
    struct vsw_err err = {0};

    hist.count = 77;
    assert_int_equal(pg_wake_measure(&wake, &hist, &err), -EINVAL);
    assert_string_equal(err.msg, "this process may not run on CPU 1000");
    wake = (struct pg_wake){1 << 20, -1, 10, 1000};
    assert_int_equal(pg_wake_measure(&wake, &hist, NULL), -EINVAL);
    assert_int_equal(hist.count, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measures),
        cmocka_unit_test(test_other_cpu),
        cmocka_unit_test(test_no_such_cpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
