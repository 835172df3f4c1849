/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Messages about guest memory. The new map is made while the old one is still in use; once no
 * worker knows the old one, they change places, and the helper thread unmaps it.
 *
 * Control thread; never blocks.
 */
#include "vhost-user/vhu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct map_job {
    struct gmem_map *map;
};

static void map_put_work(void *arg)
{
    struct map_job *job = arg;

    gmem_map_put(job->map);
}

/* Unmapping much memory takes its time. The job knows nothing of the port. */
static void map_put_later(struct vhu *v, struct gmem_map *map)
{
    struct map_job *job = map ? malloc(sizeof(*job)) : NULL;

    if (job != NULL) {
        job->map = map;
        if (v->port.host->run(v->port.host, map_put_work, free, job) == 0)
            return;
        free(job);
    }
    gmem_map_put(map);
}

void vhu_memory_drop(struct vhu *v)
{
    map_put_later(v, v->staged_map);
    v->staged_map = NULL;
    map_put_later(v, v->map);
    v->map = NULL;
}

/* Everything about rings may have been wrong because of memory. */
static void memory_take(struct vhu *v)
{
    map_put_later(v, v->map);
    v->map = v->staged_map;
    v->staged_map = NULL;
    v->fault_told = false;
    v->error[0] = v->hint[0] = '\0';
    for (unsigned i = 0; i < v->rings; i++) {
        v->ring[i].broken = false;
        v->ring[i].error[0] = '\0';
    }
}

static struct vhu_wire_region slot_region(const struct vhu_msg *m)
{
    struct vhu_wire_slot slot = m->payload.slot;

    return slot.region;
}

static void spec_fill(const struct vhu_wire_region *r, int fd, struct gmem_region_spec *ret_spec)
{
    *ret_spec = (struct gmem_region_spec){.gpa = r->gpa,
                                          .size_bytes = r->size_bytes,
                                          .uva = r->uva,
                                          .mmap_offset = r->mmap_offset,
                                          .fd = fd};
}

static void share_hint(struct vsw_err *err)
{
    if (err != NULL && err->hint[0] == '\0')
        vsw_err_hint(err, "the VM's memory must be shared: QEMU -object "
                          "memory-backend-memfd,id=mem,size=...,share=on -machine "
                          "memory-backend=mem; libvirt <memoryBacking><source type='memfd'/>"
                          "<access mode='shared'/></memoryBacking>");
}

/* The map's fds stay with the message until apply; what a failed change keeps is closed there. */
enum vhu_refusal vhu_check_set_mem_table(struct vhu *v, const struct vhu_msg *m,
                                         struct vsw_err *err)
{
    struct vhu_conn *c = &v->conn;
    struct gmem_region_spec spec[VHU_FDS_MAX] = {0};
    struct vhu_wire_memory table = {0};

    memcpy(&table, &m->payload, m->size < sizeof(table) ? m->size : sizeof(table));
    if (table.count > VHU_FDS_MAX ||
        m->size < offsetof(struct vhu_wire_memory, region) + table.count * sizeof(*table.region)) {
        vsw_err_set(err, -EINVAL, NULL, "memory table of %u regions in %u bytes", table.count,
                    m->size);
        return VHU_REFUSED_bad_memory;
    }
    if (table.count != c->fd_count) {
        vsw_err_set(err, -EINVAL, NULL, "memory table of %u regions with %u file descriptors",
                    table.count, c->fd_count);
        return VHU_REFUSED_bad_fd_count;
    }
    for (uint32_t i = 0; i < table.count; i++)
        spec_fill(&table.region[i], c->fds[i], &spec[i]);
    if (gmem_map_create(spec, table.count, &v->port, &v->staged_map, err) < 0) {
        share_hint(err);
        return VHU_REFUSED_bad_memory;
    }
    for (uint32_t i = 0; i < table.count; i++)
        vhu_conn_take_fd(c, i);
    return VHU_REFUSED_NOT;
}

uint64_t vhu_rings_set_mem_table(const struct vhu *v, const struct vhu_msg *m)
{
    return VHU_ALL_RINGS;
}

void vhu_apply_set_mem_table(struct vhu *v, const struct vhu_msg *m)
{
    memory_take(v);
}

enum vhu_refusal vhu_check_get_mem_slots(struct vhu *v, const struct vhu_msg *m,
                                         struct vsw_err *err)
{
    return VHU_REFUSED_NOT;
}

uint64_t vhu_rings_get_mem_slots(const struct vhu *v, const struct vhu_msg *m)
{
    return 0;
}

void vhu_apply_get_mem_slots(struct vhu *v, const struct vhu_msg *m)
{
    v->reply = (struct vhu_reply){true, 8, GMEM_REGIONS_MAX};
}

/* QEMU before 8.0 keeps a list of regions for each queue pair and sends each of their changes, so
 * that with several pairs every region comes and goes several times. A region that is there
 * already is replaced; one that is not there any more is gone. */
static const struct gmem_region *region_known(const struct vhu *v, const struct vhu_msg *m)
{
    struct vhu_wire_region r = slot_region(m);

    for (uint32_t i = 0; v->map != NULL && i < v->map->count; i++) {
        const struct gmem_region *known = &v->map->region[i];

        if (known->gpa == r.gpa && known->uva == r.uva && known->size_bytes == r.size_bytes)
            return known;
    }
    return NULL;
}

enum vhu_refusal vhu_check_add_mem_reg(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    struct vhu_wire_region region = slot_region(m);
    struct gmem_map *without = NULL;
    struct gmem_region_spec spec;
    int rc = 0;

    spec_fill(&region, v->conn.fds[0], &spec);
    if (region_known(v, m) != NULL) {
        v->counters.repeated_regions++;
        rc = gmem_map_remove(v->map, &spec, &without, err);
    }
    if (rc == 0)
        rc = gmem_map_add(without ? without : v->map, &spec, &v->port, &v->staged_map, err);
    map_put_later(v, without);
    if (rc < 0) {
        share_hint(err);
        return VHU_REFUSED_bad_memory;
    }
    vhu_conn_take_fd(&v->conn, 0);
    return VHU_REFUSED_NOT;
}

uint64_t vhu_rings_add_mem_reg(const struct vhu *v, const struct vhu_msg *m)
{
    return VHU_ALL_RINGS;
}

void vhu_apply_add_mem_reg(struct vhu *v, const struct vhu_msg *m)
{
    memory_take(v);
}

enum vhu_refusal vhu_check_rem_mem_reg(struct vhu *v, const struct vhu_msg *m, struct vsw_err *err)
{
    struct vhu_wire_region region = slot_region(m);
    struct gmem_region_spec spec;

    if (region_known(v, m) == NULL) {
        v->counters.repeated_regions++;
        return VHU_REFUSED_NOT;
    }
    spec_fill(&region, -1, &spec);
    if (gmem_map_remove(v->map, &spec, &v->staged_map, err) < 0)
        return VHU_REFUSED_bad_memory;
    return VHU_REFUSED_NOT;
}

uint64_t vhu_rings_rem_mem_reg(const struct vhu *v, const struct vhu_msg *m)
{
    return v->staged_map != NULL ? VHU_ALL_RINGS : 0;
}

void vhu_apply_rem_mem_reg(struct vhu *v, const struct vhu_msg *m)
{
    if (v->staged_map != NULL)
        memory_take(v);
}
