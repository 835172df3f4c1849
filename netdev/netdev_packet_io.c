/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bursts through an AF_PACKET socket: one recvmmsg or sendmmsg per burst, vnet header in front.
 * Workers; no call blocks.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "netdev/netdev_packet.h"
#include "netdev/netdev_packet_rx.h"

/* A frame with more pieces is refused; a guest's 64 KB frame has 17 to 20. */
#define TX_IOV_MAX 64

/* The vnet header is in the byte order of this machine. Source: packet(7) PACKET_VNET_HDR */

/* ---- from the kernel --------------------------------------------------------------------- */

/* The tag that the kernel has beside the frame; 0 = none. */
static uint32_t tag_of(struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        struct tpacket_auxdata aux;

        if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
            continue;
        memcpy(&aux, CMSG_DATA(c), sizeof(aux));
        if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
            return 0;
        if (aux.tp_status & TP_STATUS_VLAN_TPID_VALID)
            return (uint32_t)aux.tp_vlan_tpid << 16 | aux.tp_vlan_tci;
        return VLAN_TPID_DOT1Q << 16 | aux.tp_vlan_tci;
    }
    return 0;
}

static void fill_offload(const struct vnet_hdr *h, uint16_t moved, struct offload *o)
{
    o->flags = h->flags & OFFLOAD_NEEDS_CSUM;
    o->gso_type = h->gso_type;
    o->gso_size = h->gso_size;
    o->csum_offset = h->csum_offset;
    if (o->flags != 0)
        o->csum_start = (uint16_t)(h->csum_start + moved);
    if (o->gso_type != OFFLOAD_GSO_NONE)
        o->hdr_len = (uint16_t)(h->hdr_len + moved);
}

/* The tag goes where the header was, so that nothing but two addresses has to move. */
static uint8_t *put_back(uint8_t *frame, uint32_t tag)
{
    enum { ADDRS = VLAN_ETH_BYTES - 2 };
    uint8_t *start = frame - VLAN_TAG_BYTES;

    memmove(start, frame, ADDRS);
    store_be16(start + ADDRS, (uint16_t)(tag >> 16));
    store_be16(start + ADDRS + 2, (uint16_t)tag);
    return start;
}

static void rx_one(struct burst *b, uint8_t *slot, struct mmsghdr *m)
{
    struct frame *f = burst_next(b);
    uint32_t len = m->msg_len < VNET_HDR_BYTES ? 0 : m->msg_len - VNET_HDR_BYTES;
    uint32_t tag = tag_of(&m->msg_hdr);
    uint8_t *p = slot + VNET_HDR_BYTES;
    struct vnet_hdr h;

    memcpy(&h, slot, sizeof(h));
    if (tag != 0 && len >= VLAN_ETH_BYTES) {
        p = put_back(p, tag);
        len += VLAN_TAG_BYTES;
    }
    fill_offload(&h, tag != 0 ? VLAN_TAG_BYTES : 0, &f->offload);
    f->len = len;
    f->head_len = len < FRAME_HEAD_BYTES ? (uint16_t)len : FRAME_HEAD_BYTES;
    memcpy(f->head, p, f->head_len);
    if (len > FRAME_MAX_BYTES || (m->msg_hdr.msg_flags & MSG_TRUNC))
        f->drop = DROP_too_long;
    if (len > FRAME_HEAD_BYTES) {
        burst_segs(b)[0] =
            (struct frame_seg){.base = p + FRAME_HEAD_BYTES, .len = len - FRAME_HEAD_BYTES};
        f->seg_count = 1;
    }
    burst_commit(b, f);
}

/* What was received cannot be put back, so no more is asked for than the burst takes for sure. */
static uint16_t ask_for(const struct burst *b)
{
    int64_t most = b->max_frames - b->count;
    int64_t by_bytes = b->left_wire_bytes / FRAME_MAX_BYTES + 1;

    if (by_bytes < most)
        most = by_bytes;
    if (b->left_wire_pkts / 64 + 1 < most)
        most = b->left_wire_pkts / 64 + 1;
    if (!burst_has_room(b) || most < 1)
        return 0;
    return most > BURST_FRAMES ? BURST_FRAMES : (uint16_t)most;
}

