/* SPDX-License-Identifier: BSD-3-Clause
 *
 * vhost-user/vhu_conn.c and vhu_messages.c against peers that keep to nothing: every message
 * number with every size, in every state of a connection, with values at their limits and with
 * descriptors nobody asked for; half messages, slow senders, floods. What must hold: the process
 * lives, nothing leaks, a second port does not notice.
 */
#include "base/clock.h"
#include "tests/support/cmocka.h"
#include "tests/support/vhu_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static uint64_t now_ns = 1000 * NS_PER_SEC;

/* The VM that must not notice. */
static struct {
    struct vhu_options options;
    struct port_config config;
    struct port *port;
    struct frontend f;
} second;

static int setup(void **state)
{
    struct vhu_lab *x;

    clock_use_test(&now_ns);
    now_ns += 3600 * NS_PER_SEC;
    x = vhu_lab_create("0600", 2);
    x->port = fake_host_add(&x->host, &port_type_vhost_user, &x->config);
    second.options = x->options;
    snprintf(second.options.path, sizeof(second.options.path), "%s/second", x->dir);
    second.config = x->config;
    second.config.options = &second.options;
    second.port = fake_host_add(&x->host, &port_type_vhost_user, &second.config);
    frontend_init(&second.f, &x->host);
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct vhu_lab *x = *state;

    frontend_fini(&second.f);
    fake_host_remove(&x->host, second.port);
    vhu_lab_destroy(x);
    clock_use_test(NULL);
    return 0;
}

static const struct vhu_counters *counters(const struct vhu_lab *x)
{
    return &vhu_of(x->port)->counters;
}

static uint64_t refused(const struct vhu_lab *x)
{
    uint64_t sum = 0;

    for (int i = 0; i < VHU_REFUSAL_COUNT; i++)
        sum += counters(x)->refused[i];
    return sum;
}

static void connect_first(struct vhu_lab *x)
{
    assert_true(frontend_connect(&x->f, x->options.path));
}

/* The other port answers at once, whatever happens on the first. */
static void second_port_is_fine(struct vhu_lab *x)
{
    if (second.f.fd < 0) {
        assert_true(frontend_connect(&second.f, second.options.path));
        frontend_handshake(&second.f, 2);
    }
    vhu_of(second.port)->rate_at_ns = 0;
    assert_int_equal(frontend_get(&second.f, VHU_GET_QUEUE_NUM), 2);
    assert_int_equal(second.port->tx_queues, 2);
}

static void step_ms(struct vhu_lab *x, uint64_t ms)
{
    now_ns += ms * NS_PER_MS;
    fake_host_settle(&x->host);
}

/* ---- half messages ----------------------------------------------------------------------- */
static void half_message_times_out(void **state)
{
    struct vhu_lab *x = *state;
    uint32_t header[3] = {VHU_SET_FEATURES, 1, 8};

    for (size_t part = 1; part <= sizeof(header); part++) {
        connect_first(x);
        assert_int_equal(send(x->f.fd, header, part, 0), (ssize_t)part);
        fake_host_settle(&x->host);
        second_port_is_fine(x);
        step_ms(x, 999);
        assert_false(frontend_is_closed(&x->f));
        step_ms(x, 2);
        assert_true(frontend_is_closed(&x->f));
        assert_int_equal(counters(x)->timeouts, part);
        frontend_close(&x->f);
        fake_host_settle(&x->host);
    }
    assert_int_equal(fake_host_timers(&x->host), 0);
}

/* A byte every 90 ms: each in time, the whole not. */
static void slow_sender_times_out(void **state)
{
    struct vhu_lab *x = *state;
    uint8_t message[20] = {VHU_SET_FEATURES, 0, 0, 0, 1, 0, 0, 0, 8};
    unsigned i = 0;

    connect_first(x);
    while (i < sizeof(message) && send(x->f.fd, message + i, 1, MSG_NOSIGNAL) == 1) {
        i++;
        step_ms(x, 90);
        second_port_is_fine(x);
    }
    assert_int_equal(i, 13); /* 12 in time, one too many */
    assert_int_equal(counters(x)->timeouts, 1);
}

/* In pieces but in time, with the descriptor on the last. */
static void message_in_pieces(void **state)
{
    struct vhu_lab *x = *state;
    uint8_t message[12] = {VHU_GET_QUEUE_NUM, 0, 0, 0, 1};
    uint64_t v;

    connect_first(x);
    for (unsigned i = 0; i < sizeof(message); i++) {
        assert_int_equal(send(x->f.fd, message + i, 1, 0), 1);
        step_ms(x, 70);
    }
    assert_int_equal(frontend_recv(&x->f, VHU_GET_QUEUE_NUM, &v, 100), 1);
    assert_int_equal(v, 2);
    assert_int_equal(fake_host_timers(&x->host), 0);
}

