/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Frames through TAP ports with real devices: a worker joins two ports in two namespaces, and
 * single bursts are looked at from both ends. Needs root.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/cmocka.h"
#include "tests/support/tap_lab.h"

static struct tap_lab lab;
static struct burst burst;

static int set_up(void **state)
{
    tap_lab_init(&lab);
    return 0;
}

static int tear_down(void **state)
{
    tap_lab_fini(&lab);
    return 0;
}

static struct port *make(const char *name, const char *netns, const char *address, uint16_t mtu,
                         uint32_t queues)
{
    struct tap_options o;

    tap_lab_options(&o);
    o.queues = queues;
    snprintf(o.netns, sizeof(o.netns), "%s", netns);
    snprintf(o.address, sizeof(o.address), "%s", address);
    return tap_lab_port(&lab, name, &o, mtu);
}

/* A namespace where nothing speaks unasked and IPv6 addresses work at once. */
static void add_netns(const char *name, bool ipv6)
{
    assert_true(tap_lab_sh("ip netns add %s && ip -n %s link set lo up", name, name));
    assert_true(
        tap_lab_sh("ip netns exec %s sh -c 'cd /proc/sys/net/ipv6/conf/default; "
                   "echo %d >disable_ipv6; echo 0 >accept_dad; echo 0 >router_solicitations'",
                   name, ipv6 ? 0 : 1));
}

static uint16_t rx(struct port *port, uint16_t queue, uint16_t max_frames)
{
    burst_reset(&burst, max_frames, INT64_MAX / 2, INT64_MAX / 2);
    port->type->rx(&port->rxq[queue], &burst);
    return burst.count;
}

static void rx_done(struct port *port, uint16_t queue)
{
    port->type->rx_done(&port->rxq[queue], &burst);
}

/* ---- two ports joined --------------------------------------------------------------------------
 */
static void ping_through_two_ports(void **state)
{
    static struct tap_lab_relay relay;
    struct port *a, *b;

    add_netns("a", true);
    add_netns("b", true);
    a = make("pa", "a", "10.1.0.1/24,fd00::1/64", 9000, 2);
    b = make("pb", "b", "10.1.0.2/24,fd00::2/64", 9000, 4);
    tap_lab_relay_start(&relay, a, b);
    assert_true(tap_lab_sh("ip netns exec a ping -q -c 20 -i 0.01 -w 5 10.1.0.2 >/dev/null"));
    assert_true(tap_lab_sh("ip netns exec b ping -q -c 3 -i 0.01 -w 5 fd00::1 >/dev/null"));
    /* The largest frame, and one that the kernel puts together from fragments. */
    assert_true(
        tap_lab_sh("ip netns exec a ping -q -M do -s 8972 -c 3 -i 0.01 -w 5 10.1.0.2 >/dev/null"));
    assert_true(
        tap_lab_sh("ip netns exec b ping -q -s 30000 -c 3 -i 0.01 -w 5 10.1.0.1 >/dev/null"));
    tap_lab_relay_stop(&relay);
    assert_int_equal(relay.rx_drops, 0);
    assert_int_equal(relay.tx_drops, 0);
    assert_true(relay.sleeps > 0);
    tap_lab_remove(&lab, a, true);
    tap_lab_remove(&lab, b, true);
    assert_true(tap_lab_sh("ip netns del a && ip netns del b"));
}

#define TRANSFER_BYTES (256ull << 20)

struct transfer {
    int fd;
    uint64_t bytes;
    bool good;
};

static uint8_t pattern(uint64_t at)
{
    return (uint8_t)(at * 131 + (at >> 16));
}

static void *receive_all(void *arg)
{
    struct transfer *t = arg;
    static uint8_t buf[1 << 18], want[1 << 18];
    int fd = accept(t->fd, NULL, NULL);
    ssize_t n;

    t->good = fd >= 0;
    while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            want[i] = pattern(t->bytes + (uint64_t)i);
        t->good = t->good && memcmp(buf, want, (size_t)n) == 0;
        t->bytes += (uint64_t)n;
    }
    close(fd);
    return NULL;
}

