# Read by zsh after .zshrc, where the shell that the user is in is a login shell.
if true; then
    __rezup_theirs
    [[ -o globalrcs && -r $__rezup_etc/zlogin ]] && . "$__rezup_etc/zlogin"
    [[ -o rcs && -r ${ZDOTDIR:-$HOME}/.zlogin ]] && . "${ZDOTDIR:-$HOME}/.zlogin"
    \__rezup_ours last
fi
