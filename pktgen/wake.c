/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/wake.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* What the two threads share. The eventfds order the accesses: one side runs at a time. */
struct wake_pair {
    const struct pg_wake *wake;
    struct pg_hist *hist;
    int ring_fd;   /* wakes the sleeper */
    int answer_fd; /* tells the writer that the sleeper was awake */
    uint64_t written_ns;
};

static void event_send(int fd)
{
    uint64_t one = 1;

    while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

static void event_wait(int fd)
{
    uint64_t count;

    while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
        ;
}

static void *sleeper_main(void *arg)
{
    struct wake_pair *p = arg;

    for (uint32_t i = 0; i < p->wake->samples; i++) {
        event_wait(p->ring_fd);
        pg_hist_add(p->hist, clock_now_ns() - p->written_ns);
        event_send(p->answer_fd);
    }
    return NULL;
}

/* On a CPU of its own the writer stays awake, as a generator does; else the sleeper needs it. */
static void gap_wait(const struct pg_wake *wake)
{
    struct timespec gap = {.tv_sec = (time_t)(wake->gap_ns / NS_PER_SEC),
                           .tv_nsec = (long)(wake->gap_ns % NS_PER_SEC)};
    uint64_t end = clock_now_ns() + wake->gap_ns;

    if (wake->writer_cpu < 0 || wake->sleeper_cpu < 0 || wake->writer_cpu == wake->sleeper_cpu) {
        nanosleep(&gap, NULL);
        return;
    }
    while (clock_now_ns() < end)
        ;
}

static void *writer_main(void *arg)
{
    struct wake_pair *p = arg;

    for (uint32_t i = 0; i < p->wake->samples; i++) {
        gap_wait(p->wake);
        p->written_ns = clock_now_ns();
        event_send(p->ring_fd);
        event_wait(p->answer_fd);
    }
    return NULL;
}

/* The CPUs of this thread, and those that it could be given: what is online and in its cpuset. */
static int cpus_read(cpu_set_t *ret_own, cpu_set_t *ret_possible)
{
    cpu_set_t own, all;

    memset(&all, 0xff, sizeof(all));
    if (sched_getaffinity(0, sizeof(own), &own) != 0)
        return -errno;
    *ret_own = *ret_possible = own;
    if (sched_setaffinity(0, sizeof(all), &all) == 0) {
        (void)sched_getaffinity(0, sizeof(*ret_possible), ret_possible);
        (void)sched_setaffinity(0, sizeof(own), &own);
    }
    return 0;
}

static int first_other(const cpu_set_t *set, int cpu)
{
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (i != cpu && CPU_ISSET(i, set))
            return i;
    return -1;
}

int pg_wake_cpu_other(int cpu)
{
    cpu_set_t own, possible;
    int other;

    if (cpus_read(&own, &possible) != 0)
        return -1;
    other = first_other(&own, cpu);
    return other >= 0 ? other : first_other(&possible, cpu);
}

static int cpu_check(int cpu, struct vsw_err *err)
{
    cpu_set_t own, possible;

    if (cpu < 0)
        return 0;
    if (cpu < CPU_SETSIZE && cpus_read(&own, &possible) == 0 && CPU_ISSET(cpu, &possible))
        return 0;
    vsw_err_set(err, -EINVAL, "cpu", "this process may not run on CPU %d", cpu);
    vsw_err_hint(err, "see lscpu");
    return -EINVAL;
}

static int thread_start(pthread_t *ret_thread, void *(*run)(void *), struct wake_pair *p, int cpu,
                        struct vsw_err *err)
{
    pthread_attr_t attr;
    cpu_set_t set;
    int rc;

    pthread_attr_init(&attr);
    CPU_ZERO(&set);
    if (cpu >= 0) {
        CPU_SET(cpu, &set);
        pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
    }
    rc = pthread_create(ret_thread, &attr, run, p);
    pthread_attr_destroy(&attr);
    return rc ? vsw_err_set(err, -rc, "wake", "no thread: %s", strerror(rc)) : 0;
}

static int threads_run(struct wake_pair *p, struct vsw_err *err)
{
    pthread_t sleeper, writer;
    int rc = thread_start(&sleeper, sleeper_main, p, p->wake->sleeper_cpu, err);

    if (rc != 0)
        return rc;
    rc = thread_start(&writer, writer_main, p, p->wake->writer_cpu, err);
    if (rc != 0) { /* the sleeper sleeps in read(2), which is where a thread can be cancelled */
        pthread_cancel(sleeper);
        pthread_join(sleeper, NULL);
        return rc;
    }
    pthread_join(writer, NULL);
    pthread_join(sleeper, NULL);
    return 0;
}

int pg_wake_measure(const struct pg_wake *wake, struct pg_hist *ret_hist, struct vsw_err *err)
{
    struct wake_pair p = {.wake = wake, .ring_fd = -1, .answer_fd = -1};
    struct pg_hist hist;
    int rc = cpu_check(wake->writer_cpu, err);

    rc = rc ? rc : cpu_check(wake->sleeper_cpu, err);
    if (rc != 0)
        return rc;
    pg_hist_reset(&hist);
    p.hist = &hist;
    p.ring_fd = eventfd(0, EFD_CLOEXEC);
    p.answer_fd = eventfd(0, EFD_CLOEXEC);
    if (p.ring_fd < 0 || p.answer_fd < 0)
        rc = vsw_err_set(err, -errno, "wake", "no eventfd: %s", strerror(errno));
    else
        rc = threads_run(&p, err);
    if (p.ring_fd >= 0)
        close(p.ring_fd);
    if (p.answer_fd >= 0)
        close(p.answer_fd);
    if (rc == 0)
        *ret_hist = hist;
    return rc;
}
