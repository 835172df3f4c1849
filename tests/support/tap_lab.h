/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A laboratory for tests of TAP ports: namespaces of its own that end with the program, a host
 * whose jobs and timers run when the test says so, and a worker that joins two ports.
 */
#ifndef TESTS_SUPPORT_TAP_LAB_H
#define TESTS_SUPPORT_TAP_LAB_H

#include <stdatomic.h>

#include "port/port.h"
#include "tap/tap.h"

#define LAB_CALLS 64

struct lab_call {
    void (*work)(void *arg); /* helper's half, may be NULL */
    void (*done)(void *arg);
    void *arg;
};

struct port_timer {
    bool armed;
    uint64_t at_ns;
    void (*cb)(void *arg);
    void *arg;
};

struct lab_relay;

struct lab {
    struct port_host host;
    struct lab_call call[LAB_CALLS];
    uint32_t head, tail;
    struct port_timer timer[256];
    uint64_t now_ns; /* the clock of base/clock.h */
    uint32_t events, rxq_changes;
    enum port_event last_event;
    char last_text[256];
    _Atomic uint32_t wakes;
    struct lab_relay *relay; /* retire waits for it; NULL = no worker */
    bool refuse_jobs;
};

/* Give the program its own network and an empty /run/netns. Exits when that is not possible. */
void lab_isolate(void);

void tap_lab_init(struct lab *lab);
/* Run everything that is waiting, until nothing is. */
void lab_pump(struct lab *lab);
/* Move the clock and run what is due. */
void lab_step(struct lab *lab, uint64_t ns);

/* Run a shell command; false when its status is not 0. */
bool lab_sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Its first line of output. */
const char *lab_out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int lab_fd_count(void);

/* A socket that lives in a named namespace, NULL = the present one. */
int lab_socket(const char *netns, int domain, int type, int protocol);
/* A packet socket bound to an interface of a namespace; sends and receives whole frames. */
int lab_packet_socket(const char *netns, const char *ifname);

void lab_options(struct tap_options *options);
int lab_prepare(struct lab *lab, const char *name, const struct tap_options *options, uint16_t mtu,
                struct port **ret, struct vsw_err *err);
/* prepare and start; fails the test when it cannot. */
struct port *lab_port(struct lab *lab, const char *name, const struct tap_options *options,
                      uint16_t mtu);
/* stop and destroy */
void lab_remove(struct lab *lab, struct port *port, bool remove);

/* A worker that carries frames between two ports, asleep when nothing comes. */
struct lab_relay {
    struct port *port[2];
    _Atomic bool stop;
    _Atomic uint64_t rounds; /* each begins without anything held from before */
    bool spin;               /* never sleep */
    _Atomic uint64_t frames, gso_frames, csum_frames, rx_drops, tx_drops, sleeps;
    struct burst burst;
    unsigned long thread;
    int stop_fd;
};

void lab_relay_start(struct lab_relay *relay, struct port *a, struct port *b);
void lab_relay_stop(struct lab_relay *relay);

#endif
