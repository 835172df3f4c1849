/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One stream as the user wrote it: who sends what to whom, how fast. Read once, constant while
 * frames flow. Any thread.
 *
 * A stream has flows. Flow i has source MAC smac + i % smacs, destination MAC dmac + i % dmacs,
 * VLAN vlan.first + i % (number of VLANs) and source address src + i; the rest is common to all.
 * What the user did not say is made from the port numbers, such that the stream in the other
 * direction sends from the addresses that this one sends to: a switch learns them.
 */
#ifndef PKTGEN_STREAM_H
#define PKTGEN_STREAM_H

#include "pktgen/text.h"

#define PG_STREAMS_MAX 4096 /* of one run: what a signature can say */
#define PG_FLOWS_MAX   (1u << 24)
#define PG_PORT_NONE   UINT16_MAX
#define PG_BURST_MAX   4096

enum pg_l4 {
    PG_UDP,
    PG_TCP,
};

enum pg_csum {
    PG_CSUM_FULL,    /* in the frame */
    PG_CSUM_NONE,    /* UDP over IPv4 without one */
    PG_CSUM_OFFLOAD, /* the pseudo header's sum in the frame, the rest asked of the switch */
};

struct pg_stream {
    uint16_t id;     /* set by the caller, below PG_STREAMS_MAX */
    uint16_t tx, rx; /* ports; rx may be PG_PORT_NONE: nowhere is the frame expected */
    struct pg_sizes sizes;
    struct pg_rate rate;
    uint32_t flows; /* at least the largest of smacs, dmacs and VLANs */
    uint32_t smacs, dmacs;
    struct mac smac, dmac; /* of flow 0 */
    struct pg_range vlan;  /* first 0: none */
    struct pg_range qinq;  /* outer tag (first == last), ethertype 0x88a8; first 0: none */
    uint8_t pcp;           /* priority in the VLAN tag */
    struct pg_addr src;    /* of flow 0 */
    struct pg_addr dst;
    enum pg_l4 l4;
    uint16_t sport, dport;
    enum pg_csum csum;
    uint16_t tso_mss; /* payload bytes per segment; 0: no segmentation asked */
    uint32_t burst;   /* frames sent at once, then a pause that makes up for it */
};

/**
 * pg_stream_parse() - read "tx=0,rx=1,size=64,rate=5Mpps,flows=1k,..."
 * @text: borrowed; a word that starts with a digit and has no "=" goes on with the list before it
 * @id: becomes id
 * @ret_stream: complete: defaults are filled in
 * @err: filled on failure; field is the key
 *
 * Keys: tx, rx, size, rate, flows, smac, smacs, dmac, dmacs, vlan, qinq, pcp, ip, src, dst, l4,
 * sport, dport, csum, tso, burst. tx must be there.
 * Return: 0; -EINVAL or -ERANGE.
 * Context: any thread; does not block.
 * Source: none
 */
int pg_stream_parse(const char *text, uint16_t id, struct pg_stream *ret_stream,
                    struct vsw_err *err);

/* What "tx=<tx>,rx=<rx>" alone would be; rx may be PG_PORT_NONE. Never fails. */
void pg_stream_init(struct pg_stream *stream, uint16_t id, uint16_t tx, uint16_t rx);

/**
 * pg_stream_check() - do the parts of a stream fit together?
 * @stream: as parsed, or changed since (sizes of a search, rates)
 * @has_tag: frames carry the signature of tag.h, so they need room for it
 * @err: says which part does not fit, and what would
 *
 * Return: 0; -EINVAL.
 * Context: any thread; does not block.
 * Source: none
 */
int pg_stream_check(const struct pg_stream *stream, bool has_tag, struct vsw_err *err);

/* The smallest size, with FCS, that its headers (and signature) fit in. */
uint32_t pg_stream_min_size(const struct pg_stream *stream, bool has_tag);

/* As text that pg_stream_parse() reads; what is default is left out. */
void pg_stream_format(const struct pg_stream *stream, char *buf, size_t size);

/* The keys with a line of help each, for --help and the manual; NULL behind the last. */
const char *pg_stream_help(unsigned i, const char **ret_key);

/* The default MAC number k of a port: 02:pp:pp:kk:kk:kk. */
struct mac pg_stream_port_mac(uint16_t port, uint32_t k);

#endif
