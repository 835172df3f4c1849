/* SPDX-License-Identifier: BSD-3-Clause
 *
 * `monitor`: one line per event until interrupted.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

volatile int cli_stopped;

static void on_signal(int number)
{
    (void)number;
    cli_stopped = 1;
}

void cli_signals_catch(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: poll must return */

    cli_stopped = 0;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static void event_print(struct cli *cli, const struct json *params, uint64_t *last_seq)
{
    struct api_event event;

    if (api_decode(&api_event_object, params, API_DECODE_REPLY, &event, NULL) != 0)
        return;
    if (*last_seq != 0 && event.seq > *last_seq + 1 && !cli->json)
        fprintf(cli->out, "-- %llu events were lost: this reader is too slow\n",
                (unsigned long long)(event.seq - *last_seq - 1));
    *last_seq = event.seq;
    if (cli->json) {
        char *line = rpc_line(params);

        fputs(line ? line : "", cli->out);
        free(line);
    } else {
        fprintf(cli->out, "%s  %-8s  %-16s  %s\n", event.time, event.kind, event.object,
                event.text);
    }
    fflush(cli->out);
    api_free(&api_event_object, &event);
}

static enum cli_exit events_follow(struct cli *cli, uint64_t seq, bool filtered,
                                   struct vsw_err *err)
{
    struct rpc_message message;
    struct json *json;

    while (!cli_stopped && !ferror(cli->out)) {
        int rc = client_receive(&cli->client, -1, &json, &message, err);

        if (rc == -EAGAIN)
            continue;
        if (rc != 0)
            return CLI_NO_DAEMON;
        if (message.kind == RPC_NOTIFICATION && strcmp(message.method, "event") == 0)
            event_print(cli, message.params, &seq);
        if (filtered)
            seq = 0; /* numbers are skipped on purpose */
        json_free(json);
    }
    return CLI_OK;
}

enum cli_exit cli_monitor(struct cli *cli, char *const *words, size_t count, struct vsw_err *err)
{
    struct api_subscribe subscribe = {0};
    struct api_subscribed subscribed;
    struct json *params;
    enum cli_exit rc;

    for (size_t i = 1; i < count; i++) {
        if (!api_name_valid(words[i])) {
            vsw_err_set(err, -EINVAL, NULL, "\"%.60s\" is not a kind of event", words[i]);
            return CLI_USAGE;
        }
        api_names_append(&subscribe.kinds, words[i]);
        api_give(&subscribe, api_subscribe, kinds);
    }
    params = api_encode(&api_subscribe_object, &subscribe, API_ENCODE_GIVEN);
    api_free(&api_subscribe_object, &subscribe);
    cli_signals_catch();
    rc = cli_call(cli, api_method_find("monitor.subscribe"), params, &subscribed, err);
    if (rc == CLI_OK)
        rc = events_follow(cli, subscribed.seq, count > 1, err);
    client_close(&cli->client); /* ends the subscription */
    return rc;
}
