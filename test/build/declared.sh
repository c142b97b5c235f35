#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 600
# What a patch declares, with the kernel's real headers: states and types of shadow variables, shown and
# checked over all objects and for both cores.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
. "$KP_TOP/test/build/lib/edit.sh"

# source FILE FUNCTION-LINE STATEMENT: code from standard input at the end, STATEMENT after that line
source_with() {
	local file=$1 line=$2 statement=$3
	cp "$master/$file" new/file
	cat >new/head
	python3 - "$line" "$statement" <<-'END'
		import sys
		text = open("new/file").read()
		line, statement = sys.argv[1:]
		assert text.count(line) == 1, line
		where = text.rindex("\nstatic int ", 0, text.index(line))
		text = text[:where] + "\n" + open("new/head").read() + text[where:]
		open("new/file", "w").write(text.replace(line, line + "\n\t" + statement))
	END
	diff -u --label "a/$file" --label "b/$file" "$master/$file" new/file >>fix.patch || true
}
meminfo='	si_meminfo(&i);'
devices='	int i = *(loff_t *) v;'

# types: "ID CTOR DTOR" of all objects of the report
types() {
	python3 - <<-'END'
		import json
		for o in json.load(open("report.json"))["objects"]:
		    for t in o["shadow_types"]:
		        print(o["object"], t["id"], t["ctor"], t["dtor"], len(t["where"]))
	END
}

# The example of the kernel's document on shadow variables: a spinlock in one.
source_with fs/proc/meminfo.c "$meminfo" 'use_lock(m);' <<'END'
#include <linux/livepatch.h>
#define PS_LOCK 1
static int ps_lock_shadow_ctor(void *obj, void *shadow_data, void *ctor_data)
{
	spinlock_t *lock = shadow_data;

	spin_lock_init(lock);
	return 0;
}
static noinline void use_lock(void *obj)
{
	spinlock_t *ps_lock = klp_shadow_get_or_alloc(obj, PS_LOCK, sizeof(*ps_lock), GFP_ATOMIC,
						      ps_lock_shadow_ctor, NULL);

	if (ps_lock)
		spin_lock(ps_lock);
	if (ps_lock)
		spin_unlock(ps_lock);
	klp_shadow_free(obj, PS_LOCK, NULL);
}
END
built fix.patch
same "types" "fs/proc/meminfo.o 0x1 ps_lock_shadow_ctor None 2" "$(types)"
expect "shadow type: PS_LOCK, id 0x1, ctor ps_lock_shadow_ctor, no dtor (fs/proc/meminfo.c:" log
expect ", 4 bytes" log
readelf -SWr livepatch-fix.ko >elf
expect ".kpatch.shadow_types" elf
refute ".kpatch.shadow " elf
expect "kp_klp_shadow_get_or_alloc" elf
refute kpatch_recorded elf
built --core=livepatch fix.patch
expect "note: PS_LOCK: shadow variables 0x1 are freed when the patch is disabled and no other livepatch is in force" log

# Another object means the same id differently.
source_with fs/proc/devices.c "$devices" 'klp_shadow_free(f, 1, other_dtor);' <<'END'
#include <linux/livepatch.h>
static void other_dtor(void *obj, void *data)
{
	*(long *)data = 0;
}
END
built fix.patch
sed -i 's/klp_shadow_free(obj, PS_LOCK, NULL)/klp_shadow_free(obj, PS_LOCK, (void *)ps_lock_shadow_ctor)/' fix.patch
status 2 kpatch-build -q -a "$release" fix.patch >log 2>&1
expect "shadow variable 0x1 with two dtors: fs/proc/" log
for text in "fs/proc/meminfo.c:" "has ps_lock_shadow_ctor" "fs/proc/devices.c:" "has other_dtor"; do
	expect "$text" log
done

# A static dtor in a header: each object has its own, with its own string.
rm fix.patch
for file in devices meminfo; do
	source_with fs/proc/$file.c "${!file}" "klp_shadow_free(v, 7, kp_dtor);" <<-'END'
		#include <linux/livepatch.h>
		#line 1 "include/linux/kp.h"
		static void kp_dtor(void *obj, void *data)
		{
			pr_info("kp_dtor of %px", *(void **)data);
		}
	END