static void malformed_headers_close(void **state)
{
    struct vhu_lab *x = *state;
    static const uint32_t bad[][3] = {{1, 0, 0},        {1, 2, 0},           {1, 3, 0},
                                      {1, 5, 0},        {1, 1, 4097},        {1, 1, ~0u},
                                      {3, 1, 1u << 31}, {~0u, 1, 0xffff0000}};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        connect_first(x);
        assert_int_equal(send(x->f.fd, bad[i], 12, 0), 12);
        assert_true(frontend_is_closed(&x->f));
        frontend_close(&x->f);
        assert_int_equal(counters(x)->protocol_errors, i + 1);
    }
}

/* ---- flood ------------------------------------------------------------------------------- */
static void flood_is_throttled_not_killed(void **state)
{
    struct vhu_lab *x = *state;
    uint32_t header[3] = {VHU_SET_OWNER, 1, 0};
    uint64_t before;

    connect_first(x);
    for (int i = 0; i < 2000; i++) {
        if (send(x->f.fd, header, 12, MSG_DONTWAIT) != 12)
            break;
        if (i % 100 == 0)
            fake_host_settle(&x->host);
    }
    fake_host_settle(&x->host);
    before = counters(x)->messages;
    assert_in_range(before, VHU_RATE_BURST - 1, VHU_RATE_BURST + 1);
    second_port_is_fine(x);
    for (int i = 0; i < 100; i++)
        step_ms(x, 10);
    assert_in_range(counters(x)->messages - before, VHU_RATE_PER_S - 2, VHU_RATE_PER_S + 2);
    assert_true(counters(x)->throttled > 0);
    assert_false(frontend_is_closed(&x->f));
}

/* Reconnecting does not refill the bucket. */
static void connection_flood_is_throttled(void **state)
{
    struct vhu_lab *x = *state;

    for (int i = 0; i < 2000; i++) {
        if (!frontend_connect(&x->f, x->options.path))
            break;
        frontend_close(&x->f);
        fake_host_poll(&x->host, 0);
        fake_host_poll(&x->host, 0);
    }
    assert_true(counters(x)->connections <= VHU_RATE_BURST + 1);
    second_port_is_fine(x);
    for (int i = 0; i < 300; i++)
        step_ms(x, 20);
    connect_first(x);
    assert_true(frontend_get(&x->f, VHU_GET_FEATURES) != 0);
}

