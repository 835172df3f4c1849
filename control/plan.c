/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One generic comparison for every list of the document: rows are matched by their key fields.
 */
#include "control/plan.h"

#include "control/namemap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PLAN_NAME_BYTES 160

typedef bool restart_cb(void *arg, const struct api_port *old, const struct api_port *new);

struct maker {
    struct plan *plan;
    restart_cb *must_restart;
    void *arg;
};

/* One list in both documents, with the names of all rows. */
struct list {
    const char *what;
    const struct api_object *object;
    const struct api_rows *old, *new;
    char (*old_names)[PLAN_NAME_BYTES];
    char (*new_names)[PLAN_NAME_BYTES];
    struct namemap old_index, new_index;
};

static const void *row_at(const struct api_object *object, const struct api_rows *rows, uint32_t i)
{
    return (const char *)rows->items + (size_t)i * object->size;
}

/* "red/web/52:54:00:12:34:56" */
static void row_name(const struct api_object *object, const void *row, char *name)
{
    size_t len = 0;

    name[0] = '\0';
    for (uint32_t f = 0; f < object->count; f++) {
        char text[API_NAME_SIZE];

        if (!(object->fields[f].flags & API_KEY))
            continue;
        api_field_format(&object->fields[f], row, text, sizeof(text));
        len +=
            (size_t)snprintf(name + len, PLAN_NAME_BYTES - len, "%s%s", len > 0 ? "/" : "", text);
    }
}

static int name_rows(const struct api_object *object, const struct api_rows *rows,
                     char (**ret_names)[PLAN_NAME_BYTES], struct namemap *ret_index)
{
    char(*names)[PLAN_NAME_BYTES] = calloc(rows->count + 1ul, sizeof(*names));

    if (names == NULL)
        return -ENOMEM;
    *ret_names = names;
    if (namemap_init(ret_index, rows->count) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < rows->count; i++) {
        row_name(object, row_at(object, rows, i), names[i]);
        namemap_put(ret_index, names[i], NULL, 0, i);
    }
    return 0;
}

static int list_open(struct list *list, const char *what, const struct api_object *object,
                     const void *old, const void *new)
{
    *list = (struct list){.what = what, .object = object, .old = old, .new = new};
    if (name_rows(object, old, &list->old_names, &list->old_index) < 0)
        return -ENOMEM;
    return name_rows(object, new, &list->new_names, &list->new_index);
}

static void list_close(struct list *list)
{
    free(list->old_names);
    free(list->new_names);
    namemap_free(&list->old_index);
    namemap_free(&list->new_index);
}

/* "mtu: 1500 -> 9000; limit_in_bps: unlimited -> 100M" */
static void text_change(const struct api_object *object, const void *old, const void *new,
                        char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (uint32_t f = 0; f < object->count && len < size; f++) {
        const struct api_field *field = &object->fields[f];
        char a[96], b[96];

        if (field->flags & (API_CALL | API_KEY))
            continue;
        if (api_field_equal(field, old, new))
            continue;
        api_field_format(field, old, a, sizeof(a));
        api_field_format(field, new, b, sizeof(b));
        if (strcmp(a, b) == 0) /* as far as there is room for them */
            len += (size_t)snprintf(text + len, size - len, "%s%s: changed", len > 0 ? "; " : "",
                                    field->name);
        else
            len += (size_t)snprintf(text + len, size - len, "%s%s: %s -> %s", len > 0 ? "; " : "",
                                    field->name, a, b);
    }
}

/* "type=tap networks=web", without what is default */
static void text_add(const struct api_object *object, const void *row, char *text, size_t size)
{
    size_t len = 0;

    text[0] = '\0';
    for (uint32_t f = 0; f < object->count && len < size; f++) {
        const struct api_field *field = &object->fields[f];
        char value[96];

        if ((field->flags & (API_CALL | API_KEY)) || api_field_is_default(object, field, row))
            continue;
        api_field_format(field, row, value, sizeof(value));
        len += (size_t)snprintf(text + len, size - len, "%s%s=%s", len > 0 ? " " : "", field->name,
                                value);
    }
}

static struct api_plan_row *plan_text(struct maker *m, enum api_plan_action action,
                                      const char *what, const char *name)
{
    struct api_plan_row *row = api_append(&m->plan->text.plan, api_plan_row);

    if (row == NULL)
        return NULL;
    row->action = action;
    snprintf(row->object, sizeof(row->object), "%s", what);
    snprintf(row->name, sizeof(row->name), "%s", name);
    api_give(row, api_plan_row, action);
    api_give(row, api_plan_row, object);
    api_give(row, api_plan_row, name);
    api_give(row, api_plan_row, text);
    return row;
}

static void plan_port(struct maker *m, const struct list *list, enum api_plan_action action,
                      uint32_t old_row, uint32_t new_row)
{
    if (list->object == &api_port_object)
        m->plan->ports[m->plan->port_count++] = (struct plan_port){action, old_row, new_row};
}

