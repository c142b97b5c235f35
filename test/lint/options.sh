#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every option that a program's --help has is used by a test, and with the kpatch command every command, with each
# option that the manual gives it. A use is a line of a script that calls the program, or a function that does, and has
# the option, in its long or short form.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
bin=${KP_BUILD:-build}/bin
[ -x "$bin/kpatch" ] || { echo "there is no $bin/kpatch; run make"; exit 77; }
uses=$(mktemp)
trap 'rm -f "$uses"' EXIT
status=0

# calls PROGRAM: what tests call it with: lines without comments, those that go on made one
calls() {
	# Functions of a folder's lib.sh, or of its lib/, are known in all of the folder.
	find test/build test/diff test/fuzz test/real test/system test/vm -type f \( -name '*.sh' -o -name flags \) \
		! -name completion.sh 2>/dev/null | sed 's/.*\/lib[.\/].*/1 &/; t; s/^/2 /' | sort | cut -d ' ' -f 2 |
		xargs awk -v program="$1" '
		FNR == 1 {
			whole = inside = ""
			folder = FILENAME
			shared = sub(/\/lib(\.sh|\/.*)$/, "", folder)
			if (!shared)
				sub(/\/[^\/]*$/, "", folder)
			delete calls
		}
		/^[ \t]*#/ { next }
		{ whole = whole $0 }
		sub(/\\$/, " ", whole) { next }
		{
			line = whole
			whole = ""
			if (match(line, /^[a-z_]+\(\) /))
				inside = substr(line, 1, RLENGTH - 3)
			if (is_call(line)) {
				if (inside && shared)
					known[folder, inside] = 1
				else if (inside)
					calls[inside] = 1
				print line
			}
			if (line ~ /^}/ || line ~ /^[a-z_]+\(\) .*}$/)
				inside = ""
		}
		function is_call(text,  key, part) {
			if (named(text, program) || (program == "kpatch-build" && text ~ /^build:/))
				return 1
			for (key in calls)
				if (named(text, key))
					return 1
			for (key in known) {
				split(key, part, SUBSEP)
				if (part[1] == folder && named(text, part[2]))
					return 1
			}
			return 0
		}
		function named(text, word) {
			return (" " text " ") ~ ("[^a-z./$=_-]" word "[^a-z.=_-]")
		}'
}

# options PROGRAM: "--long -x" or "--long" for each that --help explains
options() {
	"$bin/$1" --help | sed -n 's/^ *\(-[[:alnum:]?]\)\{0,1\},\{0,1\} *\(--[a-z][a-z-]*\).*/\2 \1/p' | sort -u
}

# used LONG SHORT: a line on standard input has the option
used() {
	local pattern="(^|[ \"'({[])$1([]= \"')}]|\$)"
	# Letters may be in a bundle, and have their value behind them.
	[ -z "${2-}" ] || pattern+="|(^|[ \"'({[])-[A-Za-z]*${2#-}"
	grep -qE -e "$pattern" "$uses"
}

for program in kpatch-build create-diff-object kpatch-post-link kpatch; do
	calls "$program" >"$uses"
	count=0
	while read -r long short; do
		count=$((count + 1))
		used "$long" "$short" || {
			echo "no test uses $program $long${short:+ ($short)}"
			status=1
		}
	done < <(options "$program")
	[ $count -gt 3 ] || { echo "$program --help has only $count options?"; status=1; }
done

# $uses has the calls of kpatch now. The synopsis: "LETTER COMMAND" for each option that a command takes
mv "$uses" "$uses.all"
trap 'rm -f "$uses" "$uses.all"' EXIT
while read -r letter command; do
	long=$("$bin/kpatch" --help | sed -n "s/^ *-$letter, \(--[a-z-]*\).*/\1/p")
	grep -E -e "(^|[ \"'])$command( |\"|\$)" "$uses.all" >"$uses" || true
	used "$long" "-$letter" || {
		echo "no test uses kpatch $command $long"
		status=1
	}
done < <(awk '
	$1 == ".Sh" { synopsis = $2 == "SYNOPSIS" }
	!synopsis { next }
	$1 == ".Nm" { letters = "" }
	$1 == ".Op" && $2 == "Fl" { letters = letters $3 }
	$1 == ".Cm" {
		for (i = 1; i <= length(letters); i++)
			print substr(letters, i, 1), $2
	}' man/kpatch.8)
exit $status
