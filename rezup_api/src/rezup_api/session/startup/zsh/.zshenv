# Read by zsh for an interactive session of rezup, through ZDOTDIR. The user's own files are read as ever, each with their
# ZDOTDIR; so are the system's, which ask for it too: they are passed over here, and read from the files beside this one.
# What runs after the user's files are functions by then, so that no alias of theirs gets into it.
__rezup_startup=$ZDOTDIR
__rezup_tools=$REZUP_TOOLS
__rezup_mark=${REZUP_MARK-}
__rezup_etc=/etc
[[ -d /etc/zsh ]] && __rezup_etc=/etc/zsh
__rezup_global=0
[[ -o globalrcs ]] && __rezup_global=1
if (( ${+REZUP_ZDOTDIR} )); then
    ZDOTDIR=$REZUP_ZDOTDIR
else
    unset ZDOTDIR
    # The system's zshenv may set it only where it is unset, and has found ours.
    if [[ -s $__rezup_etc/zshenv ]]; then
        __rezup_zdotdir=$(exec $ZSH_ARGZERO -f -c 'print -rn -- ${(t)ZDOTDIR}=$ZDOTDIR' 2>/dev/null)
        case ${__rezup_zdotdir##*$'\n'} in
        (*export*) export ZDOTDIR="${__rezup_zdotdir#*=}" ;;
        (scalar*) ZDOTDIR="${__rezup_zdotdir#*=}" ;;
        esac
    fi
fi
unset REZUP_TOOLS REZUP_MARK REZUP_STARTUP REZUP_ZDOTDIR

# Before a file of theirs, and after it.
__rezup_theirs() {
    if (( __rezup_set )); then
        ZDOTDIR=$__rezup_zdotdir
    else
        unset ZDOTDIR
    fi
    (( __rezup_global )) && setopt globalrcs
    return 0
}

__rezup_ours() {
    __rezup_set=${+ZDOTDIR}
    __rezup_zdotdir=${ZDOTDIR-}
    __rezup_global=0
    [[ -o globalrcs ]] && __rezup_global=1
    unsetopt globalrcs
    ZDOTDIR=$__rezup_startup
    [[ -o rcs && $1 != last ]] || __rezup_finish
}

# Run before every prompt, after whatever else is, because some users set theirs as late as that.
__rezup_prompt() {
    local mark=$__rezup_mark
    [[ -o promptsubst ]] && mark=${${${mark//\\/\\\\}//\$/\\\$}//\`/\\\`}
    [[ $PS1 == *"$mark"* ]] || PS1=$mark$PS1
}

__rezup_finish() {
    local others=:$PATH:
    while [[ $others == *":$__rezup_tools:"* ]]; do
        others=${others%%":$__rezup_tools:"*}:${others#*":$__rezup_tools:"}
    done
    others=${${others#:}%:}
    export PATH=$__rezup_tools${others:+:$others}
    __rezup_theirs
    if [[ -n $__rezup_mark ]]; then
        typeset -ga precmd_functions
        precmd_functions+=(__rezup_prompt)
        __rezup_prompt
    else
        unset __rezup_mark
        unfunction __rezup_prompt
    fi
    unset __rezup_startup __rezup_tools __rezup_etc __rezup_global __rezup_set __rezup_zdotdir
    unfunction __rezup_theirs __rezup_ours __rezup_finish
}

if true; then
    [[ -r ${ZDOTDIR:-$HOME}/.zshenv ]] && . "${ZDOTDIR:-$HOME}/.zshenv"
    \__rezup_ours
fi
