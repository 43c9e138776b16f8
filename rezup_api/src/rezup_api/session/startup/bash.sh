# Read by bash for an interactive session of rezup, in place of ~/.bashrc, which it reads first.
[ -f /etc/bash.bashrc ] && . /etc/bash.bashrc
[ -f ~/.bashrc ] && . ~/.bashrc
case "$PATH" in
"$REZUP_TOOLS" | "$REZUP_TOOLS":*) ;;
*) PATH="$REZUP_TOOLS${PATH:+:$PATH}" ;;
esac
if [ -n "${REZUP_MARK-}" ]; then
    PS1="($REZUP_MARK) ${PS1-}"
fi
unset REZUP_TOOLS REZUP_MARK
