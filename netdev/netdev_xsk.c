/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Making and closing an AF_XDP socket. Helper thread.
 */
#include "netdev/netdev_xsk.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Not in every libc's headers. */
#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef SOL_XDP
#define SOL_XDP 283
#endif

static size_t umem_bytes(const struct netdev_xsk *x)
{
    return 2ul * XSK_FRAMES * x->chunk_bytes;
}

static int make_umem(struct netdev_xsk *x)
{
    struct xdp_umem_reg reg = {.len = umem_bytes(x), .chunk_size = x->chunk_bytes};
    void *p = mmap(NULL, reg.len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return -errno;
    x->umem = p;
    reg.addr = (uintptr_t)p;
    return setsockopt(x->fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) < 0 ? -errno : 0;
}

static int set_sizes(const struct netdev_xsk *x)
{
    const struct {
        int fd, ring;
    } rings[] = {
        {x->fd, XDP_UMEM_FILL_RING},
        {x->fd, XDP_UMEM_COMPLETION_RING},
        {x->fd, XDP_RX_RING},
        {x->tx_fd, XDP_TX_RING},
    };
    const int entries = XSK_FRAMES;

    for (size_t i = 0; i < ARRAY_SIZE(rings); i++) {
        if (setsockopt(rings[i].fd, SOL_XDP, rings[i].ring, &entries, sizeof(entries)) < 0)
            return -errno;
    }
    return 0;
}

static int map_ring(int fd, struct netdev_xsk_ring *ring, const struct xdp_ring_offset *off,
                    size_t entry_bytes, off_t page_offset)
{
    size_t bytes = off->desc + XSK_FRAMES * entry_bytes;
    uint8_t *p =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, page_offset);

    if (p == MAP_FAILED)
        return -errno;
    *ring = (struct netdev_xsk_ring){
        .producer = (void *)(p + off->producer),
        .consumer = (void *)(p + off->consumer),
        .flags = (void *)(p + off->flags),
        .entries = p + off->desc,
        .map = p,
        .map_bytes = bytes,
    };
    return 0;
}

static int map_rings(struct netdev_xsk *x)
{
    struct xdp_mmap_offsets off;
    socklen_t size = sizeof(off);
    int rc;

    if (getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &size) < 0)
        return -errno;
    if (size != sizeof(off)) /* before Linux 5.4: no flags, so no way to see who waits */
        return -EOPNOTSUPP;
    rc = map_ring(x->fd, &x->rx, &off.rx, sizeof(struct xdp_desc), XDP_PGOFF_RX_RING);
    if (rc == 0)
        rc = map_ring(x->tx_fd, &x->tx, &off.tx, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING);
    if (rc == 0)
        rc = map_ring(x->fd, &x->fill, &off.fr, sizeof(uint64_t), (off_t)XDP_UMEM_PGOFF_FILL_RING);
    if (rc == 0)
        rc = map_ring(x->fd, &x->comp, &off.cr, sizeof(uint64_t),
                      (off_t)XDP_UMEM_PGOFF_COMPLETION_RING);
    return rc;
}

/* The lower half is the kernel's to receive into, the upper half is free to send from. */
static void hand_out(struct netdev_xsk *x)
{
    uint64_t *fill = x->fill.entries;

    for (uint32_t i = 0; i < XSK_FRAMES; i++) {
        fill[i] = (uint64_t)i * x->chunk_bytes;
        x->free[i] = (uint64_t)(XSK_FRAMES + i) * x->chunk_bytes;
    }
    x->free_count = XSK_FRAMES;
    x->fill.mine = XSK_FRAMES;
    atomic_store_explicit(x->fill.producer, XSK_FRAMES, memory_order_release);
}

/* The kernel lets go of a queue some time after the socket before us was closed. */
static int bind_queue(const struct netdev_xsk *x, int ifindex, uint32_t queue, uint16_t flags)
{
    enum { TRIES = 50, WAIT_US = 4000 };
    struct sockaddr_xdp to = {
        .sxdp_family = AF_XDP,
        .sxdp_flags = (uint16_t)(flags | XDP_USE_NEED_WAKEUP),
        .sxdp_ifindex = (uint32_t)ifindex,
        .sxdp_queue_id = queue,
    };
    int rc = -EBUSY;

    for (int i = 0; i < TRIES && rc == -EBUSY; i++) {
        if (i > 0)
            usleep(WAIT_US);
        rc = bind(x->fd, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
    }
    return rc;
}

/* Of the one that sends: memory, queue, and mode are those of the one that receives. */
static int bind_tx(const struct netdev_xsk *x, int ifindex, uint32_t queue)
{
    struct sockaddr_xdp to = {
        .sxdp_family = AF_XDP,
        .sxdp_flags = XDP_SHARED_UMEM,
        .sxdp_ifindex = (uint32_t)ifindex,
        .sxdp_queue_id = queue,
        .sxdp_shared_umem_fd = (uint32_t)x->fd,
    };

    return bind(x->tx_fd, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

static int make_sockets(struct netdev_xsk *x)
{
    x->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (x->fd < 0)
        return -errno;
    x->tx_fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return x->tx_fd < 0 ? -errno : 0;
}

int netdev_xsk_open(struct netdev_xsk *x, int ifindex, uint32_t queue, uint32_t chunk_bytes,
                    uint16_t bind_flags)
{
    int rc;

    *x = (struct netdev_xsk){
        .fd = -1,
        .tx_fd = -1,
        .gate.set_fd = -1,
        .chunk_bytes = chunk_bytes,
        .zerocopy = bind_flags & XDP_ZEROCOPY,
    };
    rc = make_sockets(x);
    if (rc == 0)
        rc = make_umem(x);
    if (rc == 0)
        rc = set_sizes(x);
    if (rc == 0)
        rc = map_rings(x);
    if (rc == 0) {
        hand_out(x);
        rc = bind_queue(x, ifindex, queue, bind_flags);
    }
    if (rc == 0)
        rc = bind_tx(x, ifindex, queue);
    if (rc == 0)
        rc = event_gate_init(&x->gate, x->fd);
    if (rc < 0)
        netdev_xsk_close(x);
    return rc;
}

static void unmap_ring(struct netdev_xsk_ring *ring)
{
    if (ring->map != NULL)
        munmap(ring->map, ring->map_bytes);
}

void netdev_xsk_close(struct netdev_xsk *x)
{
    if (x->chunk_bytes == 0)
        return;
    unmap_ring(&x->rx);
    unmap_ring(&x->fill);
    unmap_ring(&x->tx);
    unmap_ring(&x->comp);
    event_gate_fini(&x->gate);
    if (x->tx_fd >= 0)
        close(x->tx_fd);
    if (x->fd >= 0)
        close(x->fd);
    if (x->umem != NULL)
        munmap(x->umem, umem_bytes(x));
    *x = (struct netdev_xsk){0};
}
