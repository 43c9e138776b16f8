# Read by zsh after .zshenv, where the shell that the user is in is a login shell.
if true; then
    __rezup_theirs
    [[ -o globalrcs && -r $__rezup_etc/zprofile ]] && . "$__rezup_etc/zprofile"
    [[ -o rcs && -r ${ZDOTDIR:-$HOME}/.zprofile ]] && . "${ZDOTDIR:-$HOME}/.zprofile"
    \__rezup_ours middle
fi
