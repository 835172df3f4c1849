/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Netdev ports without a kernel: options, the rings of an AF_XDP socket with a kernel played by the
 * test (one that breaks the rules, too), checksums that a sender left to its NIC.
 */
#include <errno.h>
#include <stdlib.h>

#include "netdev/netdev_config.h"
#include "netdev/netdev_xsk.h"
#include "tests/support/cmocka.h"
#include "tests/support/packet.h"

/* ---- options ----------------------------------------------------------------------------- */
static int parse(const struct netdev_options *options, uint16_t mtu, struct netdev_config *ret,
                 struct vsw_err *err)
{
    struct port_config config = {.up = true, .mtu = mtu, .options = options};

    *err = (struct vsw_err){0};
    return netdev_config_parse(&config, ret, err);
}

static void options_are_checked(void **state)
{
    struct netdev_options o = {.iface = "eth1", .take = NETDEV_TAKE_MACS};
    struct netdev_config c;
    struct vsw_err err;

    snprintf(o.macs, sizeof(o.macs), "52:54:00:00:00:01, 52-54-00-00-00-02");
    assert_int_equal(parse(&o, 1500, &c, &err), 0);
    assert_string_equal(c.iface, "eth1");
    assert_int_equal(c.mac_count, 2);
    assert_int_equal(c.mac[0], 0x525400000001);
    assert_int_equal(c.mac[1], 0x525400000002);
    assert_int_equal(c.filter.take, NETDEV_FILTER_MACS);
    assert_int_equal(c.filter.guard.vlan, KERN_GUARD_ANY);

    assert_int_equal(parse(&o, 60, &c, &err), -ERANGE);
    assert_string_equal(err.field, "mtu");
    o.take = NETDEV_TAKE_ALL;
    assert_int_equal(parse(&o, 1500, &c, &err), -EINVAL);
    assert_string_equal(err.field, "macs");
    o.take = NETDEV_TAKE_MACS;
    snprintf(o.macs, sizeof(o.macs), "01:00:5e:00:00:01");
    assert_int_equal(parse(&o, 1500, &c, &err), -EINVAL);
    o.macs[0] = '\0';
    snprintf(o.iface, sizeof(o.iface), "a/b");
    assert_int_equal(parse(&o, 1500, &c, &err), -EINVAL);
    assert_string_equal(err.field, "iface");
    o.iface[0] = '\0';
    assert_int_equal(parse(&o, 1500, &c, &err), -EINVAL);
}

static void the_guard_says_what_is_ours(void **state)
{
    struct netdev_options o = {.iface = "eth1", .take = NETDEV_TAKE_MAPPED};
    struct port_guard guard = {.vlan_mode = VLAN_MODE_TRUNK,
                               .tpid = VLAN_TPID_DOT1Q,
                               .untagged = true,
                               .uplink = true,
                               .svid_allowed = {[2] = 1},
                               .vid_allowed = {[1] = 1ull << (100 - 64)}};
    struct port_config config = {.up = true, .mtu = 1500, .options = &o, .guard = &guard};
    struct netdev_config c;

    assert_int_equal(netdev_config_parse(&config, &c, NULL), 0);
    assert_int_equal(c.filter.take, NETDEV_FILTER_MAPPED);
    assert_int_equal(c.filter.guard.vlan, KERN_GUARD_TRUNK);
    assert_int_equal(c.filter.guard.tpid, VLAN_TPID_DOT1Q);
    assert_int_equal(c.filter.guard.untagged, 1);
    assert_int_equal(c.filter.guard.vid[1], 1ull << (100 - 64));
    assert_int_equal(c.filter.guard.vid[0], 0);
    assert_int_equal(c.filter.guard.uplink, 1);
    assert_int_equal(c.filter.guard.svid[2], 1);
    config.up = false;
    assert_int_equal(netdev_config_parse(&config, &c, NULL), 0);
    assert_int_equal(c.filter.take, NETDEV_FILTER_NOTHING);
}

static void memory_follows_the_mtu(void **state)
{
    struct netdev_config now = {.iface = "a", .mtu = 1500}, next = now;

    assert_int_equal(netdev_chunk_bytes(1500), 2048);
    assert_int_equal(netdev_chunk_bytes(1770), 2048);
    assert_int_equal(netdev_chunk_bytes(1771), 4096);
    assert_int_equal(netdev_chunk_bytes(3818), 4096);
    assert_int_equal(netdev_chunk_bytes(3819), 0);
    next.mtu = 1400;
    assert_true(netdev_config_same_device(&now, &next));
    next.mtu = 3000;
    assert_false(netdev_config_same_device(&now, &next));
    next = now;
    next.xdp = NETDEV_XDP_OFF;
    assert_false(netdev_config_same_device(&now, &next));
}

