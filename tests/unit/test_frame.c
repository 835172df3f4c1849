/* SPDX-License-Identifier: BSD-3-Clause
 *
 * port/frame: offload requests of any kind on frames of any kind, flow hash, tag rewriting,
 * budgets. That nothing behind head_len is read is seen by judging each frame twice, with different
 * bytes there.
 */
#include "port/frame.h"
#include "tests/support/cmocka.h"
#include "tests/support/packet_frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct burst burst;
static struct packet packet;

/* A frame of @head_len bytes in its head, and @filler behind. Owned by the caller, so that the
 * address sanitizer watches its end. */
static struct frame *new_frame(const uint8_t *bytes, uint32_t len, uint32_t head_len, int filler)
{
    struct frame *f = aligned_alloc(CACHE_LINE_BYTES, sizeof(*f));

    assert_non_null(f);
    memset(f, 0, sizeof(*f));
    memset(f->head, filler, sizeof(f->head));
    f->len = len;
    f->head_len = (uint16_t)head_len;
    memcpy(f->head, bytes, head_len);
    f->l3_off = head_len >= VLAN_ETH_BYTES ? vlan_l3_offset(f->head, head_len) : 0;
    f->wire_pkts = 1;
    f->wire_bytes = len;
    return f;
}

static struct frame *plain_frame(const struct packet *p)
{
    return packet_frame(&burst, p, (struct offload){0}, PACKET_MAX_BYTES);
}

static void random_spec(struct packet_spec *s, unsigned *seed)
{
    *s = (struct packet_spec){
        .tags = rand_r(seed) % 3,
        .ipv6 = rand_r(seed) % 2,
        .l4 = rand_r(seed) % 4 ? PACKET_TCP : PACKET_UDP,
        .ip_option_bytes = rand_r(seed) % 4 ? 0 : (uint32_t)(rand_r(seed) % 11) * 4,
        .ext_bytes = rand_r(seed) % 4 ? 0 : (uint32_t)(rand_r(seed) % 8) * 8,
        .tcp_option_bytes = (uint32_t)(rand_r(seed) % 11) * 4,
        .payload_bytes = (uint32_t)(rand_r(seed) % (rand_r(seed) % 2 ? 64 : 60000)),
        .tcp_flags = 0x10,
        .seed = (unsigned)rand_r(seed),
    };
    if (s->ipv6)
        s->ip_option_bytes = 0;
    else
        s->ext_bytes = 0;
}

static uint16_t near(uint32_t v, unsigned *seed)
{
    static const int off[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 1, -2, 2, 4, 8, -14};

    return rand_r(seed) % 16 == 0 ? (uint16_t)rand_r(seed)
                                  : (uint16_t)((int)v + off[rand_r(seed) % ARRAY_SIZE(off)]);
}

static struct offload random_offload(const struct packet *p, bool ipv6, unsigned *seed)
{
    static const uint8_t types[] = {0, 1, 4, 1, 4, 0x81, 0x84, 3, 5, 0x80, 2, 0xff};
    struct offload o = {
        .flags = rand_r(seed) % 4 ? OFFLOAD_NEEDS_CSUM : (uint8_t)rand_r(seed),
        .gso_type = rand_r(seed) % 3 ? (ipv6 ? OFFLOAD_GSO_TCPV6 : OFFLOAD_GSO_TCPV4)
                                     : types[(size_t)rand_r(seed) % ARRAY_SIZE(types)],
        .hdr_len = (uint16_t)rand_r(seed),
        .gso_size = near(rand_r(seed) % 2 ? 1448 : 48, seed),
        .csum_start = near(p->l4_off, seed),
        .csum_offset = near(p->csum_off - p->l4_off, seed),
    };

    return o;
}

