#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Documents: links to files and headings lead somewhere, pictures are well-formed, the README's commands are marked and
# its diff is the example's. Links to other sites are not looked at.
set -eu
cd "$(dirname "$0")/../.."
status=0

wrong() {
	echo "$*"
	status=1
}

# headings FILE: as in links to them
headings() {
	sed -n 's/^##* //p' "$1" | tr '[:upper:] ' '[:lower:]-' | tr -cd 'a-z0-9_\n-'
}

count=0
for page in README.md doc/*.md; do
	while read -r link; do
		case $link in *://*) continue ;; esac
		count=$((count + 1))
		file=${link%%#*}
		[ -n "$file" ] && file=$(dirname "$page")/$file || file=$page
		if [ ! -e "$file" ]; then
			wrong "$page: there is no $link"
		elif [[ $link == *'#'* ]] && ! headings "$file" | grep -qx -e "${link#*#}"; then
			wrong "$page: $file has no heading for #${link#*#}"
		fi
	done < <(grep -o '](\([^)]*\))' "$page" | sed 's/^](//; s/)$//')
done
[ $count -gt 10 ] || wrong "only $count links"

for picture in doc/*.svg; do
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$picture" ||
		wrong "$picture is not well-formed"
	grep -q "]($picture)" README.md || wrong "README.md does not show $picture"
done

# Each block of commands has a mark of contrib/record-session, and each mark a block.
awk '
	/^<!-- run: / {
		if ($0 !~ /^<!-- run: (host|guest)( recorded)? -->$/ && $0 !~ /^<!-- run: no, .* -->$/)
			bad("a mark that nobody knows")
		if (mark)
			bad("a mark without a block before this one")
		mark = 1
		next
	}
	/^```sh$/ {
		if (!mark)
			bad("a block of commands without a mark")
		mark = 0
	}
	/^    [$#] / { bad("a command outside a block") }
	/^```(bash|shell|console)/ { bad("commands are in blocks of \"sh\"") }
	END {
		if (mark)
			bad("a mark without a block")
		exit status
	}
	function bad(what) {
		print "README.md:" FNR ": " what
		status = 1
	}' README.md || status=1

# What is shown of the example is all of it but its message.
diff <(sed -n '/^```diff$/,/^```$/{ /^```/d; p; }' README.md) \
	<(sed -n '/^--- /,$p' examples/meminfo-string.patch | sed '/^ *$/d') ||
	wrong "README.md shows another diff than examples/meminfo-string.patch"
exit $status