static void send_all(int fd, uint64_t bytes)
{
    static uint8_t buf[1 << 16];

    for (uint64_t sent = 0; sent < bytes;) {
        uint64_t chunk = u64_min(sizeof(buf), bytes - sent);
        ssize_t n;

        for (uint64_t i = 0; i < chunk; i++)
            buf[i] = pattern(sent + i);
        for (uint64_t at = 0; at < chunk; at += (uint64_t)n) {
            n = send(fd, buf + at, chunk - at, MSG_NOSIGNAL);
            assert_true(n > 0);
        }
        sent += chunk;
    }
}

/* Transfer a known text over TCP from one namespace to the other. */
static void transfer(int domain, const char *from, const char *to, const struct sockaddr *addr,
                     socklen_t addr_len, uint64_t bytes)
{
    struct transfer t = {.fd = tap_lab_socket(to, domain, SOCK_STREAM, 0)};
    int fd = tap_lab_socket(from, domain, SOCK_STREAM, 0);
    struct timeval limit = {.tv_sec = 20};
    pthread_t thread;

    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    assert_int_equal(bind(t.fd, addr, addr_len), 0);
    assert_int_equal(listen(t.fd, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, receive_all, &t), 0);
    assert_int_equal(connect(fd, addr, addr_len), 0);
    send_all(fd, bytes);
    close(fd);
    pthread_join(thread, NULL);
    close(t.fd);
    assert_true(t.good);
    assert_int_equal(t.bytes, bytes);
}

static void tcp_with_offloads_both_ways(void **state)
{
    static struct tap_lab_relay relay;
    struct sockaddr_in to_b = {.sin_family = AF_INET, .sin_port = htons(5001)};
    struct sockaddr_in6 to_a = {.sin6_family = AF_INET6, .sin6_port = htons(5002)};
    struct port *a, *b;

    add_netns("a", true);
    add_netns("b", true);
    a = make("ta", "a", "10.1.0.1/24,fd00::1/64", 1500, 2);
    b = make("tb", "b", "10.1.0.2/24,fd00::2/64", 1500, 2);
    inet_pton(AF_INET, "10.1.0.2", &to_b.sin_addr);
    inet_pton(AF_INET6, "fd00::1", &to_a.sin6_addr);
    tap_lab_relay_start(&relay, a, b);
    transfer(AF_INET, "a", "b", (struct sockaddr *)&to_b, sizeof(to_b), TRANSFER_BYTES);
    assert_true(relay.gso_frames > 1000);
    transfer(AF_INET6, "b", "a", (struct sockaddr *)&to_a, sizeof(to_a), TRANSFER_BYTES);
    tap_lab_relay_stop(&relay);
    print_message("%lu frames, %lu GSO, %lu partial checksums, %lu sleeps\n",
                  (unsigned long)relay.frames, (unsigned long)relay.gso_frames,
                  (unsigned long)relay.csum_frames, (unsigned long)relay.sleeps);
    assert_true(relay.gso_frames > 2000);
    assert_true(relay.csum_frames >= relay.gso_frames);
    assert_int_equal(relay.rx_drops, 0);
    assert_int_equal(relay.tx_drops, 0);
    tap_lab_remove(&lab, a, true);
    tap_lab_remove(&lab, b, true);
    assert_true(tap_lab_sh("ip netns del a && ip netns del b"));
}

