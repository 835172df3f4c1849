/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The daemon's one object: what is wanted, what is, and the parts that turn the one into the other.
 * All of it belongs to the control thread.
 */
#ifndef CONTROL_CTL_H
#define CONTROL_CTL_H

#include "control/helper.h"
#include "control/live.h"
#include "control/loop.h"
#include "control/model.h"
#include "control/options.h"
#include "control/rpc.h"
#include "datapath/datapath.h"

#include <sys/queue.h>

struct change;
struct host;
struct saver;
struct monitor;
struct sampler;
struct captures;

struct ctl {
    const struct options *options;
    struct loop *loop;
    struct helper *helper;
    struct host *host;
    struct datapath *dp;
    struct rpc_server *rpc;
    struct saver *saver;
    struct monitor *monitor;
    struct sampler *sampler;
    struct captures *captures;
    struct model_env env;

    struct api_config config; /* wanted */
    uint64_t revision;        /* of config; grows with every change */
    struct live live;

    TAILQ_HEAD(, change) changes; /* the first one is being made */
    struct loop_timer *retry;     /* makes ports again that could not be made */
    uint64_t started_ns;
    char memory[96]; /* kind and size of the packet memory */
    bool stopping;
};

/**
 * ctl_event() - tell the log's readers and the subscribers that something happened
 * @ctl: the daemon
 * @kind: "port", "config", "fdb", ...
 * @object: which one
 * @fmt: printf format
 *
 * Context: control; does not block.
 * Source: none
 */
void ctl_event(struct ctl *ctl, const char *kind, const char *object, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* For memory without which an undo could not be finished: ends the process when there is none. */
void *ctl_alloc(size_t count, size_t bytes);

#endif
