/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/frontend.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/cmocka.h"

#define ANSWER_MS 5000

void frontend_init(struct frontend *f, struct fake_host *host)
{
    *f = (struct frontend){.host = host, .fd = -1, .num = FRONTEND_NUM};
    for (unsigned i = 0; i < FRONTEND_RINGS; i++)
        f->ring[i].kick_fd = f->ring[i].call_fd = f->ring[i].err_fd = -1;
}

static void fd_drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void frontend_close(struct frontend *f)
{
    fd_drop(&f->fd);
    f->features = f->protocol = 0;
    for (unsigned i = 0; i < FRONTEND_RINGS; i++) {
        fd_drop(&f->ring[i].kick_fd);
        fd_drop(&f->ring[i].call_fd);
        fd_drop(&f->ring[i].err_fd);
    }
}

void frontend_fini(struct frontend *f)
{
    frontend_close(f);
    for (unsigned i = 0; i < f->regions; i++) {
        munmap(f->region[i].host, f->region[i].size_bytes);
        close(f->region[i].fd);
    }
    f->regions = 0;
    f->guest.count = 0;
}

/* ---- socket ------------------------------------------------------------------------------ */
static struct sockaddr_un addr_of(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    return a;
}

bool frontend_connect(struct frontend *f, const char *path)
{
    struct sockaddr_un a = addr_of(path);

    f->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(f->fd >= 0);
    if (connect(f->fd, (struct sockaddr *)&a, sizeof(a)) == 0)
        return true;
    fd_drop(&f->fd);
    return false;
}

