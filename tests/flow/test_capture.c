/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a capture sees: the bytes that came in, that went out with their tags, that were dropped and
 * why; what its filter and its length leave out; what it misses when nobody reads.
 */
#include "datapath/capture.h"
#include "tests/support/cmocka.h"
#include "tests/support/lab.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <string.h>

/* Port 0 and 1 are access ports of VLAN 10, port 2 is a trunk with it. */
enum { ACCESS, PEER, TRUNK };

#define SNAPLEN 65549

static struct lab lab;
static struct packet packet, finished;

static int setup(void **state)
{
    const uint16_t domain = 1;

    lab_init(&lab, 1);
    lab_network(&lab, 1, 0, 10);
    lab_access(&lab, ACCESS, 1, 1);
    lab_access(&lab, PEER, 1, 1);
    lab_trunk(&lab, TRUNK, &domain, 1, VLAN_DOMAIN_NONE);
    lab_publish(&lab);
    return 0;
}

static int teardown(void **state)
{
    lab_fini(&lab);
    return 0;
}

/* ---- support ----------------------------------------------------------------------------- */

static int filter_set(struct dp_capture *c, const char *filter)
{
    pcap_t *pcap = pcap_open_dead(DLT_EN10MB, SNAPLEN);
    struct bpf_program program;
    int rc;

    assert_int_equal(pcap_compile(pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN), 0);
    rc = dp_capture_set_filter(c, program.bf_insns, program.bf_len);
    pcap_freecode(&program);
    pcap_close(pcap);
    return rc;
}

static struct dp_capture *start_with(struct dp_capture_spec spec, const char *filter)
{
    struct dp_capture *c;

    if (spec.snaplen_bytes == 0)
        spec.snaplen_bytes = SNAPLEN;
    assert_int_equal(dp_capture_create(lab.dp, &spec, &c), 0);
    if (filter != NULL)
        assert_int_equal(filter_set(c, filter), 0);
    assert_int_equal(dp_capture_attach(lab.dp, c), 0);
    return c;
}

static struct dp_capture *start(uint16_t port, unsigned directions)
{
    return start_with((struct dp_capture_spec){.port = port, .directions = directions}, NULL);
}

static void set_flag(void *arg)
{
    *(bool *)arg = true;
}

static void stop(struct dp_capture *c)
{
    bool done = false;

    dp_capture_detach(lab.dp, c, set_flag, &done);
    assert_false(done);
    dp_service(lab.dp, lab.now_ns);
    assert_true(done);
    dp_capture_free(c);
}

static void send_bytes(uint16_t port, const uint8_t *bytes, uint32_t len)
{
    fake_port_send(lab.port[port], 0, bytes, len, NULL);
    lab_run(&lab);
}

/* What a record says beside the bytes. */
struct seen {
    uint64_t at_ns;
    bool outbound;
    uint8_t drop;
    uint16_t wire_pkts;
    struct offload offload;
};

/* The next record must hold these bytes. */
static struct seen expect(struct dp_capture *c, const uint8_t *bytes, uint32_t len)
{
    const struct dp_capture_record *r = dp_capture_next(c);
    struct seen seen;

    assert_non_null(r);
    assert_int_equal(r->len, len);
    assert_int_equal(r->kept, len);
    assert_memory_equal(r->bytes, bytes, len);
    seen = (struct seen){r->at_ns, r->outbound, r->drop, r->wire_pkts, r->offload};
    dp_capture_release(c);
    return seen;
}

static uint32_t count_all(struct dp_capture *c)
{
    uint32_t count = 0;

    for (; dp_capture_next(c) != NULL; dp_capture_release(c))
        count++;
    return count;
}

/* ---- directions -------------------------------------------------------------------------- */

/* Short ones, those as long as the private head and around it, and long ones. */
static void in_is_what_came_in(void **state)
{
    static const uint32_t lengths[] = {14, 60, 127, 128, 129, 130, 1514};
    struct dp_capture *c = start(ACCESS, DP_CAPTURE_IN);
    uint8_t buf[2048];

    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        uint32_t len = lab_frame(buf, 2, 1, lengths[i]);
        struct seen r;

        lab.now_ns += 1234567;
        send_bytes(ACCESS, buf, len);
        r = expect(c, buf, len);
        assert_false(r.outbound);
        assert_int_equal(r.drop, DROP_NONE);
        assert_true(r.at_ns == lab.now_ns);
    }
    assert_null(dp_capture_next(c));
    stop(c);
}

