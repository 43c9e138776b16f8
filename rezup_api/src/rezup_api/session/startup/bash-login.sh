# Read by bash in place of bash.sh, where the shell that the user is in is a login shell.
__rezup_login=yes
. "${BASH_SOURCE[0]%-login.sh}.sh"