done
built fix.patch
expect "shadow type: 7, id 0x7, no ctor, dtor kp_dtor" log

# An id that nobody can know, and the line that solves it.
rm fix.patch
source_with fs/proc/devices.c "$devices" 'klp_shadow_free(f, i, NULL);' <<<'#include <linux/livepatch.h>'
status 2 kpatch-build -q -a "$release" fix.patch >log 2>&1
expect "devinfo_show: shadow variable whose id, ctor or dtor is not constant at fs/proc/devices.c:" log
expect "KPATCH_SHADOW_TYPE(id, ctor, dtor);" log
rm fix.patch
source_with fs/proc/devices.c "$devices" 'klp_shadow_free(f, i, NULL);' <<'END'
#include "kpatch-macros.h"
KPATCH_SHADOW_TYPE(5, NULL, NULL);
END
built fix.patch
same "types" "fs/proc/devices.o 0x5 None None 1" "$(types)"

# Reading what an older patch made: nobody says how long that has to stay. Another source of the patch may.
rm fix.patch
source_with fs/proc/devices.c "$devices" 'if (klp_shadow_get(f, 5)) return 0;' <<<'#include <linux/livepatch.h>'
status 2 kpatch-build -q -a "$release" fix.patch >log 2>&1
expect "5: the patch reads shadow variables 0x5, but neither makes nor frees any: they would go with the patch that does (fs/proc/devices.c:" log
expect "KPATCH_SHADOW_TYPE(5, ctor, dtor);" log
built --core=livepatch fix.patch
source_with fs/proc/meminfo.c "$meminfo" 'klp_shadow_free(m, 5, NULL);' <<<'#include <linux/livepatch.h>'
built fix.patch
same "types" "fs/proc/meminfo.o 0x5 None None 1" "$(types)"

# A state that owns a type, wherever it stands; the other core knows no such thing.
rm fix.patch
source_with fs/proc/devices.c "$devices" 'klp_shadow_alloc(f, 5, 24, GFP_KERNEL, NULL, NULL);' <<'END'
#include "kpatch-macros.h"
KPATCH_SHADOW_TYPE(5, NULL, NULL, .state = "kp_owner");
END
status 2 kpatch-build -q -a "$release" fix.patch >log 2>&1
expect "5: shadow variable 0x5 is to belong to state kp_owner, which the patch does not declare (fs/proc/devices.c:" log
expect "KPATCH_STATE(kp_owner, ...), in any source of the patch" log
source_with fs/proc/meminfo.c "$meminfo" 'klp_shadow_free(m, 5, NULL);' <<'END'
#include "kpatch-macros.h"
KPATCH_STATE(kp_owner, .version = 2);
END
built fix.patch
expect "24 bytes, of state kp_owner" log
# Each entry of the module says so: size and owner come from one of the three.
objcopy -O binary -j .kpatch.shadow_types livepatch-fix.ko types
same "sizes" "24 24 24 0 " "$(perl -e 'undef $/; print "$_ " for unpack "(x64 Q x8)*", <STDIN>' <types)"
status 2 kpatch-build -q --core=livepatch -a "$release" fix.patch >log 2>&1
expect "the kernel's own livepatch knows no shadow variables that belong to a state (fs/proc/devices.c:" log

# A state in two objects, and what the kernel's own core does not know.
rm fix.patch
for file in devices meminfo; do
	source_with fs/proc/$file.c "${!file}" 'barrier();' <<-'END'
		#include "kpatch-macros.h"
		KPATCH_STATE(kp_same, .version = 2);
	END
done
status 2 kpatch-build -q -a "$release" fix.patch >log 2>&1
expect "kp_same: state declared twice: fs/proc/" log
rm fix.patch
source_with fs/proc/devices.c "$devices" 'asm volatile("nop");' <<'END'
#include "kpatch-macros.h"
KPATCH_STATE(kp_version, .version = 2);
END
for core in kpatch livepatch; do
	built --core=$core fix.patch
	expect "state: kp_version (fs/proc/devices.c:" log
done
sed -i 's/kp_version, /&.block_disable = true, /' fix.patch
built fix.patch
status 2 kpatch-build -q --core=livepatch -a "$release" fix.patch >log 2>&1
expect "kp_version: the kernel's own livepatch knows no block_disable of states" log
expect "use --core=kpatch" log
