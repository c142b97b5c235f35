#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 1200
# What the author's guide says that kpatch-build says: its ```console blocks are run, and each line of them must come (lines
# are folded there, and "..." stands for others). A block with an error must end with status 2 and without a module.
. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/lib.sh"
need kpatch-build

release=$(kernels | grep '^6\.1\.' | tail -n 1)
[ -n "$release" ] || skip "no 6.1 kernel with headers is installed"
guide=$KP_TOP/doc/patch-author-guide.md
cd "$KP_TOP"

# fold TEXT: all white space is one blank
fold() {
	tr -s ' \t\n' ' ' <<<"$1"
}

# check COMMAND WANTED: run the command of a block; WANTED is the rest of it
check() {
	local -a words
	local command=$1 wanted=$2 got=0 want=0 output piece
	rm -rf "$tmp/out"
	mkdir "$tmp/out"
	read -r -a words <<<"$command"
	[ "${words[0]} ${words[1]}" = "$ kpatch-build" ] || fail "not a command to run: $command"
	[[ $wanted != error:* ]] || want=2
	kpatch-build -a "$release" -o "$tmp/out" "${words[@]:2}" >"$tmp/log" 2>&1 || got=$?
	[ $got -eq $want ] || {
		cat "$tmp/log"
		fail "'$command' ended with status $got, expected $want"
	}
	[ $want -eq 0 ] || [ -z "$(ls "$tmp/out")" ] || fail "'$command' left $(ls "$tmp/out")"
	output=$(fold "$(<"$tmp/log")")
	while IFS= read -r piece; do
		piece=$(fold "$piece")
		piece=${piece# } piece=${piece% }
		[[ $output == *"$piece"* ]] || {
			cat "$tmp/log"
			fail "'$command' does not say '$piece'"
		}
	done < <(awk '$0 == "..." { print ""; next } { printf "%s ", $0 } END { print "" }' <<<"$wanted")
	echo "ok $command"
}

command='' wanted='' inside=no blocks=0
while IFS= read -r line <&3; do
	case $inside$line in
	'no```console') inside=yes command='' wanted='' ;;
	'yes```')
		inside=no
		blocks=$((blocks + 1))
		check "$command" "$wanted"
		;;
	yes*) if [ -z "$command" ]; then command=$line; else wanted+=$line$'\n'; fi ;;
	esac
done 3<"$guide"
[ $blocks -gt 5 ] || fail "only $blocks blocks"
