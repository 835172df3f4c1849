/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/mac.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
    if (isdigit((unsigned char)c))
        return c - '0';
    if (isxdigit((unsigned char)c))
        return tolower((unsigned char)c) - 'a' + 10;
    return -1;
}

int mac_parse(const char *text, struct mac *ret_mac)
{
    struct mac m;

    if (strlen(text) != MAC_TEXT_LEN - 1)
        return -EINVAL;
    for (int i = 0; i < MAC_BYTES; i++, text += 3) {
        int high = hex_digit(text[0]), low = hex_digit(text[1]);
        bool last = i == MAC_BYTES - 1;

        if (high < 0 || low < 0 || (!last && text[2] != ':' && text[2] != '-'))
            return -EINVAL;
        m.b[i] = (uint8_t)(high << 4 | low);
    }
    *ret_mac = m;
    return 0;
}

char *mac_format(const struct mac *m, char *buf)
{
    snprintf(buf, MAC_TEXT_LEN, "%02x:%02x:%02x:%02x:%02x:%02x", m->b[0], m->b[1], m->b[2], m->b[3],
             m->b[4], m->b[5]);
    return buf;
}
