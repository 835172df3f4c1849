/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pcapng blocks, parsed back by a reader of our own; and by tshark, where there is one.
 */
#include "control/pcapng.h"
#include "tests/support/cmocka.h"
#include "tests/support/pcapng_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_NS 1700000000123456789ull

static uint8_t memory[1 << 20];
static struct pcapng_read got;

static const struct pcapng_interface interface = {
    .application = "unit test",
    .name = "vm1",
    .filter = "tcp port 80",
    .snaplen_bytes = 65549,
};

static struct pcapng_buf begun(size_t size)
{
    struct pcapng_buf b = {.data = memory, .size = size};

    assert_true(pcapng_begin(&b, &interface));
    return b;
}

static void parse(const struct pcapng_buf *b)
{
    const char *wrong = pcapng_parse(b->data, b->used, &got);

    if (wrong != NULL)
        fail_msg("%s", wrong);
}

static void fill(uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 13 + 5);
}

static void begin_tells_who_and_where(void **state)
{
    struct pcapng_buf b = begun(sizeof(memory));

    parse(&b);
    assert_string_equal(got.application, "unit test");
    assert_string_equal(got.if_name, "vm1");
    assert_string_equal(got.if_filter, "tcp port 80");
    assert_int_equal(got.snaplen, 65549);
    assert_int_equal(got.tsresol, 9);
    assert_int_equal(got.packets, 0);
}

/* Every remainder of padding, with and without a comment; frames cut by snaplen. */
static void packets_come_back(void **state)
{
    struct pcapng_buf b = begun(sizeof(memory));
    uint8_t bytes[200];

    fill(bytes, sizeof(bytes));
    for (uint32_t i = 0; i < 100; i++) {
        char comment[64] = "";

        if (i % 3 != 0)
            snprintf(comment, sizeof(comment), "%.*s", (int)(i % 7 + 1), "comment");
        assert_true(pcapng_packet(&b, &(struct pcapng_packet){.at_ns = START_NS + i,
                                                              .len = i + 1000,
                                                              .kept = i,
                                                              .bytes = bytes,
                                                              .flags = i % 2 + 1,
                                                              .comment = comment}));
    }
    parse(&b);
    assert_int_equal(got.packets, 100);
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(got.packet[i].at_ns == START_NS + i);
        assert_int_equal(got.packet[i].len, i + 1000);
        assert_int_equal(got.packet[i].kept, i);
        assert_memory_equal(got.packet[i].bytes, bytes, i);
        assert_int_equal(got.packet[i].flags, i % 2 + 1);
        assert_int_equal(strlen(got.packet[i].comment), i % 3 == 0 ? 0 : i % 7 + 1);
    }
}

static void end_tells_the_losses(void **state)
{
    struct pcapng_buf b = begun(sizeof(memory));

    assert_true(pcapng_end(&b, &(struct pcapng_totals){.start_ns = START_NS,
                                                       .end_ns = START_NS + NS_PER_SEC,
                                                       .received = 0x100000002ull,
                                                       .missed = 7}));
    parse(&b);
    assert_int_equal(got.statistics, 1);
    assert_true(got.received == 0x100000002ull);
    assert_int_equal(got.dropped, 7);
    assert_true(got.start_ns == START_NS && got.end_ns == START_NS + NS_PER_SEC);
}

/* Whatever the room: a block is there in whole or not at all, and nothing is written behind. */
static void a_block_that_does_not_fit_leaves_no_trace(void **state)
{
    uint8_t bytes[60];
    const struct pcapng_packet p = {
        .at_ns = START_NS,
        .len = sizeof(bytes),
        .kept = sizeof(bytes),
        .bytes = bytes,
        .flags = PCAPNG_INBOUND,
        .comment = "why",
    };
    size_t whole = begun(sizeof(memory)).used;
    uint32_t fitted = 0;

    fill(bytes, sizeof(bytes));
    for (size_t size = 0; size < whole; size++) {
        struct pcapng_buf b = {.data = memory, .size = size};

        assert_false(pcapng_begin(&b, &interface));
        assert_int_equal(b.used, 0);
    }
    for (size_t room = 0; room < 200; room++) {
        struct pcapng_buf b = begun(whole + room);
        bool fits;

        memory[b.size] = 0xa5;
        fits = pcapng_packet(&b, &p);
        fitted += fits;
        assert_int_equal(memory[b.size], 0xa5);
        parse(&b);
        assert_int_equal(got.packets, fits ? 1 : 0);
        if (room >= sizeof(bytes) + strlen(p.comment) + PCAPNG_PACKET_OVERHEAD_BYTES)
            assert_true(fits);
    }
    assert_true(fitted > 0 && fitted < 200);
}

static bool have_tshark(void)
{
    return system("command -v tshark >/dev/null 2>&1") == 0;
}

static void write_file(const char *path, const struct pcapng_buf *b)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(b->data, 1, b->used, f), b->used);
    assert_int_equal(fclose(f), 0);
}

static void tshark_reads_it(void **state)
{
    static const char want[] = "0|1700000000.123456789|vm1|64|1500|drop mtu: too long|0x00000a01\n"
                               "0|1700000000.123456790|vm1|64|64||0x00000002\n";
    const char *command = "tshark -n -r %s -T fields -E separator='|' -e frame.interface_id "
                          "-e frame.time_epoch -e frame.interface_name -e frame.cap_len "
                          "-e frame.len -e frame.comment -e frame.packet_flags 2>/dev/null";
    struct pcapng_buf b = begun(sizeof(memory));
    char path[] = "/tmp/vsw-pcapng-XXXXXX", line[512], output[1024];
    uint8_t bytes[64];
    int fd;
    FILE *f;

    if (!have_tshark())
        skip();
    fill(bytes, sizeof(bytes));
    assert_true(pcapng_packet(&b, &(struct pcapng_packet){START_NS, 1500, 64, bytes,
                                                          PCAPNG_INBOUND | PCAPNG_CSUM_NOT_READY |
                                                              PCAPNG_SEGMENTATION_OFFLOADED,
                                                          "drop mtu: too long"}));
    assert_true(pcapng_packet(
        &b, &(struct pcapng_packet){START_NS + 1, 64, 64, bytes, PCAPNG_OUTBOUND, ""}));
    assert_true(pcapng_end(&b, &(struct pcapng_totals){START_NS, START_NS + 1, 2, 0}));
    fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_file(path, &b);
    snprintf(line, sizeof(line), command, path);
    f = popen(line, "r");
    assert_non_null(f);
    output[fread(output, 1, sizeof(output) - 1, f)] = '\0';
    assert_int_equal(pclose(f), 0);
    unlink(path);
    assert_string_equal(output, want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begin_tells_who_and_where),
        cmocka_unit_test(packets_come_back),
        cmocka_unit_test(end_tells_the_losses),
        cmocka_unit_test(a_block_that_does_not_fit_leaves_no_trace),
        cmocka_unit_test(tshark_reads_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
