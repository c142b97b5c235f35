#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# KPATCH_STATE(): states come along with their functions, in the order of the source, and get an id
# from their name. They alone make a patch.
. "$(dirname "$0")/lib.sh"

# As in kmod/include/kpatch/kpatch-macros.h, which needs the kernel's headers.
{
	cat <<-'END'
		#define bool _Bool
		#define true 1
		struct kp_patch;
		struct kp_state;
		#define __aligned(n) __attribute__((aligned(n)))
	END
	sed -n '/^#if __has_attribute(__no_reorder__)/,/^#endif/p; /^#define __kpatch_entry/,/[^\\]$/p
		/^struct kpatch_state_entry/,/^};/p; /^#define KPATCH_STATE/,/[^\\]$/p' \
		"$KP_TOP/kmod/include/kpatch/kpatch-macros.h"
} >macros.h

compile -include ./macros.h <<'END'
int changed(int a) { return a; }
extern int helper(int);
#ifdef PATCHED
static int count;
static int setup(struct kp_patch *patch, struct kp_state *state) { return count++; }
static void release(struct kp_patch *patch, struct kp_state *state) { count--; }
KPATCH_STATE(first, .setup = setup, .release = release, .version = 3);
KPATCH_STATE(second);
KPATCH_STATE(third, .disable = release, .block_disable = true);
#endif
END
module
differ
relocations .kpatch.states <<'END'
.kpatch.states 64 .rodata.str1.1"first"
.kpatch.states 64 .text.setup
.kpatch.states 64 .text.release
.kpatch.states 64 .rodata.str1.1"test.c"
.kpatch.states 64 .kpatch.strings"target"
.kpatch.states 64 .rodata.str1.1"second"
.kpatch.states 64 .rodata.str1.1"test.c"
.kpatch.states 64 .kpatch.strings"target"
.kpatch.states 64 .rodata.str1.1"third"
.kpatch.states 64 .text.release
.kpatch.states 64 .rodata.str1.1"test.c"
.kpatch.states 64 .kpatch.strings"target"
END
changed <<'END'
END
# The ids are FNV-1a of the name, two bits to the right, with the second bit set.
perl -MJSON::PP -e '
	use integer;
	local $/;
	for my $s (@{decode_json(<STDIN>)->{states}}) {
		my $h = 0xcbf29ce484222325;
		$h = ($h ^ ord) * 0x100000001b3 for split //, $s->{name};
		no integer;
		my $id = sprintf "0x%x", (($h >> 2) & 0x3fffffffffffffff) | 0x4000000000000000;
		print "$s->{name} $s->{where} version $s->{version}",
			$s->{block_disable} ? " blocks" : "", " @{$s->{callbacks}}",
			$id eq $s->{id} ? "" : " WRONG ID $s->{id}, not $id", "\n";
	}' <report.json >states
same "states" "$(cat states)" <<'END'
first test.c:7 version 3 setup release
second test.c:8 version 0 
third test.c:9 version 0 blocks disable
END

# What is in a module cannot be used by a state of it: it may not be loaded.
compile -include ./macros.h <<'END'
int changed(int a) { return a; }
noinline int of_module(int a) { return a + 1; }
#ifdef PATCHED
static noinline int step(int a) { return of_module(a) + 1; }
static int setup(struct kp_patch *patch, struct kp_state *state) { return step(1); }
KPATCH_STATE(first, .setup = setup);
#endif
END
module
refused "the state first uses of_module of module target" "KPATCH_PRE_PATCH_CALLBACK"
kernel
differ

# A declaration that the macro did not make.
compile <<'END'
int changed(int a) { return a; }
#ifdef PATCHED
static struct { const char *name; } state __used __section(".kpatch.states") = { "short" };
#endif
END
module
refused "a declaration of 8 bytes, where it should have 80"
