#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 600
# Options of kpatch-build that help when something is wrong: -d, --keep, --skip-compiler-check.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
. "$KP_TOP/test/build/lib/edit.sh"

edit fs/proc/meminfo.c 's/"VmallocChunk:   "/"VMALLOCCHUNK:   "/'
built fix.patch
refute "+ make -C" log
refute "included: " log

# More is said: what goes into the diff object, and what the link does.
built -d fix.patch
expect "meminfo.o: included: " log
expect "+ make -C " log

# kept: the last build has left its folder, and says so; it goes now
kept() {
	local folder
	folder=$(sed -n 's/^ *temporary files: \(.*\)$/\1/p' log)
	[ -d "$folder" ] || { cat log; fail "no folder is kept"; }
	[ -n "$(find "$folder" -name '*.o' -print -quit)" ] || fail "$folder has no objects"
	rm -r "$folder"
}
built --keep fix.patch
refute "+ make -C" log
kept
built -d --debug fix.patch
expect "+ make -C " log
kept

# A compiler that says it is another version
cc=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ ]*\) .*/\1/p' "/boot/config-$release")
mkdir other
cat >"other/$cc" <<-END
	#!/bin/sh
	case \$* in --version) echo "$cc (Other 1.0) 99.1.0"; exit ;; esac
	exec $(command -v "$cc") "\$@"
END
chmod +x "other/$cc"
PATH=$tmp/other:$PATH
hash -r
status 1 kpatch-build -a "$release" fix.patch >log 2>&1
expect "--skip-compiler-check" log
# With the option it gets on to what comes next, the cache.
status 1 kpatch-build -a "$release" --skip-compiler-check --cache /proc/none fix.patch >log 2>&1
expect "/proc/none" log
refute "99.1.0" log