/* A worker that never rests, while devices are deleted, changed and taken away below it. */
static void devices_change_under_the_worker(void **state)
{
    static struct tap_lab_relay relay = {.spin = true};
    struct port_config config = {.name = "xb", .up = true, .mtu = 1500};
    struct tap_options o;
    struct vsw_err err = {0};
    struct port *a, *b;

    add_netns("a", false);
    add_netns("b", false);
    a = make("xa", "a", "10.1.0.1/24", 1500, 2);
    b = make("xb", "b", "10.1.0.2/24", 1500, 2);
    tap_lab_options(&o);
    o.queues = 2;
    snprintf(o.netns, sizeof(o.netns), "b");
    snprintf(o.address, sizeof(o.address), "10.1.0.2/24");
    config.options = &o;
    tap_lab_relay_start(&relay, a, b);
    lab.relay = &relay;
    for (int i = 0; i < 10; i++) {
        assert_true(tap_lab_sh("ip netns exec a ping -q -c 3 -i 0.01 -w 5 10.1.0.2 >/dev/null"));
        config.up = i % 2 == 0;
        assert_int_equal(b->type->configure(b, &config, &err), 0);
        tap_lab_pump(&lab);
        assert_true(
            tap_lab_sh(i % 3 == 0 ? "ip netns del b && ip netns add b" : "ip -n b link del xb"));
        while (!atomic_load(&b->attention) && i % 3 != 0)
            sched_yield();
        if (i % 3 != 0)
            b->type->attention(b);
        config.up = true;
        assert_int_equal(b->type->configure(b, &config, &err), 0);
        tap_lab_step(&lab, NS_PER_SEC);
        tap_lab_step(&lab, NS_PER_SEC);
    }
    lab.relay = NULL;
    tap_lab_relay_stop(&relay);
    tap_lab_remove(&lab, a, true);
    tap_lab_remove(&lab, b, true);
}

/* ---- what the kernel hands to us ----------------------------------------------------------------
 */
static void udp_comes_with_partial_checksum(void **state)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    uint8_t text[1000];
    struct port *port;
    struct frame *f;
    int fd;

    add_netns("a", false);
    port = make("ua", "a", "10.1.0.1/24", 1500, 1);
    assert_true(tap_lab_sh("ip -n a neigh add 10.1.0.2 lladdr 52:54:00:00:00:02 dev ua"));
    fd = tap_lab_socket("a", AF_INET, SOCK_DGRAM, 0);
    inet_pton(AF_INET, "10.1.0.2", &to.sin_addr);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = pattern(i);
    assert_int_equal(sendto(fd, text, sizeof(text), 0, (struct sockaddr *)&to, sizeof(to)),
                     sizeof(text));
    assert_int_equal(sendto(fd, text, 20, 0, (struct sockaddr *)&to, sizeof(to)), 20);
    assert_int_equal(rx(port, 0, BURST_FRAMES), 2);
    f = &burst.frame[0];
    assert_int_equal(f->drop, DROP_NONE);
    assert_int_equal(f->len, 42 + sizeof(text));
    assert_int_equal(f->head_len, FRAME_HEAD_BYTES);
    assert_int_equal(f->seg_count, 1);
    assert_int_equal(f->l3_off, 14);
    assert_int_equal(f->offload.flags, OFFLOAD_NEEDS_CSUM);
    assert_int_equal(f->offload.gso_type, OFFLOAD_GSO_NONE);
    assert_int_equal(f->offload.csum_start, 34);
    assert_int_equal(f->offload.csum_offset, 6);
    assert_memory_equal(f->head + 42, text, FRAME_HEAD_BYTES - 42);
    assert_memory_equal(f->seg[0].base, text + FRAME_HEAD_BYTES - 42, f->seg[0].len);
    assert_int_equal(f->seg[0].len, f->len - FRAME_HEAD_BYTES);
    f = &burst.frame[1];
    assert_int_equal(f->len, 62);
    assert_int_equal(f->head_len, 62);
    assert_int_equal(f->seg_count, 0);
    rx_done(port, 0);
    assert_false(port->type->rx_arm(&port->rxq[0]));
    close(fd);
    tap_lab_remove(&lab, port, true);
    assert_true(tap_lab_sh("ip netns del a"));
}