/* What an accepted request promises to everyone behind. */
static void check_accepted(const struct frame *f)
{
    const struct offload *o = &f->offload;

    assert_int_equal(o->flags & ~OFFLOAD_NEEDS_CSUM, 0);
    if (o->flags & OFFLOAD_NEEDS_CSUM) {
        assert_true(o->csum_start >= f->l3_off);
        assert_true((uint32_t)o->csum_start + o->csum_offset + 2 <= f->len);
        assert_true(o->csum_start + 2 * VLAN_TAG_BYTES <= UINT16_MAX);
    }
    if (o->gso_type == OFFLOAD_GSO_NONE) {
        assert_int_equal(f->gso_hdr, 0);
        assert_int_equal(f->wire_pkts, 1);
        assert_int_equal(f->wire_bytes, f->len);
        return;
    }
    assert_true(o->flags & OFFLOAD_NEEDS_CSUM);
    assert_true(f->gso_hdr <= f->head_len && f->gso_hdr < f->len);
    assert_int_equal(o->hdr_len, f->gso_hdr);
    assert_true(o->csum_start > f->l3_off && o->csum_start + 20 <= f->gso_hdr);
    assert_int_equal(o->csum_offset, 16);
    assert_true(o->gso_size >= 48);
    assert_true(f->wire_pkts >= 2);
    assert_true((uint32_t)f->wire_pkts * o->gso_size >= f->len - f->gso_hdr);
    assert_true((f->wire_pkts - 1u) * o->gso_size < f->len - f->gso_hdr);
    assert_int_equal(f->wire_bytes, f->len + (f->wire_pkts - 1u) * f->gso_hdr);
}

/* Judge a frame twice, as described at the top. Return: its drop reason, DROP_COUNT when it is one
 * to be cut. */
static uint8_t judge_twice(uint32_t len, uint32_t head_len, struct offload o)
{
    struct frame *a = new_frame(packet.bytes, len, head_len, 0x00);
    struct frame *b = new_frame(packet.bytes, len, head_len, 0x45);
    uint8_t drop = DROP_runt;

    assert_int_equal(frame_flow_hash(a), frame_flow_hash(b));
    assert_int_not_equal(frame_flow_hash(a), 0);
    if (a->l3_off != 0) {
        a->offload = b->offload = o;
        frame_check_offload(a);
        frame_check_offload(b);
        assert_memory_equal(a, b, offsetof(struct frame, head));
        drop = a->drop;
        if (drop == DROP_NONE)
            check_accepted(a);
        else
            assert_int_equal(drop, DROP_bad_offload);
        if (drop == DROP_NONE && a->wire_pkts > 1)
            drop = DROP_COUNT;
    }
    free(a);
    free(b);
    return drop;
}

static void any_request_on_any_frame(void **state)
{
    enum { FRAMES = 10000, REQUESTS = 20 };
    uint32_t counts[DROP_COUNT + 1] = {0};
    struct packet_spec s;
    unsigned seed = 2024;

    for (int i = 0; i < FRAMES * REQUESTS; i++) {
        uint32_t head;

        if (i % REQUESTS == 0) {
            random_spec(&s, &seed);
            packet_build(&s, &packet);
        }
        head = packet.len < FRAME_HEAD_BYTES ? packet.len : FRAME_HEAD_BYTES;
        if (rand_r(&seed) % 20 == 0)
            packet.bytes[12 + (uint32_t)rand_r(&seed) % (head - 12)] ^= (uint8_t)rand_r(&seed);
        counts[judge_twice(packet.len, head, random_offload(&packet, s.ipv6, &seed))]++;
    }
    printf("          %u refused, %u accepted to sum, %u accepted to cut\n",
           counts[DROP_bad_offload], counts[DROP_NONE], counts[DROP_COUNT]);
    assert_true(counts[DROP_bad_offload] > 10000);
    assert_true(counts[DROP_NONE] > 2000);
    assert_true(counts[DROP_COUNT] > 2000);
}

/* Truncated everywhere: heads of each length, every request. */
static void truncated_heads(void **state)
{
    struct packet_spec s;
    unsigned seed = 9;

    for (int i = 0; i < 300; i++) {
        random_spec(&s, &seed);
        packet_build(&s, &packet);
        for (uint32_t len = VLAN_ETH_BYTES; len <= FRAME_HEAD_BYTES && len <= packet.len; len++) {
            struct offload o = random_offload(&packet, s.ipv6, &seed);

            (void)judge_twice(len, len, o);
            (void)judge_twice(packet.len, len, o);
        }
    }
}

