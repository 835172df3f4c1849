/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Kicks and calls: who is told, when, and that telling never waits.
 */
#include "tests/support/cmocka.h"
#include "tests/support/driver_ring.h"
#include "vhost-user/vring_call.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MEMORY_BYTES 0x100000u
#define DATA_GPA     0x80000u
#define FLAG_OFF     1 /* NO_INTERRUPT and NO_NOTIFY */

static struct guest guest;
static struct driver_ring driver;
static struct vring ring;
static struct burst burst;
static int call_fd;

static int setup(void **state)
{
    uint8_t frame[12 + 64] = {0};

    guest_init(&guest, MEMORY_BYTES, NULL);
    test_frame(frame + 12, 64, 1);
    guest_fill(&guest, DATA_GPA, frame, sizeof(frame));
    call_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return call_fd < 0;
}

static int teardown(void **state)
{
    close(call_fd);
    guest_fini(&guest);
    return 0;
}

static uint64_t calls(void)
{
    uint64_t n = 0;

    return read(call_fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void start(uint16_t index, bool event_idx, int fd)
{
    struct vring_config config;

    driver_init(&driver, &guest, 0, 256, index);
    config = driver_config(&driver);
    config.event_idx = event_idx;
    config.call_fd = fd;
    assert_int_equal(vring_init(&ring, &config, guest.map, NULL), 0);
    calls();
}

static void post(unsigned count)
{
    struct driver_buf buf = {.gpa = DATA_GPA, .len = 76};

    for (unsigned i = 0; i < count; i++)
        driver_post(&driver, &buf, 1, false);
}

/* Post, take and give back @count at once; returns how often the guest was called. */
static uint64_t serve(uint16_t count)
{
    post(count);
    burst_reset(&burst, BURST_FRAMES, INT32_MAX, INT32_MAX);
    vring_rx(&ring, &burst);
    assert_int_equal(burst.count, count);
    vring_rx_done(&ring);
    return calls();
}

static void test_interrupt_flag(void **state)
{
    struct vring_stats stats;

    start(65530, false, call_fd);
    assert_int_equal(serve(10), 1);
    driver_set_avail_flags(&driver, FLAG_OFF);
    assert_int_equal(serve(10), 0);
    /* With the flag, the event index means nothing. */
    driver_set_used_event(&driver, driver_used_idx(&driver));
    assert_int_equal(serve(1), 0);
    driver_set_avail_flags(&driver, 0);
    assert_int_equal(serve(1), 1);
    vring_rx_done(&ring);
    assert_int_equal(calls(), 0);
    vring_stats(&ring, &stats);
    assert_int_equal(stats.calls, 2);
}

/* A call exactly when the used index passes the event index, wherever the wrap is. */
static void test_event_index_everywhere(void **state)
{
    for (uint32_t base = 65536 - 40; base <= 65536 + 3; base++) {
        for (uint16_t batch = 1; batch <= 32; batch += batch < 4 ? 1 : 7) {
            for (int event = -3; event <= batch + 2; event++) {
                start((uint16_t)(base - 1), true, call_fd);
                driver_set_avail_flags(&driver, FLAG_OFF); /* means nothing now */
                assert_int_equal(serve(1), 1);             /* the first always calls */
                /* Used goes from base to base + batch; "call me when entry e was used". */
                driver_set_used_event(&driver, (uint16_t)((int)base + event));
                assert_int_equal(serve(batch), event >= 0 && event < batch);
            }
        }
    }
}

static void test_nobody_to_call(void **state)
{
    start(0, true, -1);
    assert_int_equal(serve(3), 0);
    assert_int_equal(driver_used_idx(&driver), 3);
}

static void test_one_call_for_a_burst_of_tx(void **state)
{
    struct driver_buf buf = {.gpa = DATA_GPA + 0x1000, .len = 1600};
    uint8_t bytes[64];
    struct frame_seg seg;
    struct frame f;
    struct tx_item item[40];

    start(0, false, call_fd);
    test_frame(bytes, sizeof(bytes), 1);
    test_source_frame(&f, &seg, bytes, sizeof(bytes));
    for (unsigned i = 0; i < 40; i++) {
        item[i] = (struct tx_item){.frame = &f};
        driver_post(&driver, &buf, 1, true);
    }
    vring_tx(&ring, item, 40);
    assert_int_equal(driver_used_idx(&driver), 40);
    assert_int_equal(calls(), 1);
    /* Nothing sent, nobody called; and kicks for receive buffers are not wanted. */
    vring_tx(&ring, item, 1);
    assert_int_equal(item[0].drop, DROP_dst_full);
    assert_int_equal(calls(), 0);
    assert_int_equal(driver_used_flags(&driver), FLAG_OFF);
}

static void test_arm_with_flags(void **state)
{
    start(65535, false, -1);
    vring_disarm(&ring);
    assert_int_equal(driver_used_flags(&driver), FLAG_OFF);
    assert_false(vring_arm(&ring));
    assert_int_equal(driver_used_flags(&driver), 0);
    post(1);
    assert_true(vring_arm(&ring));
    vring_disarm(&ring);
    burst_reset(&burst, BURST_FRAMES, INT32_MAX, INT32_MAX);
    vring_rx(&ring, &burst);
    vring_rx_done(&ring);
    assert_false(vring_arm(&ring));
}

static void test_arm_with_event_index(void **state)
{
    for (uint32_t base = 65530; base < 65540; base++) {
        start((uint16_t)base, true, -1);
        assert_false(vring_arm(&ring));
        assert_int_equal(driver_avail_event(&driver), (uint16_t)base);
        vring_disarm(&ring);
        serve(5);
        /* Polling leaves the event index behind: no kicks. */
        assert_int_equal(driver_avail_event(&driver), (uint16_t)base);
        assert_int_equal(driver_used_flags(&driver), 0);
        assert_false(vring_arm(&ring));
        assert_int_equal(driver_avail_event(&driver), (uint16_t)(base + 5));
        post(1);
        assert_true(vring_arm(&ring));
    }
}

static void test_broken_ring_is_not_armed(void **state)
{
    start(0, true, -1);
    driver_set_avail_idx(&driver, 300);
    burst_reset(&burst, BURST_FRAMES, INT32_MAX, INT32_MAX);
    vring_rx(&ring, &burst);
    assert_int_equal(vring_error(&ring), VRING_BAD_INDEX);
    assert_false(vring_arm(&ring));
}

/* ---- signals ----------------------------------------------------------------------------- */

/* The peer fills the counter and makes the file blocking: write(2) would wait for ever. */
static void test_full_blocking_eventfd_does_not_wait(void **state)
{
    uint64_t full = UINT64_MAX - 1;
    int fd = eventfd(0, EFD_CLOEXEC);

    assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    start(0, false, fd);
    alarm(20); /* ends the test program, should it wait */
    for (int i = 0; i < 1000; i++)
        serve(1);
    alarm(0);
    assert_int_equal(vring_error(&ring), VRING_OK);
    assert_int_equal(driver_used_idx(&driver), 1000);
    close(fd);
}

static void test_probe(void **state)
{
    struct vsw_err err = {0};

    if (vring_call_probe(&err) != 0)
        fail_msg("%s", err.msg);
}

static void test_call_file_that_is_no_eventfd(void **state)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(vring_call(fds[1]), -EINVAL);
    assert_int_equal(vring_call(-1), -EBADF);
    start(0, false, fds[1]);
    serve(1);
    assert_int_equal(vring_error(&ring), VRING_CALL_FAILED);
    assert_int_equal(driver_used_idx(&driver), 1);
    close(fds[0]);
    close(fds[1]);
}

/* As if fs.aio-max-nr were used up, for the calling thread only. */
static void refuse_aio(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = ARRAY_SIZE(code), .filter = code};

    assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void *serve_without_aio(void *arg)
{
    refuse_aio();
    *(uint64_t *)arg = serve(1);
    return NULL;
}

/* A host that cannot call now calls later; it is not the guest's ring that is broken. */
static void test_call_that_the_host_refuses_is_made_later(void **state)
{
    pthread_t thread;
    uint64_t called = 1;

    start(0, true, call_fd);
    serve(1); /* the first always calls */
    driver_set_used_event(&driver, 1);
    assert_int_equal(pthread_create(&thread, NULL, serve_without_aio, &called), 0);
    pthread_join(thread, NULL);
    assert_int_equal(called, 0);
    assert_int_equal(vring_error(&ring), VRING_OK);
    assert_int_equal(driver_used_idx(&driver), 2);
    assert_true(vring_arm(&ring)); /* not done with it */
    vring_rx_done(&ring);
    assert_int_equal(calls(), 1);
    assert_false(vring_arm(&ring));
    vring_rx_done(&ring);
    assert_int_equal(calls(), 0);
}

static void *call_much(void *arg)
{
    for (int i = 0; i < 1000; i++)
        assert_int_equal(vring_call(call_fd), 0);
    return NULL;
}

static unsigned aio_contexts(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned n = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps) != NULL)
        n += strstr(line, "[aio]") != NULL;
    fclose(maps);
    return n;
}

