/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An event gate as a worker sees it: an edge in its epoll set, or none.
 */
#include "port/event_gate.h"
#include "tests/support/cmocka.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lab {
    struct event_gate gate;
    int fd;        /* what the kernel signals */
    int worker_fd; /* the worker's epoll set */
};

static int setup(void **state)
{
    static struct lab lab;
    struct epoll_event edge = {.events = EPOLLIN | EPOLLET};

    lab.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    lab.worker_fd = epoll_create1(EPOLL_CLOEXEC);
    if (lab.fd < 0 || lab.worker_fd < 0 || event_gate_init(&lab.gate, lab.fd) < 0)
        return -1;
    *state = &lab;
    return epoll_ctl(lab.worker_fd, EPOLL_CTL_ADD, lab.gate.set_fd, &edge);
}

static int teardown(void **state)
{
    struct lab *lab = *state;

    event_gate_fini(&lab->gate);
    close(lab->worker_fd);
    close(lab->fd);
    return 0;
}

static void signal_once(struct lab *lab)
{
    assert_int_equal(eventfd_write(lab->fd, 1), 0);
}

static int events(struct lab *lab)
{
    struct epoll_event event;

    return epoll_wait(lab->worker_fd, &event, 1, 0);
}

static void test_nothing_comes_through_while_shut(void **state)
{
    struct lab *lab = *state;

    signal_once(lab);
    assert_int_equal(events(lab), 0);
}

static void test_each_signal_is_an_edge_while_open(void **state)
{
    struct lab *lab = *state;

    assert_true(event_gate_open(&lab->gate));
    assert_int_equal(events(lab), 0);
    for (int i = 0; i < 3; i++) {
        signal_once(lab);
        assert_int_equal(events(lab), 1);
        assert_int_equal(events(lab), 0);
    }
}

/* What came between the last look and opening would otherwise be slept over. */
static void test_opening_tells_what_is_there_already(void **state)
{
    struct lab *lab = *state;

    signal_once(lab);
    assert_true(event_gate_open(&lab->gate));
    assert_int_equal(events(lab), 1);
}

static void test_it_opens_and_shuts_again_and_again(void **state)
{
    struct lab *lab = *state;

    event_gate_shut(&lab->gate);
    for (int i = 0; i < 3; i++) {
        assert_true(event_gate_open(&lab->gate));
        assert_true(event_gate_open(&lab->gate));
        assert_int_equal(events(lab), i > 0);
        event_gate_shut(&lab->gate);
        event_gate_shut(&lab->gate);
        signal_once(lab);
        assert_int_equal(events(lab), 0);
    }
}

static void test_a_refusal_is_told(void **state)
{
    struct lab *lab = *state;
    struct event_gate none;

    assert_int_equal(event_gate_init(&none, -1), 0);
    assert_false(event_gate_open(&none));
    assert_false(event_gate_open(&none));
    event_gate_shut(&none);
    event_gate_fini(&none);
    event_gate_fini(&none);
    assert_int_equal(events(lab), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_comes_through_while_shut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_signal_is_an_edge_while_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_opening_tells_what_is_there_already, setup, teardown),
        cmocka_unit_test_setup_teardown(test_it_opens_and_shuts_again_and_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_refusal_is_told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