/* A TCP frame that asks for segmentation, as the kernel's own stack hands it to a device. */
static uint32_t make_gso(uint8_t *p, uint32_t payload_bytes, uint8_t fill)
{
    uint32_t ip_bytes = 40 + payload_bytes;

    memset(p, 0, VNET_HDR_BYTES + 54);
    p[0] = OFFLOAD_NEEDS_CSUM;
    p[1] = OFFLOAD_GSO_TCPV4;
    p[2] = 54;
    p[4] = 1460 & 255;
    p[5] = 1460 >> 8;
    p[6] = 34;
    p[8] = 16;
    p += VNET_HDR_BYTES;
    memcpy(p, "\x52\x54\0\0\0\2\x52\x54\0\0\0\1\x08\0", 14);
    p[14] = 0x45;
    store_be16(p + 16, (uint16_t)ip_bytes);
    p[22] = 64;
    p[23] = 6;
    memcpy(p + 26, "\x0a\1\0\1\x0a\1\0\2", 8);
    store_be16(p + 34, 1000);
    store_be16(p + 36, 80);
    p[46] = 5 << 4;
    p[47] = 0x10;
    memset(p + 54, fill, payload_bytes);
    return VNET_HDR_BYTES + 54 + payload_bytes;
}

#define PACKET_VNET_HDR_OPTION 15

static bool all_bytes(const struct frame_seg *seg, uint8_t fill)
{
    for (uint32_t i = 0; i < seg->len; i++) {
        if (seg->base[i] != fill)
            return false;
    }
    return true;
}

/* Bodies of one burst share a bounded arena: the burst ends early, nothing overlaps or is lost. */
static void large_frames_end_the_burst_early(void **state)
{
    static uint8_t buf[VNET_HDR_BYTES + 54 + 65000];
    const uint32_t payload = 65000, total = 24;
    struct port *port;
    uint32_t seen = 0;
    int fd, on = 1;

    add_netns("a", false);
    port = make("la", "a", "", 1500, 1);
    fd = tap_lab_packet_socket("a", "la");
    assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR_OPTION, &on, sizeof(on)), 0);
    for (uint32_t i = 0; i < total; i++) {
        uint32_t n = make_gso(buf, payload, (uint8_t)i);

        assert_int_equal(send(fd, buf, n, 0), n);
    }
    while (rx(port, 0, BURST_FRAMES) > 0) {
        assert_true(burst.count <= 8);
        for (uint16_t i = 0; i < burst.count; i++) {
            struct frame *f = &burst.frame[i];

            assert_int_equal(f->drop, DROP_NONE);
            assert_int_equal(f->len, 54 + payload);
            assert_int_equal(f->gso_hdr, 54);
            assert_int_equal(f->wire_pkts, (payload + 1459) / 1460);
            assert_true(all_bytes(&f->seg[0], (uint8_t)seen));
            seen++;
        }
        rx_done(port, 0);
        if (seen < total)
            assert_true(port->type->rx_arm(&port->rxq[0]));
        port->type->rx_disarm(&port->rxq[0]);
    }
    assert_false(port->type->rx_arm(&port->rxq[0]));
    assert_int_equal(seen, total);
    close(fd);
    tap_lab_remove(&lab, port, true);
    assert_true(tap_lab_sh("ip netns del a"));
}