/* A context is a thread's, and ends with it. */
static void test_calls_from_many_threads(void **state)
{
    unsigned before;

    assert_int_equal(vring_call(call_fd), 0);
    before = aio_contexts();
    assert_int_equal(before, 1);
    calls();
    for (int round = 0; round < 20; round++) {
        pthread_t thread[2];

        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&thread[i], NULL, call_much, NULL), 0);
        for (int i = 0; i < 2; i++)
            pthread_join(thread[i], NULL);
    }
    assert_int_equal(calls(), 40000);
    assert_int_equal(aio_contexts(), before);
}

static void test_fd_check(void **state)
{
    int fds[2], sockets[2], zero = open("/dev/zero", O_RDWR);
    struct vsw_err err = {0};

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    assert_int_equal(vring_fd_check(call_fd, &err), 0);
    assert_int_equal(err.code, 0);
    assert_int_equal(vring_fd_check(fds[0], NULL), -EINVAL);
    assert_int_equal(vring_fd_check(fds[1], NULL), -EINVAL);
    assert_int_equal(vring_fd_check(sockets[0], NULL), -EINVAL);
    assert_int_equal(vring_fd_check(zero, NULL), -EINVAL);
    assert_int_equal(vring_fd_check(guest.region[0].fd, NULL), -EINVAL);
    assert_int_equal(vring_fd_check(98765, &err), -EBADF);
    assert_true(err.msg[0] != '\0');
    for (int i = 0; i < 2; i++) {
        close(fds[i]);
        close(sockets[i]);
    }
    close(zero);
}

