# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2154,SC2034 # the results belong to lib.sh
#
# Checks that depend on this host being there. A rate that is too low, a delay too long, a frame lost
# says nothing about the switch if other machines or other programs had the CPU meanwhile: such a
# check is measured again, visibly and at most three times, and skipped if a tenth of the CPU was gone
# the last time, too. Only numbers out of range are: what must hold on any host (check, check_eq,
# above a limit) ends it at the first failure.
#
# Below: huge pages.

HOST_TRIES=3
HOST_TAKEN_MAX=0.5 # per cent of all CPU time that others may take before a number means little
HOST_EXCUSE=10 # the same before it means nothing
HOST_CALM_MAX=5 # the same to begin again
host_before=
host_excuse= # set by what is measured: why the host could not do it, whatever the CPU says

# host_times: clock ticks so far of all CPUs, of them stolen by other machines, of them used by
# programs that this script did not start
host_times() {
    cat /proc/stat /proc/[0-9]*/stat 2>/dev/null | awk -v ours="$$" '
        $1 == "cpu" { for (i = 2; i <= 9; i++) all += $i; stolen = $9 }
        match($0, /^[0-9]+ \(.*\) /) {
            pid = $1
            $0 = substr($0, RLENGTH + 1)
            parent[pid] = $2
            used[pid] = $12 + $13 + $14 + $15 # its own and that of children it waited for
        }
        END {
            for (pid in parent) {
                for (p = pid; p in parent && p != ours && p != 2; p = parent[p]) continue
                if (p != ours && p != 2) others += used[pid] # 2: of the kernel, for anyone
            }
            print all, stolen, others
        }'
}

host_mark() {
    host_before=$(host_times)
    host_excuse=
}

# host_taken [PER-CENT]: who took the CPU since host_mark; status 1 if that is next to nothing
host_taken() {
    local text
    text=$(awk -v most="${1:-$HOST_TAKEN_MAX}" 'NR == 1 { split($0, a) } NR == 2 {
        all = $1 - a[1] + 0.001
        stolen = ($2 - a[2]) * 100 / all
        others = $3 > a[3] ? ($3 - a[3]) * 100 / all : 0
        printf "other machines took %.0f %%, other programs %.0f %% of the CPU", stolen, others
        exit stolen + others <= most }' <<<"$host_before"$'\n'"$(host_times)")
    local status=$?
    echo "$text${host_excuse:+, $host_excuse}"
    [[ -n $host_excuse ]] || return $status
}

# host_calm: until others leave the CPU to a program that wants all of it; two minutes at most in all
host_patience_s=120
host_calm() {
    local start=$SECONDS
    wait_for "$host_patience_s" host_is_calm
    host_patience_s=$((host_patience_s - (SECONDS - start)))
}
host_is_calm() {
    local i busy=()
    host_mark
    for ((i = 0; i < $(nproc); i++)); do
        timeout 0.5 sha1sum /dev/zero &
        busy+=($!)
    done
    wait "${busy[@]}"
    ! host_taken $HOST_CALM_MAX
}

# measured COMMAND...: a check_range or check_limit, or a function that measures and does some of
# them. Again if one is out of range and the host was not there. Where it was not there for the whole
# of the last time either, what is out of range is skipped and says why.
measured() {
    local try taken='' status
    for ((try = 1; try <= HOST_TRIES; try++)); do
        t_trial_start
        host_mark
        "$@"
        status=$?
        if ((t_wrong > 0 || ${#t_missed[@]} == 0)) || ! taken=$(host_taken); then
            taken=''
            break
        fi
        ((try < HOST_TRIES)) || break
        step "measured again, $taken: ${t_missed[*]}"
        host_calm
    done
    [[ -z $taken ]] || taken=$(host_taken "$HOST_EXCUSE") || taken=''
    t_trial_end "$taken"
    return $status
}

# ---- huge pages -------------------------------------------------------------------------------

huge_dir=/sys/kernel/mm/hugepages/hugepages-$(awk '$1 == "Hugepagesize:" { print $2 }' /proc/meminfo)kB
huge_free() { cat "$huge_dir/free_hugepages"; }

# huge_pages MIB: have as many free until the script ends; status 1 if the host cannot
huge_pages() {
    local kib=${huge_dir##*-} wanted had
    wanted=$((($1 * 1024 + ${kib%kB} - 1) / ${kib%kB}))
    (($(huge_free) >= wanted)) && return
    had=$(cat "$huge_dir/nr_hugepages")
    t_defer huge_set "$had"
    huge_set $((had + wanted - $(huge_free)))
    (($(huge_free) >= wanted))
}
huge_set() { echo "$1" >"$huge_dir/nr_hugepages"; }
