/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Captures that come and go while several workers forward, each read by a thread of its own. Fit
 * for the thread sanitizer.
 */
#include "base/clock.h"
#include "datapath/capture.h"
#include "datapath/dp.h"
#include "tests/support/busy_port.h"
#include "tests/support/cmocka.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WORKERS  3
#define PORTS    2
#define QUEUES   4
#define FRAMES   100000
#define CAPTURES 3

static struct datapath *dp;
static struct busy_port *ports[PORTS];

/* One reader: counts what it gets until it is told to end. */
struct reader {
    struct dp_capture *capture;
    pthread_t thread;
    int end_fd;
    uint64_t frames, wrong;
};

static bool is_over(const struct reader *r)
{
    struct pollfd fds[] = {
        {.fd = dp_capture_event_fd(r->capture), .events = POLLIN},
        {.fd = r->end_fd, .events = POLLIN},
    };

    poll(fds, 2, -1);
    return (fds[1].revents & POLLIN) != 0;
}

static void read_all(struct reader *r)
{
    const struct dp_capture_record *record;

    while ((record = dp_capture_next(r->capture)) != NULL) {
        r->frames++;
        r->wrong += record->len != record->kept || record->bytes[0] != 2 || record->outbound;
        dp_capture_release(r->capture);
    }
}

static void *reader_main(void *arg)
{
    struct reader *r = arg;
    bool over = false;

    while (!over) {
        if (dp_capture_rest(r->capture))
            over = is_over(r);
        read_all(r);
    }
    return NULL;
}

static void reader_start(struct reader *r, uint16_t port)
{
    const struct dp_capture_spec spec = {
        .port = port,
        .directions = DP_CAPTURE_IN,
        .snaplen_bytes = 2000,
        .ring_bytes = 64 << 10,
    };

    *r = (struct reader){.end_fd = eventfd(0, EFD_NONBLOCK)};
    assert_int_equal(dp_capture_create(dp, &spec, &r->capture), 0);
    assert_int_equal(pthread_create(&r->thread, NULL, reader_main, r), 0);
    assert_int_equal(dp_capture_attach(dp, r->capture), 0);
}

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static void serve(void)
{
    struct pollfd fd = {.fd = dp_event_fd(dp), .events = POLLIN};

    poll(&fd, 1, 1);
    dp_service(dp, clock_now_ns());
}

/* Bursts that were received have been handled. */
static void wait_for_grace(void)
{
    bool done = false;

    dp_retire(dp, set_flag, &done);
    while (!done)
        serve();
}

/* Return the frames that it should have seen: read and missed. */
static uint64_t reader_stop(struct reader *r)
{
    const uint64_t one = 1;
    bool done = false;
    uint64_t seen;

    dp_capture_detach(dp, r->capture, set_flag, &done);
    while (!done)
        serve();
    assert_int_equal(write(r->end_fd, &one, sizeof(one)), sizeof(one));
    pthread_join(r->thread, NULL);
    assert_int_equal(r->wrong, 0);
    seen = r->frames + dp_capture_missed(r->capture);
    dp_capture_free(r->capture);
    close(r->end_fd);
    return seen;
}

static void publish(void)
{
    static const struct dp_member_spec members[PORTS] = {{.port = 0}, {.port = 1}};
    static const struct dp_domain_spec domain = {
        .domain = 1, .members = members, .member_count = PORTS};
    static const struct dp_tenant_spec tenant = {.tenant = 0};
    struct dp_port_spec specs[PORTS];
    const struct dp_spec spec = {
        .tenants = &tenant,
        .tenant_count = 1,
        .domains = &domain,
        .domain_count = 1,
        .ports = specs,
        .port_count = PORTS,
        .fdb_ageing_s = 300,
    };

    for (uint16_t i = 0; i < PORTS; i++)
        specs[i] = (struct dp_port_spec){
            .port = i, .up = true, .vlan = {.mode = VLAN_MODE_ACCESS, .native = 1}};
    assert_int_equal(dp_publish(dp, &spec), 0);
}

static int set_up(uint64_t frames)
{
    const struct dp_params params = {
        .workers = WORKERS,
        .max_ports = PORTS,
        .max_domains = 1,
        .max_tenants = 1,
        .fdb_max = 1024,
        .spin_us = 20,
    };

    assert_int_equal(dp_create(&params, &dp, NULL), 0);
    for (uint16_t i = 0; i < PORTS; i++) {
        ports[i] = busy_port_create("busy", QUEUES, frames, (uint8_t)(2 - i), (uint8_t)(1 + i));
        assert_int_equal(dp_port_attach(dp, &ports[i]->port, i), 0);
    }
    return 0;
}

static int setup(void **state)
{
    return set_up(FRAMES);
}

/* Enough for several captures one after another, on one CPU too. */
static int setup_many(void **state)
{
    return set_up(8 * FRAMES);
}

static int teardown(void **state)
{
    const struct dp_spec nothing = {0};

    assert_int_equal(dp_publish(dp, &nothing), 0);
    for (uint16_t i = 0; i < PORTS; i++)
        dp_port_detach(dp, &ports[i]->port);
    wait_for_grace();
    dp_stop(dp);
    for (uint16_t i = 0; i < PORTS; i++)
        busy_port_destroy(ports[i]);
    dp_destroy(dp);
    return 0;
}

static uint64_t remaining(void)
{
    return atomic_load(&ports[0]->remaining) + atomic_load(&ports[1]->remaining);
}

/* Every frame is read or counted as missed, by each of several captures. */
static void every_frame_is_accounted_for(void **state)
{
    struct reader readers[CAPTURES];

    for (uint16_t i = 0; i < CAPTURES; i++)
        reader_start(&readers[i], i % PORTS);
    publish();
    assert_int_equal(dp_start(dp, NULL, NULL), 0);
    while (remaining() > 0)
        serve();
    wait_for_grace();
    for (uint16_t i = 0; i < CAPTURES; i++)
        assert_int_equal(reader_stop(&readers[i]), FRAMES);
}

static void captures_come_and_go_under_load(void **state)
{
    uint64_t seen = 0;
    uint32_t rounds = 0;

    publish();
    assert_int_equal(dp_start(dp, NULL, NULL), 0);
    while (remaining() > 0) {
        struct reader first, second;

        reader_start(&first, 0);
        reader_start(&second, 0);
        serve();
        seen += reader_stop(&first);
        seen += reader_stop(&second);
        rounds++;
    }
    assert_true(rounds > 1);
    assert_true(seen > 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(every_frame_is_accounted_for),
        cmocka_unit_test_setup_teardown(captures_come_and_go_under_load, setup_many, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
