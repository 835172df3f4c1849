/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Words of the command line as numbers with units, and back: sizes, rates, durations, counts,
 * ranges, addresses. Every refusal says what is wrong and what would be right. Any thread.
 */
#ifndef PKTGEN_TEXT_H
#define PKTGEN_TEXT_H

#include "base/base.h"
#include "base/err.h"
#include "base/mac.h"

#include <netinet/in.h>

/* Sizes are those of RFC 2544: with the 4 bytes of FCS, which no ring carries. 64 is 60 there. */
#define PG_FCS_BYTES    4
#define PG_SIZE_MIN     64
#define PG_SIZE_MAX     9220  /* 9216 on the ring */
#define PG_SIZE_MAX_TSO 65553 /* IP packet of 65535 bytes, Ethernet header, FCS */
#define PG_SIZES_MAX    32    /* sizes in one list */
#define PG_MIX_SLOTS    64    /* frames after which a mix repeats, at most */
#define PG_TEXT_MAX     32    /* room that any formatted number here needs */

/* A list of sizes; as a mix, size item[order[n % order_count]] is the size of frame n. */
struct pg_sizes {
    uint32_t count;
    struct {
        uint32_t bytes;  /* with FCS */
        uint32_t weight; /* 1 when not given */
    } item[PG_SIZES_MAX];
    uint32_t order_count; /* sum of the weights */
    uint8_t order[PG_MIX_SLOTS];
};

enum pg_rate_unit {
    PG_RATE_MAX, /* as fast as possible: what a cleared struct says */
    PG_RATE_PPS,
    PG_RATE_BPS,     /* bits of frames with FCS, without preamble and gap */
    PG_RATE_PERCENT, /* of a best rate found before */
};

struct pg_rate {
    enum pg_rate_unit unit;
    double value;
};

struct pg_range {
    uint64_t first, last;
};

/* An IPv4 address is in the last 4 bytes, the others are zero. Wire order. */
struct pg_addr {
    uint8_t version; /* 4 or 6 */
    uint8_t b[16];
};

/**
 * pg_text_count() - read a count: "32", "1k", "64k", "1.5M", "64Ki" (k is 1000, Ki 1024)
 * @field: what the number is, for the error
 * @text: borrowed
 * @range: smallest and largest allowed
 * @ret_count: the number
 * @err: filled on failure
 *
 * Return: 0; -EINVAL not a count; -ERANGE outside @range.
 * Context: any thread; does not block.
 * Source: none
 */
int pg_text_count(const char *field, const char *text, struct pg_range range, uint64_t *ret_count,
                  struct vsw_err *err);

/* "10-20" or "10"; as pg_text_count(), and -EINVAL when the first is above the last. */
int pg_text_range(const char *field, const char *text, struct pg_range range,
                  struct pg_range *ret_range, struct vsw_err *err);

/**
 * pg_text_duration() - read a time: "10s", "1.5s", "500ms", "20us", "100ns", "2m", "10" (seconds)
 * @field: what it is, for the error
 * @text: borrowed
 * @ret_ns: nanoseconds, above 0
 * @err: filled on failure
 *
 * Return: 0; -EINVAL not a time; -ERANGE zero or above 365 days.
 * Context: any thread; does not block.
 * Source: none
 */
int pg_text_duration(const char *field, const char *text, uint64_t *ret_ns, struct vsw_err *err);

/**
 * pg_text_rate() - read a rate: "10kpps", "1.5Mpps", "10Gbps", "50%", "max"
 * @field: what it is, for the error
 * @text: borrowed; a number without unit is frames a second
 * @ret_rate: the rate
 * @err: filled on failure
 *
 * Return: 0; -EINVAL not a rate; -ERANGE zero, or too large.
 * Context: any thread; does not block.
 * Source: none
 */
int pg_text_rate(const char *field, const char *text, struct pg_rate *ret_rate,
                 struct vsw_err *err);

/**
 * pg_text_sizes() - read sizes: "64", "64,128,1518", "imix", weights "64:7,570:4,1518:1"
 * @field: what it is, for the error
 * @text: borrowed; IMIX is 7 of 64, 4 of 570, 1 of 1518
 * @ret_sizes: the sizes, each within PG_SIZE_MIN and PG_SIZE_MAX_TSO, with the order of a mix
 * @err: filled on failure
 *
 * Return: 0; -EINVAL not sizes; -ERANGE a size or weight out of range; -E2BIG too many.
 * Context: any thread; does not block.
 * Source: RFC 2544 clause 9.1 for sizes, RFC 6985 for mixes
 */
int pg_text_sizes(const char *field, const char *text, struct pg_sizes *ret_sizes,
                  struct vsw_err *err);

/* The list as text that pg_text_sizes() reads. */
void pg_text_sizes_format(const struct pg_sizes *sizes, char *buf, size_t size);

/* Average over a mix, with FCS. */
double pg_text_sizes_mean(const struct pg_sizes *sizes);

/* Addresses; 0 or -EINVAL. */
int pg_text_mac(const char *field, const char *text, struct mac *ret_mac, struct vsw_err *err);
int pg_text_addr(const char *field, const char *text, struct pg_addr *ret_addr,
                 struct vsw_err *err);

/**
 * pg_rate_pps() - a rate as frames a second
 * @rate: as read
 * @mean_bytes: average frame with FCS
 * @best_pps: what 100 % is
 *
 * Return: frames a second; 0 means as fast as possible.
 * Context: any thread; does not block.
 * Source: none
 */
double pg_rate_pps(const struct pg_rate *rate, double mean_bytes, double best_pps);

/* For people, three digits: "21.4 Mpps", "14.4 Gb/s", "1.03 us", "1.02 M". @return buf */
char *pg_text_pps(double pps, char *buf, size_t size);
char *pg_text_bps(double bps, char *buf, size_t size);
char *pg_text_ns(double ns, char *buf, size_t size);
char *pg_text_short(double count, char *buf, size_t size);
/* As it would be typed: "1.5Mpps", "10Gbps", "50%", "max". @return buf */
char *pg_text_rate_format(const struct pg_rate *rate, char *buf, size_t size);

#endif