/* ---- rings ------------------------------------------------------------------------------- */
#define CHUNK 2048u

struct words {
    _Atomic uint32_t producer, consumer, flags;
};

struct lab {
    struct netdev_xsk x;
    struct words words[4];
    struct xdp_desc rx[XSK_FRAMES], tx[XSK_FRAMES];
    uint64_t fill[XSK_FRAMES], comp[XSK_FRAMES];
};

static struct burst burst;

static void ring_init(struct netdev_xsk_ring *ring, struct words *w, void *entries)
{
    *ring = (struct netdev_xsk_ring){
        .producer = &w->producer, .consumer = &w->consumer, .flags = &w->flags, .entries = entries};
}

/* As after netdev_xsk_open(), but without a kernel: nobody is to be called. */
static int set_up(void **state)
{
    struct lab *l = aligned_alloc(CACHE_LINE_BYTES, sizeof(*l));

    memset(l, 0, sizeof(*l));
    l->x.fd = -1;
    l->x.chunk_bytes = CHUNK;
    l->x.umem = calloc(2 * XSK_FRAMES, CHUNK);
    ring_init(&l->x.rx, &l->words[0], l->rx);
    ring_init(&l->x.fill, &l->words[1], l->fill);
    ring_init(&l->x.tx, &l->words[2], l->tx);
    ring_init(&l->x.comp, &l->words[3], l->comp);
    l->x.fill.mine = XSK_FRAMES;
    l->words[1].producer = XSK_FRAMES;
    for (uint32_t i = 0; i < XSK_FRAMES; i++)
        l->x.free[i] = (uint64_t)(XSK_FRAMES + i) * CHUNK;
    l->x.free_count = XSK_FRAMES;
    *state = l;
    return 0;
}

static int tear_down(void **state)
{
    struct lab *l = *state;

    free(l->x.umem);
    free(l);
    return 0;
}

static void arrive(struct lab *l, uint64_t addr, uint32_t len)
{
    l->rx[l->words[0].producer++ % XSK_FRAMES] = (struct xdp_desc){.addr = addr, .len = len};
}

static uint16_t receive(struct lab *l, uint16_t max)
{
    burst_reset(&burst, max, INT64_MAX / 2, INT64_MAX / 2);
    netdev_xsk_rx(&l->x, &burst);
    return burst.count;
}

static uint32_t given_back(const struct lab *l)
{
    return l->words[1].producer - XSK_FRAMES;
}

static void frames_stay_where_they_are(void **state)
{
    struct lab *l = *state;
    uint8_t *p = l->x.umem + 5 * CHUNK + 256;

    for (int i = 0; i < 1000; i++)
        p[i] = (uint8_t)(i * 7);
    p[12] = 0x88, p[13] = 0xb5;
    arrive(l, 5 * CHUNK + 256, 1000);
    arrive(l, 6 * CHUNK + 256, 60);
    assert_true(netdev_xsk_rx_pending(&l->x));
    assert_int_equal(receive(l, BURST_FRAMES), 2);
    assert_false(netdev_xsk_rx_pending(&l->x));
    assert_int_equal(burst.frame[0].len, 1000);
    assert_int_equal(burst.frame[0].head_len, FRAME_HEAD_BYTES);
    assert_memory_equal(burst.frame[0].head, p, FRAME_HEAD_BYTES);
    assert_int_equal(burst.frame[0].seg_count, 1);
    assert_ptr_equal(burst.frame[0].seg[0].base, p + FRAME_HEAD_BYTES);
    assert_int_equal(burst.frame[0].seg[0].len, 1000 - FRAME_HEAD_BYTES);
    assert_int_equal(burst.frame[1].seg_count, 0);
    assert_int_equal(l->words[0].consumer, 2);

    netdev_xsk_rx_done(&l->x);
    assert_int_equal(given_back(l), 0);
}