static uint8_t checked(struct frame *f, struct offload o)
{
    f->offload = o;
    f->drop = DROP_NONE;
    frame_check_offload(f);
    return f->drop;
}

/* The checksum must not be put where the frame is judged by. */
static void checksum_spares_headers(void **state)
{
    static const struct packet_spec tcp4 = {.l4 = PACKET_TCP, .payload_bytes = 400};
    static const struct packet_spec udp6 = {.l4 = PACKET_UDP, .ipv6 = true, .payload_bytes = 400};
    struct offload o = {.flags = OFFLOAD_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16};
    struct frame *f;

    packet_build(&tcp4, &packet);
    f = plain_frame(&packet);
    assert_int_equal(checked(f, o), DROP_NONE);
    o.csum_offset = 0; /* the source port */
    assert_int_equal(checked(f, o), DROP_bad_offload);
    o.csum_start = 14, o.csum_offset = 12; /* the source address */
    assert_int_equal(checked(f, o), DROP_bad_offload);
    o.csum_start = 14, o.csum_offset = 36; /* right place, wrong sum */
    assert_int_equal(checked(f, o), DROP_bad_offload);
    o.csum_start = 36, o.csum_offset = 0; /* the destination port */
    assert_int_equal(checked(f, o), DROP_bad_offload);
    o.csum_start = 90, o.csum_offset = 16; /* of an inner packet */
    assert_int_equal(checked(f, o), DROP_NONE);
    o.csum_start = 34, o.csum_offset = 16;
    store_be16(f->head + 20, 0x2000); /* a fragment has none */
    assert_int_equal(checked(f, o), DROP_bad_offload);

    packet_build(&udp6, &packet);
    f = plain_frame(&packet);
    o.csum_start = 54, o.csum_offset = 6;
    assert_int_equal(checked(f, o), DROP_NONE);
    o.csum_offset = 16;
    assert_int_equal(checked(f, o), DROP_bad_offload);
    store_be16(f->head + 12, 0x88b5); /* not IP: where it likes, behind the type */
    assert_int_equal(checked(f, o), DROP_NONE);
    o.csum_start = 13;
    assert_int_equal(checked(f, o), DROP_bad_offload);
}

static void gso_limits(void **state)
{
    struct packet_spec s = {.l4 = PACKET_TCP, .payload_bytes = 2000};
    struct offload o = {.flags = OFFLOAD_NEEDS_CSUM,
                        .gso_type = OFFLOAD_GSO_TCPV4,
                        .gso_size = 1000,
                        .csum_start = 34,
                        .csum_offset = 16};
    struct frame *f;

    packet_build(&s, &packet);
    f = plain_frame(&packet);
    assert_int_equal(checked(f, o), DROP_NONE);
    assert_int_equal(f->wire_pkts, 2);
    assert_int_equal(f->wire_bytes, 2 * 1054);
    o.gso_size = 999;
    assert_int_equal(checked(f, o), DROP_NONE);
    assert_int_equal(f->wire_pkts, 3);
    o.gso_size = 47;
    assert_int_equal(checked(f, o), DROP_bad_offload);
    /* One segment is no segmentation. */
    f->wire_pkts = 1, f->wire_bytes = f->len;
    o.gso_size = 2000;
    assert_int_equal(checked(f, o), DROP_NONE);
    assert_int_equal(f->offload.gso_type, OFFLOAD_GSO_NONE);
    assert_int_equal(f->wire_pkts, 1);
    check_accepted(f);
    /* Headers that do not fit the private head; a packet longer than IPv4 can say. */
    s.ip_option_bytes = 40, s.tcp_option_bytes = 40;
    packet_build(&s, &packet);
    f = plain_frame(&packet);
    o.csum_start = 74, o.gso_size = 1000;
    assert_int_equal(checked(f, o), DROP_bad_offload);
    s.ip_option_bytes = 0, s.tcp_option_bytes = 0, s.payload_bytes = 65536 - 40;
    packet_build(&s, &packet);
    f = plain_frame(&packet);
    o.csum_start = 34;
    assert_int_equal(checked(f, o), DROP_bad_offload);
}

