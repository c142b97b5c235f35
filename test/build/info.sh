#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# limit: 600
# What a patch declares, as the build shows it and as kpatch info reads it from the module: all kinds
# of declarations, in vmlinux and in a module, for both cores.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
. "$KP_TOP/test/build/lib/edit.sh"
need kpatch modinfo strip xz

# where FILE TEXT: "FILE:LINE" of the patched source, as the build sees it
where() {
	echo "$1:$(grep -nF "$2" "source/$1" | head -n 1 | cut -d: -f1)"
}

# patch_source FILE LINE OLD NEW: the code on standard input goes before LINE, and OLD becomes NEW
patch_source() {
	mkdir -p "source/$(dirname "$1")"
	cat >code
	sed -e "/$2/e cat code" -e "s/$3/$4/" "$master/$1" >"source/$1"
	diff -u --label "a/$1" --label "b/$1" "$master/$1" "source/$1" >>fix.patch || true
}

# make_patch KEEP STATE-ARGUMENTS
make_patch() {
	rm -rf fix.patch source
	patch_source fs/proc/devices.c '^static int devinfo_show' 'if (i == 0)' \
		'if (i == 0 \&\& kp_count(f) \&\& ++kp_hits.reads)' <<-END
		#include "kpatch-macros.h"
		#define KP_READS 0x1234
		static struct { long reads, last; } kp_hits;
		$1
		static int kp_setup(struct kp_patch *patch, struct kp_state *state) { return 0; }
		static void kp_release(struct kp_patch *patch, struct kp_state *state) { kp_hits.last = 0; }
		KPATCH_STATE(kp_first$2);
		KPATCH_STATE(kp_second, .version = 3);
		static int kp_ctor(void *obj, void *data, void *from) { return 0; }
		static void kp_dtor(void *obj, void *data) { kp_hits.last = *(long *)data; }
		static noinline bool kp_count(void *obj)
		{
			long *count = klp_shadow_get_or_alloc(obj, KP_READS, 8, GFP_KERNEL, kp_ctor, NULL);

			return !count || ++*count;
		}
		static noinline void kp_forget(void *obj)
		{
			klp_shadow_free(obj, KP_READS, kp_dtor);
		}
		static int kp_before(patch_object *obj) { kp_forget(obj); return 0; }
		KPATCH_PRE_PATCH_CALLBACK(kp_before);
	END
	patch_source drivers/block/zram/zram_drv.c '^static ssize_t debug_stat_show' 'int version = 1;' \
		'int version = dev_to_zram(dev)->disk->fops == \&zram_devops;' <<-'END'
		#include "kpatch-macros.h"
		static void kp_gone(patch_object *obj) { barrier(); }
		KPATCH_POST_UNPATCH_CALLBACK(kp_gone);
		/* As in patches that bring kpatch's own macros. */
		static struct { void (*fn)(patch_object *obj); char *objname; } kpatch_post_patch_data __used
			__section(".kpatch.callbacks.post_patch") = { .fn = kp_gone };
		KPATCH_SHADOW_TYPE(0x1235, NULL, NULL, .size = 24);
	END
}

# field FILE EXPRESSION: of kpatch info's JSON object i
field() {
	python3 -c 'import json, sys; i = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$1" "$2"
}

# info FILE: kpatch info, to "text" and "json"
info() {
	kpatch info "$1" >text || fail "kpatch info $1"
	kpatch info --json "$1" >json || fail "kpatch info --json $1"
	same "ok" True "$(field json 'i["ok"]')"
}

