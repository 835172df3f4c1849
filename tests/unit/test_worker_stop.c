/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A worker that is told to stop in the middle of a round: the event that tells it is used up by
 * that round, and the worker must not sleep after it. epoll_wait(2) is replaced here, so that the
 * round can be held at that very place, and ppoll(2), so that a sleep is seen and does not last.
 */
#include "datapath/dp.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic bool hold, told, slept;
static sem_t held;

static int real_epoll_wait(int epoll_fd, struct epoll_event *events, int max, int timeout_ms)
{
    return (int)syscall(SYS_epoll_pwait, epoll_fd, events, max, timeout_ms, NULL, 0);
}

/* Once: empty the set, say so, and go on when the next event is there. */
int epoll_wait(int epoll_fd, struct epoll_event *events, int max, int timeout_ms)
{
    struct pollfd set = {.fd = epoll_fd, .events = POLLIN};

    if (atomic_exchange(&hold, false)) {
        real_epoll_wait(epoll_fd, events, max, 0);
        sem_post(&held);
        while (poll(&set, 1, -1) < 0)
            ;
        atomic_store(&told, true);
    }
    return real_epoll_wait(epoll_fd, events, max, timeout_ms);
}

/* How a worker sleeps. */
int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    if (atomic_load(&told)) {
        atomic_store(&slept, true);
        return 0;
    }
    return (int)syscall(SYS_ppoll, fds, count, timeout, mask, 0);
}

static void *stop(void *dp)
{
    dp_stop(dp);
    return NULL;
}

static void a_round_that_uses_up_the_event_is_the_last(void **state)
{
    const struct dp_params params = {
        .workers = 1,
        .max_ports = 1,
        .max_domains = 1,
        .max_tenants = 1,
        .fdb_max = 64,
    };
    struct datapath *dp;
    pthread_t stopper;

    assert_int_equal(sem_init(&held, 0, 0), 0);
    assert_int_equal(dp_create(&params, &dp, NULL), 0);
    atomic_store(&hold, true);
    assert_int_equal(dp_start(dp, NULL, NULL), 0);
    while (sem_wait(&held) < 0)
        ;
    assert_int_equal(pthread_create(&stopper, NULL, stop, dp), 0);
    assert_int_equal(pthread_join(stopper, NULL), 0);
    assert_true(told);
    assert_false(slept);
    dp_destroy(dp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_round_that_uses_up_the_event_is_the_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
