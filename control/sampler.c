/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One timer, one pass over ports and workers. 4096 ports take about a millisecond.
 */
#include "control/sampler.h"

#include "base/clock.h"

#include <rte_cycles.h>
#include <stdlib.h>

struct sampler {
    struct ctl *ctl;
    struct loop_timer *timer;
    uint64_t last_ns, last_tsc;
    struct {
        uint64_t cycles_busy, slept_ns;
        struct sampler_worker now;
    } workers[DP_WORKERS_MAX];
};

static uint64_t rate(uint64_t now, uint64_t before, uint64_t elapsed_ns)
{
    return now < before ? 0 : (uint64_t)((double)(now - before) * 1e9 / (double)elapsed_ns);
}

static void sample_port(struct ctl *ctl, struct live_port *live, uint64_t elapsed_ns)
{
    struct live_rates *r = &live->rates;
    struct dp_counters c;

    dp_port_counters(ctl->dp, live->number, &c);
    r->in_bps = rate(c.rx_wire_bytes, r->in_bytes, elapsed_ns) * 8;
    r->in_pps = rate(c.rx_wire_pkts, r->in_pkts, elapsed_ns);
    r->out_bps = rate(c.tx_wire_bytes, r->out_bytes, elapsed_ns) * 8;
    r->out_pps = rate(c.tx_wire_pkts, r->out_pkts, elapsed_ns);
    r->in_bytes = c.rx_wire_bytes;
    r->in_pkts = c.rx_wire_pkts;
    r->out_bytes = c.tx_wire_bytes;
    r->out_pkts = c.tx_wire_pkts;
}

static uint32_t percent(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (uint32_t)u64_min(100, part * 100 / whole);
}

static void sample_worker(struct sampler *s, uint16_t i, uint64_t elapsed_ns, uint64_t elapsed_tsc)
{
    struct dp_worker_counters c;

    dp_worker_counters(s->ctl->dp, i, &c);
    s->workers[i].now.busy_percent =
        percent(c.cycles_busy - s->workers[i].cycles_busy, elapsed_tsc);
    s->workers[i].now.sleep_percent = percent(c.slept_ns - s->workers[i].slept_ns, elapsed_ns);
    s->workers[i].cycles_busy = c.cycles_busy;
    s->workers[i].slept_ns = c.slept_ns;
}

static void on_second(void *arg)
{
    struct sampler *s = arg;
    struct ctl *ctl = s->ctl;
    uint64_t now_ns = clock_now_ns(), tsc = rte_rdtsc();

    for (uint32_t i = 0; i < ctl->live.max_ports; i++) {
        struct live_port *live = ctl->live.ports[i];

        if (live != NULL && live->port != NULL)
            sample_port(ctl, live, now_ns - s->last_ns);
    }
    for (uint16_t i = 0; i < ctl->options->workers; i++)
        sample_worker(s, i, now_ns - s->last_ns, tsc - s->last_tsc);
    s->last_ns = now_ns;
    s->last_tsc = tsc;
    loop_timer_set(s->timer, now_ns + NS_PER_SEC);
}

struct sampler *sampler_new(struct ctl *ctl)
{
    struct sampler *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->ctl = ctl;
    s->last_ns = clock_now_ns();
    s->last_tsc = rte_rdtsc();
    if (loop_timer_new(ctl->loop, s->last_ns + NS_PER_SEC, on_second, s, &s->timer) == 0)
        return s;
    free(s);
    return NULL;
}

void sampler_free(struct sampler *s)
{
    if (s == NULL)
        return;
    loop_timer_free(s->timer);
    free(s);
}

struct sampler_worker sampler_worker(const struct sampler *s, uint16_t worker)
{
    return s->workers[worker].now;
}
