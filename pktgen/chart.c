/* SPDX-License-Identifier: BSD-3-Clause */
#include "pktgen/chart.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Okabe and Ito: told apart by every kind of eye, and dark enough on white. */
static const char *const colours[PG_CHART_SERIES_MAX] = {
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#444444", "#882255"};

/* A text in single quotes, as gnuplot wants it. */
static void quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'')
            fputc('\'', out);
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
    }
    fputc('\'', out);
}

/* The name of a tic is a format of printf(3) to gnuplot. */
static void tic_name(FILE *out, const char *name)
{
    char text[128];
    size_t n = 0;

    for (; *name && n + 2 < sizeof(text); name++) {
        if (*name == '%')
            text[n++] = '%';
        text[n++] = *name;
    }
    text[n] = '\0';
    quoted(out, text);
}

static void setting(FILE *out, const char *name, const char *text)
{
    fprintf(out, "set %s ", name);
    quoted(out, text);
    fputs(" noenhanced\n", out);
}

static void look_write(FILE *out)
{
    fputs("set terminal svg size 860,480 dynamic font 'sans-serif,15' background '#ffffff'\n"
          "set encoding utf8\n"
          "set border 3 linecolor '#444444' linewidth 1\n"
          "set tics nomirror out textcolor '#222222'\n"
          "set grid linecolor '#d8d8d8' linetype 1 linewidth 0.7\n"
          "set key top outside horizontal center textcolor '#222222' noenhanced\n"
          "set lmargin 10\nset rmargin 4\n",
          out);
}

static void axes_write(FILE *out, const struct pg_chart *c)
{
    setting(out, "title", c->title);
    setting(out, "xlabel", c->x_label);
    setting(out, "ylabel", c->y_label);
    if (c->log_x)
        fputs("set logscale x\n", out);
    fputs(c->log_y ? "set logscale y\nset format y '%g'\n" : "set yrange [0:*]\n", out);
    if (c->x_names == NULL)
        return;
    fputs("set xtics (", out);
    for (uint32_t i = 0; i < c->x_name_count; i++) {
        fputs(i ? ", " : "", out);
        tic_name(out, c->x_names[i]);
        fprintf(out, " %.9g", c->x_at ? c->x_at[i] : (double)i);
    }
    fputs(") noenhanced\n", out);
    if (c->x_at == NULL)
        fprintf(out, "set xrange [-0.3:%.9g]\n", (double)c->x_name_count - 0.7);
}

static void series_write(FILE *out, const struct pg_chart *c)
{
    for (uint32_t i = 0; i < c->series_count; i++) {
        const struct pg_chart_series *s = &c->series[i];

        fprintf(out, "$d%" PRIu32 " << END\n", i);
        for (uint32_t k = 0; k < s->count; k++)
            fprintf(out, "%.9g %.9g\n", s->x[k], s->y[k]);
        fputs("END\n", out);
    }
    if (c->bars)
        fputs("set boxwidth 0.2\nset style fill solid\n", out);
    fputs("plot ", out);
    for (uint32_t i = 0; i < c->series_count; i++) {
        /* many points are a line; few are seen one by one */
        const char *with = c->bars                   ? "boxes"
                           : c->series[i].count > 40 ? "lines"
                                                     : "linespoints pointtype 7 pointsize 0.6";

        fprintf(out, "%s$d%" PRIu32 " using 1:2 with %s linewidth 2.5 linecolor '%s' title ",
                i ? ", " : "", i, with, colours[i]);
        quoted(out, c->series[i].name);
    }
    fputc('\n', out);
}

static int script_open(const struct pg_chart *chart, FILE **ret_script, struct vsw_err *err)
{
    FILE *script = tmpfile();

    if (script == NULL)
        return vsw_err_set(err, -errno, "chart", "no temporary file: %s", strerror(errno));
    look_write(script);
    axes_write(script, chart);
    series_write(script, chart);
    if (fflush(script) != 0 || ferror(script)) {
        fclose(script);
        return vsw_err_set(err, -EIO, "chart", "a temporary file cannot be written");
    }
    rewind(script);
    *ret_script = script;
    return 0;
}

/* Runs gnuplot to its end. What it complains of is in @messages. */
static int gnuplot_run(int script, int svg, int messages, struct vsw_err *err)
{
    char *const argv[] = {(char *)(uintptr_t) "gnuplot", NULL};
    posix_spawn_file_actions_t actions;
    int status = 0, rc;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, script, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, svg, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
    rc = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (rc == ENOENT) {
        vsw_err_set(err, -ENOENT, "chart", "gnuplot, which draws the charts, is not installed");
        vsw_err_hint(err, "apt-get install gnuplot-nox, or leave charts out");
        return -ENOENT;
    }
    if (rc != 0)
        return vsw_err_set(err, -rc, "chart", "gnuplot cannot be started: %s", strerror(rc));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* The complaint of gnuplot that says most is its last line. */
static void complaint_tell(FILE *messages, struct vsw_err *err)
{
    char line[160] = "", last[160] = "no reason given";

    rewind(messages);
    while (fgets(line, sizeof(line), messages) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[strspn(line, " ^")] != '\0')
            strcpy(last, line + strspn(line, " "));
    }
    vsw_err_set(err, -EIO, "chart", "gnuplot failed: %s", last);
}

static int svg_draw(FILE *script, const char *path, struct vsw_err *err)
{
    int svg = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), rc;
    FILE *messages;

    if (svg < 0)
        return vsw_err_set(err, -errno, path, "cannot be written: %s", strerror(errno));
    messages = tmpfile();
    if (messages == NULL)
        rc = vsw_err_set(err, -errno, "chart", "no temporary file: %s", strerror(errno));
    else
        rc = gnuplot_run(fileno(script), svg, fileno(messages), err);
    if (rc == -EIO && messages != NULL)
        complaint_tell(messages, err);
    if (messages != NULL)
        fclose(messages);
    close(svg);
    if (rc != 0)
        unlink(path);
    return rc;
}

int pg_chart_write(const struct pg_chart *chart, const char *path, struct vsw_err *err)
{
    uint32_t points = 0;
    FILE *script = NULL;
    int rc;

    for (uint32_t i = 0; i < chart->series_count; i++)
        points += chart->series[i].count;
    if (points == 0)
        return vsw_err_set(err, -EINVAL, "chart", "there is nothing to draw");
    rc = script_open(chart, &script, err);
    if (rc != 0)
        return rc;
    rc = svg_draw(script, path, err);
    fclose(script);
    return rc;
}
