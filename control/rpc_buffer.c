/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Byte buffers of connections: filled at the end, emptied from the start, given back when empty.
 */
#include "control/rpc_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_BYTES 65536 /* an empty buffer larger than this is freed */

int rpc_buffer_reserve(struct rpc_buffer *b, size_t bytes)
{
    size_t used = rpc_buffer_used(b), size = b->size == 0 ? 4096 : b->size;
    char *data;

    if (b->size - b->end >= bytes)
        return 0;
    if (b->start > 0)
        memmove(b->data, b->data + b->start, used);
    b->start = 0;
    b->end = used;
    while (size - used < bytes)
        size *= 2;
    if (size == b->size)
        return 0;
    data = realloc(b->data, size);
    if (data == NULL)
        return -ENOMEM;
    b->data = data;
    b->size = size;
    return 0;
}

int rpc_buffer_add(struct rpc_buffer *b, const char *data, size_t len)
{
    if (rpc_buffer_reserve(b, len) < 0)
        return -ENOMEM;
    memcpy(b->data + b->end, data, len);
    b->end += len;
    return 0;
}

void rpc_buffer_consume(struct rpc_buffer *b, size_t len)
{
    b->start += len;
    if (b->start < b->end)
        return;
    b->start = b->end = 0;
    if (b->size > KEEP_BYTES)
        rpc_buffer_free(b);
}

void rpc_buffer_free(struct rpc_buffer *b)
{
    free(b->data);
    *b = (struct rpc_buffer){0};
}
