# Read by zsh for an interactive session of rezup, through ZDOTDIR; the user's own files are read as ever.
if [[ -n "$REZUP_ZDOTDIR" ]]; then
    __rezup_home="$REZUP_ZDOTDIR"
else
    __rezup_home="$HOME"
fi
__rezup_startup="$ZDOTDIR"
ZDOTDIR="$__rezup_home"
[[ -f "$ZDOTDIR/.zshenv" ]] && . "$ZDOTDIR/.zshenv"
__rezup_home="$ZDOTDIR"
ZDOTDIR="$__rezup_startup"
