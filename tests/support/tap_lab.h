/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A laboratory for tests of TAP ports: namespaces of its own that end with the program, a host
 * whose jobs and timers run when the test says so, and a worker that joins two ports.
 */
#ifndef TESTS_SUPPORT_TAP_LAB_H
#define TESTS_SUPPORT_TAP_LAB_H

#include <stdatomic.h>

#include "tap/tap.h"
#include "tests/support/fake_host.h"

struct tap_lab_relay;

struct tap_lab {
    struct fake_host fake;
    uint64_t now_ns;             /* the clock of base/clock.h */
    struct tap_lab_relay *relay; /* grace periods wait for it; NULL = no worker */
};

/* Give the program its own network and an empty /run/netns. Exits when that is not possible. */
void tap_lab_isolate(void);

/* Namespaces left by a test that failed are gone. */
void tap_lab_init(struct tap_lab *lab);
/* Asserts that nothing is waiting any more. */
void tap_lab_fini(struct tap_lab *lab);
/* Run everything that is waiting, until nothing is. */
void tap_lab_pump(struct tap_lab *lab);
/* Move the clock and run what is due. */
void tap_lab_step(struct tap_lab *lab, uint64_t ns);

/* Run a shell command; false when its status is not 0. */
bool tap_lab_sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Its first line of output. */
const char *tap_lab_out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int tap_lab_fd_count(void);

/* A socket that lives in a named namespace, NULL = the present one. */
int tap_lab_socket(const char *netns, int domain, int type, int protocol);
/* A packet socket bound to an interface of a namespace; sends and receives whole frames. */
int tap_lab_packet_socket(const char *netns, const char *ifname);

void tap_lab_options(struct tap_options *options);
int tap_lab_prepare(struct tap_lab *lab, const char *name, const struct tap_options *options,
                    uint16_t mtu, struct port **ret, struct vsw_err *err);
/* prepare and start; fails the test when it cannot. */
struct port *tap_lab_port(struct tap_lab *lab, const char *name, const struct tap_options *options,
                          uint16_t mtu);
/* stop and destroy */
void tap_lab_remove(struct tap_lab *lab, struct port *port, bool remove);

/* A worker that carries frames between two ports, asleep when nothing comes. */
struct tap_lab_relay {
    struct port *port[2];
    _Atomic bool stop;
    _Atomic uint64_t rounds; /* each begins without anything held from before */
    bool spin;               /* never sleep */
    _Atomic uint64_t frames, gso_frames, csum_frames, rx_drops, tx_drops, sleeps;
    struct burst burst;
    unsigned long thread;
    int stop_fd;
};

void tap_lab_relay_start(struct tap_lab_relay *relay, struct port *a, struct port *b);
void tap_lab_relay_stop(struct tap_lab_relay *relay);

#endif
