
# What follows -- is completed as a command of its own; the order of revisions is kept.
_rezup() {
    local at
    for ((at = 1; at < COMP_CWORD; at++)); do
        if [[ ${COMP_WORDS[at]} == -- ]]; then
            local -a tools=()
            # The commands of the container, which are not on PATH here.
            if [[ $COMP_CWORD -eq $((at + 1)) && ${COMP_WORDS[COMP_CWORD]} != */* ]]; then
                _python_argcomplete "$@"
                tools=("${COMPREPLY[@]}")
            fi
            _rezup_command $((at + 1))
            COMPREPLY+=("${tools[@]}")
            return
        fi
    done
    compopt -o nosort 2> /dev/null
    _python_argcomplete "$@"
    # Of all the characters that end a word, bash leaves this one at the front of the next.
    [[ $2 == @* ]] && COMPREPLY=("${COMPREPLY[@]/#/@}")
    # Behind NAME@ follows the revision.
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY-} == *@ ]] && compopt -o nospace 2> /dev/null
    return 0
}

_rezup_command() {
    local IFS=$'\n' word=${COMP_WORDS[COMP_CWORD]}
    if declare -F _comp_command_offset > /dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset > /dev/null; then
        IFS=$' \t\n'
        _command_offset "$1"
    elif [[ $COMP_CWORD -eq $1 && $word != */* ]]; then
        COMPREPLY=($(compgen -c -- "$word"))
        compopt +o nospace 2> /dev/null
    else
        COMPREPLY=()
        compopt -o default +o nospace 2> /dev/null
    fi
}

complete -o nospace -F _rezup rezup
