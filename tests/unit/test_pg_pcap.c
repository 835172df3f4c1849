/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Dump and replay: what one writes the other reads; files that are not right are refused.
 */
#include "pktgen/dump.h"
#include "pktgen/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/cmocka.h"

#define T0 1700000000123456789ull

static char path[] = "/tmp/pg_pcap.XXXXXX";

static int setup(void **state)
{
    int fd;

    strcpy(path + strlen(path) - 6, "XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    return 0;
}

static int teardown(void **state)
{
    unlink(path);
    return 0;
}

static uint32_t frame_len(uint32_t i)
{
    return i == 0 ? 60 : i == 1 ? 9216 : i == 2 ? PG_REPLAY_FRAME_MAX : 60 + i * 7 % 1500;
}

static uint64_t frame_ns(uint32_t i)
{
    return T0 + (uint64_t)i * 1000000007ull / 13;
}

static void dump_some(uint32_t count)
{
    uint8_t *b = malloc(PG_REPLAY_FRAME_MAX);
    struct pg_dump *dump = NULL;
    struct vsw_err err = {0};

    assert_int_equal(pg_dump_open(path, &dump, &err), 0);
    for (uint32_t i = 0; i < count; i++) {
        memset(b, (int)i, frame_len(i));
        pg_dump_frame(dump, frame_ns(i), b, frame_len(i));
    }
    assert_int_equal(pg_dump_count(dump), count);
    assert_int_equal(pg_dump_close(dump, &err), 0);
    free(b);
}

static void test_round_trip(void **state)
{
    struct vsw_err err = {0};
    struct pg_replay r;

    dump_some(2000);
    if (pg_replay_open(path, &r, &err) != 0)
        fail_msg("%s", err.msg);
    assert_int_equal(r.count, 2000);
    assert_int_equal(r.len_max, PG_REPLAY_FRAME_MAX);
    assert_int_equal(r.backward, 0);
    assert_int_equal(r.first_ns, T0);
    assert_int_equal(r.duration_ns, frame_ns(1999) - T0);
    for (uint32_t i = 0; i < r.count; i++) {
        const uint8_t *b = r.bytes + r.frames[i].offset;

        assert_int_equal(r.frames[i].len, frame_len(i));
        assert_int_equal(r.frames[i].ns, frame_ns(i) - T0); /* to the nanosecond */
        assert_true(b[0] == (uint8_t)i && b[r.frames[i].len - 1] == (uint8_t)i);
    }
    pg_replay_close(&r);
    pg_replay_close(&r);
}

static void test_times_at_any_speed(void **state)
{
    struct pg_replay r;

    dump_some(11);
    assert_int_equal(pg_replay_open(path, &r, NULL), 0);
    assert_int_equal(pg_replay_ticks(&r, 0, 1, 1000000000), 0);
    assert_int_equal(pg_replay_ticks(&r, 10, 1, 1000000000), r.duration_ns);
    assert_in_range(pg_replay_ticks(&r, 10, 2, 3000000000), r.duration_ns * 3 / 2 - 2,
                    r.duration_ns * 3 / 2 + 2);
    /* the file again: a mean gap later, then in step */
    assert_in_range(pg_replay_ticks(&r, 11, 1, 1000000000), r.duration_ns * 11 / 10 - 2,
                    r.duration_ns * 11 / 10 + 2);
    for (uint64_t n = 1; n < 100; n++)
        assert_true(pg_replay_ticks(&r, n, 1, 1000000000) >
                    pg_replay_ticks(&r, n - 1, 1, 1000000000));
    pg_replay_close(&r);
}

/* ---- files that are not right --------------------------------------------------------------- */

static void file_write(const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static size_t header_write(uint8_t *b, uint32_t link_type)
{
    uint32_t words[6] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, 262144, link_type};

    memcpy(b, words, sizeof(words));
    return sizeof(words);
}

static size_t record_write(uint8_t *b, uint32_t seconds, uint32_t caplen, uint32_t len)
{
    uint32_t words[4] = {seconds, 5, caplen, len};

    memcpy(b, words, sizeof(words));
    memset(b + sizeof(words), 0x11, caplen);
    return sizeof(words) + caplen;
}

static void refused(int rc, const char *msg)
{
    struct pg_replay r = {.count = 77};
    struct vsw_err err = {0};

    assert_int_equal(pg_replay_open(path, &r, &err), rc);
    assert_string_equal(err.field, path);
    if (strncmp(err.msg, msg, strlen(msg)) != 0)
        fail_msg("\"%s\" does not start with \"%s\"", err.msg, msg);
    assert_int_equal(r.count, 77);
}

static void test_no_capture(void **state)
{
    file_write("not a capture file at all, just text\n", 37);
    refused(-EINVAL, "is not a capture file: ");
    file_write("", 0);
    refused(-EINVAL, "is not a capture file: ");
    unlink(path);
    refused(-ENOENT, "cannot be opened: No such file");
}

static void test_no_frames(void **state)
{
    uint8_t b[64];

    file_write(b, header_write(b, 1));
    refused(-EINVAL, "has no frames");
}

static void test_not_ethernet(void **state)
{
    uint8_t b[256];
    size_t len = header_write(b, 101); /* raw IP */

    len += record_write(b + len, 1, 60, 60);
    file_write(b, len);
    refused(-EINVAL, "holds frames of link type RAW, not Ethernet");
}

static void test_damaged(void **state)
{
    uint8_t b[512];
    size_t len = header_write(b, 1), first;

    len += record_write(b + len, 1, 60, 60);
    first = len;
    len += record_write(b + len, 2, 60, 60);
    for (size_t end = first + 1; end < len; end++) { /* ends in the middle of the second */
        file_write(b, end);
        refused(-EINVAL, "is damaged behind frame 1: ");
    }
    memset(b + first + 8, 0xff, 8); /* absurd length */
    file_write(b, len);
    refused(-EINVAL, "is damaged behind frame 1: ");
}

static void test_cut_short_and_long_frames(void **state)
{
    uint8_t *b = calloc(1, 200000);
    size_t head = header_write(b, 1);

    file_write(b, head + record_write(b + head, 1, 60, 1514));
    refused(-EINVAL, "frame 1 was cut to 60 of 1514 bytes when captured");
    file_write(b, head + record_write(b + head, 1, 13, 13));
    refused(-EINVAL, "frame 1 has 13 bytes, no Ethernet header");
    file_write(b, head + record_write(b + head, 1, 65550, 65550));
    refused(-EINVAL, "frame 1 has 65550 bytes, more than 65549");
    free(b);
}

static void test_clock_set_back(void **state)
{
    uint8_t b[512];
    size_t len = header_write(b, 1);
    struct pg_replay r;

    len += record_write(b + len, 10, 60, 60);
    len += record_write(b + len, 8, 60, 60);
    len += record_write(b + len, 12, 60, 60);
    file_write(b, len);
    assert_int_equal(pg_replay_open(path, &r, NULL), 0);
    assert_int_equal(r.backward, 1);
    assert_int_equal(r.frames[1].ns, 0);
    assert_int_equal(r.frames[2].ns, 2 * NS_PER_SEC);
    pg_replay_close(&r);
}

static void test_microseconds_too(void **state)
{
    uint8_t b[256];
    size_t len = header_write(b, 1);
    struct pg_replay r;

    memcpy(b, (uint32_t[]){0xa1b2c3d4}, 4);
    len += record_write(b + len, 10, 60, 60);
    file_write(b, len);
    assert_int_equal(pg_replay_open(path, &r, NULL), 0);
    assert_int_equal(r.first_ns, 10 * NS_PER_SEC + 5000);
    pg_replay_close(&r);
}

static void test_dump_errors(void **state)
{
    struct pg_dump *dump = NULL;
    struct vsw_err err = {0};
    uint8_t b[1500] = {0};

    assert_int_equal(pg_dump_open("/nonexistent/x.pcap", &dump, &err), -ENOENT);
    assert_string_equal(err.msg, "cannot be written: No such file or directory");
    err = (struct vsw_err){0};
    assert_int_equal(pg_dump_open("/dev/full", &dump, &err), 0);
    for (int i = 0; i < 2000; i++)
        pg_dump_frame(dump, 0, b, sizeof(b));
    assert_true(pg_dump_close(dump, &err) < 0);
    assert_string_equal(err.field, "/dev/full");
    assert_memory_equal(err.msg, "is not complete: ", 17);
    assert_int_equal(pg_dump_close(NULL, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_times_at_any_speed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_capture, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_ethernet, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_short_and_long_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_set_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_microseconds_too, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dump_errors, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
