# Sourced by fish for an interactive session of rezup, after the user's own configuration.
set -l tools (string split ':' -- $REZUP_TOOLS)
if test "$PATH[1]" != "$tools[1]"
    set -gx PATH $tools $PATH
end
if set -q REZUP_MARK
    functions -q fish_prompt; and functions -c fish_prompt __rezup_user_prompt
    set -g __rezup_mark $REZUP_MARK
    function fish_prompt
        printf '(%s) ' $__rezup_mark
        functions -q __rezup_user_prompt; and __rezup_user_prompt
    end
end
set -e REZUP_TOOLS
set -e REZUP_MARK