static void swap(uint8_t *a, uint8_t *b, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        uint8_t t = a[i];

        a[i] = b[i];
        b[i] = t;
    }
}

static uint32_t hash_of(const struct packet *p)
{
    struct frame *f = plain_frame(p);

    return frame_flow_hash(f);
}

static void hash_is_symmetric(void **state)
{
    uint32_t odd = 0, low_bits[8] = {0}, total = 0;
    unsigned seed = 31;

    for (int i = 0; i < 4000; i++) {
        struct packet_spec s;
        uint8_t *ip, *l4;
        uint32_t there;

        random_spec(&s, &seed);
        s.payload_bytes %= 200;
        packet_build(&s, &packet);
        ip = packet.bytes + packet.l3_off;
        l4 = packet.bytes + packet.l4_off;
        there = hash_of(&packet);
        swap(packet.bytes, packet.bytes + 6, 6);
        if (s.ipv6)
            swap(ip + 8, ip + 24, 16);
        else
            swap(ip + 12, ip + 16, 4);
        swap(l4, l4 + 2, 2);
        assert_int_equal(hash_of(&packet), there);
        /* Payload, sequence numbers, tags: not the flow. */
        packet.bytes[packet.len - 1] ^= 0x40;
        assert_int_equal(hash_of(&packet), there);
        odd += there & 1;
        low_bits[there % 8]++;
        total++;
    }
    /* Queues are picked by remainder: every remainder must come up. */
    assert_in_range(odd, total * 45 / 100, total * 55 / 100);
    for (int i = 0; i < 8; i++)
        assert_in_range(low_bits[i], total / 10, total * 15 / 100);
}

static void hash_tells_flows_apart(void **state)
{
    struct packet_spec s = {.l4 = PACKET_TCP, .payload_bytes = 100, .seed = 4};
    uint32_t port_hash[256], counts[4] = {0}, same = 0;

    for (int v6 = 0; v6 < 2; v6++) {
        s.ipv6 = v6;
        packet_build(&s, &packet);
        memset(counts, 0, sizeof(counts));
        for (uint32_t i = 0; i < 256; i++) {
            store_be16(packet.bytes + packet.l4_off, (uint16_t)(40000 + i));
            port_hash[i] = hash_of(&packet);
            counts[port_hash[i] % 4]++;
            for (uint32_t j = 0; j < i; j++)
                same += port_hash[i] == port_hash[j];
        }
        for (int i = 0; i < 4; i++)
            assert_in_range(counts[i], 35, 95);
    }
    assert_int_equal(same, 0);
}

/* All fragments of a datagram take one way, whatever stands where the ports would be. */
static void fragments_stay_together(void **state)
{
    struct packet_spec s = {.l4 = PACKET_UDP, .payload_bytes = 1000, .seed = 4};
    uint32_t first;

    packet_build(&s, &packet);
    store_be16(packet.bytes + packet.l3_off + 6, 0x2000);
    first = hash_of(&packet);
    store_be16(packet.bytes + packet.l3_off + 6, 0x2010);
    memset(packet.bytes + packet.l4_off, 0x77, 8);
    assert_int_equal(hash_of(&packet), first);
    store_be16(packet.bytes + packet.l3_off + 6, 0x0020);
    assert_int_equal(hash_of(&packet), first);

    s.ipv6 = true, s.ext_bytes = 8;
    packet_build(&s, &packet);
    packet.bytes[packet.l3_off + 6] = 44;
    first = hash_of(&packet);
    memset(packet.bytes + packet.l4_off, 0x78, 8);
    store_be16(packet.bytes + packet.l3_off + 42, 0x0101);
    assert_int_equal(hash_of(&packet), first);
}

