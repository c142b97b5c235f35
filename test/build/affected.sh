#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 900
# A patched header: only objects that use what changes are compiled, and a header that would mean
# compiling half of the kernel is refused with numbers.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
. "$KP_TOP/test/build/lib/edit.sh"

# 439 objects see net/tcp.h; a dozen uses this.
edit include/net/tcp.h 's/^#define TCP_RTO_MAX\t((unsigned)(120\*HZ))/#define TCP_RTO_MAX\t((unsigned)(121*HZ))/'
built fix.patch
grep -E 'Searching [0-9]{3,} objects' log >/dev/null || { cat log; fail "no search"; }
count=$(sed -n 's/^Compiling \([0-9]*\) objects.*/\1/p' log)
[ "$count" -ge 8 ] && [ "$count" -le 30 ] || fail "$count objects were compiled"
names changed >changed
for function in tcp_conn_request tcp_connect tcp_retransmit_timer; do
	expect "$function" changed
done
rm fix.patch

# Nothing uses it.
edit fs/proc/internal.h '$i #define KPATCH_TEST 1'
status 3 kpatch-build -a "$release" fix.patch >log 2>&1
grep -E 'Searching [0-9]{2,} objects' log >/dev/null || { cat log; fail "no search"; }
rm fix.patch

# Everything uses it.
edit include/linux/sched.h 's/^struct task_struct {/&\n\tint kpatch_test;/'
status 1 kpatch-build -a "$release" fix.patch >log 2>&1
expect "minutes" log
expect "--max-objects" log
rm fix.patch

# Assembly uses it.
edit arch/x86/include/asm/processor-flags.h 's/^\(# define X86_CR3_PTI_PCID_USER_BIT\)\t11/\1\t10/'
status 2 kpatch-build -a "$release" fix.patch >log 2>&1
expect "arch/x86/entry/calling.h: X86_CR3_PTI_PCID_USER_BIT: this is assembly" log