/* A peer that asks and never reads: we stop reading, and go on when it does. */
static void answers_not_read(void **state)
{
    struct vhu_lab *x = *state;
    uint32_t header[3] = {VHU_GET_FEATURES, 1, 0};
    unsigned sent = 0, got = 0;
    uint8_t answer[20];
    int bytes = 1;

    connect_first(x);
    setsockopt(x->f.fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    for (int i = 0; i < 20000; i++) {
        vhu_of(x->port)->rate_at_ns = 0;
        sent += send(x->f.fd, header, 12, MSG_DONTWAIT) == 12;
        fake_host_settle(&x->host);
        if (vhu_of(x->port)->conn.out_bytes > 0)
            break;
    }
    assert_true(vhu_of(x->port)->conn.out_bytes > 0);
    assert_true(sent > 10);
    second_port_is_fine(x);
    while (got < sent) {
        vhu_of(x->port)->rate_at_ns = 0;
        got += recv(x->f.fd, answer, sizeof(answer), MSG_DONTWAIT) == sizeof(answer);
        fake_host_settle(&x->host);
    }
    assert_false(frontend_is_closed(&x->f));
}

/* ---- descriptors ------------------------------------------------------------------------- */
/* 10,000 messages with 0 to 20 descriptors each: none stays. */
static void unwanted_fds_are_closed(void **state)
{
    struct vhu_lab *x = *state;
    int fds[20];
    unsigned before;

    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        fds[i] = i % 2 ? eventfd(0, EFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    clock_use_test(NULL);
    connect_first(x);
    frontend_features(&x->f, 1ull << VHU_F_PROTOCOL_FEATURES | 1ull << VHU_F_VERSION_1);
    before = frontend_count_fds() + 1; /* the thread that closes has one */
    for (unsigned i = 0; i < 10000; i++) {
        vhu_of(x->port)->rate_at_ns = 0;
        assert_int_equal(frontend_ask(&x->f, VHU_SET_OWNER, NULL, 0, fds, i % 21), i % 21 != 0);
    }
    frontend_wait_fds(before);
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
}

static void only_eventfds_kick_and_call(void **state)
{
    struct vhu_lab *x = *state;
    static const uint32_t requests[] = {VHU_SET_VRING_KICK, VHU_SET_VRING_CALL, VHU_SET_VRING_ERR};
    int pipes[2], file = open("/dev/zero", O_RDWR | O_CLOEXEC), event = eventfd(0, EFD_CLOEXEC);

    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    connect_first(x);
    frontend_handshake(&x->f, 2);
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        bool pipe_will_do = requests[i] == VHU_SET_VRING_CALL;
        int bad[] = {pipes[0], pipe_will_do ? file : pipes[1], file, pipe_will_do ? file : x->f.fd,
                     x->f.region[0].fd};
        struct frontend *f = &x->f;

        for (size_t k = 0; k < ARRAY_SIZE(bad); k++)
            assert_int_equal(frontend_ask(f, requests[i], &(uint64_t){0}, 8, &bad[k], 1), 1);
        assert_int_equal(frontend_ask(f, requests[i], &(uint64_t){0}, 8, NULL, 0), 1);
        assert_int_equal(frontend_ask(f, requests[i], &(uint64_t){0x100}, 8, &event, 1), 1);
        assert_int_equal(frontend_ask(f, requests[i], &(uint64_t){4}, 8, &event, 1), 1);
        assert_int_equal(frontend_ask(f, requests[i], &(uint64_t){0}, 8, &event, 1), 0);
    }
    assert_int_equal(counters(x)->refused[VHU_REFUSED_bad_fd], 15);
    assert_int_equal(counters(x)->refused[VHU_REFUSED_bad_fd_count], 6);
    assert_int_equal(counters(x)->refused[VHU_REFUSED_bad_ring], 3);
    close(pipes[0]);
    close(pipes[1]);
    close(file);
    close(event);
}

/* Our own table of descriptors is full when they arrive. */
static void descriptors_that_do_not_fit(void **state)
{
    struct vhu_lab *x = *state;
    struct rlimit old, tight;
    int fds[8];
    uint64_t v = 0;

    connect_first(x);
    frontend_features(&x->f, 1ull << VHU_F_PROTOCOL_FEATURES | 1ull << VHU_F_VERSION_1);
    for (unsigned i = 0; i < 8; i++)
        fds[i] = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    tight = (struct rlimit){(rlim_t)fds[7] + 4, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    v = frontend_ask(&x->f, VHU_SET_MEM_TABLE, &(struct vhu_wire_memory){.count = 8}, 264, fds, 8);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(v, 1);
    assert_int_equal(counters(x)->fds_lost, 1);
    assert_int_equal(frontend_get(&x->f, VHU_GET_QUEUE_NUM), 2);
    for (unsigned i = 0; i < 8; i++)
        close(fds[i]);
}

/* ---- what is answered -------------------------------------------------------------------- */
static void uninvited_messages(void **state)
{
    struct vhu_lab *x = *state;
    static const uint32_t uninvited[] = {VHU_SET_LOG_BASE,
                                         VHU_IOTLB_MSG,
                                         VHU_GET_CONFIG,
                                         VHU_CREATE_CRYPTO_SESSION,
                                         VHU_POSTCOPY_ADVISE,
                                         VHU_GET_INFLIGHT_FD,
                                         VHU_SET_INFLIGHT_FD,
                                         VHU_RESET_DEVICE,
                                         VHU_VRING_KICK,
                                         VHU_SET_BACKEND_REQ_FD,
                                         41,
                                         43};
    uint8_t payload[64] = {0};

    for (size_t i = 0; i < ARRAY_SIZE(uninvited); i++) {
        connect_first(x);
        frontend_handshake(&x->f, 1);
        assert_true(frontend_send(&x->f, uninvited[i], 0, payload, sizeof(payload), NULL, 0));
        /* Closed when it would wait for an answer, served on when not. */
        if (!frontend_is_closed(&x->f))
            assert_int_equal(frontend_get(&x->f, VHU_GET_QUEUE_NUM), 2);
        assert_int_equal(counters(x)->refused[VHU_REFUSED_not_offered], i + 1);
        frontend_close(&x->f);
        fake_host_settle(&x->host);
        step_ms(x, 10000);
    }
    connect_first(x);
    frontend_handshake(&x->f, 1);
    assert_int_equal(frontend_ask(&x->f, VHU_RESET_DEVICE, NULL, 0, NULL, 0), 1);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_LOG_FD, NULL, 0, NULL, 0), 1);
    assert_int_equal(frontend_ask(&x->f, 200, NULL, 0, NULL, 0), 1);
    assert_int_equal(counters(x)->refused[VHU_REFUSED_unknown_message], 1);
    assert_true(frontend_send(&x->f, 0, 0, NULL, 0, NULL, 0));
    assert_true(frontend_is_closed(&x->f));
}

