#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The author's guide shows nothing that is not there: each ```diff FILE block is part of that file, word for word; a
# test builds or loads each diff in examples/; the calls that the scenario "series" expects are those in its table;
# the files that it names exist, and so do the headings that it links to.
set -eu
cd "$(dirname "$0")/../.."
guide=doc/patch-author-guide.md
status=0

wrong() {
	echo "$guide: $*"
	status=1
}

# In fenced blocks with a file, and in no other place, there are diffs.
file='' block='' blocks=0
while IFS= read -r line; do
	case $line in
	'```diff') wrong "a diff of no file: '$line'" ;;
	'```diff '*) file=${line#'```diff '} block='' ;;
	'```')
		if [ -n "$file" ]; then
			blocks=$((blocks + 1))
			[ -e "$file" ] && [[ $'\n'$(<"$file")$'\n' == *$'\n'"$block"* ]] ||
				wrong "$file has no such part: $(head -n 1 <<<"$block") ..."
		fi
		file=''
		;;
	*) [ -z "$file" ] || block+=$line$'\n' ;;
	esac
done <"$guide"
[ $blocks -gt 5 ] || wrong "only $blocks diffs"

for patch in examples/*.patch examples/*/*.patch; do
	name=${patch/%-6.[0-9]*.patch/.patch}
	grep -qs "$name" test/vm/scenarios/*/flags test/build/*.sh ||
		grep -q "^\$ kpatch-build .*$patch" "$guide" || wrong "no test has $patch"
done

# A row's calls without what separates them
table=$(sed -n '/^| /{ s/` \\| `/ /; p; }' "$guide")
while read -r calls; do
	case $calls in
	*:*) [[ $table == *$calls* ]] || wrong "no row says '$calls'" ;;
	esac
done < <(sed -n 's/^calls //p' test/vm/scenarios/series/run.sh)

while read -r name; do
	[ -e "$name" ] || wrong "there is no $name"
done < <(grep -o '`\(examples\|test\)/[^`]*`' "$guide" | tr -d '`')

headings=$(sed -n 's/^##* //p' "$guide" | tr '[:upper:] ' '[:lower:]-' | tr -cd 'a-z0-9\n-')
while read -r link; do
	grep -qx -e "$link" <<<"$headings" || wrong "no heading for #$link"
done < <(grep -o '](#[^)]*)' "$guide" | tr -d ']()#')
exit $status