/* What a frame with the tags rewritten must be, the slow way. */
static void compose_slowly(const struct packet *p, const struct tag_op *op, struct packet *ret)
{
    uint32_t skip = 12 + op->strip * 4u, at = 12;

    memcpy(ret->bytes, p->bytes, 12);
    for (int i = 0; i < op->push; i++, at += 4) {
        store_be16(ret->bytes + at, op->tag[i].tpid);
        store_be16(ret->bytes + at + 2, op->tag[i].tci);
    }
    memcpy(ret->bytes + at, p->bytes + skip, p->len - skip);
    ret->len = at + p->len - skip;
}

static void check_composed(const struct frame *f, const struct tag_op *op)
{
    static struct packet want, got;
    uint8_t scratch[FRAME_COMPOSE_BYTES];
    struct frame before = *f;
    struct frame_out out;
    int growth = (op->push - op->strip) * 4;

    memset(scratch, 0x5a, sizeof(scratch));
    frame_compose(f, op, scratch, &out);
    assert_memory_equal(f, &before, sizeof(before));
    compose_slowly(&packet, op, &want);
    memcpy(got.bytes, out.head, out.head_len);
    got.len = out.head_len;
    for (uint16_t i = 0; i < out.seg_count; i++) {
        memcpy(got.bytes + got.len, out.seg[i].base, out.seg[i].len);
        got.len += out.seg[i].len;
    }
    assert_int_equal(out.len, want.len);
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.bytes, want.bytes, want.len);
    assert_int_equal(out.offload.flags, f->offload.flags);
    assert_int_equal(out.offload.gso_size, f->offload.gso_size);
    if (f->offload.flags & OFFLOAD_NEEDS_CSUM)
        assert_int_equal(out.offload.csum_start, f->offload.csum_start + growth);
    if (f->offload.gso_type != OFFLOAD_GSO_NONE)
        assert_int_equal(out.offload.hdr_len, f->gso_hdr + growth);
}

static void compose(void **state)
{
    unsigned seed = 6;

    for (int i = 0; i < 3000; i++) {
        struct packet_spec s;
        struct offload o = {0};
        struct frame *f;

        random_spec(&s, &seed);
        packet_build(&s, &packet);
        if (rand_r(&seed) % 2) {
            uint8_t type = s.ipv6 ? OFFLOAD_GSO_TCPV6 : OFFLOAD_GSO_TCPV4;
            bool cut = s.l4 == PACKET_TCP && packet.payload_off <= FRAME_HEAD_BYTES;

            o = packet_request(&packet, cut ? 1000 : 0, cut ? type : OFFLOAD_GSO_NONE);
        }
        f = packet_frame(&burst, &packet, o, PACKET_MAX_BYTES);
        if (f->drop != DROP_NONE)
            continue; /* e.g. extension headers beyond what is looked at */
        for (uint8_t strip = 0; strip <= s.tags; strip++) {
            for (uint8_t push = 0; push <= 2; push++) {
                struct tag_op op = {
                    .strip = strip,
                    .push = push,
                    .tag = {{0x88a8, (uint16_t)rand_r(&seed)}, {0x8100, (uint16_t)rand_r(&seed)}}};

                check_composed(f, &op);
            }
        }
    }
}

static struct frame *commit_bytes(uint32_t len, uint16_t segs)
{
    struct frame *f = burst_next(&burst);

    f->len = len;
    f->head_len = len < FRAME_HEAD_BYTES ? (uint16_t)len : FRAME_HEAD_BYTES;
    f->seg_count = segs;
    memset(f->head, 0, f->head_len);
    burst_commit(&burst, f);
    return f;
}

