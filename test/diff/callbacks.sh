#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The author's callbacks: all four kinds come along with the functions they name, and learn which
# object they belong to. They alone make a patch.
. "$(dirname "$0")/lib.sh"

compile <<'END'
#define CALLBACK(kind, ret, function) static struct { ret (*fn)(void *obj); char *objname; } \
	kpatch_##kind##_data __used __section(".kpatch.callbacks." #kind) = { .fn = function }
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
local object kpatch_post_unpatch_data .kpatch.callbacks.post_unpatch+0
local object kpatch_pre_unpatch_data .kpatch.callbacks.pre_unpatch+0
local object kpatch_post_patch_data .kpatch.callbacks.post_patch+0
local object kpatch_pre_patch_data .kpatch.callbacks.pre_patch+0
local object state .bss.state+0
END
reported callbacks post_unpatch pre_unpatch post_patch pre_patch
