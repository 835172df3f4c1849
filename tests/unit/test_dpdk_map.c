/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dpdk/dpdk_map.c: what is sent is checked by an independent, slow reading of it, playing the card.
 */
#include <rte_ethdev.h>
#include <stdlib.h>

#include "dpdk/dpdk_map.h"
#include "tests/support/cmocka.h"
#include "tests/support/packet_frame.h"

#define ROOM   2048
#define CHAIN  48
#define TCP_ID 16

static struct burst burst;
static struct packet packet, seen;
static bool sums_ip = true;
static struct rte_mbuf mbufs[CHAIN];
static uint8_t memory[CHAIN][RTE_PKTMBUF_HEADROOM + ROOM];

static struct rte_mbuf *fresh(int i)
{
    struct rte_mbuf *m = &mbufs[i];

    assert_in_range(i, 0, CHAIN - 1);
    memset(m, 0, sizeof(*m));
    m->buf_addr = memory[i];
    m->buf_len = sizeof(memory[i]);
    m->data_off = RTE_PKTMBUF_HEADROOM;
    m->nb_segs = 1;
    return m;
}

/* A packet as a device hands it over, in pieces of @piece bytes. */
static struct rte_mbuf *received(const uint8_t *bytes, uint32_t len, uint32_t piece)
{
    struct rte_mbuf *first = fresh(0), *m = first;
    uint32_t count = 1;

    first->pkt_len = len;
    for (uint32_t off = 0;;) {
        m->data_len = (uint16_t)(len - off < piece ? len - off : piece);
        memcpy(rte_pktmbuf_mtod(m, void *), bytes + off, m->data_len);
        off += m->data_len;
        if (off == len)
            break;
        m->next = fresh((int)count++);
        m = m->next;
    }
    first->nb_segs = (uint16_t)count;
    return first;
}

static struct frame *take(const struct rte_mbuf *m)
{
    burst_reset(&burst, BURST_FRAMES, INT64_MAX / 2, INT64_MAX / 2);
    dpdk_map_rx(&burst, m);
    assert_int_equal(burst.count, 1);
    return &burst.frame[0];
}

/* The frame's bytes, head and body, are these. */
static void assert_frame(const struct frame *f, const uint8_t *bytes, uint32_t len)
{
    uint32_t off = f->head_len;

    assert_int_equal(f->drop, DROP_NONE);
    assert_int_equal(f->len, len);
    assert_memory_equal(f->head, bytes, f->head_len);
    for (uint16_t i = 0; i < f->seg_count; i++) {
        assert_memory_equal(f->seg[i].base, bytes + off, f->seg[i].len);
        off += f->seg[i].len;
    }
    assert_int_equal(off, len);
}

/* ---- receive ----------------------------------------------------------------------------- */
static void plain_frames(void **state)
{
    static const uint32_t lens[] = {14, 60, 127, 128, 129, 1500, 9000};
    uint8_t bytes[9000];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
        assert_frame(take(received(bytes, lens[i], ROOM)), bytes, lens[i]);
        assert_frame(take(received(bytes, lens[i], lens[i] < 300 ? 9 : 500)), bytes, lens[i]);
    }
}

static void bad_mbufs(void **state)
{
    uint8_t bytes[200] = {0};
    struct rte_mbuf *m = received(bytes, 13, ROOM);

    assert_int_equal(take(m)->drop, DROP_runt);
    m = received(bytes, 200, 50);
    m->pkt_len++;
    assert_int_equal(take(m)->drop, DROP_bad_buffer);
    m = received(bytes, 200, 50);
    m->nb_segs--;
    assert_int_equal(take(m)->drop, DROP_bad_buffer);
    m = received(bytes, 200, 50);
    m->nb_segs++;
    assert_int_equal(take(m)->drop, DROP_bad_buffer);
    m = received(bytes, 200, ROOM);
    m->data_off = (uint16_t)(m->buf_len - 199);
    assert_int_equal(take(m)->drop, DROP_bad_buffer);
    m = received(bytes, 200, 50);
    mbufs[3].next = m; /* a ring of mbufs */
    assert_int_equal(take(m)->drop, DROP_bad_buffer);
    m = received(bytes, 200, ROOM);
    m->data_len = 0;
    m->pkt_len = 0;
    assert_int_equal(take(m)->drop, DROP_runt);
}

static void too_long(void **state)
{
    static uint8_t bytes[FRAME_MAX_BYTES + 1];
    struct rte_mbuf *m = received(bytes, FRAME_MAX_BYTES + 1, ROOM);

    assert_int_equal(take(m)->drop, DROP_too_long);
    m = received(bytes, FRAME_MAX_BYTES - 3, ROOM);
    m->ol_flags = RTE_MBUF_F_RX_VLAN_STRIPPED; /* with its tag it is too long */
    assert_int_equal(take(m)->drop, DROP_too_long);
}

