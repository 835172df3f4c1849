/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What copying alone costs a switch that does nothing else: a CPU copies buffers that another CPU
 * has just written to buffers that it has just read, as long frames go from guest to guest. No
 * switch between the same two CPUs can be faster. With copies=2 each buffer goes by way of one of
 * the switch's own, as in a switch that copies into packet buffers and out of them.
 *
 *     copy_bound [KEY=VALUE]...
 *
 *     bytes=1518  of a buffer             copies=1   2: by way of a buffer between
 *     num=1024    buffers of each side    rounds=300 measured
 *     cpu=0       who copies              peer=1     who writes and reads
 *
 * Prints one line of JSON: cycles per buffer as median, 10th and 90th percentile of the rounds, and
 * gigabytes a second of the median.
 */
#include "base/base.h"
#include "base/clock.h"
#include "tests/support/words.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

enum { WARM_UP = 20, BETWEEN = 64, ROOM = 256 };

static struct {
    unsigned bytes, num, copies, rounds, cpu, peer;
} arg = {.bytes = 1518, .num = 1024, .copies = 1, .rounds = 300, .cpu = 0, .peer = 1};

static uint8_t *from, *to, *between;
static size_t stride;
static _Atomic unsigned filled, copied; /* rounds */
static _Atomic uint64_t wrong;

static void pin(unsigned cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) {
        perror("copy_bound: CPU");
        exit(1);
    }
}

static uint8_t mark(unsigned round, unsigned i)
{
    return (uint8_t)(round * 7 + i);
}

/* Read all of what came, then write all that is to go. */
static void *peer(void *unused)
{
    pin(arg.peer);
    for (unsigned round = 0; round < arg.rounds + WARM_UP; round++) {
        while (atomic_load(&copied) != round)
            __builtin_ia32_pause();
        for (unsigned i = 0; round > 0 && i < arg.num; i++)
            for (unsigned at = 0; at < arg.bytes; at += CACHE_LINE_BYTES)
                if (to[i * stride + at] != mark(round - 1, i))
                    atomic_fetch_add(&wrong, 1);
        for (unsigned i = 0; i < arg.num; i++)
            memset(from + i * stride, mark(round, i), arg.bytes);
        atomic_store(&filled, round + 1);
    }
    return NULL;
}

static uint64_t copy_all(void)
{
    uint64_t start = __rdtsc();

    for (unsigned i = 0; i < arg.num; i++) {
        const uint8_t *src = from + i * stride;
        uint8_t *via = between + i % BETWEEN * stride;

        if (arg.copies == 2)
            src = memcpy(via, src, arg.bytes);
        memcpy(to + i * stride, src, arg.bytes);
    }
    return __rdtsc() - start;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void report(uint64_t *cycles, double hz)
{
    double median;

    qsort(cycles, arg.rounds, sizeof(*cycles), by_size);
    median = (double)cycles[arg.rounds / 2] / arg.num;
    printf("{\"bytes\": %u, \"num\": %u, \"copies\": %u, \"cycles_per_buffer\": %.1f, "
           "\"p10\": %.1f, \"p90\": %.1f, \"gb_per_s\": %.2f}\n",
           arg.bytes, arg.num, arg.copies, median, (double)cycles[arg.rounds / 10] / arg.num,
           (double)cycles[arg.rounds * 9 / 10] / arg.num, arg.bytes / median * hz / 1e9);
}

static void measure(void)
{
    uint64_t *cycles = calloc(arg.rounds, sizeof(*cycles));
    uint64_t start_ns = clock_now_ns(), start = __rdtsc();
    pthread_t thread;

    if (cycles == NULL || pthread_create(&thread, NULL, peer, NULL) != 0)
        abort();
    pin(arg.cpu);
    for (unsigned round = 0; round < arg.rounds + WARM_UP; round++) {
        uint64_t took;

        while (atomic_load(&filled) != round + 1)
            __builtin_ia32_pause();
        took = copy_all();
        if (round >= WARM_UP)
            cycles[round - WARM_UP] = took;
        atomic_store(&copied, round + 1);
    }
    pthread_join(thread, NULL);
    report(cycles, (double)(__rdtsc() - start) * 1e9 / (double)(clock_now_ns() - start_ns));
    free(cycles);
}

static void parse(char **argv)
{
    static const struct word_key keys[] = {
        {"bytes", &arg.bytes},   {"num", &arg.num}, {"copies", &arg.copies},
        {"rounds", &arg.rounds}, {"cpu", &arg.cpu}, {"peer", &arg.peer},
    };

    words_parse(argv, keys, ARRAY_SIZE(keys));
    if (arg.bytes < 1 || arg.bytes > 1u << 20 || arg.num < 1 || arg.num > 1u << 16 ||
        arg.rounds < 1 || arg.copies < 1 || arg.copies > 2) {
        fprintf(stderr, "copy_bound: a number is out of range\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    parse(argv);
    stride = (arg.bytes + ROOM + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES * CACHE_LINE_BYTES;
    from = aligned_alloc(CACHE_LINE_BYTES, stride * arg.num);
    to = aligned_alloc(CACHE_LINE_BYTES, stride * arg.num);
    between = aligned_alloc(CACHE_LINE_BYTES, stride * BETWEEN);
    if (from == NULL || to == NULL || between == NULL) {
        fprintf(stderr, "copy_bound: no memory\n");
        return 1;
    }
    memset(to, 0, stride * arg.num);
    memset(between, 0, stride * BETWEEN);
    measure();
    free(from);
    free(to);
    free(between);
    if (atomic_load(&wrong) > 0) {
        fprintf(stderr, "copy_bound: buffers were wrong\n");
        return 1;
    }
    return 0;
}
