#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# Patches of all shapes: several at once, new files, included sources, two modules and vmlinux, parts
# that do not matter; and what a build leaves behind.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
. "$KP_TOP/test/build/lib/edit.sh"

# Two patches, the second one on top of the first.
edit fs/proc/meminfo.c 's/"VmallocChunk:   "/"VMALLOCCHUNK:   "/'
mv fix.patch first.patch
sed 's/VMALLOCCHUNK/VMALLOCPIECE/; s/^-\(.*\)VmallocChunk/-\1VMALLOCCHUNK/' first.patch >second.patch
built -n two first.patch second.patch
strings -a two.ko >text
expect VMALLOCPIECE text
refute VMALLOCCHUNK text
same "two patches" "fs/proc/meminfo.o (vmlinux): meminfo_proc_show" "$(names changed)"

# The second one in the wrong order.
status 1 kpatch-build -a "$release" second.patch first.patch >log 2>&1
expect "hunk 1 does not apply to fs/proc/meminfo.c" log

# The same patch twice.
status 1 kpatch-build -a "$release" first.patch first.patch >log 2>&1
expect "already" log
expect "leave this part out" log

# A new source and header, and the line that builds it.
edit fs/proc/Makefile 's/^proc-y\t+= meminfo.o/&\nproc-y\t+= kptest.o/'
edit fs/proc/meminfo.c 's/^#include "internal.h"/&\n#include "kptest.h"/; s/^\tshow_val_kb(m, "MemFree: /\tkptest(m);\n&/'
cat >>fix.patch <<'END'
--- /dev/null
+++ b/fs/proc/kptest.h
@@ -0,0 +1,2 @@
+struct seq_file;
+void kptest(struct seq_file *m);
diff --git a/fs/proc/kptest.c b/fs/proc/kptest.c
new file mode 100644
--- /dev/null
+++ b/fs/proc/kptest.c
@@ -0,0 +1,8 @@
+// SPDX-License-Identifier: GPL-2.0
+#include <linux/seq_file.h>
+#include "kptest.h"
+
+void kptest(struct seq_file *m)
+{
+	seq_puts(m, "kptest\n");
+}
--- a/Documentation/none.rst
+++ b/Documentation/none.rst
@@ -1 +1 @@
-a
+b
END
built fix.patch
same "changed in a new-file patch" "fs/proc/meminfo.o (vmlinux): meminfo_proc_show" "$(names changed)"
same "new in a new-file patch" "fs/proc/kptest.o (vmlinux): kptest" "$(names new)"
expect "Documentation/none.rst: not applied" log
rm fix.patch

# A source that is included by another one, vmlinux and a module.
edit kernel/sched/idle.c 's/^\(.*\)cpuidle_poll_state_init.*/&/; /^void cpu_idle_poll_ctrl(bool enable)/,/^}/s/WARN_ON_ONCE(cpu_idle_force_poll < 0);/&\n\t\tbarrier_data(\&cpu_idle_force_poll);/'
edit net/netfilter/nf_tables_api.c '/^static int nf_tables_gettable(/,/^}/s/int err;/int err = 0;\n\n\tbarrier_data(\&err);/'
built --name 'odd/name with.dots' fix.patch
expect "kernel/sched/build_policy.o (vmlinux)" log
expect "net/netfilter/nf_tables_api.o (nf_tables)" log
[ -f odd-name-with-dots.ko ] || fail "the name was not sanitised: $(ls)"

# Only a part of it.
built -t nf-tables -n part fix.patch
refute build_policy.o log
expect nf_tables_gettable log
rm fix.patch

# An object in two modules: both are patched, or the one that is asked for.
edit drivers/net/ethernet/cavium/liquidio/lio_core.c '/^int liquidio_set_feature(/,/^}/s/^\tstruct octnic_ctrl_pkt nctrl;/&\n\n\tbarrier_data(\&cmd);/'
built -n both fix.patch
expect "lio_core.o (liquidio)" log
expect "lio_core.o (liquidio_vf)" log
built -n one -t liquidio-vf fix.patch
refute "lio_core.o (liquidio)" log
expect "lio_core.o (liquidio_vf)" log
rm fix.patch

# No change for the kernel at all.
edit fs/proc/meminfo.c 's|^#include "internal.h"|& /* a comment */|'
status 3 kpatch-build -a "$release" --json report.json fix.patch >log 2>&1
expect "no functional changes" log
expect '"exit_status": 3' report.json
printf -- '--- a/Documentation/none.rst\n+++ b/Documentation/none.rst\n@@ -1 +1 @@\n-a\n+b\n' >doc.patch
status 3 kpatch-build -a "$release" doc.patch >log 2>&1
expect "changes nothing in the kernel's code" log

# Two builds of one patch, in two places, with two caches, give the same module.
mkdir -p else/where
cp first.patch else/where/first.patch
built -o else first.patch
(cd else/where && kpatch-build -q -j1 -a "$release" first.patch)
cmp else/livepatch-first.ko else/where/livepatch-first.ko || fail "two builds differ"

# A build that is interrupted, and one that is killed: nothing half-done, nothing in the way.
for signal in INT TERM KILL; do
	mkdir "$signal"
	kpatch-build -q -a "$release" -o "$signal" first.patch >log 2>&1 &
	pid=$!
	sleep 0.7
	kill -"$signal" "$pid" 2>/dev/null || true
	got=0
	wait "$pid" || got=$?
	[ "$got" -ne 0 ] || [ -s "$signal/livepatch-first.ko" ] || fail "$signal: status 0 without a module"
	[ "$got" -eq 0 ] || [ -z "$(ls -A "$signal")" ] || fail "$signal: left $(ls -A "$signal")"
done
built first.patch
# (What a living build uses is locked; old.* are working copies that are used again.)
left=$(left_in_cache "$release")
[ -z "$left" ] || fail "left in the cache: $left"

# Four builds at once on one cache.
for i in 1 2 3 4; do
	mkdir "at-once-$i"
	kpatch-build -q -a "$release" -o "at-once-$i" first.patch &
done
wait
for i in 1 2 3 4; do
	cmp else/livepatch-first.ko "at-once-$i/livepatch-first.ko" || fail "build $i of four differs"
done
