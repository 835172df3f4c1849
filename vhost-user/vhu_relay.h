/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A thread per port for descriptors that only the peer can be made to wait for.
 *
 * Two things a front-end may hand over can block whoever touches them: user-mode-linux takes its
 * interrupts from a pipe or a pair of sockets, and a write to one waits while its reader holds it
 * (in a page fault that the reader answers itself, say); and even to close a file on FUSE asks its
 * server. So no worker writes to a pipe and control closes no file it does not know: this thread
 * does. When it waits for ever it is the peer's own interrupts that are lost, and the port takes no
 * new connection until it is done.
 *
 * Made when first needed; QEMU and DPDK never need it. It outlives its port if it must.
 */
#ifndef VHOST_USER_VHU_RELAY_H
#define VHOST_USER_VHU_RELAY_H

#include <stdbool.h>

struct vhu_relay;
struct vhu_relay_pipe;

/* Files waiting to be closed; more, and the port is stuck. */
#define VHU_RELAY_WAITING_MAX 64

/**
 * vhu_relay_is_pipe() - is this the writing end of a pipe, or a socket?
 * @fd: borrowed; any kind of file
 *
 * Context: control; does not block.
 * Source: proc(5)
 */
bool vhu_relay_is_pipe(int fd);

/**
 * vhu_relay_add() - an eventfd that stands for a pipe
 * @relay: the port's; made when NULL
 * @pipe_fd: taken, also on failure
 * @ret_pipe: for vhu_relay_remove()
 * @ret_event_fd: signal this; owned by the relay
 *
 * Each signal writes 8 bytes to the pipe.
 * Return: 0, -ENOMEM, -EMFILE, -EAGAIN no thread.
 * Context: control; does not block.
 * Source: vhost-user specification, "eventfd or pipe"
 */
int vhu_relay_add(struct vhu_relay **relay, int pipe_fd, struct vhu_relay_pipe **ret_pipe,
                  int *ret_event_fd);

/* No worker signals its eventfd any more. NULL is fine. Control; does not block. */
void vhu_relay_remove(struct vhu_relay *relay, struct vhu_relay_pipe *pipe);

/**
 * vhu_fd_discard() - close a descriptor that a peer has sent
 * @relay: the port's; made when NULL and needed
 * @fd: any kind of file
 *
 * Eventfds and shared memory are closed at once, all else by the thread.
 * Context: control; does not block.
 * Source: none
 */
void vhu_fd_discard(struct vhu_relay **relay, int fd);

/* Too much is waiting to be closed. NULL is not stuck. Control; does not block. */
bool vhu_relay_is_stuck(struct vhu_relay *relay);

/* The port goes; the thread ends when it has done what is left. NULL is fine. Does not block. */
void vhu_relay_put(struct vhu_relay *relay);

#endif