/* As whole ones, when there are enough of them, and never while a burst uses them. */
static void chunks_go_back(void **state)
{
    struct lab *l = *state;

    for (uint32_t i = 0; i < XSK_REFILL_CHUNKS; i++) {
        assert_int_equal(given_back(l), 0);
        arrive(l, (uint64_t)(i + 5) * CHUNK + 256, 60);
        assert_int_equal(receive(l, BURST_FRAMES), 1);
        assert_int_equal(given_back(l), 0);
        netdev_xsk_rx_done(&l->x);
    }
    assert_int_equal(given_back(l), XSK_REFILL_CHUNKS);
    for (uint32_t i = 0; i < XSK_REFILL_CHUNKS; i++)
        assert_int_equal(l->fill[i], (uint64_t)(i + 5) * CHUNK);
}

static void a_burst_takes_what_it_may(void **state)
{
    struct lab *l = *state;

    for (uint32_t i = 0; i < 100; i++)
        arrive(l, (uint64_t)i * CHUNK + 256, 64);
    assert_int_equal(receive(l, 3), 3);
    netdev_xsk_rx_done(&l->x);
    for (uint32_t held = 3; held < XSK_REFILL_CHUNKS; held += BURST_FRAMES) {
        assert_int_equal(given_back(l), 0);
        assert_int_equal(receive(l, BURST_FRAMES), BURST_FRAMES);
        netdev_xsk_rx_done(&l->x);
    }
    assert_int_equal(given_back(l), 3 + XSK_REFILL_CHUNKS);
}

static void entries_that_cannot_be_true(void **state)
{
    struct lab *l = *state;

    arrive(l, UINT64_MAX - 100, 64);             /* outside */
    arrive(l, (uint64_t)XSK_FRAMES * CHUNK, 64); /* the half we send from */
    arrive(l, 3 * CHUNK + 256, CHUNK - 255);     /* beyond its chunk */
    arrive(l, 4 * CHUNK + 256, UINT32_MAX);      /* longer than all of it */
    arrive(l, 7 * CHUNK + 256, 64);              /* a frame */
    arrive(l, 8 * CHUNK + CHUNK - 1, 1);         /* a runt, but inside */
    assert_int_equal(receive(l, BURST_FRAMES), 2);
    assert_int_equal(burst.frame[0].drop, DROP_NONE);
    assert_int_equal(burst.frame[1].drop, DROP_runt);
    assert_int_equal(l->x.bad_descs, 4);
    netdev_xsk_rx_done(&l->x);
    assert_int_equal(l->x.held_count, 4);

    /* More than the ring holds. */
    l->words[0].producer += XSK_FRAMES + 1;
    assert_int_equal(receive(l, BURST_FRAMES), 0);
    /* Completions of what was never sent. */
    l->comp[0] = 0;
    l->comp[1] = UINT64_MAX;
    l->comp[2] = (uint64_t)XSK_FRAMES * CHUNK;
    l->words[3].producer = 3;
    l->x.free_count = 0;
    assert_int_equal(
        netdev_xsk_put(&l->x,
                       &(struct frame_out){.head = burst.frame[0].head, .head_len = 60, .len = 60}),
        DROP_NONE);
    assert_int_equal(l->x.bad_descs, 6);
    assert_int_equal(l->tx[0].addr, (uint64_t)XSK_FRAMES * CHUNK);
}

static void the_ring_gets_full_and_empties(void **state)
{
    static const uint8_t bytes[CHUNK + 1];
    struct frame_out out = {.head = bytes, .head_len = 60, .len = 60};
    struct lab *l = *state;

    out.len = out.head_len = CHUNK + 1;
    assert_int_equal(netdev_xsk_put(&l->x, &out), DROP_mtu);
    out.len = out.head_len = 60;
    for (int i = 0; i < XSK_FRAMES; i++)
        assert_int_equal(netdev_xsk_put(&l->x, &out), DROP_NONE);
    assert_int_equal(netdev_xsk_put(&l->x, &out), DROP_dst_full);
    assert_false(netdev_xsk_tx_room(&l->x));
    assert_int_equal(l->words[2].producer, 0);
    netdev_xsk_flush(&l->x);
    assert_int_equal(l->words[2].producer, XSK_FRAMES);
    assert_false(netdev_xsk_tx_stuck(&l->x)); /* the kernel did not ask to be called */
    for (uint32_t i = 0; i < 10; i++)
        l->comp[i] = l->tx[i].addr;
    l->words[2].consumer = l->words[3].producer = 10;
    assert_true(netdev_xsk_tx_room(&l->x));
    for (int i = 0; i < 10; i++)
        assert_int_equal(netdev_xsk_put(&l->x, &out), DROP_NONE);
    assert_int_equal(netdev_xsk_put(&l->x, &out), DROP_dst_full);
    assert_int_equal(l->words[3].consumer, 10);
}

