/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The thread that writes a capture: from frames to a file that a reader of our own and tshark take
 * apart again; and every way in which it ends.
 */
#include "control/capture_writer.h"
#include "tests/support/cmocka.h"
#include "tests/support/lab.h"
#include "tests/support/pcapng_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FILE_BYTES (32u << 20)
#define WAIT_MS    20000

static struct lab lab;
static struct pcapng_read got;
static uint8_t *content;

struct run {
    struct dp_capture *capture;
    struct capture_writer *writer;
    bool attached;
};

static int setup(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    lab_init(&lab, 1);
    lab_network(&lab, 1, 0, 10);
    lab_access(&lab, 0, 1, 1);
    lab_access(&lab, 1, 1, 1);
    lab_publish(&lab);
    content = malloc(FILE_BYTES);
    return content == NULL;
}

static int teardown(void **state)
{
    free(content);
    lab_fini(&lab);
    return 0;
}

/* ---- support ----------------------------------------------------------------------------- */

/* The next state that is not @state. */
static enum capture_writer_state wait_past(struct run *r, enum capture_writer_state state)
{
    struct pollfd p = {.fd = capture_writer_event_fd(r->writer), .events = POLLIN};
    enum capture_writer_state now;

    while ((now = capture_writer_state(r->writer)) == state)
        assert_int_equal(poll(&p, 1, WAIT_MS), 1);
    return now;
}

static struct run open_run(unsigned directions, const char *filter, uint32_t snaplen_bytes,
                           uint64_t count, int fd)
{
    struct dp_capture_spec spec = {.directions = directions, .snaplen_bytes = snaplen_bytes};
    struct capture_writer_params params = {
        .fd = fd,
        .application = "a test",
        .port = "p0",
        .filter = filter,
        .snaplen_bytes = snaplen_bytes,
        .count = count,
    };
    struct run r = {0};

    assert_int_equal(dp_capture_create(lab.dp, &spec, &r.capture), 0);
    params.capture = r.capture;
    assert_int_equal(capture_writer_start(&params, &r.writer), 0);
    return r;
}

static struct run start(unsigned directions, const char *filter, uint64_t count, int fd)
{
    struct run r = open_run(directions, filter, 65549, count, fd);

    /* It may have ended already, where nothing can be written. */
    assert_int_not_equal(wait_past(&r, CAPTURE_COMPILING), CAPTURE_COMPILING);
    assert_int_equal(dp_capture_attach(lab.dp, r.capture), 0);
    r.attached = true;
    return r;
}

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static void detach(struct run *r)
{
    bool done = false;

    dp_capture_detach(lab.dp, r->capture, set_flag, &done);
    dp_service(lab.dp, lab.now_ns);
    assert_true(done);
    r->attached = false;
}

/* Wait for the end, and check why it came. */
static void close_run(struct run *r, const char *why)
{
    assert_int_equal(wait_past(r, CAPTURE_READY), CAPTURE_ENDED);
    if (r->attached)
        detach(r);
    assert_string_equal(capture_writer_error(r->writer)->msg, why);
    assert_true(capture_writer_free(r->writer));
    dp_capture_free(r->capture);
}

static void finish(struct run *r)
{
    detach(r);
    capture_writer_finish(r->writer);
}

