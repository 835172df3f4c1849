/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Processes, orders and turns. Between trials the members sleep; in a trial they share one core.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pktgen/team.h"

#define POLL_US 200

/* ---- shared memory --------------------------------------------------------------------------- */

static int shared_map(struct pg_team *team, const struct pg_plan *plan, struct vsw_err *err)
{
    size_t streams = plan->stream_count * sizeof(struct pg_stream_count);
    size_t hists = plan->latency ? plan->stream_count * sizeof(struct pg_hist) : 0;
    void *at;

    team->shared_bytes = sizeof(struct pg_shared) + streams + hists;
    at = mmap(NULL, team->shared_bytes, PROT_READ | PROT_WRITE,
              MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (at == MAP_FAILED)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for %u streams", plan->stream_count);
    team->shared = at;
    if (plan->latency)
        team->shared->hists = (struct pg_hist *)((char *)at + sizeof(struct pg_shared) + streams);
    return 0;
}

/* ---- a member -------------------------------------------------------------------------------- */

static int order_obey(struct pg_worker *w, enum pg_order_kind kind, struct vsw_err *err)
{
    switch (kind) {
    case PG_ORDER_OPEN: return pg_worker_open(w, err);
    case PG_ORDER_LEARN: pg_worker_learn(w); return 0;
    case PG_ORDER_TRIAL: pg_worker_trial(w); return 0;
    case PG_ORDER_QUIT: return pg_worker_close(w, err);
    }
    return -EINVAL;
}

static unsigned order_wait(struct pg_shared *shared, unsigned last)
{
    unsigned number;

    while ((number = atomic_load_explicit(&shared->order_number, memory_order_acquire)) == last)
        usleep(POLL_US);
    return number;
}

static _Noreturn void member_main(struct pg_worker *w)
{
    struct pg_shared *shared = w->shared;
    enum pg_order_kind kind;
    unsigned number = 0;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN); /* the leader says when to stop */
    do {
        number = order_wait(shared, number);
        kind = shared->order.kind;
        shared->result[w->number] = order_obey(w, kind, &shared->err[w->number]);
        atomic_store_explicit(&shared->done[w->number], number, memory_order_release);
    } while (kind != PG_ORDER_QUIT);
    _exit(0);
}

/* ---- the leader ------------------------------------------------------------------------------ */

static int members_fork(struct pg_team *team, struct vsw_err *err)
{
    for (unsigned i = 1; i < team->size; i++) {
        struct pg_worker w = team->leader;
        int pid = fork();

        if (pid < 0)
            return vsw_err_set(err, -errno, NULL, "no process for the ports: %s", strerror(errno));
        w.number = i;
        if (pid == 0)
            member_main(&w);
        team->pids[i] = pid;
    }
    return 0;
}

static int member_wait(struct pg_team *team, unsigned i, unsigned number, struct vsw_err *err)
{
    struct pg_shared *shared = team->shared;
    int status;

    while (atomic_load_explicit(&shared->done[i], memory_order_acquire) != number) {
        if (waitpid(team->pids[i], &status, WNOHANG) == team->pids[i]) {
            team->pids[i] = 0;
            if (atomic_load_explicit(&shared->done[i], memory_order_acquire) == number)
                break;
            return vsw_err_set(err, -ECHILD, NULL, "process %u of the run died", i);
        }
        usleep(POLL_US);
    }
    if (shared->result[i] != 0 && err != NULL && err->code == 0)
        *err = shared->err[i];
    return shared->result[i];
}

int pg_team_do(struct pg_team *team, const struct pg_order *order, struct vsw_err *err)
{
    struct pg_shared *shared = team->shared;
    unsigned number = atomic_load(&shared->order_number) + 1;
    int rc;

    shared->order = *order;
    atomic_store(&shared->turn, 0);
    atomic_store(&shared->drained, false);
    atomic_store_explicit(&shared->order_number, number, memory_order_release);
    rc = order_obey(&team->leader, order->kind, err);
    for (unsigned i = 1; i < team->size; i++)
        if (team->pids[i] > 0) {
            int other = member_wait(team, i, number, err);

            rc = rc == 0 ? other : rc;
        }
    return rc;
}

int pg_team_start(struct pg_team *team, const struct pg_plan *plan, struct vsw_err *err)
{
    struct pg_order order = {.kind = PG_ORDER_OPEN};
    int rc = shared_map(team, plan, err);

    if (rc != 0)
        return rc;
    team->size = (plan->port_count + plan->per_process - 1) / plan->per_process;
    if (team->size > PG_TEAM_MAX)
        return vsw_err_set(err, -EINVAL, "port", "%u ports are more than %u", plan->port_count,
                           PG_TEAM_MAX * plan->per_process);
    team->leader = (struct pg_worker){.plan = plan, .shared = team->shared, .team = team->size};
    rc = members_fork(team, err);
    return rc == 0 ? pg_team_do(team, &order, err) : rc;
}

int pg_team_stop(struct pg_team *team, struct vsw_err *err)
{
    struct pg_order order = {.kind = PG_ORDER_QUIT};
    int rc = 0;

    if (team->shared == NULL)
        return 0;
    if (team->leader.plan != NULL)
        rc = pg_team_do(team, &order, err);
    for (unsigned i = 1; i < team->size; i++)
        if (team->pids[i] > 0)
            (void)waitpid(team->pids[i], NULL, 0);
    munmap(team->shared, team->shared_bytes);
    *team = (struct pg_team){0};
    return rc;
}
