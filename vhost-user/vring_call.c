/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The signal that cannot wait: an asynchronous read of nothing from /dev/null, which is complete
 * when io_submit(2) returns, with the peer's eventfd as the one to tell. Any thread.
 */
#include "vhost-user/vring_call.h"
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Completions that may lie around; each call takes its own away. */
#define CALL_EVENTS 8

/* What the kernel maps at the address of a context. Source: struct aio_ring, fs/aio.c */
#define CALL_RING_MAGIC 0xa10a10a1u

struct call_ring {
    uint32_t id;
    uint32_t count;
    _Atomic uint32_t head;
    _Atomic uint32_t tail;
    uint32_t magic;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* only for the destructor at the end of a thread */
static int null_fd = -1;
static int once_rc;
static _Thread_local aio_context_t context;

static void thread_end(void *arg)
{
    syscall(SYS_io_destroy, context);
    context = 0;
}

static void process_start(void)
{
    null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null_fd < 0)
        once_rc = -errno;
    else
        once_rc = -pthread_key_create(&key, thread_end);
}

static int thread_start(void)
{
    aio_context_t c = 0;

    pthread_once(&once, process_start);
    if (once_rc != 0)
        return once_rc;
    if (syscall(SYS_io_setup, CALL_EVENTS, &c) != 0)
        return -errno;
    if (((struct call_ring *)c)->magic != CALL_RING_MAGIC || pthread_setspecific(key, "") != 0) {
        syscall(SYS_io_destroy, c);
        return -ENOSYS;
    }
    context = c;
    return 0;
}

/* As io_getevents(2), without the system call: the reader owns head. */
static void forget_completions(void)
{
    struct call_ring *ring = (struct call_ring *)context;
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

    atomic_store_explicit(&ring->head, tail, memory_order_release);
}

int vring_call(int fd)
{
    struct iocb cb = {
        .aio_lio_opcode = IOCB_CMD_PREAD, .aio_flags = IOCB_FLAG_RESFD, .aio_resfd = (uint32_t)fd};
    struct iocb *list[] = {&cb};
    long n;

    if (unlikely(context == 0)) {
        int rc = thread_start();

        if (rc != 0)
            return rc;
    }
    cb.aio_fildes = (uint32_t)null_fd;
    n = syscall(SYS_io_submit, context, 1, list);
    if (unlikely(n != 1))
        return n < 0 ? -errno : -EAGAIN;
    forget_completions();
    return 0;
}

/* More calls than there is room for completions, on a counter that is full from the second on. */
static int probe(int fd)
{
    uint64_t count = UINT64_MAX - 1;
    int rc = write(fd, &count, sizeof(count)) == sizeof(count) ? 0 : -errno;

    for (int i = 0; i < 1024 && rc == 0; i++)
        rc = vring_call(fd);
    if (rc == 0 && (read(fd, &count, sizeof(count)) != sizeof(count) || count != UINT64_MAX))
        rc = -ENOSYS;
    return rc;
}

int vring_call_probe(struct vsw_err *err)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = fd < 0 ? -errno : probe(fd);

    if (fd >= 0)
        close(fd);
    if (rc == 0)
        return 0;
    vsw_err_set(err, rc, NULL, "guests cannot be signalled: io_setup or io_submit says %s",
                strerror(-rc));
    vsw_err_hint(err, "allow io_setup, io_submit and io_destroy, and look at fs.aio-max-nr");
    return rc;
}

static bool fdinfo_has(FILE *file, const char *word)
{
    char line[256];

    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, word, strlen(word)) == 0)
            return true;
    }
    return false;
}

int vring_fd_check(int fd, struct vsw_err *err)
{
    char path[64];
    FILE *file;
    bool ok;

    if (fcntl(fd, F_GETFD) < 0)
        return vsw_err_set(err, -EBADF, "fd", "no open file descriptor for an event");
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    file = fopen(path, "re");
    if (file == NULL)
        return vsw_err_set(err, -errno, "fd", "cannot read %s: %s", path, strerror(errno));
    ok = fdinfo_has(file, "eventfd-count:");
    fclose(file);
    return ok ? 0 : vsw_err_set(err, -EINVAL, "fd", "kick or call file is not an eventfd");
}
