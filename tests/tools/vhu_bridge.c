/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One or two vhost-user ports and a wire between them, in one thread without the rest of the
 * switch: to try the back-end with real guests.
 *
 *     vhu_bridge [role=client] [queues=N] [mtu=N] [seconds=N] PATH [PATH]
 *
 * With one path frames are thrown away. Prints where the ports stand every other second, and their
 * counters at the end.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/support/fake_host.h"
#include "vhost-user/vhu.h"

#define PORTS_MAX 2

static struct fake_host host;
static struct port *port[PORTS_MAX];
static int ports;
static uint64_t taken[PORTS_MAX], sent[PORTS_MAX], dropped[PORTS_MAX][DROP_COUNT];
static volatile sig_atomic_t quit;

static void on_signal(int sig)
{
    quit = 1;
}

static void forward(int from, unsigned queue, const struct burst *b)
{
    int to = ports - 1 - from;
    uint16_t queues = atomic_load(&port[to]->tx_queues);
    struct tx_item items[BURST_FRAMES];
    uint16_t n = 0;

    for (uint16_t i = 0; i < b->count; i++) {
        if (b->frame[i].drop == DROP_NONE && queues > 0 && to != from)
            items[n++] = (struct tx_item){.frame = &b->frame[i]};
        else
            dropped[from][b->frame[i].drop ? b->frame[i].drop : DROP_dst_down]++;
    }
    if (n > 0)
        port[to]->type->tx(&port[to]->txq[queue % queues], items, n);
    for (uint16_t i = 0; i < n; i++) {
        sent[to] += items[i].drop == DROP_NONE;
        dropped[to][items[i].drop] += items[i].drop != DROP_NONE;
    }
}

static bool serve(int from)
{
    static struct burst b;
    bool any = false;

    for (unsigned q = 0; q < port[from]->queue_pairs; q++) {
        struct port_rxq *rxq = &port[from]->rxq[q];

        if (!atomic_load(&rxq->live))
            continue;
        burst_reset(&b, BURST_FRAMES, INT64_MAX, INT64_MAX);
        port[from]->type->rx(rxq, &b);
        forward(from, q, &b);
        port[from]->type->rx_done(rxq, &b);
        taken[from] += b.count;
        any |= b.count > 0;
    }
    return any;
}

static void show(int i)
{
    struct port_info info;

    port[i]->type->info(port[i], &info);
    printf("%s: %s%s, %u queue pairs, taken %llu, sent %llu", info.where,
           info.connected ? "connected" : "not connected",
           info.driver_ready ? ", driver ready" : "", info.queue_pairs_enabled,
           (unsigned long long)taken[i], (unsigned long long)sent[i]);
    if (info.features[0])
        printf(", [%s]", info.features);
    if (info.error[0] || info.hint[0])
        printf(", error: %s (%s)", info.error, info.hint);
    printf("\n");
    for (int d = 1; d < DROP_COUNT; d++) {
        if (dropped[i][d])
            printf("    dropped %s %llu\n", drop_name((enum drop_reason)d),
                   (unsigned long long)dropped[i][d]);
    }
    fflush(stdout);
}

static void count(void *arg, const char *name, uint64_t value, const char *help)
{
    if (value > 0)
        printf("    %-24s %llu\n", name, (unsigned long long)value);
}

static void run(uint64_t end_ns)
{
    uint64_t next_ns = clock_now_ns() + 2 * NS_PER_SEC;
    unsigned idle = 0;

    while (!quit && clock_now_ns() < end_ns) {
        bool any = false;

        for (int i = 0; i < ports; i++)
            any |= serve(i);
        idle = any ? 0 : idle + 1;
        fake_host_poll(&host, idle > 100 ? 1 : 0);
        if (clock_now_ns() < next_ns)
            continue;
        next_ns += 2 * NS_PER_SEC;
        for (int i = 0; i < ports; i++)
            show(i);
    }
}

int main(int argc, char **argv)
{
    struct vhu_options options = {.queues = 8, .mode = "0660"};
    struct port_config config = {.up = true, .mtu = 9000, .options = &options};
    uint64_t end_ns = UINT64_MAX;

    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    fake_host_init(&host);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "role=", 5) == 0) {
            options.role = strcmp(argv[i] + 5, "client") == 0;
        } else if (strncmp(argv[i], "queues=", 7) == 0) {
            options.queues = (uint32_t)atoi(argv[i] + 7);
        } else if (strncmp(argv[i], "mtu=", 4) == 0) {
            config.mtu = (uint16_t)atoi(argv[i] + 4);
        } else if (strncmp(argv[i], "seconds=", 8) == 0) {
            end_ns = clock_now_ns() + (uint64_t)atoi(argv[i] + 8) * NS_PER_SEC;
        } else if (ports < PORTS_MAX) {
            snprintf(options.path, sizeof(options.path), "%s", argv[i]);
            snprintf(config.name, sizeof(config.name), "vm%d", ports);
            port[ports++] = fake_host_add(&host, &port_type_vhost_user, &config);
        }
    }
    for (int i = 0; i < ports; i++)
        port[i]->type->attach(port[i], PORT_ATTACH_QEMU, stdout);
    fflush(stdout);
    run(end_ns);
    for (int i = 0; i < ports; i++) {
        show(i);
        port[i]->type->counters(port[i], count, NULL);
        fake_host_remove(&host, port[i]);
    }
    fake_host_fini(&host);
    return 0;
}
