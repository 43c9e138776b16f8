# Read by zsh after .zshenv and .zprofile.
if true; then
    __rezup_theirs
    [[ -o globalrcs && -r $__rezup_etc/zshrc ]] && . "$__rezup_etc/zshrc"
    [[ -o rcs && -r ${ZDOTDIR:-$HOME}/.zshrc ]] && . "${ZDOTDIR:-$HOME}/.zshrc"
    if [[ -o login ]]; then
        \__rezup_ours middle
    else
        \__rezup_ours last
    fi
fi