static int new_file(char *path)
{
    int fd;

    strcpy(path, "/tmp/vsw-capture-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    return fd;
}

static void parse(size_t len)
{
    const char *wrong = pcapng_parse(content, len, &got);

    if (wrong != NULL)
        fail_msg("%s", wrong);
}

static void parse_file(const char *path)
{
    FILE *f = fopen(path, "r");
    size_t len;

    assert_non_null(f);
    len = fread(content, 1, FILE_BYTES, f);
    fclose(f);
    parse(len);
}

static void send_frames(uint32_t count, uint32_t bytes)
{
    uint8_t buf[2048];

    lab_frame(buf, 2, 1, bytes);
    for (uint32_t i = 0; i < count; i++) {
        store_be32(buf + 14, i);
        fake_port_send(lab.port[0], 0, buf, bytes, NULL);
        if (i % 100 == 99)
            lab_run(&lab);
    }
    lab_run(&lab);
}

/* ---- what is written --------------------------------------------------------------------- */

static void a_file_holds_every_frame(void **state)
{
    char path[32];
    struct run r = start(DP_CAPTURE_IN, "ether proto 0x88b5", 0, new_file(path));

    send_frames(1000, 1000);
    finish(&r);
    assert_int_equal(wait_past(&r, CAPTURE_READY), CAPTURE_ENDED);
    assert_int_equal(capture_writer_pkts(r.writer), 1000);
    close_run(&r, "");
    parse_file(path);
    unlink(path);
    assert_string_equal(got.if_name, "p0");
    assert_string_equal(got.if_filter, "ether proto 0x88b5");
    assert_int_equal(got.packets, 1000);
    for (uint32_t i = 0; i < got.packets; i++) {
        assert_int_equal(load_be32(got.packet[i].bytes + 14), i);
        assert_int_equal(got.packet[i].len, 1000);
        assert_int_equal(got.packet[i].flags, 1);
        assert_true(got.packet[i].at_ns > 1600000000 * NS_PER_SEC);
    }
    assert_int_equal(got.statistics, 1);
    assert_int_equal(got.received, 1000);
    assert_int_equal(got.dropped, 0);
}

static void drops_have_a_comment(void **state)
{
    char path[32], want[256];
    struct run r = start(DP_CAPTURE_DROP, "", 0, new_file(path));
    uint8_t buf[128];

    fake_port_send(lab.port[0], 0, buf, lab_tag(buf, lab_frame(buf, 2, 1, 100), 0x8100, 7), NULL);
    lab_run(&lab);
    finish(&r);
    close_run(&r, "");
    parse_file(path);
    unlink(path);
    assert_int_equal(got.packets, 1);
    snprintf(want, sizeof(want), "drop vlan_tagged: %s", drop_help(DROP_vlan_tagged));
    assert_string_equal(got.packet[0].comment, want);
}

static void segmentation_requests_are_marked(void **state)
{
    static struct packet packet;
    const struct packet_spec spec = {.l4 = PACKET_TCP, .payload_bytes = 5000, .seed = 3};
    char path[32];
    struct run r = start(DP_CAPTURE_IN, "tcp", 0, new_file(path));

    packet_build(&spec, &packet);
    lab_send_packet(&lab, 0, &packet, 1448, OFFLOAD_GSO_TCPV4);
    finish(&r);
    close_run(&r, "");
    parse_file(path);
    unlink(path);
    assert_int_equal(got.packets, 1);
    assert_int_equal(got.packet[0].flags, 1 | 1 << 9 | 1 << 11);
    assert_string_equal(got.packet[0].comment, "4 segments of at most 1448 bytes of payload");
}

/* Read from a pipe until @packets are there. */
static void read_packets(int fd, uint32_t packets)
{
    size_t len = 0;

    do {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n;

        assert_int_equal(poll(&p, 1, WAIT_MS), 1);
        n = read(fd, content + len, FILE_BYTES - len);
        assert_true(n > 0);
        len += (size_t)n;
        if (pcapng_parse(content, len, &got) != NULL)
            got.packets = UINT32_MAX; /* it ends inside a block: more is on its way */
    } while (got.packets < packets || got.packets == UINT32_MAX);
    assert_int_equal(got.packets, packets);
}

/* Nothing waits in a buffer: what was captured is readable while the capture goes on. */
static void a_pipe_is_live(void **state)
{
    int fds[2];
    struct run r;

    assert_int_equal(pipe(fds), 0);
    r = start(DP_CAPTURE_IN, "", 0, fds[1]);
    read_packets(fds[0], 0);
    for (uint32_t i = 0; i < 3; i++) {
        uint8_t chunk[4096];
        ssize_t n;

        send_frames(1, 60);
        n = read(fds[0], chunk, sizeof(chunk));
        assert_true(n > 60 && n < 200);
        assert_int_equal(load_be32(chunk), 0x06000000); /* one packet block */
    }
    finish(&r);
    close_run(&r, "");
    close(fds[0]);
}

/* ---- how it ends ------------------------------------------------------------------------- */

static void the_count_is_exact(void **state)
{
    char path[32];
    struct run r = start(DP_CAPTURE_IN, "", 10, new_file(path));

    send_frames(100, 100);
    assert_int_equal(wait_past(&r, CAPTURE_READY), CAPTURE_ENDED);
    assert_int_equal(capture_writer_pkts(r.writer), 10);
    close_run(&r, "the wanted number of frames is reached");
    parse_file(path);
    unlink(path);
    assert_int_equal(got.packets, 10);
    assert_int_equal(got.statistics, 1);
}

/* Without a single frame: whoever reads may go at any time. */
static void reader_goes_away(int fds[2])
{
    struct run r = start(DP_CAPTURE_IN, "", 0, fds[1]);

    read_packets(fds[0], 0);
    close(fds[0]);
    close_run(&r, "the reader went away");
}

static void a_pipe_that_nobody_reads_ends_it(void **state)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    reader_goes_away(fds);
}

