# Completes the words of ctguard in bash: `source <(ctguard completions bash)`.
_ctguard() {
    # What is between the completions that ctguard prints.
    local IFS=$'\013'
    local space=true
    if compopt +o nospace 2> /dev/null; then
        space=false
    fi

    # Bash cuts words at `:` and `=`, and completes the last part alone. Here the parts of a word,
    # which nothing stands between on the line, are put together again.
    local words=() line="${COMP_LINE:0:COMP_POINT}" joined=false last=-1 at gap part
    for (( at = 0; at <= COMP_CWORD; at++ )); do
        gap="${line%%[![:blank:]]*}"
        line="${line#"$gap"}"
        part="${COMP_WORDS[at]}"
        if (( at == COMP_CWORD )); then
            part="$line"
        else
            line="${line#"$part"}"
        fi
        joined=false
        if (( at > 0 )) && [[ -z "$gap" ]]; then
            if [[ "$part" == [:=]* || "${COMP_WORDS[at - 1]}" == *[:=] ]]; then
                joined=true
            fi
        fi
        if [[ $joined == true ]]; then
            words[last]+="$part"
        else
            (( ++last ))
            if (( at == COMP_CWORD )); then
                part="$2"
            fi
            words[last]="$part"
        fi
    done
    # What bash leaves standing of the word.
    local kept=
    if [[ $joined == true ]]; then
        kept="${words[last]%"$2"}"
    fi

    COMPREPLY=()
    IFS=$'\013' read -r -d '' -a COMPREPLY < <(
        _CLAP_IFS="$IFS" \
        _CLAP_COMPLETE_INDEX="$last" \
        _CLAP_COMPLETE_COMP_TYPE="$COMP_TYPE" \
        _CLAP_COMPLETE_SPACE="$space" \
        CTGUARD_COMPLETE=bash \
        ctguard -- "${words[@]}" "${COMP_WORDS[@]:COMP_CWORD + 1}" 2> /dev/null
    )
    for at in "${!COMPREPLY[@]}"; do
        COMPREPLY[at]="${COMPREPLY[at]#"$kept"}"
    done
    if [[ $space == false && "${COMPREPLY[*]}" =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}
if (( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404 )); then
    complete -o nospace -o bashdefault -o nosort -F _ctguard ctguard
else
    complete -o nospace -o bashdefault -F _ctguard ctguard
fi
