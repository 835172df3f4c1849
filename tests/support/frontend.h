/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A scripted vhost-user front-end: what QEMU is to the switch, one message at a time, in the same
 * thread as the back-end under test. While it waits for an answer it runs the fake host.
 */
#ifndef TESTS_SUPPORT_FRONTEND_H
#define TESTS_SUPPORT_FRONTEND_H

#include "base/base.h"
#include "tests/support/driver_ring.h"
#include "tests/support/fake_host.h"
#include "vhost-user/vhu_proto.h"

#define FRONTEND_RINGS   16
#define FRONTEND_REGIONS GUEST_REGIONS_MAX
#define FRONTEND_NUM     256
#define FRONTEND_BYTES   (8ull << 20)
#define FRONTEND_GPA     0x40000000ull

struct frontend_region {
    uint64_t gpa, size_bytes;
    uint8_t *host; /* where we have it mapped; our user address */
    int fd;
};

struct frontend_ring {
    int kick_fd, call_fd, err_fd;
    struct driver_ring driver; /* its memory is at the end of region 0 */
};

struct frontend {
    struct fake_host *host;
    int fd; /* -1 = not connected */
    uint64_t features, protocol;
    unsigned regions;
    struct frontend_region region[FRONTEND_REGIONS];
    struct frontend_ring ring[FRONTEND_RINGS];
    struct guest guest; /* the same memory, for the drivers */
    uint16_t num;
};

static inline bool frontend_bit(uint64_t bits, unsigned bit)
{
    return bits >> bit & 1;
}

void frontend_init(struct frontend *f, struct fake_host *host);
void frontend_fini(struct frontend *f); /* closes all */

/* Return false when nobody takes the connection. Where @rounds are given: see fake_host_until(). */
bool frontend_connect(struct frontend *f, const char *path);
int frontend_listen(const char *path);
bool frontend_accept(struct frontend *f, int listen_fd, unsigned rounds);
void frontend_close(struct frontend *f);

/* Write a message; fds are only borrowed. Return false when the peer is gone. */
bool frontend_send(struct frontend *f, uint32_t request, uint32_t flags, const void *payload,
                   uint32_t size, const int *fds, unsigned fd_count);
/* Read an answer to @request. Return 1, 0 when none came in @rounds, -1 when closed. */
int frontend_recv(struct frontend *f, uint32_t request, uint64_t *ret_u64, unsigned rounds);
/* Has the back-end closed the connection, after all it has to do? */
bool frontend_is_closed(struct frontend *f);

/* With asserts, as a handshake needs them: */
uint64_t frontend_get(struct frontend *f, uint32_t request);
/* With need_reply; the answer. */
uint64_t frontend_ask(struct frontend *f, uint32_t request, const void *payload, uint32_t size,
                      const int *fds, unsigned fd_count);
/* As frontend_ask(), asserting 0. */
void frontend_set(struct frontend *f, uint32_t request, const void *payload, uint32_t size,
                  const int *fds, unsigned fd_count);
void frontend_set_u64(struct frontend *f, uint32_t request, uint64_t v);
void frontend_set_state(struct frontend *f, uint32_t request, uint32_t index, uint32_t num);

/* A region in a memfd of its own. */
struct frontend_region *frontend_region_add(struct frontend *f, uint64_t gpa, uint64_t size_bytes);
void frontend_mem_table(struct frontend *f);

/* What QEMU does, in its order. */
void frontend_features(struct frontend *f, uint64_t features);
void frontend_ring_layout(struct frontend *f, unsigned index, uint16_t start);
/* Tell the back-end of a ring that was laid out. */
void frontend_ring_start(struct frontend *f, unsigned index, uint16_t base);
void frontend_ring_addr(struct frontend *f, unsigned index);
void frontend_enable(struct frontend *f, unsigned index, bool enable);
/* @pairs queue pairs, all enabled, kicked. */
void frontend_handshake(struct frontend *f, unsigned pairs);
void frontend_kick(struct frontend *f, unsigned index);

/* Open descriptors of this process. */
unsigned frontend_count_fds(void);
/* Asserts that they come to be @want: what may block is closed by a thread. */
void frontend_wait_fds(unsigned want);

#endif