static int plan_removals(struct maker *m, const struct list *list)
{
    for (uint32_t i = 0; i < list->old->count; i++) {
        if (namemap_get(&list->new_index, list->old_names[i], NULL, 0) != NAMEMAP_NONE)
            continue;
        if (plan_text(m, API_PLAN_REMOVE, list->what, list->old_names[i]) == NULL)
            return -ENOMEM;
        plan_port(m, list, API_PLAN_REMOVE, i, PLAN_ROW_NONE);
    }
    return 0;
}

static int plan_addition(struct maker *m, const struct list *list, uint32_t i)
{
    struct api_plan_row *row = plan_text(m, API_PLAN_ADD, list->what, list->new_names[i]);

    if (row == NULL)
        return -ENOMEM;
    text_add(list->object, row_at(list->object, list->new, i), row->text, sizeof(row->text));
    plan_port(m, list, API_PLAN_ADD, PLAN_ROW_NONE, i);
    return 0;
}

static enum api_plan_action change_action(const struct maker *m, const struct list *list,
                                          const void *old, const void *new)
{
    const struct api_port *a = old, *b = new;

    if (list->object != &api_port_object)
        return API_PLAN_CHANGE;
    if (strcmp(a->type, b->type) != 0 || (m->must_restart != NULL && m->must_restart(m->arg, a, b)))
        return API_PLAN_RESTART;
    return API_PLAN_CHANGE;
}

static int plan_change(struct maker *m, const struct list *list, uint32_t i, uint32_t j)
{
    const void *old = row_at(list->object, list->old, i);
    const void *new = row_at(list->object, list->new, j);
    enum api_plan_action action;
    struct api_plan_row *row;

    if (api_equal(list->object, old, new))
        return 0;
    action = change_action(m, list, old, new);
    row = plan_text(m, action, list->what, list->new_names[j]);
    if (row == NULL)
        return -ENOMEM;
    text_change(list->object, old, new, row->text, sizeof(row->text));
    plan_port(m, list, action, i, j);
    return 0;
}

static int plan_additions(struct maker *m, const struct list *list)
{
    int rc = 0;

    for (uint32_t j = 0; j < list->new->count &&rc == 0; j++) {
        uint32_t i = namemap_get(&list->old_index, list->new_names[j], NULL, 0);

        rc = i == NAMEMAP_NONE ? plan_addition(m, list, j) : plan_change(m, list, i, j);
    }
    return rc;
}

static int plan_settings(struct maker *m, const struct api_config *old,
                         const struct api_config *new)
{
    struct api_plan_row *row;

    if (api_equal(&api_settings_object, &old->settings, &new->settings))
        return 0;
    row = plan_text(m, API_PLAN_CHANGE, "settings", "");
    if (row == NULL)
        return -ENOMEM;
    text_change(&api_settings_object, &old->settings, &new->settings, row->text, sizeof(row->text));
    return 0;
}

#define LIST_COUNT 6

static int open_lists(struct list *lists, const struct api_config *old,
                      const struct api_config *new)
{
    const struct {
        const char *what;
        const struct api_object *object;
        const void *old, *new;
    } all[LIST_COUNT] = {
        {"tenant", &api_tenant_object, &old->tenants, &new->tenants},
        {"network", &api_network_object, &old->networks, &new->networks},
        {"port", &api_port_object, &old->ports, &new->ports},
        {"fdb", &api_fdb_entry_object, &old->fdb, &new->fdb},
        {"placement", &api_placement_object, &old->placements, &new->placements},
        {"worker", &api_worker_object, &old->workers, &new->workers},
    };
    int rc = 0;

    for (size_t i = 0; i < LIST_COUNT; i++) {
        if (list_open(&lists[i], all[i].what, all[i].object, all[i].old, all[i].new) < 0)
            rc = -ENOMEM;
    }
    return rc;
}

static int plan_lists(struct maker *m, const struct list *lists, const struct api_config *old,
                      const struct api_config *new)
{
    int rc = 0;

    for (size_t i = LIST_COUNT; i-- > 0 && rc == 0;)
        rc = plan_removals(m, &lists[i]);
    if (rc == 0)
        rc = plan_settings(m, old, new);
    for (size_t i = 0; i < LIST_COUNT && rc == 0; i++)
        rc = plan_additions(m, &lists[i]);
    return rc;
}

int plan_make(const struct api_config *old, const struct api_config *new, restart_cb *must_restart,
              void *arg, struct plan *ret_plan)
{
    struct plan plan = {0};
    struct maker m = {.plan = &plan, .must_restart = must_restart, .arg = arg};
    struct list lists[LIST_COUNT];
    int rc;

    api_init(&api_change_object, &plan.text);
    plan.ports = calloc((size_t)old->ports.count + new->ports.count + 1, sizeof(*plan.ports));
    rc = open_lists(lists, old, new);
    if (plan.ports == NULL)
        rc = -ENOMEM;
    if (rc == 0)
        rc = plan_lists(&m, lists, old, new);
    for (size_t i = 0; i < LIST_COUNT; i++)
        list_close(&lists[i]);
    if (rc < 0)
        plan_free(&plan);
    else
        *ret_plan = plan;
    return rc;
}

void plan_free(struct plan *plan)
{
    api_free(&api_change_object, &plan->text);
    free(plan->ports);
    *plan = (struct plan){0};
}

bool plan_is_empty(const struct plan *plan)
{
    return plan->text.plan.count == 0;
}
