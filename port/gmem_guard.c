/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The SIGBUS handler and its table of mappings. The table is read without a lock, by the handler in
 * any thread; it is changed under one, by control and helper. A slot's `bytes` is what makes it
 * valid: it is written last and cleared first.
 */
#include "port/gmem_guard.h"
#include "port/port.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

struct guard {
    _Atomic uintptr_t start;
    _Atomic size_t bytes; /* 0 = free */
    _Atomic(_Atomic bool *) faulted;
    _Atomic(struct port *) port;
};

static struct guard guards[GMEM_GUARDS_MAX];
static _Atomic unsigned guards_used; /* slots from here on were never used */
static pthread_mutex_t guards_lock = PTHREAD_MUTEX_INITIALIZER;

static struct guard *find(uintptr_t addr)
{
    unsigned n = atomic_load_explicit(&guards_used, memory_order_acquire);

    for (unsigned i = 0; i < n; i++) {
        size_t bytes = atomic_load_explicit(&guards[i].bytes, memory_order_acquire);

        if (addr - atomic_load_explicit(&guards[i].start, memory_order_relaxed) < bytes)
            return &guards[i];
    }
    return NULL;
}

/* One mapping for all of it: one per lost page would run into the kernel's limit of mappings, and
 * then nothing could be mapped at the next fault. Racing threads do it twice, which is as good. */
static bool replace(struct guard *g)
{
    void *start = (void *)atomic_load_explicit(&g->start, memory_order_relaxed);
    size_t bytes = atomic_load_explicit(&g->bytes, memory_order_relaxed);

    if (mmap(start, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
        return false;
    madvise(start, bytes, MADV_DONTDUMP);
    return true;
}

static void report(struct guard *g)
{
    struct port *port = atomic_load_explicit(&g->port, memory_order_relaxed);

    atomic_store_explicit(atomic_load_explicit(&g->faulted, memory_order_relaxed), true,
                          memory_order_release);
    if (port != NULL)
        port_attention(port);
}

/* A fault happens again as soon as the handler returns; a signal that was sent does not. */
static void give_up(const siginfo_t *info)
{
    signal(SIGBUS, SIG_DFL);
    if (info->si_code <= 0)
        raise(SIGBUS);
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
    int saved_errno = errno;
    struct guard *g = info->si_code > 0 ? find((uintptr_t)info->si_addr) : NULL;

    if (g != NULL && replace(g))
        report(g);
    else
        give_up(info);
    errno = saved_errno;
}

int gmem_guard_install(void)
{
    struct sigaction sa = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_RESTART};

    sigemptyset(&sa.sa_mask);
    return sigaction(SIGBUS, &sa, NULL) == 0 ? 0 : -errno;
}

static unsigned find_free(unsigned used)
{
    unsigned i = 0;

    while (i < used && atomic_load_explicit(&guards[i].bytes, memory_order_relaxed) != 0)
        i++;
    return i;
}

int gmem_guard_add(void *start, size_t bytes, _Atomic bool *faulted, struct port *port,
                   unsigned *ret_slot)
{
    unsigned used, slot;

    pthread_mutex_lock(&guards_lock);
    used = atomic_load_explicit(&guards_used, memory_order_relaxed);
    slot = find_free(used);
    if (slot < GMEM_GUARDS_MAX) {
        struct guard *g = &guards[slot];

        atomic_store_explicit(&g->start, (uintptr_t)start, memory_order_relaxed);
        atomic_store_explicit(&g->faulted, faulted, memory_order_relaxed);
        atomic_store_explicit(&g->port, port, memory_order_relaxed);
        atomic_store_explicit(&g->bytes, bytes, memory_order_release);
        if (slot == used)
            atomic_store_explicit(&guards_used, used + 1, memory_order_release);
        *ret_slot = slot;
    }
    pthread_mutex_unlock(&guards_lock);
    return slot < GMEM_GUARDS_MAX ? 0 : -ENOSPC;
}

void gmem_guard_remove(unsigned slot)
{
    pthread_mutex_lock(&guards_lock);
    atomic_store_explicit(&guards[slot].bytes, 0, memory_order_release);
    pthread_mutex_unlock(&guards_lock);
}
