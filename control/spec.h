/* SPDX-License-Identifier: BSD-3-Clause
 *
 * From a document to the description that the packet path follows.
 */
#ifndef CONTROL_SPEC_H
#define CONTROL_SPEC_H

#include "control/live.h"

struct spec {
    struct dp_spec dp;
    struct dp_member_spec *members; /* of all domains, one after another */
    uint16_t *vid_tables;           /* VLAN_VID_COUNT for each kind of tag of each trunk */
    struct vlan_pair *pairs;        /* of all uplinks, one after another */
};

/**
 * spec_make() - describe a document with the numbers of today
 * @config: checked; all its rows have numbers
 * @live: numbers; ports that are not in service are left out
 * @ret_spec: spec_free() it after dp_publish()
 *
 * Return: 0 or -ENOMEM.
 * Context: control; does not block.
 * Source: none
 */
int spec_make(const struct api_config *config, const struct live *live, struct spec *ret_spec);
void spec_free(struct spec *spec);

#endif