/* Messages of protocol features that were offered but not taken. */
static void not_negotiated(void **state)
{
    struct vhu_lab *x = *state;

    connect_first(x);
    frontend_get(&x->f, VHU_GET_FEATURES);
    frontend_set_u64(&x->f, VHU_SET_PROTOCOL_FEATURES, 1ull << VHU_P_REPLY_ACK);
    x->f.protocol = 1ull << VHU_P_REPLY_ACK;
    assert_int_equal(frontend_ask(&x->f, VHU_NET_SET_MTU, &(uint64_t){1500}, 8, NULL, 0), 1);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_STATUS, &(uint64_t){1}, 8, NULL, 0), 1);
    assert_int_equal(frontend_ask(&x->f, VHU_SEND_RARP, &(uint64_t){2}, 8, NULL, 0), 1);
    assert_int_equal(counters(x)->refused[VHU_REFUSED_not_offered], 3);
    assert_int_equal(x->host.injects, 0);
    assert_int_equal(
        frontend_ask(&x->f, VHU_SET_PROTOCOL_FEATURES, &(uint64_t){1ull << 1}, 8, NULL, 0), 1);
    assert_int_equal(frontend_ask(&x->f, VHU_SET_FEATURES, &(uint64_t){1ull << 34}, 8, NULL, 0), 1);
    assert_int_equal(counters(x)->refused[VHU_REFUSED_bad_features], 2);
}

static void ring_values_at_their_limits(void **state)
{
    struct vhu_lab *x = *state;
    static const uint32_t bad_num[] = {0, 3, 8192, 65536, UINT32_MAX};
    static const uint32_t good_num[] = {1, 2, 4096, 256};
    struct vhu_wire_addr a = {.index = 4};
    struct frontend *f = &x->f;

    connect_first(x);
    frontend_handshake(f, 2);
    for (size_t i = 0; i < ARRAY_SIZE(bad_num); i++) {
        struct vhu_wire_state s = {0, bad_num[i]};

        assert_int_equal(frontend_ask(f, VHU_SET_VRING_NUM, &s, 8, NULL, 0), 1);
    }
    for (size_t i = 0; i < ARRAY_SIZE(good_num); i++)
        frontend_set_state(f, VHU_SET_VRING_NUM, 0, good_num[i]);
    assert_int_equal(
        frontend_ask(f, VHU_SET_VRING_NUM, &(struct vhu_wire_state){4, 256}, 8, NULL, 0), 1);
    assert_int_equal(
        frontend_ask(f, VHU_SET_VRING_BASE, &(struct vhu_wire_state){0, 65536}, 8, NULL, 0), 1);
    assert_int_equal(
        frontend_ask(f, VHU_SET_VRING_ENABLE, &(struct vhu_wire_state){0, 2}, 8, NULL, 0), 1);
    assert_int_equal(frontend_ask(f, VHU_SET_VRING_ADDR, &a, 40, NULL, 0), 1);
    a.index = 0;
    a.desc_uva = 8;
    assert_int_equal(frontend_ask(f, VHU_SET_VRING_ADDR, &a, 40, NULL, 0), 1);
    a = (struct vhu_wire_addr){.flags = 1};
    assert_int_equal(frontend_ask(f, VHU_SET_VRING_ADDR, &a, 40, NULL, 0), 1);
    a = (struct vhu_wire_addr){.desc_uva = ~15ull, .used_uva = ~15ull, .avail_uva = ~15ull};
    assert_int_equal(frontend_ask(f, VHU_SET_VRING_ADDR, &a, 40, NULL, 0), 0); /* taken ... */
    assert_true(vhu_of(x->port)->ring[0].broken); /* ... and of no use */
}

/* ---- everything, everywhere -------------------------------------------------------------- */
#define STATES 6
/* The address sanitizer keeps what was freed for a while, and finds leaks by itself. */
#ifdef __SANITIZE_ADDRESS__
#define RSS_GROWTH_KIB (1024 * 1024)
#else
#define RSS_GROWTH_KIB 4096
#endif

static void drive_to(struct vhu_lab *x, unsigned step)
{
    struct frontend *f = &x->f;

    connect_first(x);
    switch (step) {
    case 0: return;
    case 1: frontend_get(f, VHU_GET_FEATURES); return;
    case 2: frontend_features(f, 1ull << VHU_F_PROTOCOL_FEATURES | 1ull << VHU_F_VERSION_1); return;
    case 3:
        frontend_features(f, 1ull << VHU_F_PROTOCOL_FEATURES | 1ull << VHU_F_VERSION_1);
        frontend_mem_table(f);
        return;
    case 4: frontend_handshake(f, 1); return;
    default: frontend_handshake(f, 2); return;
    }
}

