/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Outcomes kept until the report.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pktgen/chart.h"
#include "pktgen/command.h"

int pg_points_add(struct pg_points *points, struct pg_outcome *outcome, const char *label,
                  const struct pg_search_result *search, struct vsw_err *err)
{
    uint32_t room = points->room == 0 ? 8 : 2 * points->room;

    if (points->count == points->room) {
        void *items = realloc(points->items, room * sizeof(points->items[0]));
        void *searches;

        points->items = items != NULL ? items : points->items;
        searches = realloc(points->searches, room * sizeof(points->searches[0]));
        points->searches = searches != NULL ? searches : points->searches;
        if (items == NULL || searches == NULL) {
            pg_outcome_free(outcome);
            return vsw_err_set(err, -ENOMEM, NULL, "no memory for the results");
        }
        points->room = room;
    }
    points->items[points->count] = *outcome;
    outcome = &points->items[points->count];
    if (label != NULL)
        snprintf(outcome->label, sizeof(outcome->label), "%s", label);
    outcome->is_search = search != NULL;
    if (search != NULL)
        points->searches[points->count] = *search;
    points->count++;
    return 0;
}

void pg_points_free(struct pg_points *points)
{
    for (uint32_t i = 0; i < points->count; i++)
        pg_outcome_free(&points->items[i]);
    free(points->items);
    free(points->searches);
    free(points->wake);
    *points = (struct pg_points){0};
}

/* Where a word is stays as it is only now that nothing is added any more. */
static struct pg_point *points_list(const struct pg_points *points)
{
    struct pg_point *list = calloc(points->count + 1, sizeof(list[0]));

    for (uint32_t i = 0; list != NULL && i < points->count; i++) {
        const struct pg_outcome *o = &points->items[i];

        list[i] = o->point;
        list[i].label = o->label[0] != '\0' ? o->label : NULL;
        list[i].search = o->is_search ? &points->searches[i] : NULL;
    }
    return list;
}

static const char *name_of(enum pg_command_bit command)
{
    enum pg_command_bit bit;
    const char *name, *help;

    for (unsigned i = 0; (name = pg_command_name(i, &bit, &help)) != NULL; i++)
        if (bit == command)
            return name;
    return "";
}

int pg_points_report(const struct pg_points *points, const struct pg_options *o, const char *line,
                     uint64_t started_ns, struct vsw_err *err)
{
    struct pg_point *list = points_list(points);
    struct pg_report report = {
        .command = name_of(o->command),
        .line = line,
        .started_ns = started_ns,
        .wake = {points->wake, 1},
        .points = list,
        .point_count = points->count,
    };
    unsigned charts;
    int rc = 0;

    if (list == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for the report");
    if (o->json_path == NULL || strcmp(o->json_path, "-") != 0)
        pg_report_print(stdout, &report);
    if (o->json_path != NULL)
        rc = pg_report_write(&report, o->json_path, err);
    if (rc == 0 && o->chart_folder != NULL)
        rc = pg_chart_report(&report, o->chart_folder, &charts, err);
    free(list);
    return rc;
}