static void a_socket_that_is_closed_ends_it(void **state)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    reader_goes_away(fds);
}

static void a_full_disk_ends_it(void **state)
{
    int fd = open("/dev/full", O_WRONLY);
    struct run r;

    assert_true(fd >= 0);
    r = start(DP_CAPTURE_IN, "", 0, fd);
    close_run(&r, "cannot write: No space left on device");
}

/* The pipe is full and stays so: frames go on and are counted as missed, and the end comes. */
static void a_reader_that_stalls_stops_nothing(void **state)
{
    int fds[2];
    struct run r;
    uint64_t missed;

    assert_int_equal(pipe(fds), 0);
    r = start(DP_CAPTURE_IN, "", 0, fds[1]);
    for (int i = 0; i < 40; i++)
        send_frames(400, 1500);
    assert_int_equal(lab_counters(&lab, 0).rx_pkts, 40 * 400);
    missed = dp_capture_missed(r.capture);
    assert_true(missed > 0);
    finish(&r);
    close_run(&r, "the reader does not read");
    close(fds[0]);
}

/* Slow, but it reads: nothing of what was captured is lost at the end, and the losses are told. */
static void a_slow_reader_gets_the_rest(void **state)
{
    int fds[2];
    size_t len = 0;
    uint64_t missed;
    struct run r;
    ssize_t n;

    assert_int_equal(pipe(fds), 0);
    r = start(DP_CAPTURE_IN, "", 0, fds[1]);
    for (int i = 0; i < 40; i++)
        send_frames(400, 1500);
    finish(&r);
    missed = dp_capture_missed(r.capture);
    assert_true(missed > 0);
    while ((n = read(fds[0], content + len, 7777)) > 0)
        len += (size_t)n;
    close_run(&r, "");
    close(fds[0]);
    parse(len);
    assert_int_equal(got.statistics, 1);
    assert_int_equal(got.received, 16000);
    assert_int_equal(got.dropped, missed);
    assert_int_equal(got.packets, 16000 - missed);
}

static void a_wrong_filter_is_told(void **state)
{
    struct run r = open_run(DP_CAPTURE_IN, "tcp prot 80", 65549, 0, open("/dev/null", O_WRONLY));
    const struct vsw_err *err;

    assert_int_equal(wait_past(&r, CAPTURE_COMPILING), CAPTURE_ENDED);
    err = capture_writer_error(r.writer);
    assert_int_equal(err->code, -EINVAL);
    assert_string_equal(err->field, "filter");
    assert_non_null(strstr(err->msg, "syntax error"));
    assert_non_null(strstr(err->hint, "pcap-filter"));
    assert_true(capture_writer_free(r.writer));
    dp_capture_free(r.capture);
}

static void the_descriptor_is_closed(void **state)
{
    int fds[2];
    struct run r;
    uint8_t byte[4096];

    assert_int_equal(pipe(fds), 0);
    r = start(DP_CAPTURE_IN, "", 0, fds[1]);
    finish(&r);
    close_run(&r, "");
    while (read(fds[0], byte, sizeof(byte)) > 0)
        ;
    assert_int_equal(read(fds[0], byte, 1), 0);
    assert_int_equal(fcntl(fds[1], F_GETFD), -1);
    close(fds[0]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_file_holds_every_frame),
        T(drops_have_a_comment),
        T(segmentation_requests_are_marked),
        T(a_pipe_is_live),
        T(the_count_is_exact),
        T(a_pipe_that_nobody_reads_ends_it),
        T(a_socket_that_is_closed_ends_it),
        T(a_full_disk_ends_it),
        T(a_reader_that_stalls_stops_nothing),
        T(a_slow_reader_gets_the_rest),
        T(a_wrong_filter_is_told),
        T(the_descriptor_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
