/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Addresses that collide: by construction where that is easy, else by trying.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_hash_crc.h>
#include <rte_jhash.h>

#include "pktgen/collide.h"

#define LOW_BITS 0xfffu
#define BASE_MAC 0x024000000000ull

static uint64_t mix(uint64_t x)
{
    x *= 0x9e3779b97f4a7c15ull;
    x ^= x >> 29;
    return x * 0xbf58476d1ce4e5b9ull;
}

/* Only the upper half differs. */
static uint64_t low_bits(uint64_t i)
{
    return BASE_MAC | (i & 0xffff) << 20;
}

/* The 16-bit words of the address cancel each other. */
static uint64_t folded(uint64_t i)
{
    return (BASE_MAC | (i & 0xffff) << 16 | (i & 0xffff));
}

static bool crc_hits(const struct mac *m)
{
    return (rte_hash_crc(m->b, sizeof(m->b), 0) & LOW_BITS) == 0;
}

static bool jenkins_hits(const struct mac *m)
{
    return (rte_jhash(m->b, sizeof(m->b), 0) & LOW_BITS) == 0;
}

static void by_trying(struct mac *ret_macs, uint32_t count, bool (*hits)(const struct mac *))
{
    uint64_t i = 0;

    for (uint32_t found = 0; found < count; i++) {
        ret_macs[found] = mac_from_u64((mix(i) & 0xfcffffffffffull) | BASE_MAC);
        found += hits(&ret_macs[found]);
    }
}

void pg_collide_make(struct mac *ret_macs, uint32_t count)
{
    uint32_t quarter = count / 4;

    for (uint32_t i = 0; i < quarter; i++) {
        ret_macs[i] = mac_from_u64(low_bits(i));
        ret_macs[quarter + i] = mac_from_u64(folded(i));
    }
    by_trying(ret_macs + 2 * (size_t)quarter, quarter, crc_hits);
    by_trying(ret_macs + 3 * (size_t)quarter, count - 3 * quarter, jenkins_hits);
}

static int line_read(char *line, struct mac **macs, uint32_t *count)
{
    struct mac mac;

    line[strcspn(line, " \t\r\n")] = '\0';
    if (line[0] == '\0' || line[0] == '#')
        return 0;
    if (mac_parse(line, &mac) != 0)
        return -EINVAL;
    if ((*count & (*count - 1)) == 0) {
        size_t room = *count == 0 ? 1 : 2 * (size_t)*count;
        struct mac *more = realloc(*macs, room * sizeof(more[0]));

        if (more == NULL)
            return -ENOMEM;
        *macs = more;
    }
    (*macs)[(*count)++] = mac;
    return 0;
}

int pg_collide_read(const char *path, struct mac **ret_macs, uint32_t *ret_count,
                    struct vsw_err *err)
{
    struct mac *macs = NULL;
    uint32_t count = 0, at = 0;
    char line[128];
    FILE *f = fopen(path, "re");
    int rc = 0;

    if (f == NULL)
        return vsw_err_set(err, -errno, "keys", "%.80s: %s", path, strerror(errno));
    for (; rc == 0 && fgets(line, sizeof(line), f) != NULL; at++)
        rc = line_read(line, &macs, &count);
    fclose(f);
    if (rc == 0 && count == 0)
        rc = -ENODATA;
    if (rc == 0) {
        *ret_macs = macs;
        *ret_count = count;
        return 0;
    }
    free(macs);
    return vsw_err_set(err, rc, "keys", "%.80s, line %u: %s", path, at,
                       rc == -EINVAL ? "no MAC address" : "no address in the file");
}