/* With the tags it had, even if it goes nowhere; and nothing of other ports. */
static void in_is_before_anything(void **state)
{
    struct dp_capture *c = start(TRUNK, DP_CAPTURE_IN);
    uint8_t buf[256];
    uint32_t len = lab_tag(buf, lab_frame(buf, 2, 3, 200), 0x8100, 10);

    send_bytes(TRUNK, buf, len);
    expect(c, buf, len);
    store_be16(buf + 14, 4095);
    send_bytes(TRUNK, buf, len);
    expect(c, buf, len);
    lab_send(&lab, ACCESS, 0xff, 1);
    assert_null(dp_capture_next(c));
    stop(c);
}

static void expect_sent(struct dp_capture *c, uint16_t port)
{
    const struct fake_frame *got = fake_port_take(lab.port[port]);
    struct seen r;

    assert_non_null(got);
    r = expect(c, got->bytes, got->len);
    assert_true(r.outbound);
    assert_int_equal(r.drop, DROP_NONE);
}

static void out_is_what_went_out(void **state)
{
    struct dp_capture *tagged = start(TRUNK, DP_CAPTURE_OUT);
    struct dp_capture *untagged = start(PEER, DP_CAPTURE_OUT);
    uint8_t buf[2048];
    uint32_t len = lab_frame(buf, 0xff, 1, 1514);

    send_bytes(ACCESS, buf, len);
    assert_int_equal(dp_capture_next(tagged)->len, len + 4);
    assert_int_equal(load_be16(dp_capture_next(tagged)->bytes + 14), 10);
    expect_sent(tagged, TRUNK);
    expect_sent(untagged, PEER);
    len = lab_tag(buf, lab_frame(buf, 0xff, 3, 300), 0x8100, 10);
    send_bytes(TRUNK, buf, len);
    expect_sent(untagged, PEER);
    assert_null(dp_capture_next(tagged));
    stop(tagged);
    stop(untagged);
}

static void both_keeps_the_order(void **state)
{
    struct dp_capture *c = start(ACCESS, DP_CAPTURE_IN | DP_CAPTURE_OUT);

    for (int i = 0; i < 4; i++) {
        lab.now_ns += NS_PER_US;
        lab_send(&lab, i % 2 ? PEER : ACCESS, 0xff, (uint8_t)(1 + i % 2));
        assert_int_equal(dp_capture_next(c)->outbound, i % 2);
        dp_capture_release(c);
    }
    assert_null(dp_capture_next(c));
    stop(c);
}

static void drops_tell_why(void **state)
{
    struct dp_capture *in = start(ACCESS, DP_CAPTURE_DROP);
    struct dp_capture *out = start(PEER, DP_CAPTURE_DROP);
    struct seen r;
    uint8_t buf[2048];
    uint32_t len = lab_tag(buf, lab_frame(buf, 2, 1, 200), 0x8100, 10);

    send_bytes(ACCESS, buf, len);
    r = expect(in, buf, len);
    assert_int_equal(r.drop, DROP_vlan_tagged);
    assert_false(r.outbound);

    len = lab_frame(buf, 0xff, 1, 100);
    lab.port[PEER]->queue[0].room = 0;
    send_bytes(ACCESS, buf, len);
    r = expect(out, buf, len);
    assert_int_equal(r.drop, DROP_dst_full);
    assert_true(r.outbound);

    len = lab_frame(buf, 0xff, 1, 1800);
    send_bytes(ACCESS, buf, len);
    assert_int_equal(expect(out, buf, len).drop, DROP_mtu);

    send_bytes(ACCESS, buf, 9);
    assert_int_equal(expect(in, buf, 9).drop, DROP_runt);
    lab_send(&lab, TRUNK, 0xff, 3);
    assert_null(dp_capture_next(in));
    assert_null(dp_capture_next(out));
    stop(in);
    stop(out);
}

/* ---- what is left out -------------------------------------------------------------------- */

static void filters_choose(void **state)
{
    const struct dp_capture_spec in = {.port = TRUNK, .directions = DP_CAPTURE_IN};
    const struct dp_capture_spec out = {.port = TRUNK, .directions = DP_CAPTURE_OUT};
    struct dp_capture *host = start_with(in, "ether src 02:00:00:00:00:07");
    struct dp_capture *vlan = start_with(out, "vlan 10");
    struct dp_capture *untagged = start_with(out, "not vlan");
    uint8_t buf[256];

    for (uint8_t src = 5; src < 10; src++) {
        uint32_t len = lab_tag(buf, lab_frame(buf, 0xff, src, 100), 0x8100, 10);

        send_bytes(TRUNK, buf, len);
    }
    assert_int_equal(mac_to_u64(dp_capture_next(host)->bytes + 6), 0x020000000007);
    assert_int_equal(count_all(host), 1);
    for (int i = 0; i < 3; i++)
        lab_send(&lab, ACCESS, 0xff, 1);
    assert_int_equal(count_all(vlan), 3);
    assert_int_equal(count_all(untagged), 0);
    stop(host);
    stop(vlan);
    stop(untagged);
}

