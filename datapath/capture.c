/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Captures as control and the writer thread see them.
 */
#include "datapath/capture.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/mem.h"
#include "datapath/capture_tap.h"

#include <errno.h>
#include <pcap/bpf.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- control: making and ending ---------------------------------------------------------- */

static uint64_t choose_ring_bytes(uint16_t workers)
{
    uint64_t bytes = DP_CAPTURE_RING_MAX;

    while (bytes > DP_CAPTURE_RING_MIN && bytes * workers > DP_CAPTURE_RINGS_BYTES)
        bytes /= 2;
    return bytes;
}

static int allocate(struct dp_capture *c)
{
    uint64_t ring_bytes =
        c->spec.ring_bytes != 0 ? c->spec.ring_bytes : choose_ring_bytes(c->workers);

    c->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->event_fd < 0)
        return -errno;
    c->slot = mem_zalloc(c->workers, sizeof(*c->slot));
    if (c->slot == NULL)
        return -ENOMEM;
    for (uint16_t i = 0; i < c->workers; i++) {
        if (capture_ring_init(&c->slot[i].ring, ring_bytes) < 0)
            return -ENOMEM;
    }
    return 0;
}

int dp_capture_create(const struct datapath *dp, const struct dp_capture_spec *spec,
                      struct dp_capture **ret_capture)
{
    struct dp_capture *c = mem_zalloc(1, sizeof(*c));
    int result;

    assert(spec->port < dp->params.max_ports);
    if (c == NULL)
        return -ENOMEM;
    c->spec = *spec;
    c->workers = dp->params.workers;
    c->realtime_offset_ns = clock_realtime_offset_ns();
    result = allocate(c);
    if (result < 0)
        dp_capture_free(c);
    else
        *ret_capture = c;
    return result;
}

void dp_capture_free(struct dp_capture *c)
{
    if (c == NULL)
        return;
    for (uint16_t i = 0; c->slot != NULL && i < c->workers; i++)
        capture_ring_fini(&c->slot[i].ring);
    if (c->event_fd >= 0)
        close(c->event_fd);
    free(c->slot);
    free(c->filter);
    free(c);
}

/* A negative distance of the one unconditional jump is the only way back there is. */
static bool jumps_back(const struct bpf_insn *insn)
{
    return BPF_CLASS(insn->code) == BPF_JMP && BPF_OP(insn->code) == BPF_JA && (int32_t)insn->k < 0;
}

int dp_capture_set_filter(struct dp_capture *c, const struct bpf_insn *insns, uint32_t count)
{
    struct bpf_insn *copy;

    if (count > DP_CAPTURE_INSNS_MAX)
        return -E2BIG;
    for (uint32_t i = 0; i < count; i++) {
        if (jumps_back(&insns[i]))
            return -ELOOP;
    }
    copy = calloc(count, sizeof(*copy));
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, insns, count * sizeof(*copy));
    free(c->filter);
    c->filter = copy;
    return 0;
}

/* ---- control: the captures of a port ----------------------------------------------------- */

/* The set of a port with one more, or one less. */
static struct capture_set *edited_set(const struct capture_set *old, struct dp_capture *more,
                                      const struct dp_capture *less)
{
    struct capture_set *set = calloc(1, sizeof(*set));

    if (set == NULL)
        return NULL;
    for (uint16_t i = 0; old != NULL && i < old->count; i++) {
        if (old->capture[i] != less)
            set->capture[set->count++] = old->capture[i];
    }
    if (more != NULL)
        set->capture[set->count++] = more;
    for (uint16_t i = 0; i < set->count; i++)
        set->directions |= set->capture[i]->spec.directions;
    return set;
}

static struct capture_set *set_of(const struct datapath *dp, uint16_t port)
{
    return atomic_load_explicit(&dp->captures[port], memory_order_relaxed);
}

int dp_capture_attach(struct datapath *dp, struct dp_capture *c)
{
    struct capture_set *old = set_of(dp, c->spec.port), *set;

    if (dp->capture_count == DP_CAPTURES_MAX)
        return -ENOSPC;
    set = edited_set(old, c, NULL);
    if (set == NULL)
        return -ENOMEM;
    atomic_store_explicit(&dp->captures[c->spec.port], set, memory_order_release);
    dp->capture_count++;
    if (old != NULL)
        dp_retire(dp, free, old);
    return 0;
}

struct leaving_capture {
    struct capture_set *set; /* the last in which it was */
    void (*done)(void *arg);
    void *arg;
};

static void let_go(void *arg)
{
    struct leaving_capture leaving = *(struct leaving_capture *)arg;

    free(arg);
    free(leaving.set);
    leaving.done(leaving.arg);
}

void dp_capture_detach(struct datapath *dp, struct dp_capture *c, void (*done)(void *arg),
                       void *arg)
{
    struct leaving_capture *leaving = malloc(sizeof(*leaving));
    struct capture_set *old = set_of(dp, c->spec.port), *set = NULL;

    if (old->count > 1)
        set = edited_set(old, NULL, c);
    if (leaving == NULL || (old->count > 1 && set == NULL))
        abort();
    atomic_store_explicit(&dp->captures[c->spec.port], set, memory_order_release);
    dp->capture_count--;
    *leaving = (struct leaving_capture){.set = old, .done = done, .arg = arg};
    dp_retire(dp, let_go, leaving);
}

/* ---- the writer thread ------------------------------------------------------------------- */

uint64_t dp_capture_missed(const struct dp_capture *c)
{
    uint64_t sum = 0;

    for (uint16_t i = 0; i < c->workers; i++)
        sum += counter_get(&c->slot[i].missed);
    return sum;
}

uint64_t dp_capture_realtime_offset_ns(const struct dp_capture *c)
{
    return c->realtime_offset_ns;
}

const struct dp_capture_record *dp_capture_next(struct dp_capture *c)
{
    const struct dp_capture_record *oldest = NULL;

    for (uint16_t i = 0; i < c->workers; i++) {
        const struct dp_capture_record *r = capture_ring_peek(&c->slot[i].ring);

        if (r == NULL || (oldest != NULL && oldest->at_ns <= r->at_ns))
            continue;
        oldest = r;
        c->read = &c->slot[i];
    }
    return oldest;
}

void dp_capture_release(struct dp_capture *c)
{
    capture_ring_release(&c->read->ring);
}

/* The descriptor is emptied first: whoever signals behind the exchange is heard, and of whoever
 * signalled before it the exchange makes the records visible. */
bool dp_capture_rest(struct dp_capture *c)
{
    uint64_t count;

    if (read(c->event_fd, &count, sizeof(count)) < 0)
        assert(errno == EAGAIN);
    atomic_exchange_explicit(&c->signalled, false, memory_order_acq_rel);
    return dp_capture_next(c) == NULL;
}

int dp_capture_event_fd(const struct dp_capture *c)
{
    return c->event_fd;
}
