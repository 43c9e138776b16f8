# Read by PowerShell for an interactive session of rezup, after the user's profiles.
& {
    $separator = [IO.Path]::PathSeparator
    $tools = $env:REZUP_TOOLS.Split($separator)
    $others = "$env:PATH".Split($separator) | Where-Object { $tools -cnotcontains $_ }
    $env:PATH = (@($tools) + @($others)) -join $separator
    $mark = $env:REZUP_MARK
    foreach ($name in 'REZUP_TOOLS', 'REZUP_MARK', 'REZUP_STARTUP') {
        [Environment]::SetEnvironmentVariable($name, $null)
    }
    if ($mark) {
        $theirs = $function:prompt
        # Theirs is called first, so that it finds the last status as it was.
        $function:global:prompt = {
            $shown = & $theirs
            "$mark$shown"
        }.GetNewClosure()
    }
}
