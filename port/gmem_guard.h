/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Surviving SIGBUS. The owner of a memory file may cut it short at any time; the next access to a
 * lost page raises SIGBUS in whichever thread touches it. The handler finds the mapping, replaces
 * all of it by anonymous memory, so that the access and every later one succeed, marks it as
 * faulted and wakes control. It never jumps. A fault anywhere else gets the default action.
 */
#ifndef PORT_GMEM_GUARD_H
#define PORT_GMEM_GUARD_H

#include "base/base.h"

#include <stdatomic.h>

struct port;

/* Mappings of all ports of the process. */
#define GMEM_GUARDS_MAX 16384

/**
 * gmem_guard_install() - install the handler for this process
 *
 * Idempotent; gmem_map_create() calls it. To be called again after a library has taken the signal.
 * Return: 0 or a negative errno.
 * Context: control or helper; does not block.
 * Source: sigaction(2)
 */
int gmem_guard_install(void);

/**
 * gmem_guard_add() - protect a mapping
 * @start: first byte, page-aligned
 * @bytes: whole pages of the mapping
 * @faulted: borrowed; set when the mapping broke
 * @port: borrowed; NULL or the port to call port_attention() for
 * @ret_slot: for gmem_guard_remove()
 *
 * Return: 0, or -ENOSPC when the table is full.
 * Context: control or helper; takes a lock that is held briefly.
 * Source: none
 */
int gmem_guard_add(void *start, size_t bytes, _Atomic bool *faulted, struct port *port,
                   unsigned *ret_slot);

/**
 * gmem_guard_remove() - forget a mapping, before it is unmapped
 * @slot: from gmem_guard_add(); no worker touches the mapping any more
 *
 * Context: control or helper; takes a lock that is held briefly.
 * Source: none
 */
void gmem_guard_remove(unsigned slot);

#endif
