
# What follows -- is completed as a command of its own; the order of revisions is kept.
function __rezup_is_command
    contains -- -- (commandline -opc)
end

function __rezup_is_first
    test (commandline -opc)[-1] = --
end

function __rezup_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    set -e words[1..$at]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct) | string collect)
end

complete -e -c rezup
complete -c rezup -k -f -n 'not __rezup_is_command' -a '(__fish_rezup_complete)'
complete -c rezup -f -n __rezup_is_command -a '(__rezup_command)'
# The commands of the container, which are not on PATH here.
complete -c rezup -f -n __rezup_is_first -a '(__fish_rezup_complete)'