static const uint64_t boundary[] = {0,          1,          2,          4,
                                    0xff,       0x100,      0x104,      0xffff,
                                    0x7fffffff, 0xffffffff, 1ull << 32, 1ull << 40,
                                    1ull << 63, UINT64_MAX, 4096,       0x0000000100000001};

static void fill(uint8_t *payload, unsigned variant)
{
    for (unsigned i = 0; i < VHU_PAYLOAD_BYTES / 8; i++) {
        uint64_t v = boundary[(variant + (variant > 15 ? i : 0)) % ARRAY_SIZE(boundary)];

        memcpy(payload + 8 * i, &v, 8);
    }
}

static void drain(struct frontend *f)
{
    uint8_t buf[256];

    while (f->fd >= 0 && recv(f->fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
        ;
}

static long rss_kib(void)
{
    long size, rss = 0;
    FILE *s = fopen("/proc/self/statm", "r");

    assert_int_equal(fscanf(s, "%ld %ld", &size, &rss), 2);
    fclose(s);
    return rss * 4;
}

static void try_one(struct vhu_lab *x, unsigned step, uint32_t request, uint32_t size,
                    unsigned variant, const int *fds, unsigned fd_count)
{
    static uint8_t payload[VHU_PAYLOAD_BYTES];
    struct frontend *f = &x->f;

    vhu_of(x->port)->rate_at_ns = 0;
    if (f->fd < 0 || frontend_is_closed(f)) {
        frontend_close(f);
        fake_host_settle(&x->host);
        drive_to(x, step);
        vhu_of(x->port)->rate_at_ns = 0;
    }
    fill(payload, variant);
    frontend_send(f, request, variant & 1 ? VHU_FLAG_NEED_REPLY : 0, payload, size, fds, fd_count);
    fake_host_settle(&x->host);
    drain(f);
}

static void all_messages_in(struct vhu_lab *x, unsigned step, const int *fds)
{
    static const uint32_t right[] = {0, 8, 40, 264, 72, 12, 20, 24};

    for (uint32_t request = 0; request <= 45; request++) {
        for (size_t s = 0; s < ARRAY_SIZE(right); s++) {
            for (int off = -1; off <= 1; off++) {
                uint32_t size = right[s] + (uint32_t)off;
                unsigned seed = request * 31 + (unsigned)s * 7 + (unsigned)(off + 1);

                if (right[s] == 0 && off < 0)
                    size = VHU_PAYLOAD_BYTES;
                for (unsigned k = 0; k < 4; k++)
                    try_one(x, step, request, size, (seed + 5 * k) % 32, fds, (seed + k) % 10);
            }
        }
        second_port_is_fine(x);
    }
}

static void generator(void **state)
{
    struct vhu_lab *x = *state;
    int fds[10];
    unsigned before;
    long rss = 0;

    for (unsigned i = 0; i < 10; i++)
        fds[i] = i % 3 == 0 ? memfd_create("junk", MFD_CLOEXEC) : eventfd(0, EFD_CLOEXEC);
    assert_int_equal(ftruncate(fds[0], 1 << 20), 0);
    frontend_region_add(&x->f, FRONTEND_GPA, FRONTEND_BYTES);
    second_port_is_fine(x);
    before = frontend_count_fds();
    for (unsigned step = 0; step < STATES; step++) {
        all_messages_in(x, step, fds);
        frontend_close(&x->f);
        fake_host_settle(&x->host);
        frontend_wait_fds(before);
        if (step == 0)
            rss = rss_kib();
    }
    assert_true(refused(x) > 1000);
    assert_true(rss_kib() - rss < RSS_GROWTH_KIB);
    for (unsigned i = 0; i < 10; i++)
        close(fds[i]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(half_message_times_out),
        T(slow_sender_times_out),
        T(message_in_pieces),
        T(malformed_headers_close),
        T(flood_is_throttled_not_killed),
        T(connection_flood_is_throttled),
        T(answers_not_read),
        T(unwanted_fds_are_closed),
        T(only_eventfds_kick_and_call),
        T(descriptors_that_do_not_fit),
        T(uninvited_messages),
        T(not_negotiated),
        T(ring_values_at_their_limits),
        T(generator),
    };

    return cmocka_run_group_tests(tests, vhu_lab_warm_up, NULL);
}