static void burst_limits_are_kept(void **state)
{
    uint8_t frame[60] = "\x52\x54\0\0\0\2\x52\x54\0\0\0\1\x88\xb5";
    struct port *port;
    int fd;

    add_netns("a", false);
    port = make("ba", "a", "", 1500, 1);
    fd = tap_lab_packet_socket("a", "ba");
    for (int i = 0; i < 40; i++)
        assert_int_equal(send(fd, frame, sizeof(frame), 0), sizeof(frame));
    assert_int_equal(rx(port, 0, 8), 8);
    assert_true(port->type->rx_arm(&port->rxq[0]));
    burst_reset(&burst, BURST_FRAMES, INT64_MAX / 2, 3);
    port->type->rx(&port->rxq[0], &burst);
    assert_int_equal(burst.count, 3);
    burst_reset(&burst, BURST_FRAMES, 61, INT64_MAX / 2);
    port->type->rx(&port->rxq[0], &burst);
    assert_int_equal(burst.count, 2);
    assert_int_equal(rx(port, 0, BURST_FRAMES), 27);
    assert_false(port->type->rx_arm(&port->rxq[0]));
    assert_int_equal(rx(port, 0, BURST_FRAMES), 0);
    close(fd);
    tap_lab_remove(&lab, port, true);
    assert_true(tap_lab_sh("ip netns del a"));
}

static void find_drops(void *arg, const char *name, uint64_t value, const char *help)
{
    assert_true(strlen(help) > 10);
    if (strcmp(name, "kernel_drops") == 0)
        *(uint64_t *)arg = value;
}

static void kernel_drops_are_counted(void **state)
{
    uint8_t frame[60] = "\x52\x54\0\0\0\2\x52\x54\0\0\0\1\x88\xb5";
    struct tap_options o;
    struct port *port;
    uint64_t drops = 1, taken = 0;
    int fd;

    add_netns("a", false);
    tap_lab_options(&o);
    snprintf(o.netns, sizeof(o.netns), "a");
    o.queues = 1;
    o.txqueuelen = 100;
    port = tap_lab_port(&lab, "da", &o, 1500);
    fd = tap_lab_packet_socket("a", "da");
    tap_lab_step(&lab, NS_PER_SEC);
    port->type->counters(port, find_drops, &drops);
    assert_int_equal(drops, 0);
    for (int i = 0; i < 1000; i++)
        assert_true(send(fd, frame, sizeof(frame), MSG_DONTWAIT) > 0 || errno == ENOBUFS);
    while (rx(port, 0, BURST_FRAMES) > 0)
        taken += burst.count;
    tap_lab_step(&lab, NS_PER_SEC);
    port->type->counters(port, find_drops, &drops);
    assert_int_equal(taken, 100);
    assert_int_equal(drops, 900);
    close(fd);
    tap_lab_remove(&lab, port, true);
    assert_true(tap_lab_sh("ip netns del a"));
}

/* ---- what we hand to the kernel ---------------------------------------------------------- */
static void fill_frame(struct frame *f, struct frame_seg *seg, uint16_t segs, uint8_t *body,
                       uint32_t body_bytes)
{
    uint32_t each = segs == 0 ? 0 : body_bytes / segs;

    memset(f, 0, sizeof(*f));
    memcpy(f->head, "\x52\x54\0\0\0\2\x52\x54\0\0\0\1\x88\xb5", 14);
    for (uint32_t i = 14; i < FRAME_HEAD_BYTES; i++)
        f->head[i] = pattern(i);
    for (uint32_t i = 0; i < body_bytes; i++)
        body[i] = pattern(FRAME_HEAD_BYTES + i);
    f->head_len = FRAME_HEAD_BYTES;
    f->len = FRAME_HEAD_BYTES + body_bytes;
    f->l3_off = 14;
    f->seg = seg;
    f->seg_count = segs;
    for (uint16_t i = 0; i < segs; i++)
        seg[i] = (struct frame_seg){body + i * each,
                                    i == segs - 1 ? body_bytes - (segs - 1u) * each : each};
}

