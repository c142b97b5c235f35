# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2034
# For tests that build patches of the newest installed 6.1: sets $release and $master (the prepared
# tree), and gives edit, built and names.
need kpatch-build python3
release=$(kernels | grep '^6\.1\.' | tail -n 1)
[ -n "$release" ] || skip "no 6.1 kernel with headers is installed"
cd "$tmp" || exit 1
mkdir new

# prepare: make the first build prepare the tree, where sources to edit come from
prepare() {
	printf -- '--- a/fs/proc/meminfo.c\n+++ b/fs/proc/meminfo.c\n@@ -1 +1 @@\n-x\n+y\n' >no.patch
	kpatch-build -q -a "$release" no.patch >log 2>&1 && fail "a patch that does not apply was built"
	for master in "$KPATCH_CACHE/$release"-*/master; do :; done
	[ -d "$master/fs" ] || { cat log; fail "no prepared tree in $KPATCH_CACHE"; }
}
prepare

# edit FILE SED_ARGUMENT...: adds to $tmp/fix.patch what sed changes in the file
edit() {
	local file=$1
	shift
	sed "$@" "$master/$file" >new/file
	! cmp -s "$master/$file" new/file || fail "$file is not what this test knows; adapt it"
	diff -u --label "a/$file" --label "b/$file" "$master/$file" new/file >>fix.patch || true
}

# built ARGUMENT...: kpatch-build must succeed; its output is in $tmp/log, its report in report.json
built() {
	kpatch-build -a "$release" --json report.json "$@" >log 2>&1 || {
		sed 's/^/  | /' log >&2
		fail "kpatch-build $* failed"
	}
}

# names KIND: "object (objname): names" of report.json's objects, one line each, for those with any
names() {
	python3 - "$1" <<-'END'
		import json, sys
		for o in json.load(open("report.json"))["objects"]:
		    if o[sys.argv[1]]:
		        print("%s (%s): %s" % (o["object"], o["objname"], " ".join(sorted(o[sys.argv[1]]))))
	END
}

# same WHAT WANTED GOT
same() {
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}
