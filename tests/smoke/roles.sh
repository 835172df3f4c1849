#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Who may do what: the kernel's word about the other end of the control socket decides. Root, the
# daemon's own user and members of --group change the switch, others look, the rest stays outside.
# shellcheck source=tests/support/lib.sh
. "$(dirname "$0")/../support/lib.sh"

# Numbers without an account behind them.
OWN=64101 READER=64102 CHANGERS=64201 READERS=64202 STRANGERS=64203

# as UID GID GROUPS COMMAND...: GROUPS a list with commas, or none
as() {
    local uid=$1 gid=$2 groups=--clear-groups
    [[ $3 == none ]] || groups=--groups=$3
    shift 3
    setpriv --reuid="$uid" --regid="$gid" "$groups" "$@"
}
ctl_as() { # UID GID GROUPS WORD...
    local who=("$1" "$2" "$3")
    shift 3
    as "${who[@]}" "$T_DIR/bin/vswitchctl" -s "$VSW_SOCKET" "$@"
}
role_of() { ctl_as "$1" "$2" "$3" -j daemon show | jq -r .role; } # UID GID GROUPS

# refused_as UID GID GROUPS STATUS WORD COMMAND...: that exit status, and a sentence with the word
refused_as() {
    local who=("$1" "$2" "$3") want=$4 word=$5 output status
    shift 5
    output=$(ctl_as "${who[@]}" "$@" 2>&1)
    status=$?
    printf '%s (status %s)\n' "$output" "$status"
    ((status == want)) && [[ $output == error:* && $output == *"$word"* ]]
}

# The build folder may be out of reach for others than root.
mkdir "$T_DIR/bin"
cp "$VSW_BUILD/vswitchctl" "$VSW_BUILD/vswitchd" "$T_DIR/bin"
chmod 755 "$T_DIR"

step "with --group and --read-group"
need "the switch starts" sw_start --group $CHANGERS --read-group $READERS
need "a network" net_up red web 10
need "a port" vhost_port p1 red web
check_eq "root changes" change role_of 0 0 none
check_eq "a member of --group changes" change role_of $READER $CHANGERS none
check_eq "also by a supplementary group" change role_of $READER $STRANGERS 7,$CHANGERS,9
check_eq "a member of --read-group reads" read role_of $READER $READERS none
check_eq "also by a supplementary group" read role_of $READER $STRANGERS 7,$READERS
check "a stranger may not even look" refused_as $READER $STRANGERS none 1 "may not use" port list
check "and still may not in many groups" refused_as $READER $STRANGERS \
    "$(seq -s, 1000 1200)" 1 "may not use" daemon show

for words in "tenant list" "network show red/web" "port list" "port show p1" "fdb list" "worker list" \
    "stats show" "stats drops" "settings show" "config show" "rpc discover"; do
    # shellcheck disable=SC2086 # words
    check "a reader may: $words" ctl_as $READER $READERS none $words
done
revision() { ctl_json .revision daemon show; }
before=$(revision)
ctl config show >"$T_DIR/document.json"
chmod 644 "$T_DIR/document.json"
for words in "tenant add blue" "tenant set red max_ports=1" "network add red/db vlan=20" "network del red/web" \
    "port add p2 type=vhost-user tenant=red networks=web" "port set p1 up=false" "port del p1" \
    "fdb add red/web/02:00:00:00:00:01 port=p1" "fdb flush" "worker set 0 idle=spin" \
    "settings set fdb_ageing_s=60" "config apply $T_DIR/document.json" "config save" \
    "config apply $T_DIR/document.json --dry-run"; do
    # shellcheck disable=SC2086 # words
    check "a reader may not: $words" refused_as $READER $READERS none 1 "look but not change" $words
done
check "and the refusal points to no line of the file" refused_as $READER $READERS none 1 \
    "error: your user may" \
    config apply "$T_DIR/document.json"
check "a reader may not listen in" refused_as $READER $READERS none 1 "look but not change" \
    capture p1 -w - -c 1
printf 'tenant add blue\n' >"$T_DIR/batch"
chmod 644 "$T_DIR/batch"
check "nor send a batch" refused_as $READER $READERS none 1 "look but not change" -f "$T_DIR/batch"
check_eq "and nothing has changed" "$before" revision

step "a reader follows events"
as $READER $READERS none stdbuf -oL "$T_DIR/bin/vswitchctl" -j -s "$VSW_SOCKET" monitor \
    >"$T_DIR/events" 2>&1 &
monitor=$!
t_defer kill_wait $monitor
# Nothing tells when it is subscribed: change something until it is seen.
seen_by_reader() {
    ctl_as "$READER" "$CHANGERS" none tenant set red max_ports=7 && ctl tenant set red max_ports=8
    grep -q tenant "$T_DIR/events"
}
check "of what a member of --group changes" wait_for 5 seen_by_reader
kill_wait $monitor TERM
need "the switch stops" sw_stop

step "without --read-group: mode and group of the socket decide who connects"
need "it starts again" sw_start --group $CHANGERS --socket-mode 0660
check_eq "the socket's group and mode" "$CHANGERS 660" stat -c '%g %a' "$VSW_SOCKET"
check_eq "a member changes" change role_of $READER $CHANGERS none
check "others find the door shut" refused_as $READER $STRANGERS none 3 ermi daemon show
need "the switch stops" sw_stop
need "it starts with a socket for all" sw_start --group $CHANGERS --socket-mode 0666
check_eq "then everybody reads" read role_of $READER $STRANGERS none
check "and nobody else changes" refused_as $READER $STRANGERS none 1 "look but not change" tenant add blue
need "the port goes" ctl port del p1
need "the switch stops" sw_stop

step "as a user without rights"
mkdir -p "$T_DIR/own"
chown $OWN "$T_DIR/own"
chmod 755 "$T_DIR/own"
VSW_SOCKET=$T_DIR/own/control.sock
setpriv --reuid=$OWN --regid=$OWN --clear-groups "$T_DIR/bin/vswitchd" --socket "$VSW_SOCKET" --socket-mode 0666 --workers 1 \
    --state-dir "$T_DIR/own" --run-dir "$T_DIR/own" >>"$SW_LOG" 2>&1 &
sw_pid=$!
need "the switch starts" wait_for 20 sw_answers
check_eq "the daemon's own user changes" change role_of $OWN $OWN none
check_eq "root too" change role_of 0 0 none
check_eq "others read" read role_of $READER $READER none
t_done