int frontend_listen(const char *path)
{
    struct sockaddr_un a = addr_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

struct awaited {
    struct frontend *f;
    int listen_fd;
};

static bool accepts(void *arg)
{
    struct awaited *a = arg;

    a->f->fd = accept4(a->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return a->f->fd >= 0;
}

bool frontend_accept(struct frontend *f, int listen_fd, unsigned rounds)
{
    return fake_host_until(f->host, accepts, &(struct awaited){f, listen_fd}, rounds);
}

bool frontend_send(struct frontend *f, uint32_t request, uint32_t flags, const void *payload,
                   uint32_t size, const int *fds, unsigned fd_count)
{
    uint32_t header[3] = {request, VHU_FLAG_VERSION | flags, size};
    struct iovec iov[2] = {{header, sizeof(header)}, {(void *)payload, size}};
    union {
        char buf[CMSG_SPACE(64 * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct msghdr mh = {.msg_iov = iov, .msg_iovlen = size > 0 ? 2 : 1};
    ssize_t n;

    if (fd_count > 0) {
        struct cmsghdr *cm;

        mh.msg_control = control.buf;
        mh.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        cm = CMSG_FIRSTHDR(&mh);
        cm->cmsg_level = SOL_SOCKET;
        cm->cmsg_type = SCM_RIGHTS;
        cm->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(cm), fds, fd_count * sizeof(int));
    }
    while ((n = sendmsg(f->fd, &mh, MSG_NOSIGNAL)) < 0 && errno == EAGAIN)
        fake_host_poll(f->host, 1);
    if (n < 0)
        return false;
    assert_int_equal(n, (ssize_t)sizeof(header) + size);
    return true;
}

static bool has_answer(void *arg)
{
    struct frontend *f = arg;
    uint8_t byte;

    return recv(f->fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_PEEK) >= 0 || errno != EAGAIN;
}

int frontend_recv(struct frontend *f, uint32_t request, uint64_t *ret_u64, unsigned rounds)
{
    struct {
        uint32_t header[3];
        uint64_t payload;
    } __attribute__((packed)) m = {0};
    ssize_t n;

    if (!fake_host_until(f->host, has_answer, f, rounds))
        return 0;
    n = recv(f->fd, &m, sizeof(m), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno == ECONNRESET))
        return -1;
    assert_int_equal(n, 12 + m.header[2]);
    assert_int_equal(m.header[0], request);
    assert_int_equal(m.header[1], VHU_FLAG_VERSION | VHU_FLAG_REPLY);
    if (ret_u64 != NULL)
        *ret_u64 = m.payload;
    return 1;
}

bool frontend_is_closed(struct frontend *f)
{
    struct pollfd p = {.fd = f->fd, .events = POLLRDHUP};

    fake_host_settle(f->host);
    return f->fd < 0 || (poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLRDHUP | POLLERR)));
}

uint64_t frontend_get(struct frontend *f, uint32_t request)
{
    uint64_t v = 0;

    assert_true(frontend_send(f, request, 0, NULL, 0, NULL, 0));
    assert_int_equal(frontend_recv(f, request, &v, ANSWER_MS), 1);
    return v;
}

uint64_t frontend_ask(struct frontend *f, uint32_t request, const void *payload, uint32_t size,
                      const int *fds, unsigned fd_count)
{
    uint64_t v = 0;

    assert_true(frontend_bit(f->protocol, VHU_P_REPLY_ACK));
    assert_true(frontend_send(f, request, VHU_FLAG_NEED_REPLY, payload, size, fds, fd_count));
    assert_int_equal(frontend_recv(f, request, &v, ANSWER_MS), 1);
    return v;
}

void frontend_set(struct frontend *f, uint32_t request, const void *payload, uint32_t size,
                  const int *fds, unsigned fd_count)
{
    if (frontend_bit(f->protocol, VHU_P_REPLY_ACK)) {
        assert_int_equal(frontend_ask(f, request, payload, size, fds, fd_count), 0);
        return;
    }
    assert_true(frontend_send(f, request, 0, payload, size, fds, fd_count));
    fake_host_settle(f->host);
}

void frontend_set_u64(struct frontend *f, uint32_t request, uint64_t v)
{
    frontend_set(f, request, &v, sizeof(v), NULL, 0);
}

void frontend_set_state(struct frontend *f, uint32_t request, uint32_t index, uint32_t num)
{
    struct vhu_wire_state s = {index, num};

    frontend_set(f, request, &s, sizeof(s), NULL, 0);
}

/* ---- memory ------------------------------------------------------------------------------ */
struct frontend_region *frontend_region_add(struct frontend *f, uint64_t gpa, uint64_t size_bytes)
{
    struct frontend_region *r = &f->region[f->regions++];

    r->gpa = gpa;
    r->size_bytes = size_bytes;
    r->fd = memfd_create("guest", MFD_CLOEXEC);
    assert_true(r->fd >= 0);
    assert_int_equal(ftruncate(r->fd, (off_t)size_bytes), 0);
    r->host = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
    assert_ptr_not_equal(r->host, MAP_FAILED);
    f->guest.region[f->guest.count++] =
        (struct guest_region){.gpa = gpa, .bytes = size_bytes, .host = r->host, .fd = r->fd};
    return r;
}

void frontend_mem_table(struct frontend *f)
{
    struct vhu_wire_memory m = {.count = f->regions};
    int fds[FRONTEND_REGIONS];

    for (unsigned i = 0; i < f->regions; i++) {
        m.region[i] = (struct vhu_wire_region){.gpa = f->region[i].gpa,
                                               .size_bytes = f->region[i].size_bytes,
                                               .uva = (uint64_t)(uintptr_t)f->region[i].host};
        fds[i] = f->region[i].fd;
    }
    frontend_set(f, VHU_SET_MEM_TABLE, &m, 8 + f->regions * 32, fds, f->regions);
}

/* ---- handshake --------------------------------------------------------------------------- */
void frontend_features(struct frontend *f, uint64_t features)
{
    uint64_t offered = frontend_get(f, VHU_GET_FEATURES);

    assert_int_equal(features & ~offered, 0);
    if (frontend_bit(features, VHU_F_PROTOCOL_FEATURES)) {
        uint64_t protocol = frontend_get(f, VHU_GET_PROTOCOL_FEATURES);

        frontend_set_u64(f, VHU_SET_PROTOCOL_FEATURES, protocol);
        f->protocol = protocol;
    }
    frontend_set(f, VHU_SET_OWNER, NULL, 0, NULL, 0);
    frontend_set_u64(f, VHU_SET_FEATURES, features);
    f->features = features;
}

/* Rings take the end of region 0, which the test must not use for anything else. */
void frontend_ring_layout(struct frontend *f, unsigned index, uint16_t start)
{
    struct frontend_region *r = &f->region[0];
    uint64_t off = r->size_bytes - (uint64_t)DRIVER_RING_BYTES * (index + 1);

    assert_true(r->size_bytes > (uint64_t)DRIVER_RING_BYTES * (index + 1));
    driver_init(&f->ring[index].driver, &f->guest, r->gpa + off, f->num, start);
}

static uint64_t uva_of(const struct frontend *f, uint64_t gpa)
{
    return (uint64_t)(uintptr_t)guest_ptr(&f->guest, gpa);
}

void frontend_ring_addr(struct frontend *f, unsigned index)
{
    const struct driver_ring *d = &f->ring[index].driver;
    struct vhu_wire_addr a = {.index = index,
                              .desc_uva = uva_of(f, d->desc_gpa),
                              .avail_uva = uva_of(f, d->avail_gpa),
                              .used_uva = uva_of(f, d->used_gpa)};

    frontend_set(f, VHU_SET_VRING_ADDR, &a, sizeof(a), NULL, 0);
}

static void ring_fd(struct frontend *f, uint32_t request, unsigned index, int *fd)
{
    uint64_t v = index;

    if (*fd < 0)
        *fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(*fd >= 0);
    frontend_set(f, request, &v, sizeof(v), fd, 1);
}

void frontend_ring_start(struct frontend *f, unsigned index, uint16_t base)
{
    struct frontend_ring *ring = &f->ring[index];

    frontend_set_state(f, VHU_SET_VRING_NUM, index, f->num);
    frontend_set_state(f, VHU_SET_VRING_BASE, index, base);
    frontend_ring_addr(f, index);
    ring_fd(f, VHU_SET_VRING_ERR, index, &ring->err_fd);
    ring_fd(f, VHU_SET_VRING_CALL, index, &ring->call_fd);
    ring_fd(f, VHU_SET_VRING_KICK, index, &ring->kick_fd);
}

void frontend_enable(struct frontend *f, unsigned index, bool enable)
{
    frontend_set_state(f, VHU_SET_VRING_ENABLE, index, enable);
}

void frontend_kick(struct frontend *f, unsigned index)
{
    assert_int_equal(eventfd_write(f->ring[index].kick_fd, 1), 0);
    fake_host_settle(f->host);
}

void frontend_handshake(struct frontend *f, unsigned pairs)
{
    if (f->regions == 0)
        frontend_region_add(f, FRONTEND_GPA, FRONTEND_BYTES);
    frontend_features(f, 1ull << VHU_F_VERSION_1 | 1ull << VHU_F_MRG_RXBUF | 1ull << VHU_F_MQ |
                             1ull << VHU_F_PROTOCOL_FEATURES | 1ull << VHU_F_GUEST_CSUM |
                             1ull << VHU_F_GUEST_TSO4);
    frontend_mem_table(f);
    for (unsigned i = 0; i < 2 * pairs; i++) {
        frontend_ring_layout(f, i, 0);
        frontend_ring_start(f, i, 0);
    }
    for (unsigned i = 0; i < 2 * pairs; i++)
        frontend_enable(f, i, true);
    for (unsigned i = 0; i < 2 * pairs; i++)
        frontend_kick(f, i);
}

unsigned frontend_count_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

void frontend_wait_fds(unsigned want)
{
    for (int i = 0; i < 5000 && frontend_count_fds() != want; i++)
        usleep(1000);
    assert_int_equal(frontend_count_fds(), want);
}
