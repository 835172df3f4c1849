/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The states of the stop: changes -> ports -> save -> end, each looked at a turn after the other.
 */
#include "control/stop.h"

#include "base/clock.h"
#include "base/log.h"
#include "control/capture.h"
#include "control/change.h"
#include "control/ports.h"
#include "control/saver.h"

#include <errno.h>
#include <stdlib.h>

#define DEADLINE_NS (10 * NS_PER_SEC)
#define LOOK_NS     (5 * NS_PER_MS)

struct stop {
    struct ctl *ctl;
    struct loop_timer *look;
    uint64_t deadline_ns;
    unsigned ports; /* ending */
    bool ending;
};

static void stop_end(struct stop *s, int status)
{
    loop_timer_free(s->look);
    loop_exit(s->ctl->loop, status);
    free(s);
}

static void on_ended(void *arg)
{
    struct stop *s = arg;

    s->ports--;
}

/* The description is emptied first: ports may end only when nothing names them. */
static void end_ports(struct stop *s)
{
    struct ctl *ctl = s->ctl;
    struct dp_spec nothing = {0};

    s->ending = true;
    if (dp_publish(ctl->dp, &nothing) < 0)
        log_warn("no memory to empty the description");
    for (uint32_t i = 0; i < ctl->live.max_ports; i++) {
        struct live_port *live = ctl->live.ports[i];
        struct port *port = live == NULL ? NULL : live->port;

        if (port == NULL)
            continue;
        live->port = NULL;
        s->ports++;
        ports_end(ctl, port, PORTS_STARTED | PORTS_KEEP, on_ended, s);
    }
}

static void on_look(void *arg)
{
    struct stop *s = arg;
    struct ctl *ctl = s->ctl;

    if (clock_now_ns() > s->deadline_ns) {
        log_error("%u ports did not stop in time", s->ports);
        stop_end(s, 1);
        return;
    }
    if (!s->ending && change_idle(ctl))
        end_ports(s);
    if (s->ending && s->ports == 0 && captures_idle(ctl->captures) && saver_idle(ctl->saver) &&
        helper_pending(ctl->helper) == 0) {
        stop_end(s, 0);
        return;
    }
    loop_timer_set(s->look, clock_now_ns() + LOOK_NS);
}

void stop_begin(struct ctl *ctl)
{
    struct stop *s;

    if (ctl->stopping)
        return;
    ctl->stopping = true;
    log_info("stopping");
    captures_end_all(ctl->captures);
    rpc_server_close(ctl->rpc);
    s = ctl_alloc(1, sizeof(*s));
    s->ctl = ctl;
    s->deadline_ns = clock_now_ns() + DEADLINE_NS;
    if (loop_timer_new(ctl->loop, 0, on_look, s, &s->look) < 0)
        stop_end(s, 1);
}
