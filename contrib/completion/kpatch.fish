# SPDX-License-Identifier: GPL-2.0
# fish: kpatch or kpatch-build, whichever the file is called, from what it says with --help.

# The patches that are loaded, and those installed for the running kernel
function __kpatch_names
    for path in /sys/kernel/{kpatch,livepatch}/*/enabled
        basename (dirname $path)
    end
    for path in /var/lib/kpatch/(uname -r)/*.ko*
        basename $path | string replace -r '\.ko.*' ''
    end
end

# __kpatch_complete KIND: arguments of "complete", by the names that --help has for values
function __kpatch_complete
    switch $argv[1]
        case '*FILE*' '*PATCH*'
            echo -- -F
        case '*DIR*'
            printf '%s\n' -f -a '(__fish_complete_directories)'
        case '*RELEASE*'
            printf '%s\n' -f -a '(path basename /lib/modules/*)'
        case '*COMMAND*'
            printf '%s\n' -f -a '(__fish_complete_command)'
        case '*KIND*'
            printf '%s\n' -f -a 'deb rpm'
        case '*CORE*'
            printf '%s\n' -f -a 'kpatch livepatch'
        case '*'
            echo -- -f
    end
    string match -q '*NAME*' -- $argv[1]
    and printf '%s\n' -a '(__kpatch_names)'
end

function __kpatch_register -a program
    set -l help ($program --help 2>/dev/null)
    set -l commands

    for line in $help
        # "  -o, --output=DIR  folder for the module"
        set -l option (string match -r '^ +(-[^ ,-]|)(?:, )?--([a-z-]+)([= ][A-Z]+|)(?: +(.*)|)$' -- $line)
        if set -q option[1]
            set -l more -l $option[3]
            test -n "$option[2]"; and set -a more -s (string sub -s 2 -- $option[2])
            # A name that is asked for by an option is a new one.
            test -n "$option[4]"; and set -a more -r (__kpatch_complete (string replace NAME '' -- $option[4]))
            complete -c $program $more -d "$option[5]"
            continue
        end
        # "  load FILE|NAME  put a patch in force"
        set -l command (string match -r '^  ([a-z-]+) ([A-Z|.]*) *(.*)$' -- $line)
        set -q command[1]; or continue
        set -a commands $command[2]
        complete -c $program -n __fish_use_subcommand -f -a $command[2] -d $command[4]
        complete -c $program -n "__fish_seen_subcommand_from $command[2]" (__kpatch_complete $command[3])
    end
    set -q commands[1]
    or complete -c $program (__kpatch_complete (string replace -r '.*\] ' '' -- $help[1]))
end

__kpatch_register (path basename (status filename) | path change-extension '')