/* Every count of pieces, below and above what one call takes, arrives as the same bytes. */
static void pieces_arrive_whole(void **state)
{
    static const uint16_t counts[] = {0, 1, 2, 61, 62, 63, 64, 500, FRAME_SEGS_MAX};
    static struct frame_seg seg[FRAME_SEGS_MAX];
    static uint8_t body[8192], got[16384];
    static struct frame f;
    struct tx_item item = {.frame = &f};
    struct port *port;
    int fd;

    add_netns("a", false);
    port = make("wa", "a", "", 9000, 1);
    fd = tap_lab_packet_socket("a", "wa");
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        fill_frame(&f, seg, counts[i], body, counts[i] == 0 ? 0 : sizeof(body));
        item.drop = 77;
        port->type->tx(&port->txq[0], &item, 1);
        assert_int_equal(item.drop, DROP_NONE);
        assert_int_equal(recv(fd, got, sizeof(got), 0), f.len);
        assert_memory_equal(got, f.head, f.head_len);
        assert_memory_equal(got + f.head_len, body, f.len - f.head_len);
    }
    close(fd);
    tap_lab_remove(&lab, port, true);
    assert_true(tap_lab_sh("ip netns del a"));
}

static void tags_are_pushed(void **state)
{
    static struct frame_seg seg[4];
    static uint8_t body[600], got[2048];
    static struct frame f;
    struct tx_item item = {.frame = &f, .op = {.push = 1, .tag = {{0x8100, 0x6007}}}};
    struct iovec iov = {got, sizeof(got)};
    uint8_t control[256];
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = 256};
    struct tpacket_auxdata *aux;
    struct port *port;
    int fd, on = 1;

    add_netns("a", false);
    port = make("ga", "a", "", 1500, 1);
    fd = tap_lab_packet_socket("a", "ga");
    assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)), 0);
    fill_frame(&f, seg, 4, body, sizeof(body));
    port->type->tx(&port->txq[0], &item, 1);
    assert_int_equal(item.drop, DROP_NONE);
    assert_int_equal(recvmsg(fd, &msg, 0), f.len);
    aux = (struct tpacket_auxdata *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
    assert_true(aux->tp_status & TP_STATUS_VLAN_VALID);
    assert_int_equal(aux->tp_vlan_tci, 0x6007);
    assert_int_equal(aux->tp_vlan_tpid, 0x8100);
    assert_memory_equal(got, f.head, f.head_len);
    assert_memory_equal(got + f.head_len, body, sizeof(body));
    close(fd);
    tap_lab_remove(&lab, port, true);
    assert_true(tap_lab_sh("ip netns del a"));
}

static void refused_frames_have_a_reason(void **state)
{
    static struct frame_seg seg[1];
    static uint8_t body[4000]; /* more than is copied for one write */
    static struct frame f, good;
    struct tx_item items[] = {{.frame = &f}, {.frame = &good}};
    struct port *port;

    add_netns("a", false);
    port = make("ea", "a", "", 1500, 1);
    fill_frame(&good, seg, 1, body, sizeof(body));
    fill_frame(&f, seg, 1, body, sizeof(body));
    f.offload.flags = OFFLOAD_NEEDS_CSUM;
    f.offload.csum_start = 60000;
    port->type->tx(&port->txq[0], items, 2);
    assert_int_equal(items[0].drop, DROP_kernel_refused);
    assert_int_equal(items[1].drop, DROP_NONE);
    /* Memory that a guest has taken away under us is the kernel's to notice. */
    fill_frame(&f, seg, 1, body, sizeof(body));
    seg[0].base = (const uint8_t *)8;
    port->type->tx(&port->txq[0], items, 1);
    assert_int_equal(items[0].drop, DROP_kernel_refused);
    tap_lab_remove(&lab, port, true);
    assert_true(tap_lab_sh("ip netns del a"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(ping_through_two_ports),
        T(tcp_with_offloads_both_ways),
        T(devices_change_under_the_worker),
        T(udp_comes_with_partial_checksum),
        T(large_frames_end_the_burst_early),
        T(burst_limits_are_kept),
        T(kernel_drops_are_counted),
        T(pieces_arrive_whole),
        T(tags_are_pushed),
        T(refused_frames_have_a_reason),
    };

    tap_lab_isolate();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
