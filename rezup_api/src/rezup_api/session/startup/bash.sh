# Read by bash for an interactive session of rezup, in place of the user's own start-up files, which it reads first.
# What runs after those is a function by then, so that no alias of theirs gets into it.
__rezup_tools=$REZUP_TOOLS
__rezup_mark=${REZUP_MARK-}
unset REZUP_TOOLS REZUP_MARK

# Run before every prompt, because some users set theirs as late as that.
__rezup_prompt() {
    [[ ${PS1-} == *"$__rezup_mark"* ]] || PS1=$__rezup_mark${PS1-}
}

__rezup_finish() {
    local path=:${PATH-}:
    while [[ $path == *":$__rezup_tools:"* ]]; do
        path=${path%%":$__rezup_tools:"*}:${path#*":$__rezup_tools:"}
    done
    path=${path#:}
    path=${path%:}
    export PATH=$__rezup_tools${path:+:$path}
    if [[ -n $__rezup_mark ]]; then
        shopt -q promptvars || __rezup_mark=${__rezup_mark//\\\\/\\}
        __rezup_prompt
        # It may be exported, and then means nothing in a shell inside this one.
        local call='[[ -z ${__rezup_mark-} ]] || __rezup_prompt'
        # With `set -u` an unset array has no length that could be asked for.
        local commands=(${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"})
        if ((${#commands[@]} > 1)); then
            PROMPT_COMMAND+=("$call")
        else
            PROMPT_COMMAND=${PROMPT_COMMAND:+$PROMPT_COMMAND$'\n'}$call
        fi
    else
        unset -f __rezup_prompt
        unset __rezup_mark
    fi
    unset __rezup_tools __rezup_login
    unset -f __rezup_finish
}

if [[ -n ${__rezup_login-} ]]; then
    [[ -r /etc/profile ]] && . /etc/profile
    if [[ -r ~/.bash_profile ]]; then
        . ~/.bash_profile
    elif [[ -r ~/.bash_login ]]; then
        . ~/.bash_login
    elif [[ -r ~/.profile ]]; then
        . ~/.profile
    fi
    \__rezup_finish
else
    # The system's, where there is one, bash has read before this file.
    [[ -r ~/.bashrc ]] && . ~/.bashrc
    \__rezup_finish
fi
