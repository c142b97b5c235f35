# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # set by run
# Which files differ, which of them the kernel builds, and a sample of them.

# The .c files of both versions, unpacked once; a list of those that are in both and differ.
list_differences() {
	local version
	for version in "$old" "$new"; do
		[ ! -d "$dir/src-$version" ] || continue
		rm -rf "$dir/unpack"
		mkdir "$dir/unpack"
		tar -xf "$dir/$version.tar.xz" -C "$dir/unpack" --strip-components=1 --wildcards '*.c'
		mv "$dir/unpack" "$dir/src-$version"
	done
	# Where the code of other machines or programs is, no look is needed to know that it is not built.
	(cd "$dir/src-$old" && find . -name '*.c' -printf '%P\n') |
		grep -Ev '^(Documentation|samples|scripts|tools|usr)/|^arch/[^x]|/(tests?|selftests?|vdso|boot|realmode|purgatory)/' |
		while read -r file; do
			[ ! -e "$dir/src-$new/$file" ] || cmp -s "$dir/src-$old/$file" "$dir/src-$new/$file" || echo "$file"
		done | sort >"$dir/differences"
}

# Sort key of a path: depends on seed and path alone, so one more file does not reshuffle the others.
shuffled() {
	local file
	while read -r file; do
		echo "$(printf '%s %s' "$seed" "$file" | sha256sum | cut -c 1-16) $file"
	done | sort | cut -d ' ' -f 2
}

choose_candidates() {
	if [ ${#files[@]} -gt 0 ]; then
		printf '%s\n' "${files[@]}" >"$dir/candidates"
		count=${#files[@]}
	else
		shuffled <"$dir/differences" >"$dir/candidates"
	fi
	echo "$(wc -l <"$dir/differences") files differ, $(wc -l <"$dir/candidates") of them may be built by $release"
}

# Patch of one file's difference, on standard output.
difference() {
	(cd "$dir" && diff -up --label "a/$1" --label "b/$1" "src-$old/$1" "src-$new/$1") || [ $? -eq 1 ]
}
