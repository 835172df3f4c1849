/* SPDX-License-Identifier: BSD-3-Clause */
#include "control/capture_writer.h"

#include "base/clock.h"
#include "base/counter.h"
#include "control/pcapng.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES  (256u << 10)
#define COMMENT_BYTES 256
/* A pipe or socket that polls writable takes as much as this at once (PIPE_BUF). */
#define CHUNK_BYTES 4096
/* When finishing: how long a reader may take nothing. */
#define PATIENCE_MS 1000

struct capture_writer {
    struct capture_writer_params p;
    char application[64], port[64], filter[1100];
    pthread_t thread;
    int event_fd;  /* for control: the state changed */
    int finish_fd; /* for the thread: finish; readable from then on */
    _Atomic int state;
    _Atomic bool finishing;

    /* The thread's until it has ended. */
    struct vsw_err err;
    struct pcapng_buf buf;
    bool is_file;
    uint64_t started_ns, last_ns; /* since 1970 */
    uint64_t buffered_pkts;
    uint64_t pkts; /* written; a counter */
};

/* ---- the thread: the filter -------------------------------------------------------------- */

static int refuse_filter(struct vsw_err *err, int rc)
{
    if (rc == -ELOOP)
        vsw_err_set(err, rc, "filter", "filters that follow a chain of headers are not possible");
    else if (rc == -E2BIG)
        vsw_err_set(err, rc, "filter", "the filter is too long: more than %d instructions",
                    DP_CAPTURE_INSNS_MAX);
    else
        vsw_err_set(err, rc, "filter", "no memory for the filter");
    return rc;
}

