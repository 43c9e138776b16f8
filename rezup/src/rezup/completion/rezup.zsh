#compdef rezup
# Completes the command line of rezup. What follows -- is completed as a command of its own.

_rezup() {
    local at=${words[(i)--]}
    local behind=$((CURRENT - at))
    if ((behind > 1)); then
        shift at words
        ((CURRENT -= at))
        _normal
        return
    fi
    # This command alone, as far as the cursor, and the answer as fish has it: plain words, each with what to say of it.
    local line="${(j: :)words[1,CURRENT-1]} $QIPREFIX$IPREFIX$PREFIX" answer value
    local -a names told paths folders blank=()
    local lines=$(
        _ARGCOMPLETE=1 _ARGCOMPLETE_SHELL=fish _ARGCOMPLETE_SUPPRESS_SPACE=1 _ARGCOMPLETE_IFS=$'\n' _ARGCOMPLETE_DFS=$'\t' \
            COMP_LINE=$line COMP_POINT=${#line} ${~${(Q)words[1]}} 8>&1 9> /dev/null > /dev/null 2>&1 < /dev/null
    )
    for answer in ${(f)lines}; do
        value=${answer%%$'\t'*}
        if [[ $value == */ ]]; then
            folders+=("${${value%/}##*/}")
        elif [[ $value == *@ ]]; then
            # Behind this name the user may go on with @, which then removes the blank.
            [[ -z $compstate[quote] ]] && blank=(-S ' ' -r $'@ \t\n-')
        elif [[ $value == */* ]]; then
            paths+=("${value##*/}")
        elif [[ $value == [A-Za-z0-9.-][A-Za-z0-9@._~-]# ]]; then
            names+=("$value")
            told+=("$value${${answer#*$'\t'}:+  -- ${answer#*$'\t'}}")
        else
            paths+=("$value")
        fi
    done
    if ((behind == 1)); then
        # The commands of the container, which are not on PATH here, and then all others.
        local found=1
        ((#names)) && compadd -a names && found=0
        words=("$PREFIX$SUFFIX")
        CURRENT=1
        _normal || return found
        return 0
    fi
    # What was typed of a path stays as it is, ~ and quotes too.
    [[ $PREFIX == */* ]] && compset -P '*/'
    local failed=1
    ((#names)) && compadd -Q -l "${blank[@]}" -V rezup -d told -a names && failed=0
    ((#folders)) && compadd -q -S / -a folders && failed=0
    ((#paths)) && compadd -a paths && failed=0
    return failed
}

if [[ $zsh_eval_context == *func ]]; then
    _rezup "$@"
else
    compdef _rezup rezup
fi
