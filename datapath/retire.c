/* SPDX-License-Identifier: BSD-3-Clause */
#include "datapath/retire.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_SIZE 256

int retire_init(struct retire *r, uint16_t workers)
{
    r->qsbr = mem_zalloc(1, rte_rcu_qsbr_get_memsize(workers));
    r->entry = calloc(FIRST_SIZE, sizeof(*r->entry));
    if (r->qsbr == NULL || r->entry == NULL) {
        retire_fini(r);
        return -ENOMEM;
    }
    r->size = FIRST_SIZE;
    rte_rcu_qsbr_init(r->qsbr, workers);
    for (uint16_t i = 0; i < workers; i++)
        rte_rcu_qsbr_thread_register(r->qsbr, i);
    return 0;
}

void retire_fini(struct retire *r)
{
    free(r->qsbr);
    free(r->entry);
    r->qsbr = NULL;
    r->entry = NULL;
}

static void grow(struct retire *r)
{
    struct retire_entry *bigger = calloc(r->size * 2ul, sizeof(*bigger));

    if (bigger == NULL)
        abort();
    for (uint32_t i = 0; i < r->count; i++)
        bigger[i] = r->entry[(r->head + i) % r->size];
    free(r->entry);
    r->entry = bigger;
    r->head = 0;
    r->size *= 2;
}

void retire_add(struct retire *r, void (*done)(void *arg), void *arg)
{
    if (r->count == r->size)
        grow(r);
    r->entry[(r->head + r->count) % r->size] = (struct retire_entry){
        .token = rte_rcu_qsbr_start(r->qsbr),
        .done = done,
        .arg = arg,
    };
    r->count++;
}

bool retire_run(struct retire *r)
{
    /* Entries that the callbacks add wait for the next round: a bounded slice of work. */
    for (uint32_t left = r->count; left > 0; left--) {
        struct retire_entry e = r->entry[r->head];

        if (!rte_rcu_qsbr_check(r->qsbr, e.token, false))
            break;
        r->head = (r->head + 1) % r->size;
        r->count--;
        e.done(e.arg);
    }
    return r->count > 0;
}