static int compile(struct capture_writer *w)
{
    pcap_t *pcap;
    struct bpf_program program;
    int rc;

    if (w->filter[0] == '\0')
        return 0;
    pcap = pcap_open_dead(DLT_EN10MB, FRAME_MAX_BYTES);
    if (pcap == NULL)
        return refuse_filter(&w->err, -ENOMEM);
    if (pcap_compile(pcap, &program, w->filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        vsw_err_set(&w->err, -EINVAL, "filter", "the filter is wrong: %s", pcap_geterr(pcap));
        vsw_err_hint(&w->err, "its language is described in pcap-filter(7)");
        pcap_close(pcap);
        return -EINVAL;
    }
    rc = dp_capture_set_filter(w->p.capture, program.bf_insns, program.bf_len);
    pcap_freecode(&program);
    pcap_close(pcap);
    return rc < 0 ? refuse_filter(&w->err, rc) : 0;
}

/* ---- the thread: writing ----------------------------------------------------------------- */

static void fail_write(struct capture_writer *w, int error)
{
    if (error == EPIPE)
        vsw_err_set(&w->err, -error, NULL, "the reader went away");
    else
        vsw_err_set(&w->err, -error, NULL, "cannot write: %s", strerrordesc_np(error));
}

/* Until the descriptor takes something. False: no more of it. */
static bool wait_writable(struct capture_writer *w)
{
    struct pollfd fds[] = {
        {.fd = w->p.fd, .events = POLLOUT},
        {.fd = w->finish_fd, .events = POLLIN},
    };
    bool finishing = atomic_load_explicit(&w->finishing, memory_order_acquire);
    int n = poll(fds, finishing ? 1 : 2, finishing ? PATIENCE_MS : -1);

    if (n > 0 || (n < 0 && errno == EINTR))
        return true;
    if (n < 0)
        fail_write(w, errno);
    else
        vsw_err_set(&w->err, -ETIMEDOUT, NULL, "the reader does not read");
    return false;
}

/* Return bytes written, 0 to ask again, or negative errno. */
static ssize_t write_some(struct capture_writer *w, const uint8_t *bytes, size_t len)
{
    struct pollfd out = {.fd = w->p.fd, .events = POLLOUT};
    ssize_t n;

    if (!w->is_file && poll(&out, 1, 0) <= 0)
        return 0;
    n = write(w->p.fd, bytes, w->is_file ? len : u64_min(len, CHUNK_BYTES));
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static bool flush(struct capture_writer *w)
{
    size_t done = 0;

    while (done < w->buf.used) {
        ssize_t n = write_some(w, w->buf.data + done, w->buf.used - done);

        if (n < 0)
            fail_write(w, (int)-n);
        if (n < 0 || (n == 0 && !wait_writable(w)))
            return false;
        done += (size_t)n;
    }
    w->buf.used = 0;
    counter_add(&w->pkts, w->buffered_pkts);
    w->buffered_pkts = 0;
    return true;
}

/* ---- the thread: frames ------------------------------------------------------------------ */

static void describe(const struct dp_capture_record *r, char *text, size_t size)
{
    int used = 0;

    text[0] = '\0';
    if (r->drop != DROP_NONE)
        used = snprintf(text, size, "drop %s: %s%s", drop_name(r->drop), drop_help(r->drop),
                        r->wire_pkts > 1 ? "; " : "");
    if (r->wire_pkts > 1)
        snprintf(text + used, size - (size_t)used, "%u segments of at most %u bytes of payload",
                 r->wire_pkts, r->offload.gso_size);
}

static uint32_t flags_of(const struct dp_capture_record *r)
{
    uint32_t flags = r->outbound ? PCAPNG_OUTBOUND : PCAPNG_INBOUND;

    if (r->offload.flags & OFFLOAD_NEEDS_CSUM)
        flags |= PCAPNG_CSUM_NOT_READY;
    if (r->wire_pkts > 1)
        flags |= PCAPNG_SEGMENTATION_OFFLOADED;
    return flags;
}

static bool is_complete(const struct capture_writer *w)
{
    return w->p.count != 0 && counter_get(&w->pkts) + w->buffered_pkts >= w->p.count;
}

/* False when the buffer must be written first. */
static bool encode(struct capture_writer *w, const struct dp_capture_record *r)
{
    char comment[COMMENT_BYTES];
    struct pcapng_packet packet = {
        .at_ns = r->at_ns + dp_capture_realtime_offset_ns(w->p.capture),
        .len = r->len,
        .kept = r->kept,
        .bytes = r->bytes,
        .flags = flags_of(r),
        .comment = comment,
    };

    describe(r, comment, sizeof(comment));
    if (!pcapng_packet(&w->buf, &packet))
        return false;
    w->last_ns = packet.at_ns;
    w->buffered_pkts++;
    return true;
}

/* Everything that is there, written when the buffer is full and at the end. */
static bool drain(struct capture_writer *w)
{
    const struct dp_capture_record *r;

    static_assert(BUFFER_BYTES >= FRAME_MAX_BYTES + COMMENT_BYTES + PCAPNG_PACKET_OVERHEAD_BYTES,
                  "a frame fits into an empty buffer");
    while (!is_complete(w) && (r = dp_capture_next(w->p.capture)) != NULL) {
        if (encode(w, r))
            dp_capture_release(w->p.capture);
        else if (!flush(w))
            return false;
    }
    return flush(w);
}

/* Sleep until there are frames, or the end, or the reader is gone. */
static bool wait_for_frames(struct capture_writer *w)
{
    struct pollfd fds[] = {
        {.fd = dp_capture_event_fd(w->p.capture), .events = POLLIN},
        {.fd = w->finish_fd, .events = POLLIN},
        {.fd = w->p.fd}, /* errors are always reported */
    };

    if (!dp_capture_rest(w->p.capture))
        return true;
    if (poll(fds, ARRAY_SIZE(fds), -1) > 0 && (fds[2].revents & (POLLERR | POLLHUP))) {
        fail_write(w, EPIPE);
        return false;
    }
    return true;
}

static void write_end(struct capture_writer *w)
{
    uint64_t missed = dp_capture_missed(w->p.capture);
    const struct pcapng_totals totals = {
        .start_ns = w->started_ns,
        .end_ns = u64_max(w->started_ns, w->last_ns),
        .received = counter_get(&w->pkts) + missed,
        .missed = missed,
    };

    pcapng_end(&w->buf, &totals);
    flush(w);
}

static void write_all(struct capture_writer *w)
{
    const struct pcapng_interface interface = {
        .application = w->application,
        .name = w->port,
        .filter = w->filter,
        .snaplen_bytes = w->p.snaplen_bytes,
    };
    bool finishing = false;

    pcapng_begin(&w->buf, &interface);
    while (drain(w)) {
        if (is_complete(w))
            vsw_err_set(&w->err, -ECANCELED, NULL, "the wanted number of frames is reached");
        if (is_complete(w) || finishing) {
            write_end(w);
            return;
        }
        /* Looked at before the last drain: nothing is added once it is set. */
        finishing = atomic_load_explicit(&w->finishing, memory_order_acquire);
        if (!finishing && !wait_for_frames(w))
            return;
    }
}

/* ---- the thread -------------------------------------------------------------------------- */

static void signal_fd(int fd)
{
    const uint64_t one = 1;

    /* Fails only when the counter is full, and then it is readable. */
    if (write(fd, &one, sizeof(one)) < 0)
        assert(errno == EAGAIN);
}

static void enter(struct capture_writer *w, enum capture_writer_state state)
{
    atomic_store_explicit(&w->state, state, memory_order_release);
    signal_fd(w->event_fd);
}

static void *writer_main(void *arg)
{
    struct capture_writer *w = arg;

    pthread_setname_np(pthread_self(), "vsw-capture");
    if (compile(w) == 0) {
        enter(w, CAPTURE_READY);
        write_all(w);
    }
    close(w->p.fd);
    enter(w, CAPTURE_ENDED);
    return NULL;
}

/* ---- control ----------------------------------------------------------------------------- */

static void destroy(struct capture_writer *w)
{
    if (w->event_fd >= 0)
        close(w->event_fd);
    if (w->finish_fd >= 0)
        close(w->finish_fd);
    free(w->buf.data);
    free(w);
}

static int writer_open(struct capture_writer *w)
{
    struct stat st;

    w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->finish_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->buf.data = malloc(BUFFER_BYTES);
    w->buf.size = BUFFER_BYTES;
    if (w->event_fd < 0 || w->finish_fd < 0)
        return -EMFILE;
    if (w->buf.data == NULL)
        return -ENOMEM;
    if (fstat(w->p.fd, &st) < 0)
        return -errno;
    w->is_file = S_ISREG(st.st_mode);
    w->started_ns = clock_now_ns() + dp_capture_realtime_offset_ns(w->p.capture);
    return -pthread_create(&w->thread, NULL, writer_main, w);
}

int capture_writer_start(const struct capture_writer_params *params,
                         struct capture_writer **ret_writer)
{
    struct capture_writer *w = calloc(1, sizeof(*w));
    int rc = -ENOMEM;

    if (w != NULL) {
        w->p = *params;
        snprintf(w->application, sizeof(w->application), "%s", params->application);
        snprintf(w->port, sizeof(w->port), "%s", params->port);
        snprintf(w->filter, sizeof(w->filter), "%s", params->filter);
        rc = writer_open(w);
    }
    if (rc == 0) {
        *ret_writer = w;
        return 0;
    }
    close(params->fd);
    if (w != NULL)
        destroy(w);
    return rc;
}

int capture_writer_event_fd(const struct capture_writer *w)
{
    return w->event_fd;
}

enum capture_writer_state capture_writer_state(struct capture_writer *w)
{
    uint64_t count;

    if (read(w->event_fd, &count, sizeof(count)) < 0)
        assert(errno == EAGAIN);
    return (enum capture_writer_state)atomic_load_explicit(&w->state, memory_order_acquire);
}

void capture_writer_finish(struct capture_writer *w)
{
    atomic_store_explicit(&w->finishing, true, memory_order_release);
    signal_fd(w->finish_fd);
}

const struct vsw_err *capture_writer_error(const struct capture_writer *w)
{
    return &w->err;
}

uint64_t capture_writer_pkts(const struct capture_writer *w)
{
    return counter_get(&w->pkts);
}

bool capture_writer_free(struct capture_writer *w)
{
    if (w == NULL)
        return true;
    if (capture_writer_state(w) != CAPTURE_ENDED)
        return false;
    pthread_join(w->thread, NULL);
    destroy(w);
    return true;
}
