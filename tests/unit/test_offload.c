/* SPDX-License-Identifier: BSD-3-Clause
 *
 * offload/: every completed frame is checked by an independent, slow reading of it.
 */
#include "offload/csum.h"
#include "offload/offload.h"
#include "tests/support/cmocka.h"
#include "tests/support/cpu.h"
#include "tests/support/packet_frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_CWR 0x80

static struct offload_work work;
static struct burst burst;
static struct packet packet, joined, seen;

static void join(const struct frame *f)
{
    memcpy(joined.bytes, f->head, f->head_len);
    joined.len = f->head_len;
    for (uint16_t i = 0; i < f->seg_count; i++) {
        memcpy(joined.bytes + joined.len, f->seg[i].base, f->seg[i].len);
        joined.len += f->seg[i].len;
    }
    assert_int_equal(joined.len, f->len);
    assert_true(f->head_len == f->len || f->head_len == FRAME_HEAD_BYTES);
    assert_int_equal(f->wire_pkts, 1);
    assert_int_equal(f->wire_bytes, f->len);
    assert_int_equal(f->gso_hdr, 0);
    assert_int_equal(f->drop, DROP_NONE);
}

static void assert_right(const uint8_t *bytes, uint32_t len)
{
    const char *wrong = packet_verify(bytes, len, &seen);

    if (wrong != NULL)
        fail_msg("%s", wrong);
}

static struct offload gso_of(const struct packet *p, const struct packet_spec *s, uint16_t mss)
{
    uint8_t type = s->ipv6 ? OFFLOAD_GSO_TCPV6 : OFFLOAD_GSO_TCPV4;

    return packet_request(p, mss, s->tcp_flags & TCP_CWR ? type | OFFLOAD_GSO_ECN : type);
}

static void random_spec(struct packet_spec *s, unsigned *seed)
{
    *s = (struct packet_spec){
        .tags = rand_r(seed) % 3,
        .ipv6 = rand_r(seed) % 2,
        .l4 = rand_r(seed) % 2 ? PACKET_TCP : PACKET_UDP,
        .seed = (unsigned)rand_r(seed),
        .tcp_flags = TCP_ACK,
        .payload_bytes = (uint32_t)(rand_r(seed) % (rand_r(seed) % 2 ? 200 : 9000)),
    };
    if (!s->ipv6)
        s->ip_option_bytes = (uint32_t)(rand_r(seed) % 3) * 4;
    if (s->ipv6 && rand_r(seed) % 3 == 0)
        s->ext_bytes = (uint32_t)(1 + rand_r(seed) % 2) * 8;
    /* All headers in the private head, as the check wants for segmentation. */
    s->tcp_option_bytes = (uint32_t)(rand_r(seed) % (s->ipv6 ? 4 : 8)) * 4;
}

