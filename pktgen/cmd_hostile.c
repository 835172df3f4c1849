/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pktgen hostile: the victims' loss and latency first alone, then beside the attack.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pktgen/command.h"
#include "pktgen/hostile.h"

#define TIME_NS_DEFAULT (5 * NS_PER_SEC)
#define VICTIM_PPS      100000

/* Victims do not talk to the attacker, if there are others. */
static void victims_pick(struct pg_plan *plan, uint16_t attacker)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < plan->stream_count; i++) {
        struct pg_stream *s = &plan->streams[i].stream;

        if (plan->port_count > 2 && (s->tx == attacker || s->rx == attacker))
            continue;
        if (s->rate.unit == PG_RATE_MAX)
            s->rate = (struct pg_rate){PG_RATE_PPS, VICTIM_PPS};
        s->id = (uint16_t)kept;
        plan->streams[kept++] = plan->streams[i];
    }
    plan->stream_count = kept;
}

static int attack_make(struct pg_options *o, struct pg_attack *attack, struct vsw_err *err)
{
    struct mac macs[256];
    uint32_t count = 0;

    for (uint32_t i = 0; i < o->plan.stream_count && count < ARRAY_SIZE(macs); i++)
        macs[count++] = o->plan.streams[i].stream.smac;
    return pg_attack_init(o->profile, o->keys_path, macs, count, attack, err);
}

int pg_hostile_prepare(struct pg_options *o, struct pg_attack *attack, struct vsw_err *err)
{
    struct pg_plan *plan = &o->plan;
    struct pg_plan_stream *more;
    uint16_t attacker;
    int rc;

    if (o->profile == NULL) {
        vsw_err_set(err, -EINVAL, "profile", "which attack is missing");
        vsw_err_hint(err, "--profile mac-flood; see: pktgen --help profiles");
        return -EINVAL;
    }
    if (o->attacker != UINT32_MAX && o->attacker >= plan->port_count)
        return vsw_err_set(err, -EINVAL, "attacker", "there is no port %u", o->attacker);
    attacker = (uint16_t)(o->attacker != UINT32_MAX ? o->attacker : plan->port_count - 1);
    victims_pick(plan, attacker);
    if (plan->stream_count == 0)
        return vsw_err_set(err, -EINVAL, "stream", "there are no victims");
    rc = attack_make(o, attack, err);
    if (rc != 0)
        return rc;
    more = realloc(plan->streams, (plan->stream_count + 1) * sizeof(more[0]));
    if (more == NULL)
        return vsw_err_set(err, -ENOMEM, NULL, "no memory for the streams");
    plan->streams = more;
    more = &plan->streams[plan->stream_count];
    memset(more, 0, sizeof(*more));
    pg_stream_init(&more->stream, (uint16_t)plan->stream_count++, attacker, PG_PORT_NONE);
    more->stream.rate = o->attack_rate;
    more->attack = attack;
    return 0;
}

/* The attack with the rate that it reached: the attacker's stream is the last. */
static void label_make(const struct pg_outcome *o, const char *profile, char *ret_label,
                       size_t size)
{
    const struct pg_stream_result *attack = &o->streams[o->point.stream_count - 1];
    double seconds = o->point.loss.seconds > 0 ? o->point.loss.seconds : 1;
    char rate[PG_TEXT_MAX];

    pg_text_short((double)attack->track.sent / seconds, rate, sizeof(rate));
    if (profile == NULL)
        snprintf(ret_label, size, "alone");
    else
        snprintf(ret_label, size, "%.15s %.15s", profile, rate);
}

int pg_hostile(struct pg_engine *e, const struct pg_options *o, struct pg_points *points,
               struct vsw_err *err)
{
    struct pg_trial trial = {
        .own_rates = true, .no_attack = true, .ns = o->time_ns > 0 ? o->time_ns : TIME_NS_DEFAULT};
    struct pg_outcome outcome;
    char label[32];
    int rc = pg_run_best(e, o, &trial, err);

    for (int with = 0; rc == 0 && with < 2; with++) {
        trial.no_attack = !with;
        e->phase = with ? o->profile : "victims alone";
        rc = pg_engine_trial(e, &trial, &outcome, err);
        if (rc != 0)
            break;
        label_make(&outcome, with ? o->profile : NULL, label, sizeof(label));
        rc = pg_points_add(points, &outcome, label, NULL, err);
    }
    return rc;
}
