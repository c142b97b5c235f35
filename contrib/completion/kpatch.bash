# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# bash: kpatch and kpatch-build, from what they say with --help.

# _kpatch_value OPTION HELP: what the option's value is called, as in "-o, --output=DIR"
_kpatch_value()
{
	[[ $2 =~ (^|[[:space:]])"$1"(, --[a-z-]+)?[=\ ]([A-Z]+)([[:space:]]|$) ]] && echo "${BASH_REMATCH[3]}"
}

# The patches that are loaded, and those installed for the running kernel
_kpatch_names()
{
	local path
	for path in /sys/kernel/{kpatch,livepatch}/*/enabled /var/lib/kpatch/"$(uname -r)"/*.ko*; do
		[[ -e $path ]] || continue
		path=${path%/enabled}
		path=${path##*/}
		echo "${path%.ko*}"
	done
}

# _kpatch_complete KIND: by the names that --help has for values
_kpatch_complete()
{
	case $1 in
	*FILE* | *PATCH*) _filedir ;;
	*DIR*) _filedir -d ;;
	*RELEASE*) COMPREPLY=($(compgen -W "$(ls /lib/modules 2>/dev/null)" -- "$cur")) ;;
	*COMMAND*) COMPREPLY=($(compgen -c -- "$cur")) ;;
	*KIND*) COMPREPLY=($(compgen -W 'deb rpm' -- "$cur")) ;;
	*CORE*) COMPREPLY=($(compgen -W 'kpatch livepatch' -- "$cur")) ;;
	esac
	[[ $1 != *NAME* ]] || COMPREPLY+=($(compgen -W "$(_kpatch_names)" -- "$cur"))
}

_kpatch()
{
	local cur prev words cword split help commands word
	_init_completion -s || return
	help=$("$1" --help 2>/dev/null) || return
	commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' <<<"$help")

	word=$(_kpatch_value "$prev" "$help")
	if [[ $prev == -* && $word ]]; then
		_kpatch_complete "$([[ $commands && $word == NAME ]] || echo "$word")"
		return
	fi
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$(_parse_help "$1")" -- "$cur"))
		[[ ${COMPREPLY-} != *= ]] || compopt -o nospace
		return
	fi
	if [[ ! $commands ]]; then
		_kpatch_complete "$(sed -n '1s/.*\] //p' <<<"$help")"
		return
	fi
	for word in "${words[@]:1:cword-1}"; do
		[[ $'\n'$commands$'\n' == *$'\n'$word$'\n'* ]] || continue
		_kpatch_complete "$(sed -n "/^Commands:/,/^\$/s/^  $word \([A-Z|.]*\) .*/\1/p" <<<"$help")"
		return
	done
	COMPREPLY=($(compgen -W "$commands" -- "$cur"))
}

complete -F _kpatch kpatch kpatch-build
