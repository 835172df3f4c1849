/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The copies of one burst on their way out of one port. Private to datapath/.
 */
#ifndef DATAPATH_DELIVER_H
#define DATAPATH_DELIVER_H

#include "datapath/forward.h"

/**
 * deliver() - police, complete and send the copies for one port
 * @w: the worker
 * @dest: the copies; used up
 * @now_ns: time
 *
 * Return: the transmit queue that was full for a unicast frame, or NULL.
 * Context: worker; does not block.
 * Source: none
 */
struct port_txq *deliver(struct worker *w, struct dest *dest, uint64_t now_ns);

#endif
