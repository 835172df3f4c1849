# SPDX-License-Identifier: BSD-3-Clause
# bash completion for vswitchctl; candidates, live names among them, come from vswitchctl itself.

_vswitchctl()
{
    local line=${COMP_LINE:0:COMP_POINT} last="" candidate cut
    local -a words=() pass=()

    read -r -a words <<<"$line"
    words=("${words[@]:1}")
    if [[ $line == *[[:space:]] ]]; then
        words+=("")
    fi
    # Options in front: -s is needed to reach the daemon, the rest does not matter.
    while ((${#words[@]} > 1)); do
        case ${words[0]} in
        -s | --socket)
            ((${#words[@]} > 2)) || return 0
            pass=(-s "${words[1]}")
            words=("${words[@]:2}")
            ;;
        -f | --file) return 0 ;;
        -*) words=("${words[@]:1}") ;;
        *) break ;;
        esac
    done
    last=${words[-1]}
    # bash replaces only what follows the last of its word breaks.
    cut=""
    if [[ $last == *[=:]* ]]; then
        cut=${last%"${last##*[=:]}"}
    fi
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("${candidate#"$cut"}")
    done < <(vswitchctl "${pass[@]}" --complete "${words[@]}" 2>/dev/null)
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace
    fi
    if ((${#COMPREPLY[@]} == 0)) && [[ "${words[*]}" == "config apply"* ]]; then
        compopt -o default
    fi
}
complete -F _vswitchctl vswitchctl