/* ---- set-up ------------------------------------------------------------------------------ */

static int init_with(uint16_t num, uint64_t desc, uint64_t avail, uint64_t used)
{
    struct vring_config config = driver_config(&driver);
    struct vsw_err err = {0};
    int rc;

    config.num = num;
    config.desc_uva = GUEST_UVA + desc;
    config.avail_uva = GUEST_UVA + avail;
    config.used_uva = GUEST_UVA + used;
    rc = vring_init(&ring, &config, guest.map, &err);
    assert_true((rc == 0) == (err.msg[0] == '\0'));
    return rc;
}

static void test_init_checks(void **state)
{
    const uint64_t end = MEMORY_BYTES;
    uint16_t index = 0;
    struct vring_config config;

    driver_init(&driver, &guest, 0, 256, 77);
    assert_int_equal(init_with(0, 0, 0, 0), -EINVAL);
    assert_int_equal(init_with(3, 0, 0, 0), -EINVAL);
    assert_int_equal(init_with(8192, 0, 0, 0), -EINVAL);
    assert_int_equal(init_with(65535, 0, 0, 0), -EINVAL);
    assert_int_equal(init_with(4096, 0, 0x10000, 0x20000), 0);
    assert_int_equal(init_with(256, 8, 0x10000, 0x20000), -EINVAL);
    assert_int_equal(init_with(256, 0, 0x10001, 0x20000), -EINVAL);
    assert_int_equal(init_with(256, 0, 0x10002, 0x20002), -EINVAL);
    assert_int_equal(init_with(256, 0, 0x10002, 0x20004), 0);
    assert_int_equal(init_with(256, end - 4096, 0x10000, 0x20000), 0);
    assert_int_equal(init_with(256, end - 4096 + 16, 0x10000, 0x20000), -EFAULT);
    assert_int_equal(init_with(256, 0, end - 518, 0x20000), 0);
    assert_int_equal(init_with(256, 0, end - 516, 0x20000), -EFAULT);
    assert_int_equal(init_with(256, 0, 0, end - 2056), 0);
    assert_int_equal(init_with(256, 0, 0, end - 2052), -EFAULT);
    assert_int_equal(init_with(256, 0, 0, end), -EFAULT);
    assert_int_equal(init_with(256, 0, 0, 0ull - GUEST_UVA), -EFAULT);
    config = driver_config(&driver);
    assert_int_equal(vring_used_index(&config, guest.map, &index), 0);
    assert_int_equal(index, 77);
    config.used_uva = 0;
    assert_int_equal(vring_used_index(&config, guest.map, &index), -EFAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interrupt_flag),
        cmocka_unit_test(test_event_index_everywhere),
        cmocka_unit_test(test_nobody_to_call),
        cmocka_unit_test(test_one_call_for_a_burst_of_tx),
        cmocka_unit_test(test_arm_with_flags),
        cmocka_unit_test(test_arm_with_event_index),
        cmocka_unit_test(test_broken_ring_is_not_armed),
        cmocka_unit_test(test_full_blocking_eventfd_does_not_wait),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_call_that_the_host_refuses_is_made_later),
        cmocka_unit_test(test_call_file_that_is_no_eventfd),
        cmocka_unit_test(test_calls_from_many_threads),
        cmocka_unit_test(test_fd_check),
        cmocka_unit_test(test_init_checks),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
