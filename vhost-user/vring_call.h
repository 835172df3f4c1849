/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Signalling an eventfd that a peer holds, too, without ever waiting. write(2) waits when the
 * counter is full, and the peer can fill it and clear O_NONBLOCK at any moment. A completed
 * asynchronous request (io_submit(2) with IOCB_FLAG_RESFD) adds to the counter inside the kernel,
 * where a full counter just stays full: the guest has its signal either way.
 *
 * Each thread has its own context, made at its first call.
 */
#ifndef VHOST_USER_VRING_CALL_H
#define VHOST_USER_VRING_CALL_H

#include "base/err.h"

/**
 * vring_call_probe() - does this kernel let us signal without waiting?
 * @err: says what is missing
 *
 * Return: 0 or a negative errno.
 * Context: control or helper; does not block. To be called before the first port is made.
 * Source: io_setup(2), io_submit(2)
 */
int vring_call_probe(struct vsw_err *err);

/**
 * vring_call() - signal an eventfd
 * @fd: borrowed
 *
 * Return: 0; -EINVAL when @fd is not an eventfd; another negative errno of io_submit(2).
 * Context: any thread; does not block.
 * Source: io_submit(2), IOCB_FLAG_RESFD
 */
int vring_call(int fd);

/**
 * vring_fd_check() - is this a real eventfd?
 * @fd: borrowed
 * @err: says what it is when it is not
 *
 * A kick fd is watched and a call fd signalled by us; anything else a peer could make block.
 * Return: 0; -EBADF; -EINVAL another kind of file.
 * Context: control; reads /proc/self/fdinfo.
 * Source: proc(5), "eventfd-count"
 */
int vring_fd_check(int fd, struct vsw_err *err);

#endif
