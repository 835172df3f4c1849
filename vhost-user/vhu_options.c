/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The options of a vhost-user port: the table, and what a table cannot say.
 */
#include "vhost-user/vhu.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

API_ENUM_DEFINE(vhu_role, VHU_ROLES)
API_OBJECT_DEFINE(vhu_options, VHU_OPTIONS, "vhost-user options",
                  "A virtual machine's network card over a vhost-user socket")

#define NSS_BYTES 16384

static int mode_parse(const char *text, mode_t *ret_mode)
{
    char *end;
    unsigned long mode = strtoul(text, &end, 8);

    if (*text < '0' || *text > '7' || *end != '\0' || mode > 0777)
        return -EINVAL;
    *ret_mode = (mode_t)mode;
    return 0;
}

int vhu_options_check(const struct vhu_options *o, struct vsw_err *err)
{
    mode_t mode;

    if (o->path[0] != '/' || o->path[strlen(o->path) - 1] == '/') {
        vsw_err_set(err, -EINVAL, "path", "`%s` is not an absolute path of a socket", o->path);
        vsw_err_hint(err, "for example path=/run/vswitch/vm1.sock");
        return -EINVAL;
    }
    if (strlen(o->path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return vsw_err_set(err, -ENAMETOOLONG, "path",
                           "a socket's path has 107 characters at most");
    if (o->queues < 1 || o->queues > PORT_QUEUES_MAX)
        return vsw_err_set(err, -ERANGE, "queues", "1 to %d queue pairs", PORT_QUEUES_MAX);
    if (mode_parse(o->mode, &mode) < 0)
        return vsw_err_set(err, -EINVAL, "mode", "`%s` is not an octal mode such as 0660", o->mode);
    if (mac_is_group(o->mac.b))
        return vsw_err_set(err, -EINVAL, "mac", "a network card has no group address");
    if (o->role == VHU_ROLE_CLIENT && (o->owner[0] != '\0' || o->group[0] != '\0')) {
        vsw_err_set(err, -EINVAL, o->owner[0] != '\0' ? "owner" : "group",
                    "with role=client the VM makes the socket, and says who owns it");
        return -EINVAL;
    }
    return 0;
}

static bool id_parse(const char *text, uint32_t *ret_id)
{
    char *end;
    unsigned long id = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || id >= UINT32_MAX)
        return false;
    *ret_id = (uint32_t)id;
    return true;
}

static int owner_resolve(const char *name, uid_t *ret_uid, struct vsw_err *err)
{
    struct passwd pw, *found = NULL;
    char *buf;

    if (id_parse(name, ret_uid))
        return 0;
    buf = malloc(NSS_BYTES);
    if (buf == NULL)
        return vsw_err_set(err, -ENOMEM, "owner", "out of memory");
    getpwnam_r(name, &pw, buf, NSS_BYTES, &found);
    if (found != NULL)
        *ret_uid = pw.pw_uid;
    free(buf);
    return found ? 0 : vsw_err_set(err, -ENOENT, "owner", "there is no user `%s`", name);
}

static int group_resolve(const char *name, gid_t *ret_gid, struct vsw_err *err)
{
    struct group gr, *found = NULL;
    char *buf;

    if (id_parse(name, ret_gid))
        return 0;
    buf = malloc(NSS_BYTES);
    if (buf == NULL)
        return vsw_err_set(err, -ENOMEM, "group", "out of memory");
    getgrnam_r(name, &gr, buf, NSS_BYTES, &found);
    if (found != NULL)
        *ret_gid = gr.gr_gid;
    free(buf);
    return found ? 0 : vsw_err_set(err, -ENOENT, "group", "there is no group `%s`", name);
}

int vhu_options_resolve(struct vhu *v, struct vsw_err *err)
{
    int rc = 0;

    v->uid = (uid_t)-1;
    v->gid = (gid_t)-1;
    mode_parse(v->options.mode, &v->mode);
    if (v->options.owner[0] != '\0')
        rc = owner_resolve(v->options.owner, &v->uid, err);
    if (rc == 0 && v->options.group[0] != '\0')
        rc = group_resolve(v->options.group, &v->gid, err);
    return rc;
}
