"""A session in a revision: its lease, its environment, its shell, and the command that this process becomes."""

from rezup_api import offer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rezup_api.session.customize import check_run as check_run, site_script as site_script
    from rezup_api.session.detection import (
        choose_shell as choose_shell,
        parent_words as parent_words,
        shell_of as shell_of,
    )
    from rezup_api.session.editors import EDITORS as EDITORS, editor_settings as editor_settings
    from rezup_api.session.entry import Session as Session, enter as enter
    from rezup_api.session.environment import (
        OWN as OWN,
        SessionEnviron as SessionEnviron,
        remembered as remembered,
        without_session as without_session,
    )
    from rezup_api.session.formats import (
        Written as Written,
        changes as changes,
        holding as holding,
        written as written,
    )
    from rezup_api.session.launch import become as become, detach as detach
    from rezup_api.session.launcher import Launcher as Launcher
    from rezup_api.session.launchers import list_launchers as list_launchers
    from rezup_api.session.shells import (
        Opening as Opening,
        interactive as interactive,
        script_command as script_command,
    )

offer(
    globals(),
    {
        "customize": "check_run site_script",
        "detection": "choose_shell parent_words shell_of",
        "editors": "EDITORS editor_settings",
        "entry": "Session enter",
        "environment": "OWN SessionEnviron remembered without_session",
        "formats": "Written changes holding written",
        "launch": "become detach",
        "launcher": "Launcher",
        "launchers": "list_launchers",
        "shells": "Opening interactive script_command",
    },
)
