/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/dump.h"

#include "pktgen/replay.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES (1 << 20)

struct pg_dump {
    pcap_t *pcap; /* only says what the file is */
    pcap_dumper_t *dumper;
    char *path;
    uint64_t count;
    char buffer[BUFFER_BYTES];
};

static void dump_free(struct pg_dump *dump)
{
    if (dump->pcap != NULL)
        pcap_close(dump->pcap);
    free(dump->path);
    free(dump);
}

/* The file of the dumper, buffered; closed when that fails. */
static int dumper_open(struct pg_dump *dump, struct vsw_err *err)
{
    FILE *file = strcmp(dump->path, "-") == 0 ? stdout : fopen(dump->path, "wbe");

    if (file == NULL)
        return vsw_err_set(err, -errno, dump->path, "cannot be written: %s", strerror(errno));
    setvbuf(file, dump->buffer, _IOFBF, sizeof(dump->buffer));
    dump->dumper = pcap_dump_fopen(dump->pcap, file);
    if (dump->dumper == NULL) /* libpcap has closed the file */
        return vsw_err_set(err, -EIO, dump->path, "cannot be written: %s", pcap_geterr(dump->pcap));
    return 0;
}

int pg_dump_open(const char *path, struct pg_dump **ret_dump, struct vsw_err *err)
{
    struct pg_dump *dump = calloc(1, sizeof(*dump));
    int rc = 0;

    if (dump == NULL)
        return vsw_err_set(err, -ENOMEM, path, "out of memory");
    dump->path = strdup(path);
    dump->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, PG_REPLAY_FRAME_MAX,
                                                      PCAP_TSTAMP_PRECISION_NANO);
    if (dump->path == NULL || dump->pcap == NULL)
        rc = vsw_err_set(err, -ENOMEM, path, "out of memory");
    else
        rc = dumper_open(dump, err);
    if (rc != 0) {
        dump_free(dump);
        return rc;
    }
    *ret_dump = dump;
    return 0;
}

void pg_dump_frame(struct pg_dump *dump, uint64_t ns, const void *frame, uint32_t len)
{
    struct pcap_pkthdr header = {
        .ts.tv_sec = (time_t)(ns / NS_PER_SEC),
        .ts.tv_usec = (suseconds_t)(ns % NS_PER_SEC), /* nanoseconds, as the file says */
        .caplen = len,
        .len = len,
    };

    pcap_dump((u_char *)dump->dumper, &header, frame);
    dump->count++;
}

uint64_t pg_dump_count(const struct pg_dump *dump)
{
    return dump->count;
}

int pg_dump_close(struct pg_dump *dump, struct vsw_err *err)
{
    bool has_failed;
    int rc = 0;

    if (dump == NULL)
        return 0;
    errno = 0;
    has_failed = pcap_dump_flush(dump->dumper) != 0 || ferror(pcap_dump_file(dump->dumper));
    if (has_failed) {
        int code = errno ? -errno : -EIO;

        rc = vsw_err_set(err, code, dump->path, "is not complete: %s", strerror(-code));
    }
    pcap_dump_close(dump->dumper);
    dump_free(dump);
    return rc;
}