/* The filter knows the frame's whole length, but of its bytes only those of the head. */
static void filters_see_the_head(void **state)
{
    const struct dp_capture_spec in = {.port = ACCESS, .directions = DP_CAPTURE_IN};
    struct dp_capture *length = start_with(in, "greater 1000");
    struct dp_capture *inside = start_with(in, "ether[127] = 0x22");
    struct dp_capture *beyond = start_with(in, "ether[128] = 0x22");
    uint8_t buf[2048];

    lab_frame(buf, 2, 1, 1514);
    buf[127] = buf[128] = 0x22;
    send_bytes(ACCESS, buf, 1514);
    send_bytes(ACCESS, buf, 500);
    assert_int_equal(count_all(length), 1);
    assert_int_equal(count_all(inside), 2);
    assert_int_equal(count_all(beyond), 0);
    stop(length);
    stop(inside);
    stop(beyond);
}

static void filters_of_unbounded_work_are_refused(void **state)
{
    const struct dp_capture_spec spec = {.port = ACCESS, .snaplen_bytes = 64};
    struct bpf_insn insns[DP_CAPTURE_INSNS_MAX + 1] = {{0}};
    struct dp_capture *c;

    assert_int_equal(dp_capture_create(lab.dp, &spec, &c), 0);
    assert_int_equal(filter_set(c, "ip6 protochain 6"), -ELOOP);
    assert_int_equal(dp_capture_set_filter(c, insns, ARRAY_SIZE(insns)), -E2BIG);
    assert_int_equal(filter_set(c, "tcp or udp"), 0);
    dp_capture_free(c);
}

static void snaplen_cuts(void **state)
{
    static const uint32_t snaplens[] = {64, 128, 200};
    uint8_t buf[2048];

    lab_frame(buf, 0xff, 1, 1514);
    for (size_t i = 0; i < ARRAY_SIZE(snaplens); i++) {
        struct dp_capture *c = start_with((struct dp_capture_spec){.port = TRUNK,
                                                                   .directions = DP_CAPTURE_OUT,
                                                                   .snaplen_bytes = snaplens[i]},
                                          NULL);
        const struct dp_capture_record *r;

        send_bytes(ACCESS, buf, 1514);
        r = dp_capture_next(c);
        assert_non_null(r);
        assert_int_equal(r->len, 1518);
        assert_int_equal(r->kept, snaplens[i]);
        assert_memory_equal(r->bytes, buf, 12);
        assert_int_equal(load_be16(r->bytes + 14), 10);
        assert_memory_equal(r->bytes + 16, buf + 12, snaplens[i] - 16);
        stop(c);
    }
}

/* Nobody reads: forwarding goes on, what does not fit is counted, and once there is room again so
 * do frames. */
static void a_full_ring_is_counted(void **state)
{
    struct dp_capture *c = start_with((struct dp_capture_spec){.port = ACCESS,
                                                               .directions = DP_CAPTURE_IN,
                                                               .ring_bytes = 256 << 10},
                                      NULL);
    uint8_t buf[1514];
    uint32_t kept;

    lab_frame(buf, 0xff, 1, sizeof(buf));
    for (int i = 0; i < 1000; i++) {
        fake_port_send(lab.port[ACCESS], 0, buf, sizeof(buf), NULL);
        if (i % 50 == 0)
            lab_run(&lab);
    }
    lab_run(&lab);
    assert_int_equal(fake_port_received(lab.port[PEER]), 1000);
    kept = count_all(c);
    assert_true(kept > 100 && kept < 200);
    assert_int_equal(kept + dp_capture_missed(c), 1000);
    send_bytes(ACCESS, buf, sizeof(buf));
    assert_int_equal(count_all(c), 1);
    assert_int_equal(kept + dp_capture_missed(c), 1000);
    stop(c);
}

/* ---- offloads ---------------------------------------------------------------------------- */

static void send_tso(void)
{
    const struct packet_spec spec = {.l4 = PACKET_TCP, .payload_bytes = 5000, .seed = 3};

    packet_build(&spec, &packet);
    lab_send_packet(&lab, ACCESS, &packet, 1448, OFFLOAD_GSO_TCPV4);
}

