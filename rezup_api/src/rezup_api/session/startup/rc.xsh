# Read by xonsh for an interactive session of rezup, in place of the user's own start-up files, which it reads first.


def __rezup_start():
    import os

    from xonsh.built_ins import XSH
    from xonsh.environ import xonshrc_context
    from xonsh.events import events

    env = XSH.env
    tools = env.pop("REZUP_TOOLS").split(os.pathsep)
    mark = env.pop("REZUP_MARK", "")

    def keep_mark(**_):
        prompt = env["PROMPT"]
        if callable(prompt):
            if not getattr(prompt, "is_marked", False):

                def marked():
                    shown = prompt()
                    return shown if mark in shown else mark + shown

                marked.is_marked = True
                env["PROMPT"] = marked
        elif mark not in prompt:
            env["PROMPT"] = mark + prompt

    # Once all is set up, also the extensions that are loaded by themselves.
    def finish(**_):
        path = env["PATH"]
        for folder in tools:
            while folder in path:
                path.remove(folder)
        for folder in reversed(tools):
            path.insert(0, folder)
        if mark:
            keep_mark()
            events.on_pre_prompt(keep_mark)

    events.on_post_init(finish)
    XSH.rc_files = xonshrc_context(
        rcfiles=env.get("XONSHRC"),
        rcdirs=env.get("XONSHRC_DIR"),
        execer=XSH.execer,
        ctx=XSH.ctx,
        env=env,
        login=bool(env.get("XONSH_LOGIN")),
    )


try:
    __rezup_start()
finally:
    del __rezup_start