static void prepare(struct netdev_packet_rx *rx, struct mmsghdr *msgs, struct iovec *iov,
                    uint16_t count)
{
    for (uint16_t i = 0; i < count; i++) {
        iov[i] = (struct iovec){.iov_base = rx->slot[i].bytes, .iov_len = PACKET_SLOT_BYTES};
        msgs[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i],
                                          .msg_iovlen = 1,
                                          .msg_control = rx->aux[i],
                                          .msg_controllen = PACKET_AUX_BYTES};
    }
}

/* After these there may be more: a signal, an interface that went down, a packet whose segmentation
 * has no word in the header (the kernel has dropped it). */
static bool is_passing(int error)
{
    return error == EINTR || error == ENETDOWN || error == ENOBUFS || error == EINVAL;
}

void netdev_packet_rx(struct netdev_packet *p, struct burst *b)
{
    struct mmsghdr msgs[BURST_FRAMES];
    struct iovec iov[BURST_FRAMES];
    uint16_t want = ask_for(b);
    int n;

    if (want == 0)
        return;
    prepare(p->rx, msgs, iov, want);
    n = recvmmsg(p->fd, msgs, want, MSG_DONTWAIT, NULL);
    p->drained = n < 0 && !is_passing(errno);
    for (int i = 0; i < n; i++)
        rx_one(b, p->rx->slot[i].bytes, &msgs[i]);
}

/* ---- to the kernel ----------------------------------------------------------------------- */
struct sending {
    struct vnet_hdr header;
    struct iovec iov[TX_IOV_MAX];
    uint8_t head[FRAME_COMPOSE_BYTES];
};

static void fill_header(const struct offload *o, struct vnet_hdr *h)
{
    *h = (struct vnet_hdr){
        .flags = o->flags & OFFLOAD_NEEDS_CSUM,
        .gso_type = o->gso_type,
        .hdr_len = o->hdr_len,
        .gso_size = o->gso_size,
        .csum_start = o->csum_start,
        .csum_offset = o->csum_offset,
    };
}

/* Return false when the frame has too many pieces. */
static bool fill(struct sending *s, const struct tx_item *item, struct mmsghdr *m)
{
    struct frame_out out;
    size_t n = 0;

    frame_compose(item->frame, &item->op, s->head, &out);
    if (unlikely(out.seg_count + 2 > TX_IOV_MAX))
        return false;
    fill_header(&out.offload, &s->header);
    s->iov[n++] = (struct iovec){.iov_base = &s->header, .iov_len = sizeof(s->header)};
    s->iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)out.head, .iov_len = out.head_len};
    for (uint16_t i = 0; i < out.seg_count; i++)
        s->iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)out.seg[i].base,
                                     .iov_len = out.seg[i].len};
    *m = (struct mmsghdr){.msg_hdr = {.msg_iov = s->iov, .msg_iovlen = n}};
    return true;
}

static uint8_t drop_of_errno(int error)
{
    switch (error) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM: return DROP_dst_full;
    case ENETDOWN:
    case ENXIO:
    case ENODEV: return DROP_dst_down;
    case EMSGSIZE: return DROP_mtu;
    default: return DROP_kernel_refused;
    }
}

void netdev_packet_tx(struct netdev_packet *p, struct tx_item *items, uint16_t count)
{
    struct sending sending[BURST_FRAMES];
    struct mmsghdr msgs[BURST_FRAMES];
    uint16_t from[BURST_FRAMES];
    uint16_t n = 0, at = 0;

    for (uint16_t i = 0; i < count; i++) {
        items[i].drop = DROP_kernel_refused;
        if (likely(fill(&sending[n], &items[i], &msgs[n])))
            from[n++] = i;
    }
    while (at < n) {
        int sent = sendmmsg(p->fd, &msgs[at], n - at, MSG_DONTWAIT);

        if (sent <= 0) {
            items[from[at++]].drop = drop_of_errno(errno);
            continue;
        }
        for (int i = 0; i < sent; i++)
            items[from[at++]].drop = DROP_NONE;
    }
}