static void sums_agree(void **state)
{
    static uint8_t bytes[70000];
    unsigned seed = 77;

    for (uint32_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(rand_r(&seed) >> 5);
    for (uint32_t len = 0; len < 300; len++) {
        for (uint32_t align = 0; align < 9; align++)
            assert_int_equal(csum_word(csum_fold(csum_bytes(bytes + align, len))),
                             packet_sum(bytes + align, len, 0));
    }
    for (uint32_t len = 60000; len < 70000; len += 997)
        assert_int_equal(csum_word(csum_fold(csum_bytes(bytes, len))), packet_sum(bytes, len, 0));
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(csum_fold(csum_bytes(bytes, sizeof(bytes))), 0xffff);
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(csum_fold(csum_bytes(bytes, sizeof(bytes))), 0);
}

/* RFC 1071 clause 3, and an IPv4 header worked out by hand. */
static void known_vectors(void **state)
{
    static const uint8_t rfc[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    static const uint8_t ip[] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                                 0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

    assert_int_equal(csum_word(csum_fold(csum_bytes(rfc, sizeof(rfc)))), 0xddf2);
    assert_int_equal((uint16_t)~csum_word(csum_fold(csum_bytes(ip, sizeof(ip)))), 0xb861);
}

static void what_is_needed(void **state)
{
    struct frame f = {.offload = {0}};

    assert_false(offload_needed(&f, 0));
    f.offload.flags = OFFLOAD_NEEDS_CSUM;
    assert_true(offload_needed(&f, 0));
    assert_false(offload_needed(&f, PORT_OFFLOAD_CSUM));
    f.offload.gso_type = OFFLOAD_GSO_TCPV4;
    assert_true(offload_needed(&f, PORT_OFFLOAD_CSUM));
    assert_true(offload_needed(&f, PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO6));
    assert_true(offload_needed(&f, PORT_OFFLOAD_TSO4));
    assert_false(offload_needed(&f, PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4));
    f.offload.gso_type |= OFFLOAD_GSO_ECN;
    assert_true(offload_needed(&f, PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4));
    assert_false(offload_needed(&f, PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4 | PORT_OFFLOAD_ECN));
    f.offload.gso_type = OFFLOAD_GSO_TCPV6;
    assert_false(offload_needed(&f, PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO6));
}

static void one_checksum(const struct packet_spec *s, uint32_t piece_bytes)
{
    struct frame *f;

    packet_build(s, &packet);
    f = packet_frame(&burst, &packet, packet_request(&packet, 0, OFFLOAD_GSO_NONE), piece_bytes);
    f->vlan.domain = 5;
    f->flow_hash = 99;
    assert_int_equal(f->drop, DROP_NONE);
    offload_burst(&work, OFFLOAD_BUDGET_BYTES);
    assert_int_equal(offload_start(&work, f, 0), DROP_NONE);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(offload_next(&work), 1);
        assert_int_equal(work.frame[0].offload.flags, 0);
        assert_int_equal(work.frame[0].vlan.domain, 5);
        assert_int_equal(work.frame[0].flow_hash, 99);
        assert_int_equal(work.frame[0].l3_off, packet.l3_off);
        join(&work.frame[0]);
        assert_right(joined.bytes, joined.len);
        /* Nothing but the checksum differs. */
        memcpy(joined.bytes + packet.csum_off, packet.bytes + packet.csum_off, 2);
        assert_memory_equal(joined.bytes, packet.bytes, packet.len);
        assert_int_equal(offload_next(&work), 0);
        offload_rewind(&work);
    }
}

static void checksums(void **state)
{
    struct packet_spec s;
    unsigned seed = 1;

    for (int i = 0; i < 4000; i++) {
        random_spec(&s, &seed);
        one_checksum(&s, 1 + (uint32_t)rand_r(&seed) % 3000 + s.payload_bytes / 900);
    }
}

/* A UDP payload chosen so that the sum is all ones: the field must not say "none". */
static void udp_zero_is_ffff(void **state)
{
    struct packet_spec s = {.l4 = PACKET_UDP, .payload_bytes = 32, .seed = 3};
    struct frame *f;
    uint16_t sum;

    packet_build(&s, &packet);
    memset(packet.bytes + packet.payload_off, 0, 2);
    sum = packet_sum(packet.bytes + packet.l4_off, packet.len - packet.l4_off, 0);
    store_be16(packet.bytes + packet.payload_off, (uint16_t)~sum);
    assert_int_equal(packet_sum(packet.bytes + packet.l4_off, packet.len - packet.l4_off, 0),
                     0xffff);
    f = packet_frame(&burst, &packet, packet_request(&packet, 0, OFFLOAD_GSO_NONE), 4096);
    offload_burst(&work, OFFLOAD_BUDGET_BYTES);
    assert_int_equal(offload_start(&work, f, 0), DROP_NONE);
    assert_int_equal(offload_next(&work), 1);
    assert_int_equal(load_be16(work.frame[0].head + packet.csum_off), 0xffff);
    join(&work.frame[0]);
    assert_right(joined.bytes, joined.len);
}

/* What segment @index of the packet must say in its headers. */
static void check_headers(const struct packet_spec *s, uint32_t index, uint32_t payload_at,
                          bool last)
{
    const uint8_t *was = packet.bytes, *is = joined.bytes;
    uint32_t tcp = packet.l4_off;
    uint8_t flags = s->tcp_flags;

    if (!last)
        flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (index > 0)
        flags &= (uint8_t)~TCP_CWR;
    assert_memory_equal(is, was, packet.l3_off);
    assert_int_equal(load_be32(is + tcp + 4), load_be32(was + tcp + 4) + payload_at);
    assert_int_equal(is[tcp + 13], flags);
    assert_memory_equal(is + tcp, was + tcp, 4);
    assert_memory_equal(is + tcp + 8, was + tcp + 8, 5);
    assert_memory_equal(is + tcp + 14, was + tcp + 14, 2);
    assert_memory_equal(is + tcp + 18, was + tcp + 18, packet.payload_off - tcp - 18);
    if (s->ipv6) {
        assert_memory_equal(is + packet.l3_off, was + packet.l3_off, 4);
        assert_memory_equal(is + packet.l3_off + 6, was + packet.l3_off + 6, 34 + s->ext_bytes);
        return;
    }
    assert_int_equal(load_be16(is + packet.l3_off + 4),
                     (uint16_t)(load_be16(was + packet.l3_off + 4) + index));
    assert_memory_equal(is + packet.l3_off + 6, was + packet.l3_off + 6, 4);
    assert_memory_equal(is + packet.l3_off + 12, was + packet.l3_off + 12, 8 + s->ip_option_bytes);
}

/* Finish by hand what a segment leaves to a receiver who does checksums himself. */
static void finish_partial(const struct frame *f)
{
    uint32_t start = f->offload.csum_start, field = start + f->offload.csum_offset;

    assert_int_equal(f->offload.flags, OFFLOAD_NEEDS_CSUM);
    assert_int_equal(f->offload.gso_type, OFFLOAD_GSO_NONE);
    store_be16(joined.bytes + field,
               (uint16_t)~packet_sum(joined.bytes + start, joined.len - start, 0));
}

static uint32_t check_segments(const struct packet_spec *s, uint16_t mss, bool partial)
{
    uint32_t at = 0, index = 0;
    uint16_t n;

    while ((n = offload_next(&work)) != 0) {
        assert_true(n <= OFFLOAD_CHUNK);
        for (uint16_t i = 0; i < n; i++, index++) {
            uint32_t want = s->payload_bytes - at < mss ? s->payload_bytes - at : mss;

            join(&work.frame[i]);
            assert_int_equal(joined.len, packet.payload_off + want);
            if (partial)
                finish_partial(&work.frame[i]);
            else
                assert_int_equal(work.frame[i].offload.flags, 0);
            assert_right(joined.bytes, joined.len);
            assert_int_equal(seen.payload_off, packet.payload_off);
            check_headers(s, index, at, at + want == s->payload_bytes);
            assert_memory_equal(joined.bytes + packet.payload_off,
                                packet.bytes + packet.payload_off + at, want);
            at += want;
        }
    }
    assert_int_equal(at, s->payload_bytes);
    return index;
}

static void one_segmentation(const struct packet_spec *s, uint16_t mss, uint32_t tx_offloads)
{
    struct frame *f;

    packet_build(s, &packet);
    f = packet_frame(&burst, &packet, gso_of(&packet, s, mss), 4096);
    assert_int_equal(f->drop, DROP_NONE);
    assert_int_equal(f->gso_hdr, packet.payload_off);
    assert_true(offload_needed(f, tx_offloads));
    offload_burst(&work, OFFLOAD_BUDGET_BYTES);
    assert_int_equal(offload_start(&work, f, tx_offloads), DROP_NONE);
    assert_int_equal(check_segments(s, mss, tx_offloads & PORT_OFFLOAD_CSUM), f->wire_pkts);
    assert_int_equal(work.left_bytes, OFFLOAD_BUDGET_BYTES - (int64_t)f->wire_bytes);
    offload_rewind(&work);
    check_segments(s, mss, tx_offloads & PORT_OFFLOAD_CSUM);
}

static void segmentation(void **state)
{
    static const uint8_t flags[] = {TCP_ACK, TCP_ACK | TCP_PSH, TCP_ACK | TCP_FIN,
                                    TCP_ACK | TCP_CWR, 0xff & ~0x06};
    struct packet_spec s;
    unsigned seed = 5;

    for (int i = 0; i < 1500; i++) {
        uint16_t mss = (uint16_t)(48 + rand_r(&seed) % 3000);

        random_spec(&s, &seed);
        s.l4 = PACKET_TCP;
        s.tcp_flags = flags[rand_r(&seed) % ARRAY_SIZE(flags)];
        if (s.payload_bytes <= mss)
            s.payload_bytes += mss + 1;
        one_segmentation(&s, mss, rand_r(&seed) % 2 ? PORT_OFFLOAD_CSUM : 0);
    }
}

static void segmentation_at_the_edges(void **state)
{
    /* Most payload that a frame may have, most header that fits the head, exact multiples. */
    struct packet_spec rows[] = {
        {.l4 = PACKET_TCP, .payload_bytes = 65535 - 40},
        {.l4 = PACKET_TCP, .ipv6 = true, .payload_bytes = 65535 - 60},
        {.l4 = PACKET_TCP, .tags = 2, .tcp_option_bytes = 40, .payload_bytes = 65535 - 80},
        {.l4 = PACKET_TCP, .tcp_option_bytes = 40, .ip_option_bytes = 32, .payload_bytes = 5000},
        {.l4 = PACKET_TCP, .ipv6 = true, .tags = 1, .tcp_option_bytes = 40, .payload_bytes = 9000},
        {.l4 = PACKET_TCP, .payload_bytes = 1448 * 4},
        {.l4 = PACKET_TCP, .payload_bytes = 1448 * 4 + 1},
        {.l4 = PACKET_TCP, .payload_bytes = 1449, .tcp_flags = TCP_FIN | TCP_CWR},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        one_segmentation(&rows[i], 1448, 0);
        one_segmentation(&rows[i], 1448, PORT_OFFLOAD_CSUM);
        one_segmentation(&rows[i], 48, 0);
        one_segmentation(&rows[i], 1447, PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4 * rows[i].ipv6);
    }
    rows[7].payload_bytes = 65535 - 40;
    one_segmentation(&rows[7], 65494, 0);
    /* A receiver with TSO but without ECN. */
    one_segmentation(&rows[7], 1448, PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4);
}

static void budget(void **state)
{
    struct packet_spec s = {.l4 = PACKET_TCP, .payload_bytes = 60000};
    struct frame *f;

    packet_build(&s, &packet);
    f = packet_frame(&burst, &packet, gso_of(&packet, &s, 1448), 4096);
    offload_burst(&work, 2 * (int64_t)f->wire_bytes);
    assert_int_equal(offload_start(&work, f, 0), DROP_NONE);
    assert_int_equal(offload_start(&work, f, 0), DROP_NONE);
    assert_int_equal(offload_start(&work, f, 0), DROP_completion_budget);
    assert_int_equal(work.left_bytes, 0);
    offload_burst(&work, OFFLOAD_BUDGET_BYTES);
    assert_int_equal(offload_start(&work, f, 0), DROP_NONE);
}

static enum drop_reason start(const struct frame *f)
{
    offload_burst(&work, OFFLOAD_BUDGET_BYTES);
    return offload_start(&work, f, 0);
}

/* What the check has not seen, or cannot see, is refused and does no harm. */
static void refused(void **state)
{
    struct packet_spec s = {.l4 = PACKET_TCP, .payload_bytes = 5000};
    struct packet_spec s6 = {
        .l4 = PACKET_TCP, .ipv6 = true, .ext_bytes = 24, .payload_bytes = 5000};
    struct frame good, f;

    packet_build(&s, &packet);
    good = *packet_frame(&burst, &packet, gso_of(&packet, &s, 1448), 70000);
    assert_int_equal(start(&good), DROP_NONE);
    f = good, f.len++;
    assert_int_equal(start(&f), DROP_no_offload);
    f = good, f.gso_hdr = 0;
    assert_int_equal(start(&f), DROP_no_offload);
    f = good, f.gso_hdr = (uint16_t)(f.l3_off + 30);
    assert_int_equal(start(&f), DROP_no_offload);
    f = good, f.gso_hdr = 129;
    assert_int_equal(start(&f), DROP_no_offload);
    f = good, f.offload.gso_size = 0;
    assert_int_equal(start(&f), DROP_no_offload);
    f = good, f.offload.gso_type = OFFLOAD_GSO_TCPV6;
    assert_int_equal(start(&f), DROP_no_offload);
    f = good, f.offload.gso_type = 3;
    assert_int_equal(start(&f), DROP_no_offload);
    f = good, f.offload.csum_start = 16;
    assert_int_equal(start(&f), DROP_no_offload);
    f = good, f.offload.gso_type = 0, f.offload.csum_offset = 60000;
    assert_int_equal(start(&f), DROP_no_offload);
    f = good, f.offload.gso_type = 0, f.offload.csum_start = 10;
    assert_int_equal(start(&f), DROP_no_offload);
    f = good, f.drop = DROP_bad_offload;
    assert_int_equal(start(&f), DROP_no_offload);
    f = good, f.l3_off = 0;
    assert_int_equal(start(&f), DROP_no_offload);

    /* A routing header: used up it is fine, with hops left it is not. */
    packet_build(&s6, &packet);
    packet.bytes[packet.l3_off + 6] = 43;
    f = *packet_frame(&burst, &packet, gso_of(&packet, &s6, 1448), 70000);
    assert_int_equal(f.drop, DROP_NONE);
    assert_int_equal(start(&f), DROP_NONE);
    packet.bytes[packet.l3_off + 40 + 3] = 1;
    f = *packet_frame(&burst, &packet, gso_of(&packet, &s6, 1448), 70000);
    assert_int_equal(start(&f), DROP_no_offload);
}

/* A guest that rewrites its buffer after the copy changes nothing in what leaves. */
static void later_writes_do_not_matter(void **state)
{
    struct packet_spec s = {.l4 = PACKET_TCP, .payload_bytes = 30000, .seed = 8};
    static struct packet guest;
    struct frame *f;

    packet_build(&s, &packet);
    guest = packet;
    f = packet_frame(&burst, &guest, gso_of(&guest, &s, 1000), 4096);
    assert_int_equal(start(f), DROP_NONE);
    memset(guest.bytes, 0x55, guest.len);
    memset(f->head, 0x55, sizeof(f->head));
    check_segments(&s, 1000, false);
}

static double segment_rate(const struct frame *f, uint32_t tx_offloads)
{
    enum { ROUNDS = 2000 };
    double from = cpu_s();
    uint64_t bytes = 0;

    for (int i = 0; i < ROUNDS; i++) {
        offload_burst(&work, OFFLOAD_BUDGET_BYTES);
        assert_int_equal(offload_start(&work, f, tx_offloads), DROP_NONE);
        for (uint16_t n; (n = offload_next(&work)) != 0;) {
            for (uint16_t k = 0; k < n; k++)
                bytes += work.frame[k].len;
        }
    }
    assert_int_equal(bytes, (uint64_t)ROUNDS * f->wire_bytes);
    return (double)bytes / (cpu_s() - from) * 1e-9;
}

static void speed(void **state)
{
    struct packet_spec s = {.l4 = PACKET_TCP, .payload_bytes = 65000};
    struct frame *f;
    double from = cpu_s(), sum_rate;
    uint32_t sum = 0;

    packet_build(&s, &packet);
    for (int i = 0; i < 10000; i++)
        sum += csum_bytes(packet.bytes + (i & 1), 65000);
    sum_rate = 65000.0 * 10000 / (cpu_s() - from) * 1e-9;
    assert_int_not_equal(sum, 0);
    f = packet_frame(&burst, &packet, gso_of(&packet, &s, 1448), 65536);
    printf(
        "          checksum %.1f GB/s; copy, cut and checksum %.1f GB/s; copy and cut %.1f GB/s\n",
        sum_rate, segment_rate(f, 0), segment_rate(f, PORT_OFFLOAD_CSUM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_agree),
        cmocka_unit_test(known_vectors),
        cmocka_unit_test(what_is_needed),
        cmocka_unit_test(checksums),
        cmocka_unit_test(udp_zero_is_ffff),
        cmocka_unit_test(segmentation),
        cmocka_unit_test(segmentation_at_the_edges),
        cmocka_unit_test(budget),
        cmocka_unit_test(refused),
        cmocka_unit_test(later_writes_do_not_matter),
        cmocka_unit_test(speed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
