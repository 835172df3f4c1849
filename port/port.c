/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What all ports share: queues, the lock of a transmit queue, and the list of types.
 */
#include "port/port.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>

#define PORT_TYPE(c_name) extern const struct port_type port_type_##c_name;
#include "port/types.def"
#undef PORT_TYPE

static const struct port_type *const types[] = {
#define PORT_TYPE(c_name) &port_type_##c_name,
#include "port/types.def"
#undef PORT_TYPE
    NULL,
};

/* A burst of 32 small frames takes a few microseconds; a pause is 40 to 140 cycles. */
#define TXQ_LOCK_SPINS 256

bool port_txq_trylock(struct port_txq *q)
{
    for (int i = 0; i < TXQ_LOCK_SPINS; i++) {
        if (!atomic_load_explicit(&q->locked, memory_order_relaxed) &&
            !atomic_exchange_explicit(&q->locked, true, memory_order_acquire))
            return true;
        __builtin_ia32_pause();
    }
    return false;
}

int port_init(struct port *port, const struct port_type *type, struct port_host *host,
              const struct port_config *config, uint16_t queue_pairs)
{
    assert(queue_pairs >= 1 && queue_pairs <= PORT_QUEUES_MAX);
    port->rxq = mem_zalloc(queue_pairs, sizeof(*port->rxq));
    port->txq = mem_zalloc(queue_pairs, sizeof(*port->txq));
    if (port->rxq == NULL || port->txq == NULL) {
        port_fini(port);
        return -ENOMEM;
    }
    port->type = type;
    port->host = host;
    port->queue_pairs = queue_pairs;
    memcpy(port->name, config->name, sizeof(port->name));
    atomic_init(&port->mtu, config->mtu);
    for (uint16_t i = 0; i < queue_pairs; i++) {
        port->rxq[i] = (struct port_rxq){.port = port, .index = i, .event_fd = -1};
        port->txq[i] = (struct port_txq){.port = port, .index = i};
    }
    return 0;
}

void port_fini(struct port *port)
{
    free(port->rxq);
    free(port->txq);
    port->rxq = NULL;
    port->txq = NULL;
}

const struct port_type *port_type_at(size_t i)
{
    return i < ARRAY_SIZE(types) ? types[i] : NULL;
}

const struct port_type *port_type_find(const char *name)
{
    for (size_t i = 0; types[i] != NULL; i++) {
        if (strcmp(types[i]->name, name) == 0)
            return types[i];
    }
    return NULL;
}
