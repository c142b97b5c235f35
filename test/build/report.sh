#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 300
# What a build says: to people, on a terminal and elsewhere, and to machines.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
. "$KP_TOP/test/build/lib/edit.sh"
need script

edit fs/proc/meminfo.c 's/"VmallocChunk:   "/"VMALLOCCHUNK:   "/'
built fix.patch
for text in "Target: $release" "Compiling 1 object" "] DIFF fs/proc/meminfo.o (vmlinux)" \
	"changed function: meminfo_proc_show" "Built ./livepatch-fix.ko" "1 changed and 0 new functions"; do
	expect "$text" log
done
refute "$(printf '\033')" log

python3 - fix.patch livepatch-fix.ko "$release" <<'END' || fail "the report is wrong"
import hashlib, json, sys
patch, module, release = sys.argv[1:]
r = json.load(open("report.json"))
sha = lambda name: hashlib.sha256(open(name, "rb").read()).hexdigest()
assert r["status"] == "built" and r["exit_status"] == 0 and r["error"] is None
assert r["target"]["release"] == release and r["target"]["compiler"]
assert r["patches"] == [{"file": patch, "sha256": sha(patch), "files": ["fs/proc/meminfo.c"]}]
assert r["diffs_sha256"] == [sha(patch)] and r["fixes"] == r["titles"] == r["authors"] == []
assert r["patch_version"] is None and r["package"] is None
assert r["module"]["sha256"] == sha(module) and r["module"]["size"] > 1000
[o] = r["objects"]
assert (o["object"], o["objname"], o["status"]) == ("fs/proc/meminfo.o", "vmlinux", "written")
assert o["changed"] == ["meminfo_proc_show"] and o["new"] == []
assert {"phase", "seconds"} <= set(r["timings"][0]) and r["seconds"] > 0
END

# Quiet is quiet.
built -q fix.patch
[ ! -s log ] || { cat log; fail "-q is not quiet"; }

# On a terminal, progress overwrites itself.
TERM=xterm script -qec "kpatch-build -a $release fix.patch" /dev/null >log 2>&1 || fail "no build"
grep -q "$(printf '\r\033\[K')" log || fail "no progress line"

# A report that cannot be written fails the build.
status 1 kpatch-build -q -a "$release" --json /nowhere/report.json fix.patch >log 2>&1
expect "/nowhere/report.json" log
