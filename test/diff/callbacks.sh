#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The author's callbacks: all four kinds come along with the functions they name, and learn which
# object they belong to. They alone make a patch.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define CALLBACK(kind, ret, function) static struct { ret (*fn)(void *obj); char *objname; } \
	kpatch_##kind##_data __used __section(".kpatch.callbacks." #kind) = { .fn = function }
#define PLACE(kind) static struct { const void *callback; const char *file; unsigned int line; } \
	kpatch_##kind##_place __used __section(".kpatch.places") __attribute__((aligned(8))) = { \
	&kpatch_##kind##_data, "test.c", __LINE__ }
int changed(int a) { return a; }
#ifdef PATCHED
static int state;
static int pre_patch(void *obj) { return state++; }
static void post_patch(void *obj) { state--; }
static void pre_unpatch(void *obj) { state += 2; }
static void post_unpatch(void *obj) { state -= 2; }
CALLBACK(pre_patch, int, pre_patch);
CALLBACK(post_patch, void, post_patch);
CALLBACK(pre_unpatch, void, pre_unpatch);
CALLBACK(post_unpatch, void, post_unpatch);
PLACE(post_patch);
PLACE(pre_patch);
#endif
END
module
differ
callbacks <<'END'
post_unpatch .text.post_unpatch target
pre_unpatch .text.pre_unpatch target
post_patch .text.post_patch target
pre_patch .text.pre_patch target
END
changed <<'END'
END
symbols <<'END'
local func pre_patch .text.pre_patch+0
local func post_patch .text.post_patch+0
local func pre_unpatch .text.pre_unpatch+0
local func post_unpatch .text.post_unpatch+0
local object kpatch_pre_patch_place .kpatch.places+0
local object kpatch_post_patch_place .kpatch.places+24
local object kpatch_post_unpatch_data .kpatch.callbacks.post_unpatch+0
local object kpatch_pre_unpatch_data .kpatch.callbacks.pre_unpatch+0
local object kpatch_post_patch_data .kpatch.callbacks.post_patch+0
local object kpatch_pre_patch_data .kpatch.callbacks.pre_patch+0
local object state .bss.state+0
END
relocations .kpatch.places <<'END'
.kpatch.places 64 .kpatch.callbacks.pre_patch
.kpatch.places 64 .rodata.str1.1"test.c"
.kpatch.places 64 .kpatch.callbacks.post_patch
.kpatch.places 64 .rodata.str1.1"test.c"
END
# Where they stand, if the macros say it.
same "callbacks in the report" "$(perl -MJSON::PP -e '
	local $/;
	printf "%s %s %s\n", $_->{kind}, $_->{function}, $_->{where} // "-"
		for @{decode_json(<STDIN>)->{callbacks}}' <report.json)" <<'END'
post_unpatch post_unpatch -
pre_unpatch pre_unpatch -
post_patch post_patch test.c:17
pre_patch pre_patch test.c:18
END
