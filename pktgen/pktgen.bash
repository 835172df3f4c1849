# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Completion of pktgen for bash: commands and options, asked of the program itself.

_pktgen() {
    local cur=${COMP_WORDS[COMP_CWORD]} words
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        words=$(pktgen --complete 2>/dev/null)
    elif [[ $cur == -* ]]; then
        words=$(pktgen --complete "${COMP_WORDS[1]}" 2>/dev/null)
    elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == --profile ]]; then
        words=$(pktgen --complete profiles 2>/dev/null)
    else
        compopt -o default
        return 0
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _pktgen pktgen
