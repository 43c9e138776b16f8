# Read by zsh for an interactive session of rezup, after .zshenv beside this file.
ZDOTDIR="$__rezup_home"
# The system's zshrc, as on macOS, may have put the history beside this file.
[[ "$HISTFILE" == "$__rezup_startup"/* ]] && HISTFILE="$ZDOTDIR/${HISTFILE:t}"
[[ -f "$ZDOTDIR/.zshrc" ]] && . "$ZDOTDIR/.zshrc"
if [[ -z "$REZUP_ZDOTDIR" && "$ZDOTDIR" == "$HOME" ]]; then
    unset ZDOTDIR
fi
case "$PATH" in
"$REZUP_TOOLS" | "$REZUP_TOOLS":*) ;;
*) PATH="$REZUP_TOOLS${PATH:+:$PATH}" ;;
esac
if [[ -n "$REZUP_MARK" ]]; then
    PS1="($REZUP_MARK) $PS1"
fi
unset REZUP_TOOLS REZUP_MARK REZUP_ZDOTDIR __rezup_home __rezup_startup
