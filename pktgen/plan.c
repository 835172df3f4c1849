/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Defaults and checks of a plan.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "pktgen/plan.h"

#define STREAM_TEXT_MAX 1024
#define RXBUF_ROOM      64 /* tags that a switch may add, header of the ring */

const struct pg_sizes *pg_plan_sizes(const struct pg_plan *plan, const struct pg_stream *stream)
{
    return plan->sizes.count > 0 ? &plan->sizes : &stream->sizes;
}

static int default_stream(struct pg_plan *plan, uint32_t tx, uint32_t rx, const char *words,
                          struct vsw_err *err)
{
    uint16_t id = (uint16_t)plan->stream_count++;
    char text[STREAM_TEXT_MAX];

    if (snprintf(text, sizeof(text), "tx=%u,rx=%u%s%s", tx, rx, *words ? "," : "", words) >=
        (int)sizeof(text))
        return vsw_err_set(err, -EINVAL, "stream", "the words for the streams are too long");
    return pg_stream_parse(text, id, &plan->streams[id].stream, err);
}

/* Neighbours talk to each other; one port alone talks to itself, through a loop. */
static int default_streams(struct pg_plan *plan, bool one_way, const char *words,
                           struct vsw_err *err)
{
    int rc = 0;

    plan->streams = calloc(plan->port_count, sizeof(plan->streams[0]));
    if (plan->streams == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for the streams");
    for (uint32_t port = 0; rc == 0 && port < plan->port_count; port++) {
        if (one_way && port % 2 == 1)
            continue;
        rc =
            default_stream(plan, port, (port ^ 1) < plan->port_count ? port ^ 1 : port, words, err);
    }
    return rc;
}

static int stream_check(struct pg_plan *plan, const struct pg_plan_stream *s, struct vsw_err *err)
{
    const struct pg_stream *stream = &s->stream;
    struct pg_stream copy = *stream;
    bool offload = stream->csum == PG_CSUM_OFFLOAD || stream->tso_mss > 0;
    const struct pg_port_spec *tx;

    if (stream->tx >= plan->port_count)
        return vsw_err_set(err, -EINVAL, "tx", "there is no port %u", stream->tx);
    if (stream->rx != PG_PORT_NONE && stream->rx >= plan->port_count)
        return vsw_err_set(err, -EINVAL, "rx", "there is no port %u", stream->rx);
    tx = &plan->ports[stream->tx].spec;
    if ((offload && !tx->csum) || (stream->tso_mss > 0 && !tx->tso)) {
        vsw_err_set(err, -EINVAL, "stream", "port %u was not opened with %s", stream->tx,
                    stream->tso_mss > 0 ? "tso" : "csum");
        vsw_err_hint(err, "--port vhost:PATH,%s", stream->tso_mss > 0 ? "tso" : "csum");
        return -EINVAL;
    }
    if (s->attack != NULL || s->replay != NULL)
        return 0;
    copy.sizes = *pg_plan_sizes(plan, stream);
    return pg_stream_check(&copy, plan->marks != PG_MARKS_NONE, err);
}

/* A ring without mergeable buffers takes a frame only if it fits into one. */
static void rxbuf_fit(struct pg_plan *plan)
{
    uint32_t largest = 0;

    for (uint32_t i = 0; i < plan->stream_count; i++) {
        const struct pg_sizes *sizes = pg_plan_sizes(plan, &plan->streams[i].stream);

        for (uint32_t k = 0; k < sizes->count; k++)
            largest = sizes->item[k].bytes > largest ? sizes->item[k].bytes : largest;
    }
    largest = largest + RXBUF_ROOM > 65407 ? 65407 : largest + RXBUF_ROOM;
    for (uint32_t p = 0; p < plan->port_count; p++) {
        struct pg_port_spec *spec = &plan->ports[p].spec;

        if (!spec->mergeable && spec->rxbuf_bytes < largest)
            spec->rxbuf_bytes = largest;
    }
}

int pg_plan_complete(struct pg_plan *plan, bool one_way, const char *words, struct vsw_err *err)
{
    int rc = 0;

    if (plan->port_count == 0) {
        vsw_err_set(err, -EINVAL, "port", "a port is missing");
        vsw_err_hint(err, "--port vhost:/run/a.sock --port vhost:/run/b.sock");
        return -EINVAL;
    }
    if (plan->stream_count == 0)
        rc = default_streams(plan, one_way, words, err);
    for (uint32_t i = 0; rc == 0 && i < plan->stream_count; i++)
        rc = stream_check(plan, &plan->streams[i], err);
    if (rc == 0)
        rxbuf_fit(plan);
    return rc;
}

void pg_plan_free(struct pg_plan *plan)
{
    free(plan->streams);
    plan->streams = NULL;
    plan->stream_count = 0;
}
