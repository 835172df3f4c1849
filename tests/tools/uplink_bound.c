/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the kernel's path of an uplink costs without a switch behind it: opens an interface as a
 * netdev port does, and then only sends, or only takes frames and forgets them.
 *
 *     uplink_bound INTERFACE tx|rx SECONDS [MAC]
 *
 * `tx` sends frames of 64 bytes (with FCS) to MAC as fast as one thread can. Prints "ready" when
 * the interface is open, and the frames at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mac.h"
#include "netdev/netdev_device.h"

#define FRAME_BYTES 60

static void fail(const char *what)
{
    fprintf(stderr, "uplink_bound: %s\n", what);
    exit(1);
}

static struct netdev_device *open_device(const char *name)
{
    struct netdev_config config = {.xdp = NETDEV_XDP_AUTO, .queues = 1, .mtu = 1500, .up = true};
    struct netdev_device *dev = NULL;
    struct netdev_link link;
    struct vsw_err err = {0};

    snprintf(config.iface, sizeof(config.iface), "%s", name);
    config.filter.take = NETDEV_FILTER_ALL;
    if (netdev_link_get(0, name, &link) < 0)
        fail("no such interface");
    if (netdev_device_open(&config, 1, &link, NULL, &dev, &err) < 0)
        fail(err.msg);
    if (dev->way == NETDEV_WAY_PACKET)
        fail("the interface has no AF_XDP");
    return dev;
}

static uint64_t send_some(struct netdev_xsk *x, const struct frame_out *out)
{
    uint64_t sent = 0;

    for (int i = 0; i < BURST_FRAMES; i++)
        sent += netdev_xsk_put(x, out) == DROP_NONE;
    netdev_xsk_flush(x);
    return sent;
}

static uint64_t take_some(struct netdev_xsk *x)
{
    static struct burst b;

    burst_reset(&b, BURST_FRAMES, INT64_MAX / 2, INT64_MAX / 2);
    netdev_xsk_rx(x, &b);
    netdev_xsk_rx_done(x);
    return b.count;
}

/* A UDP packet from and to nobody. */
static void make_frame(uint8_t *frame, const struct mac *to)
{
    static const uint8_t rest[] = {0x02, 0,  0, 0, 0,    1,  8, 0, 0x45, 0,  0, 46,
                                   0,    0,  0, 0, 0x40, 17, 0, 0, 198,  18, 0, 1,
                                   198,  18, 0, 2, 0,    9,  0, 9, 0,    26, 0, 0};

    memcpy(frame, to->b, MAC_BYTES);
    memcpy(frame + MAC_BYTES, rest, sizeof(rest));
}

int main(int argc, char **argv)
{
    uint8_t frame[FRAME_BYTES] = {0};
    struct frame_out out = {.head = frame, .head_len = FRAME_BYTES, .len = FRAME_BYTES};
    struct netdev_device *dev;
    struct mac to = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    uint64_t end_ns, frames = 0;
    bool sends;

    if (argc < 4 || (argc > 4 && mac_parse(argv[4], &to) < 0))
        fail("INTERFACE tx|rx SECONDS [MAC]");
    sends = strcmp(argv[2], "tx") == 0;
    make_frame(frame, &to);
    dev = open_device(argv[1]);
    puts("ready");
    fflush(stdout);
    end_ns = clock_now_ns() + (uint64_t)(strtod(argv[3], NULL) * (double)NS_PER_SEC);
    while (clock_now_ns() < end_ns)
        frames += sends ? send_some(&dev->xsk[0], &out) : take_some(&dev->xsk[0]);
    netdev_device_close(dev);
    printf("frames %llu\n", (unsigned long long)frames);
    return 0;
}
