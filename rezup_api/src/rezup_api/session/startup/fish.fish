# Sourced by fish for an interactive session of rezup, after the user's own configuration.
set -l tools (string split ':' -- $REZUP_TOOLS)
set -l others
for folder in $PATH
    contains -- $folder $tools; or set -a others $folder
end
set -gx PATH $tools $others
if set -q REZUP_MARK
    # Shown before fish_prompt, which may be replaced at any time, and finds the last status as it was.
    set -g __rezup_mark $REZUP_MARK
    functions -q fish_mode_prompt; and functions -c fish_mode_prompt __rezup_mode_prompt
    function fish_mode_prompt
        echo -n -s $__rezup_mark
        functions -q __rezup_mode_prompt; and __rezup_mode_prompt
    end
end
set -e REZUP_TOOLS
set -e REZUP_MARK
set -e REZUP_STARTUP
