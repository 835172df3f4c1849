/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MIN 14

/* A file while it is read: both areas grow by doubling. */
struct reader {
    struct pg_replay replay;
    uint64_t frames_room, bytes_room;
    uint64_t last_ns;
};

static bool grow(void **area, uint64_t *room, uint64_t needed, size_t item_bytes)
{
    uint64_t wanted = u64_max(*room, 1024);
    void *larger;

    if (needed <= *room)
        return true;
    while (wanted < needed)
        wanted *= 2;
    larger = realloc(*area, wanted * item_bytes);
    if (larger == NULL)
        return false;
    *area = larger;
    *room = wanted;
    return true;
}

static int frame_check(const char *path, uint32_t number, const struct pcap_pkthdr *header,
                       struct vsw_err *err)
{
    if (header->caplen < header->len) {
        vsw_err_set(err, -EINVAL, path, "frame %" PRIu32 " was cut to %u of %u bytes when captured",
                    number, header->caplen, header->len);
        vsw_err_hint(err, "capture whole frames: tcpdump -s 0");
        return -EINVAL;
    }
    if (header->caplen < FRAME_MIN)
        return vsw_err_set(err, -EINVAL, path, "frame %" PRIu32 " has %u bytes, no Ethernet header",
                           number, header->caplen);
    if (header->caplen > PG_REPLAY_FRAME_MAX)
        return vsw_err_set(err, -EINVAL, path, "frame %" PRIu32 " has %u bytes, more than %d",
                           number, header->caplen, PG_REPLAY_FRAME_MAX);
    return 0;
}

/* A clock that was set back while capturing must not stop the replay: such a frame follows at once.
 */
static uint64_t time_of(struct reader *r, uint64_t ns)
{
    struct pg_replay *replay = &r->replay;

    if (replay->count == 0)
        replay->first_ns = r->last_ns = ns;
    replay->backward += ns < r->last_ns;
    r->last_ns = u64_max(ns, r->last_ns);
    return r->last_ns - replay->first_ns;
}

static int frame_add(struct reader *r, const struct pcap_pkthdr *header, const uint8_t *bytes)
{
    struct pg_replay *replay = &r->replay;
    uint64_t ns = (uint64_t)header->ts.tv_sec * NS_PER_SEC + (uint64_t)header->ts.tv_usec;

    if (!grow((void **)&replay->frames, &r->frames_room, replay->count + 1ull,
              sizeof(*replay->frames)) ||
        !grow((void **)&replay->bytes, &r->bytes_room, replay->total_bytes + header->caplen, 1))
        return -ENOMEM;
    memcpy(replay->bytes + replay->total_bytes, bytes, header->caplen);
    replay->frames[replay->count] = (struct pg_replay_frame){
        .offset = replay->total_bytes, .ns = time_of(r, ns), .len = header->caplen};
    replay->duration_ns = replay->frames[replay->count].ns;
    replay->total_bytes += header->caplen;
    replay->len_max = header->caplen > replay->len_max ? header->caplen : replay->len_max;
    replay->count++;
    return 0;
}

static int frames_read(const char *path, pcap_t *pcap, struct reader *r, struct vsw_err *err)
{
    struct pcap_pkthdr *header;
    const uint8_t *bytes;
    int rc;

    while ((rc = pcap_next_ex(pcap, &header, &bytes)) == 1) {
        if (r->replay.count == UINT32_MAX)
            return vsw_err_set(err, -EINVAL, path, "has more than 4 thousand million frames");
        rc = frame_check(path, r->replay.count + 1, header, err);
        if (rc == 0 && (rc = frame_add(r, header, bytes)) != 0)
            vsw_err_set(err, rc, path, "the file does not fit into memory");
        if (rc != 0)
            return rc;
    }
    if (rc == PCAP_ERROR)
        return vsw_err_set(err, -EINVAL, path, "is damaged behind frame %" PRIu32 ": %s",
                           r->replay.count, pcap_geterr(pcap));
    if (r->replay.count == 0)
        return vsw_err_set(err, -EINVAL, path, "has no frames");
    return 0;
}

static int file_open(const char *path, FILE **ret_file, struct vsw_err *err)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");

    if (file == NULL)
        return vsw_err_set(err, -errno, path, "cannot be opened: %s", strerror(errno));
    *ret_file = file;
    return 0;
}

int pg_replay_open(const char *path, struct pg_replay *ret_replay, struct vsw_err *err)
{
    struct reader r = {0};
    char reason[PCAP_ERRBUF_SIZE] = "";
    pcap_t *pcap;
    FILE *file = NULL;
    int rc = file_open(path, &file, err);

    if (rc != 0)
        return rc;
    pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (pcap == NULL) {
        if (file != stdin)
            fclose(file);
        vsw_err_set(err, -EINVAL, path, "is not a capture file: %s", reason);
        vsw_err_hint(err, "a file in pcap or pcapng format, as tcpdump -w makes");
        return -EINVAL;
    }
    if (pcap_datalink(pcap) != DLT_EN10MB)
        rc = vsw_err_set(err, -EINVAL, path, "holds frames of link type %s, not Ethernet",
                         pcap_datalink_val_to_name(pcap_datalink(pcap)) ?: "unknown");
    else
        rc = frames_read(path, pcap, &r, err);
    pcap_close(pcap);
    if (rc != 0) {
        pg_replay_close(&r.replay);
        return rc;
    }
    *ret_replay = r.replay;
    return 0;
}

void pg_replay_close(struct pg_replay *replay)
{
    free(replay->frames);
    free(replay->bytes);
    *replay = (struct pg_replay){0};
}

uint64_t pg_replay_ticks(const struct pg_replay *replay, uint64_t n, double speed, uint64_t tsc_hz)
{
    uint64_t gap_ns = replay->count > 1 ? replay->duration_ns / (replay->count - 1) : 0;
    uint64_t round = n / replay->count;
    double ns = (double)round * (double)(replay->duration_ns + gap_ns) +
                (double)replay->frames[n % replay->count].ns;

    return (uint64_t)(ns / speed * ((double)tsc_hz / 1e9));
}