static void stripped(void **state)
{
    uint8_t bytes[300], want[308];
    struct rte_mbuf *m;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 3);
    m = received(bytes, 300, ROOM);
    m->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
    m->vlan_tci = 0x6014;
    memcpy(want, bytes, 12);
    memcpy(want + 12, "\x81\x00\x60\x14", 4);
    memcpy(want + 16, bytes + 12, 288);
    assert_frame(take(m), want, 304);
    m = received(bytes, 300, 7);
    m->ol_flags = RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_QINQ_STRIPPED;
    m->vlan_tci = 20;
    m->vlan_tci_outer = 100;
    memcpy(want + 12, "\x88\xa8\x00\x64\x81\x00\x00\x14", 8);
    memcpy(want + 20, bytes + 12, 288);
    assert_frame(take(m), want, 308);
}

static void open_checksum(void **state)
{
    for (int i = 0; i < 8; i++) {
        struct packet_spec spec = {.tags = i & 1, .ipv6 = i & 2, .payload_bytes = 3000};
        struct rte_mbuf *m;
        struct frame *f;

        spec.l4 = i & 4 ? PACKET_UDP : PACKET_TCP;
        packet_build(&spec, &packet);
        m = received(packet.bytes, packet.len, ROOM);
        /* What the device left there means nothing. */
        memset(rte_pktmbuf_mtod_offset(m, uint8_t *, packet.csum_off), 0x5a, 2);
        m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_NONE;
        if (spec.l4 == PACKET_TCP)
            m->ol_flags |= RTE_MBUF_F_RX_LRO;
        m->tso_segsz = 1000;
        f = take(m);
        assert_frame(f, packet.bytes, packet.len);
        assert_int_equal(f->offload.flags, OFFLOAD_NEEDS_CSUM);
        assert_int_equal(f->offload.csum_start, packet.l4_off);
        assert_int_equal(f->offload.csum_start + f->offload.csum_offset, packet.csum_off);
        assert_int_equal(f->wire_pkts, spec.l4 == PACKET_TCP ? 3 : 1);
    }
}

static void trusted_checksum(void **state)
{
    struct packet_spec spec = {.payload_bytes = 100};
    struct rte_mbuf *m;

    packet_build(&spec, &packet);
    m = received(packet.bytes, packet.len, ROOM);
    m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
    assert_int_equal(take(m)->offload.flags, 0);
    m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_BAD;
    assert_int_equal(take(m)->offload.flags, 0);
}

/* ---- send -------------------------------------------------------------------------------- */

/* As a guest would send it. */
static struct frame *frame_of(const struct packet *p, struct offload offload)
{
    struct frame *f = packet_frame(&burst, p, offload, PACKET_MAX_BYTES);

    assert_int_equal(f->drop, DROP_NONE);
    return f;
}

static enum drop_reason send_frame(const struct frame *f, struct tag_op op, struct rte_mbuf **ret_m)
{
    uint8_t scratch[FRAME_COMPOSE_BYTES];
    struct rte_mbuf *chain[CHAIN];
    struct frame_out out;
    enum drop_reason drop;

    frame_compose(f, &op, scratch, &out);
    for (uint32_t i = 0; i < dpdk_map_segs(out.len, ROOM); i++)
        chain[i] = fresh((int)i);
    drop = dpdk_map_tx(f, &out, chain, ROOM, sums_ip);
    assert_int_equal(chain[0]->nb_segs, dpdk_map_segs(out.len, ROOM));
    assert_int_equal(chain[0]->pkt_len, out.len);
    *ret_m = chain[0];
    return drop;
}

/* What a card does with a request: the bytes on the wire of a frame that is not cut. */
static void finish_as_card(const struct rte_mbuf *m, uint8_t *bytes)
{
    uint32_t l4 = (uint32_t)m->l2_len + m->l3_len, off = 0, at;
    bool tcp = (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM;
    uint16_t sum;

    for (const struct rte_mbuf *s = m; s != NULL; s = s->next) {
        memcpy(bytes + off, rte_pktmbuf_mtod(s, const void *), s->data_len);
        off += s->data_len;
    }
    if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == 0)
        return;
    at = l4 + (tcp ? TCP_ID : 6);
    sum = (uint16_t)~packet_sum(bytes + l4, m->pkt_len - l4, 0);
    if (sum == 0)
        sum = 0xffff;
    bytes[at] = (uint8_t)(sum >> 8);
    bytes[at + 1] = (uint8_t)sum;
}

static struct offload request(const struct packet *p, uint16_t gso_size, bool ipv6)
{
    return packet_request(p, gso_size,
                          gso_size == 0 ? OFFLOAD_GSO_NONE
                          : ipv6        ? OFFLOAD_GSO_TCPV6
                                        : OFFLOAD_GSO_TCPV4);
}

