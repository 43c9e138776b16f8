@rem Read by cmd for an interactive session of rezup, after what the registry's AutoRun names.
@set "PATH=%REZUP_TOOLS%;%PATH%"
@if not defined PROMPT set "PROMPT=$P$G"
@if defined REZUP_MARK set "PROMPT=%REZUP_MARK%%PROMPT%"
@set "REZUP_TOOLS="
@set "REZUP_MARK="
@set "REZUP_STARTUP="