static void requests_are_kept_as_they_are(void **state)
{
    struct dp_capture *in = start(ACCESS, DP_CAPTURE_IN), *out = start(TRUNK, DP_CAPTURE_OUT);
    struct seen r;

    send_tso();
    r = expect(in, packet.bytes, packet.len);
    assert_int_equal(r.wire_pkts, 4);
    assert_int_equal(r.offload.gso_size, 1448);
    assert_int_equal(r.offload.flags, OFFLOAD_NEEDS_CSUM);
    assert_int_equal(dp_capture_next(out)->wire_pkts, 4);
    assert_int_equal(dp_capture_next(out)->offload.csum_start, packet.l4_off + 4);
    expect_sent(out, TRUNK);
    stop(in);
    stop(out);
}

static void pieces_are_shown_as_they_leave(void **state)
{
    struct dp_capture *c = start(TRUNK, DP_CAPTURE_OUT);
    uint32_t payload = 0;

    atomic_store(&lab.port[TRUNK]->port.tx_offloads, 0);
    send_tso();
    for (int i = 0; i < 4; i++) {
        const struct dp_capture_record *r = dp_capture_next(c);
        const char *wrong;

        assert_non_null(r);
        assert_int_equal(r->offload.flags, 0);
        assert_int_equal(r->wire_pkts, 1);
        wrong = packet_verify(r->bytes, r->kept, &finished);
        if (wrong != NULL)
            fail_msg("piece %d: %s", i, wrong);
        payload += finished.len - finished.payload_off;
        expect_sent(c, TRUNK);
    }
    assert_int_equal(payload, 5000);
    assert_null(dp_capture_next(c));
    stop(c);
}

/* ---- life -------------------------------------------------------------------------------- */

/* Up to the limit on one port; stopped in an order of their own, the others go on. */
static void several_at_once(void **state)
{
    static const uint16_t order[DP_CAPTURES_MAX] = {3, 0, 7, 1, 6, 5, 2, 4};
    const struct dp_capture_spec spec = {.port = PEER, .snaplen_bytes = 64};
    struct dp_capture *c[DP_CAPTURES_MAX] = {NULL}, *more;

    for (uint16_t i = 0; i < DP_CAPTURES_MAX; i++)
        c[i] = start(ACCESS, DP_CAPTURE_IN);
    assert_int_equal(dp_capture_create(lab.dp, &spec, &more), 0);
    assert_int_equal(dp_capture_attach(lab.dp, more), -ENOSPC);
    for (uint16_t stopped = 0; stopped < DP_CAPTURES_MAX; stopped++) {
        lab_send(&lab, ACCESS, 0xff, 1);
        for (uint16_t i = 0; i < DP_CAPTURES_MAX; i++) {
            if (c[i] != NULL)
                assert_int_equal(count_all(c[i]), 1);
        }
        stop(c[order[stopped]]);
        c[order[stopped]] = NULL;
    }
    assert_int_equal(dp_capture_attach(lab.dp, more), 0);
    stop(more);
}

/* What was captured before the end may still be read after it. */
static void the_rest_is_read_after_the_end(void **state)
{
    struct dp_capture *c = start(ACCESS, DP_CAPTURE_IN);
    bool done = false;

    lab_send(&lab, ACCESS, 0xff, 1);
    dp_capture_detach(lab.dp, c, set_flag, &done);
    lab_send(&lab, ACCESS, 0xff, 1);
    dp_service(lab.dp, lab.now_ns);
    assert_true(done);
    assert_int_equal(count_all(c), 1);
    dp_capture_free(c);
}

static bool is_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

/* A reader at rest is woken by the first frame that concerns it, and by no other. */
static void a_frame_wakes_the_reader(void **state)
{
    struct dp_capture *c = start(ACCESS, DP_CAPTURE_IN);

    assert_true(dp_capture_rest(c));
    assert_false(is_readable(dp_capture_event_fd(c)));
    lab_send(&lab, PEER, 0xff, 2);
    assert_false(is_readable(dp_capture_event_fd(c)));
    lab_send(&lab, ACCESS, 0xff, 1);
    assert_true(is_readable(dp_capture_event_fd(c)));
    assert_false(dp_capture_rest(c));
    assert_int_equal(count_all(c), 1);
    assert_true(dp_capture_rest(c));
    assert_false(is_readable(dp_capture_event_fd(c)));
    stop(c);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(in_is_what_came_in),
        T(in_is_before_anything),
        T(out_is_what_went_out),
        T(both_keeps_the_order),
        T(drops_tell_why),
        T(filters_choose),
        T(filters_see_the_head),
        T(filters_of_unbounded_work_are_refused),
        T(snaplen_cuts),
        T(a_full_ring_is_counted),
        T(requests_are_kept_as_they_are),
        T(pieces_are_shown_as_they_leave),
        T(several_at_once),
        T(the_rest_is_read_after_the_end),
        T(a_frame_wakes_the_reader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