static void checksums(void **state)
{
    static uint8_t wire[PACKET_MAX_BYTES];
    struct rte_mbuf *m;

    for (int i = 0; i < 64; i++) {
        struct packet_spec spec = {.tags = i % 3, .ipv6 = i & 1, .payload_bytes = (uint32_t)i * 20};
        const char *wrong;

        spec.l4 = i & 2 ? PACKET_UDP : PACKET_TCP;
        spec.ip_option_bytes = spec.ipv6 ? 0 : (uint32_t)(i & 8);
        spec.ext_bytes = spec.ipv6 ? (uint32_t)(i & 8) : 0; /* then not the card's business */
        spec.seed = (unsigned)i;
        packet_build(&spec, &packet);
        assert_int_equal(
            send_frame(frame_of(&packet, request(&packet, 0, false)), (struct tag_op){0}, &m),
            DROP_NONE);
        assert_int_equal((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == 0, spec.ext_bytes != 0);
        finish_as_card(m, wire);
        wrong = packet_verify(wire, m->pkt_len, &seen);
        if (wrong != NULL)
            fail_msg("packet %d: %s", i, wrong);
    }
}

static void no_request(void **state)
{
    struct packet_spec spec = {.payload_bytes = 1000};
    struct rte_mbuf *m;

    packet_build(&spec, &packet);
    assert_int_equal(send_frame(frame_of(&packet, (struct offload){0}), (struct tag_op){0}, &m),
                     DROP_NONE);
    assert_int_equal(m->ol_flags, 0);
    assert_memory_equal(rte_pktmbuf_mtod(m, void *), packet.bytes, packet.len);
}

static void segmentation(void **state)
{
    static uint8_t wire[PACKET_MAX_BYTES];
    struct rte_mbuf *m;

    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        struct packet_spec spec = {.ipv6 = ipv6, .payload_bytes = 60000, .tcp_option_bytes = 12};
        struct tag_op op = {.push = 1, .tag = {{.tpid = 0x8100, .tci = 20}}};
        struct frame *f;

        packet_build(&spec, &packet);
        f = frame_of(&packet, request(&packet, 1400, ipv6));
        assert_int_equal(send_frame(f, op, &m), DROP_NONE);
        assert_true(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG);
        assert_int_equal(!ipv6, (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0);
        assert_int_equal(m->tso_segsz, 1400);
        assert_int_equal(m->l2_len, 18);
        assert_int_equal(m->l2_len + m->l3_len, packet.l4_off + 4);
        assert_int_equal(m->l4_len, 32);
        /* The pseudo header's sum without a length, as cards want it. */
        finish_as_card(m, wire);
        assert_memory_equal(wire + 18 + (ipv6 ? 40 : 20) + 32, packet.bytes + packet.payload_off,
                            spec.payload_bytes);
        if (!ipv6) {
            assert_int_equal(wire[18 + 10] | wire[18 + 11], 0);
        }
    }
}

/* A virtual machine's card: its peer sees to the headers of the segments by itself, and wants that
 * of the packet whole. */
static void segmentation_unasked(void **state)
{
    struct packet_spec spec = {.payload_bytes = 5000};
    struct rte_mbuf *m;

    packet_build(&spec, &packet);
    sums_ip = false;
    assert_int_equal(
        send_frame(frame_of(&packet, request(&packet, 1400, false)), (struct tag_op){0}, &m),
        DROP_NONE);
    sums_ip = true;
    assert_true(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG);
    assert_false(m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM);
    assert_memory_equal(rte_pktmbuf_mtod(m, const uint8_t *), packet.bytes, packet.l4_off);
}

static void offered(void **state)
{
    const uint64_t csum = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
    const uint64_t tso =
        RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
    const uint64_t fast = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
    uint64_t tx;

    assert_int_equal(dpdk_map_offloads(0, 0, 33, &tx), 0);
    assert_int_equal(tx, 0);
    assert_int_equal(dpdk_map_offloads(RTE_ETH_TX_OFFLOAD_TCP_CKSUM | fast, 0, 33, &tx), 0);
    assert_int_equal(tx, fast);
    assert_int_equal(dpdk_map_offloads(csum, 0, 33, &tx), PORT_OFFLOAD_CSUM);
    assert_int_equal(tx, csum);
    assert_int_equal(dpdk_map_offloads(csum | tso | fast, 40, 33, &tx),
                     PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4 | PORT_OFFLOAD_TSO6);
    assert_int_equal(tx, csum | tso); /* chains are not for FAST_FREE */
    assert_int_equal(dpdk_map_offloads(csum | (tso & ~RTE_ETH_TX_OFFLOAD_IPV4_CKSUM), 40, 33, &tx),
                     PORT_OFFLOAD_CSUM | PORT_OFFLOAD_TSO4 | PORT_OFFLOAD_TSO6);
    assert_false(tx & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM);
    assert_int_equal(dpdk_map_offloads(csum | tso, 32, 33, &tx), PORT_OFFLOAD_CSUM);
    assert_int_equal(tx, csum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_frames),  cmocka_unit_test(bad_mbufs),
        cmocka_unit_test(too_long),      cmocka_unit_test(stripped),
        cmocka_unit_test(open_checksum), cmocka_unit_test(trusted_checksum),
        cmocka_unit_test(checksums),     cmocka_unit_test(no_request),
        cmocka_unit_test(segmentation),  cmocka_unit_test(segmentation_unasked),
        cmocka_unit_test(offered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
