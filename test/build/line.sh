#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 600
# Lines that a patch shifts keep their numbers: functions that use __LINE__ do not count as changed.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
. "$KP_TOP/test/build/lib/edit.sh"

# Early in files that are full of WARN_ON, BUG_ON, might_sleep and printk_ratelimit.
edit fs/proc/meminfo.c 's/^\tshow_val_kb(m, "MemFree: /\n\n\n&/; s/"VmallocChunk:   "/"VMALLOCCHUNK:   "/'
edit fs/namei.c '/^void putname(struct filename \*name)/,/^}/s/if (IS_ERR(name))/if (!name)\n\t\treturn;\n\n&/'
edit mm/memory.c '/^static void tlb_fini\|^void free_pgd_range(/,/^}/s/^\taddr &= PMD_MASK;/\n\tbarrier();\n\n&/'
built fix.patch
same "changed" "fs/namei.o (vmlinux): putname
fs/proc/meminfo.o (vmlinux): meminfo_proc_show
mm/memory.o (vmlinux): free_pgd_range" "$(names changed)"
refute "cannot hold it" log
rm fix.patch

# The same in a header that many sources see: only what really uses the function.
edit include/linux/seq_file.h 's|^static inline bool seq_has_overflowed(struct seq_file \*m)|/*\n * three\n * lines\n */\n&|'
status 3 kpatch-build -a "$release" --max-objects 1000 fix.patch >log 2>&1
rm fix.patch