/* ---- checksums --------------------------------------------------------------------------- */
static struct packet packet, verified;

static void to_frame(struct frame *f, const uint8_t *bytes, uint32_t len)
{
    memset(f, 0, sizeof(*f));
    f->len = len;
    f->head_len = len < FRAME_HEAD_BYTES ? (uint16_t)len : FRAME_HEAD_BYTES;
    memcpy(f->head, bytes, f->head_len);
}

/* From a veth with half a checksum to an interface that wants all of it. */
static void check_completed(struct lab *l, const struct packet_spec *spec)
{
    static struct frame f;
    struct xdp_desc *d = &l->tx[l->x.tx.mine % XSK_FRAMES];
    struct frame_seg seg;
    struct frame_out out;

    packet_build(spec, &packet);
    to_frame(&f, packet.bytes, packet.len);
    netdev_xsk_mark_partial(&f);
    assert_int_equal(f.offload.flags, OFFLOAD_NEEDS_CSUM);
    assert_int_equal(f.offload.csum_start, packet.l4_off);
    assert_int_equal(f.offload.csum_start + f.offload.csum_offset, packet.csum_off);

    seg = (struct frame_seg){packet.bytes + f.head_len, packet.len - f.head_len};
    out = (struct frame_out){.head = f.head,
                             .head_len = f.head_len,
                             .seg = &seg,
                             .seg_count = seg.len > 0,
                             .len = packet.len,
                             .offload = f.offload};
    assert_int_equal(netdev_xsk_put(&l->x, &out), DROP_NONE);
    assert_null(packet_verify(l->x.umem + d->addr, d->len, &verified));

    /* What is whole is left alone (but for one in 65536, which loses nothing). */
    to_frame(&f, l->x.umem + d->addr, d->len);
    netdev_xsk_mark_partial(&f);
    assert_int_equal(f.offload.flags, 0);
}

static void half_checksums_are_seen_and_completed(void **state)
{
    struct lab *l = *state;

    for (unsigned seed = 1; seed <= 40; seed++) {
        struct packet_spec spec = {
            .tags = (int)(seed % 3),
            .ipv6 = seed & 1,
            .l4 = seed & 2 ? PACKET_TCP : PACKET_UDP,
            .ip_option_bytes = seed & 1 ? 0 : seed % 4 * 4,
            .ext_bytes = seed & 1 && seed & 4 ? 8 : 0,
            .payload_bytes = seed * 31,
            .seed = seed,
        };

        check_completed(l, &spec);
    }
}

static void what_is_no_half_checksum(void **state)
{
    struct packet_spec spec = {.l4 = PACKET_UDP, .payload_bytes = 100, .seed = 3};
    struct frame f;

    packet_build(&spec, &packet);
    /* A fragment has no checksum to look at. */
    packet.bytes[packet.l3_off + 6] |= 0x20;
    to_frame(&f, packet.bytes, packet.len);
    netdev_xsk_mark_partial(&f);
    assert_int_equal(f.offload.flags, 0);
    /* Every length that ends too early: nothing is read behind the head. */
    packet_build(&spec, &packet);
    for (uint32_t len = 0; len < packet.csum_off + 2; len++) {
        uint8_t *exact = malloc(len + 1);

        memcpy(exact, packet.bytes, len);
        to_frame(&f, exact, len);
        netdev_xsk_mark_partial(&f);
        assert_int_equal(f.offload.flags, 0);
        free(exact);
    }
    /* UDP without a checksum. */
    memset(packet.bytes + packet.csum_off, 0, 2);
    to_frame(&f, packet.bytes, packet.len);
    netdev_xsk_mark_partial(&f);
    assert_int_equal(f.offload.flags, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(the_guard_says_what_is_ours),
        cmocka_unit_test(memory_follows_the_mtu),
        cmocka_unit_test_setup_teardown(frames_stay_where_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chunks_go_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_burst_takes_what_it_may, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_that_cannot_be_true, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_ring_gets_full_and_empties, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_checksums_are_seen_and_completed, set_up, tear_down),
        cmocka_unit_test(what_is_no_half_checksum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
