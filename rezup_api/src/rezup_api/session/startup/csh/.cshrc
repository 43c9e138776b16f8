# Read by csh and tcsh for an interactive session of rezup: HOME has led them here. The user's own files are read first.
set __rezup_tools = "$REZUP_TOOLS"
set __rezup_mark = ""
# On one line, the variable would be asked for even where it is not set.
if ($?REZUP_MARK) then
    set __rezup_mark = "$REZUP_MARK"
endif
set __rezup_login = 0
if ($?REZUP_LOGIN) set __rezup_login = 1
setenv HOME "$REZUP_HOME"
set home = "$REZUP_HOME"
unsetenv REZUP_TOOLS
unsetenv REZUP_MARK
unsetenv REZUP_LOGIN
unsetenv REZUP_HOME

if ($__rezup_login && -r /etc/csh.login) source /etc/csh.login
if ($?tcsh && -r "$home/.tcshrc") then
    source "$home/.tcshrc"
else if (-r "$home/.cshrc") then
    source "$home/.cshrc"
endif
if ($__rezup_login && -r "$home/.login") source "$home/.login"

setenv PATH "${__rezup_tools}:${PATH}"
if ("$__rezup_mark" != "") then
    if ($?prompt) then
        set prompt = "${__rezup_mark}$prompt:q"
    endif
    # Some users of tcsh set theirs as late as this.
    if ($?tcsh && "`alias precmd`" != "") then
        alias __rezup_precmd "`alias precmd`"
        alias precmd '__rezup_precmd; if ("$prompt:q" !~ "$__rezup_mark:q"*) set prompt = "${__rezup_mark}$prompt:q"'
    else
        unset __rezup_mark
    endif
else
    unset __rezup_mark
endif
unset __rezup_tools __rezup_login