# What is the same for both cores. $1: the core
check_common() {
	local devices=fs/proc/devices.c zram=drivers/block/zram/zram_drv.c
	local id
	id=$(modinfo -F kpatch.build_id livepatch-fix.ko)

	# the build
	expect "callback: pre_patch, kp_before ($(where $devices 'KPATCH_PRE_PATCH'))" log
	expect "callback: post_unpatch, kp_gone ($(where $zram 'KPATCH_POST_UNPATCH'))" log
	grep -q "callback: post_patch, kp_gone\$" log || fail "a callback without a place is not in the summary"
	expect "state: kp_second ($(where $devices 'KPATCH_STATE(kp_second')), version 3" log
	expect "shadow type: KP_READS, id 0x1234, ctor kp_ctor, dtor kp_dtor (" log
	python3 - "$(where $devices 'KPATCH_PRE_PATCH')" <<-'END' || fail "callbacks of report.json"
		import json, sys
		objects = json.load(open("report.json"))["objects"]
		found = {o["objname"]: o["callbacks"] for o in objects if o["callbacks"]}
		assert found["vmlinux"] == [{"kind": "pre_patch", "function": "kp_before", "where": sys.argv[1]}], found
		assert {(c["kind"], c["where"] is None) for c in found["zram"]} == \
			{("post_unpatch", False), ("post_patch", True)}, found
	END

	# the module
	info livepatch-fix.ko
	expect "core: $1" text
	expect "kernel: $release (build-id $id)" text
	expect "cumulative: yes" text
	expect "callback pre_patch: kp_before ($(where $devices 'KPATCH_PRE_PATCH'))" text
	expect "callback post_unpatch: kp_gone ($(where $zram 'KPATCH_POST_UNPATCH'))" text
	grep -q "^    callback post_patch: kp_gone\$" text || fail "a callback without a place is not shown"
	expect "    function devinfo_show: " text
	expect "1 reference, filled in when the module is there" text
	expect "state kp_second: id 0x" text
	expect "shadow type KP_READS: id 0x1234, ctor kp_ctor, dtor kp_dtor, 8 bytes, in vmlinux (" text
	expect "$(where $devices 'klp_shadow_get_or_alloc')" text
	expect "$(where $devices 'klp_shadow_free')" text
	expect "shadow type 0x1235: id 0x1235, no ctor, no dtor, 24 bytes, in zram (" text
	same "objects" "['vmlinux', 'zram']" "$(field json 'sorted(o["name"] for o in i["objects"])')"
	same "functions" "devinfo_show" \
		"$(field json '",".join(f["name"] for o in i["objects"] for f in o["functions"] if o["name"] == "vmlinux")')"
	same "sizes" True "$(field json 'all(f["new_size"] > 0 and f["old_size"] > 0 for o in i["objects"] for f in o["functions"])')"
	same "late references" 1 "$(field json '[o["late_references"] for o in i["objects"] if o["name"] == "zram"][0]')"
	same "states" "['kp_first', 'kp_second']" "$(field json 'sorted(s["name"] for s in i["states"])')"
	same "version" 3 "$(field json '[s["version"] for s in i["states"] if s["name"] == "kp_second"][0]')"
	same "kernel" "$release $id" "$(field json 'i["kernel"] + " " + i["kernel_build_id"]')"
	same "replace" True "$(field json 'i["replace"]')"
	same "modinfo" Y "$(modinfo -F kpatch.replace livepatch-fix.ko)"
}

make_patch 'KPATCH_KEEP(kp_hits);' ', .setup = kp_setup, .release = kp_release, .block_disable = true'
built --core=kpatch fix.patch
check_common kpatch
expect "state: kp_first ($(where fs/proc/devices.c 'KPATCH_STATE(kp_first')), setup, release, cannot be disabled" log
expect ", version 0, setup kp_setup, release kp_release, cannot be disabled ($(where fs/proc/devices.c 'KPATCH_STATE(kp_first'))" text
expect "kept data kp_hits: 16 bytes, in vmlinux ($(where fs/proc/devices.c 'KPATCH_KEEP'))" text
same "type" True "$(field json 'int(i["kept"][0]["type"], 16) > 0')"
expect "needs modules: kpatch" text
# the build of zram that the core will ask for
zram=$(find "/lib/modules/$release" -name 'zram.ko*')
same "zram's build-id" "$(readelf -n "$zram" | sed -n 's/.*Build ID: //p')" \
	"$(field json '[o["build_id"] for o in i["objects"] if o["name"] == "zram"][0]')"

# Compressed, by name, for a kernel that does not run here.
cp livepatch-fix.ko whole.ko
mv json whole.json
xz --keep --check=crc32 whole.ko
info whole.ko.xz
same "of a compressed file" "$(field whole.json 'i["objects"]')" "$(field json 'i["objects"]')"

# Stripped: what has lost its name is told by where it is.
cp whole.ko stripped.ko
strip --strip-unneeded stripped.ko
info stripped.ko
grep -q "callback pre_patch: \(kp_before\|\.text+0x[0-9a-f]*\) (fs/proc/devices.c:" text || { cat text; fail "a stripped module"; }
same "functions of a stripped module" "$(field whole.json '[o["functions"] for o in i["objects"]]')" \
	"$(field json '[o["functions"] for o in i["objects"]]')"

# Damaged, foreign, and not there at all.
printf 'x' | dd of=whole.ko bs=1 seek=1 conv=notrunc status=none
head -c 3000 livepatch-fix.ko >short.ko
objcopy --remove-relocations=.kpatch.callbacks.pre_patch --set-section-alignment .text=16 livepatch-fix.ko odd.ko
for file in whole.ko short.ko /etc/passwd nowhere.ko "$zram"; do
	status 1 kpatch info "$file" >text 2>log
	[ ! -s text ] || fail "kpatch info $file printed something"
	[ "$(wc -l <log)" -eq 1 ] || { cat log; fail "kpatch info $file: not one line"; }
done
expect "is a kernel module, but not a patch" log
status 64 kpatch info 2>log
# Without its pointers the table has no rows.
info odd.ko
refute "callback pre_patch" text

# The other core: the same declarations, as far as it has them.
make_patch '' ''
built --core=livepatch fix.patch
check_common livepatch
refute "kept data" text
same "kept data" '[]' "$(field json 'i["kept"]')"