static void burst_budgets(void **state)
{
    struct frame *f;

    burst_reset(&burst, 3, 1 << 20, 1 << 20);
    for (int i = 0; i < 3; i++) {
        assert_true(burst_has_room(&burst));
        f = commit_bytes(60, 0);
        assert_ptr_equal(f, &burst.frame[i]);
    }
    assert_false(burst_has_room(&burst)); /* frames */

    burst_reset(&burst, BURST_FRAMES, 100, 10);
    (void)commit_bytes(60, 0);
    assert_true(burst_has_room(&burst));
    (void)commit_bytes(60, 0);
    assert_int_equal(burst.left_wire_bytes, -20); /* debt of one frame */
    assert_int_equal(burst.left_wire_pkts, 8);
    assert_false(burst_has_room(&burst));

    burst_reset(&burst, BURST_FRAMES, 1000, 1);
    (void)commit_bytes(60, 0);
    assert_false(burst_has_room(&burst)); /* packets */
    burst_reset(&burst, BURST_FRAMES, 0, 1);
    assert_false(burst_has_room(&burst));

    /* Room for the longest chain is kept. */
    burst_reset(&burst, BURST_FRAMES, 1 << 30, 1 << 30);
    f = commit_bytes(5000, FRAME_SEGS_MAX);
    assert_true(burst_has_room(&burst));
    assert_ptr_equal(burst_segs(&burst), burst.seg + FRAME_SEGS_MAX);
    f = commit_bytes(5000, 1);
    assert_ptr_equal(f->seg, burst.seg + FRAME_SEGS_MAX);
    assert_false(burst_has_room(&burst));
}

/* A GSO frame costs what its segments cost. */
static void gso_costs_its_segments(void **state)
{
    struct packet_spec s = {.l4 = PACKET_TCP, .payload_bytes = 14480};
    struct frame *f;

    packet_build(&s, &packet);
    burst_reset(&burst, BURST_FRAMES, 20000, 12);
    f = packet_next(&burst, &packet, packet_request(&packet, 1448, OFFLOAD_GSO_TCPV4),
                    PACKET_MAX_BYTES);
    burst_commit(&burst, f);
    assert_int_equal(f->drop, DROP_NONE);
    assert_int_equal(burst.left_wire_pkts, 2);
    assert_int_equal(burst.left_wire_bytes, 20000 - 10 * (1448 + 54));
}

static void what_is_no_frame(void **state)
{
    static const uint8_t tags[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 1, 0x81, 0};
    struct frame *f;

    burst_reset(&burst, BURST_FRAMES, 1000, 1000);
    f = commit_bytes(13, 0);
    assert_int_equal(f->drop, DROP_runt);
    assert_int_not_equal(frame_flow_hash(f), 0);
    assert_int_equal(commit_bytes(14, 0)->drop, DROP_NONE);
    f = burst_next(&burst); /* the tags never end */
    f->len = f->head_len = sizeof(tags);
    memcpy(f->head, tags, sizeof(tags));
    burst_commit(&burst, f);
    assert_int_equal(f->drop, DROP_runt);
    f = burst_next(&burst); /* the source knows better */
    f->len = f->head_len = 0;
    f->drop = DROP_bad_buffer;
    burst_commit(&burst, f);
    assert_int_equal(f->drop, DROP_bad_buffer);
    assert_int_equal(burst.count, 4);
    assert_int_equal(burst.left_wire_pkts, 996);
    assert_int_equal(burst.left_wire_bytes, 1000 - 13 - 14 - 18);
}

static void reasons_have_names(void **state)
{
    assert_string_equal(drop_name(DROP_NONE), "none");
    assert_string_equal(drop_name(DROP_dst_full), "dst_full");
    assert_true(drop_is_copy(DROP_dst_full));
    assert_false(drop_is_copy(DROP_runt));
    for (int i = 0; i < DROP_COUNT; i++) {
        assert_non_null(drop_name(i));
        assert_non_null(drop_help(i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_request_on_any_frame),
        cmocka_unit_test(truncated_heads),
        cmocka_unit_test(checksum_spares_headers),
        cmocka_unit_test(gso_limits),
        cmocka_unit_test(hash_is_symmetric),
        cmocka_unit_test(hash_tells_flows_apart),
        cmocka_unit_test(fragments_stay_together),
        cmocka_unit_test(compose),
        cmocka_unit_test(burst_budgets),
        cmocka_unit_test(gso_costs_its_segments),
        cmocka_unit_test(what_is_no_frame),
        cmocka_unit_test(reasons_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
