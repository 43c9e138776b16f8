# Read by sh, dash, ksh and mksh for an interactive session of rezup, through ENV; the user's own files are read first.
# What runs after those is a function by then, so that no alias of theirs gets into it.
__rezup_tools=$REZUP_TOOLS
__rezup_mark=${REZUP_MARK-}
__rezup_login=${REZUP_LOGIN-}
__rezup_file=
if [ -n "${REZUP_ENV+set}" ]; then
    ENV=$REZUP_ENV
else
    unset ENV
fi
unset REZUP_TOOLS REZUP_MARK REZUP_LOGIN REZUP_ENV REZUP_STARTUP

__rezup_finish() {
    __rezup_file=:${PATH-}:
    while :; do
        case $__rezup_file in
        *":$__rezup_tools:"*)
            __rezup_file=${__rezup_file%%":$__rezup_tools:"*}:${__rezup_file#*":$__rezup_tools:"}
            ;;
        *) break ;;
        esac
    done
    __rezup_file=${__rezup_file#:}
    __rezup_file=${__rezup_file%:}
    PATH=$__rezup_tools${__rezup_file:+:$__rezup_file}
    export PATH
    # bash takes a prompt apart twice.
    [ -z "${BASH_VERSION-}" ] || eval '__rezup_mark=${__rezup_mark//\\/\\\\}'
    if [ -z "${PS1-}" ]; then
        # ksh sets it after this file.
        PS1='$ '
        [ "$(id -u)" != 0 ] || PS1='# '
    fi
    PS1=$__rezup_mark$PS1
    unset __rezup_tools __rezup_mark __rezup_login __rezup_file
    unset -f __rezup_finish
}

# The file that the shell would have read by itself. mksh, LEGACY in its older form, takes the name as it is.
__rezup_find() {
    case ${KSH_VERSION-}:${ENV-} in
    *MIRBSD*:* | *LEGACY*:*) __rezup_file=${ENV:-~/.mkshrc} ;;
    Version*:) [ -n "${ENV+set}" ] || __rezup_file=~/.kshrc ;;
    *'"'*) __rezup_file=$ENV ;;
    *) eval "__rezup_file=\"${ENV-}\"" ;;
    esac
    case $__rezup_file in
    */* | '') ;;
    *) __rezup_file=./$__rezup_file ;;
    esac
    unset -f __rezup_find
}

if :; then
    if [ -n "$__rezup_login" ]; then
        [ ! -r /etc/profile ] || . /etc/profile
        [ ! -r ~/.profile ] || . ~/.profile
    fi
    \__rezup_find
    if [ -r "$__rezup_file" ]; then
        . "$__rezup_file"
    fi
    \__rezup_finish
fi
