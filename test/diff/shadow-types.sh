#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# KPATCH_SHADOW_TYPE(): types come along with their functions, and alone make an object of the patch.
. "$(dirname "$0")/lib.sh"

# As in kmod/include/kpatch/kpatch-macros.h, which needs the kernel's headers.
{
	cat <<-'END'
		typedef int (*kp_shadow_ctor_t)(void *obj, void *shadow_data, void *ctor_data);
		typedef void (*kp_shadow_dtor_t)(void *obj, void *shadow_data);
		#define __aligned(n) __attribute__((aligned(n)))
		#define NULL ((void *)0)
		#define __PASTE(a, b) a##b
		#define __UNIQUE(prefix, n) __PASTE(__UNIQUE_ID_##prefix, n)
		#define __UNIQUE_ID(prefix) __UNIQUE(prefix, __COUNTER__)
	END
	sed -n '/^#if __has_attribute(__no_reorder__)/,/^#endif/p; /^#define __kpatch_entry/,/[^\\]$/p
		/^struct kpatch_shadow_entry/,/^};/p; /^#define KPATCH_SHADOW_TYPE/,/[^\\]$/p' \
		"$KP_TOP/kmod/include/kpatch/kpatch-macros.h"
} >macros.h

compile -include ./macros.h <<'END'
int changed(int a) { return a; }
#ifdef PATCHED
enum { SV_SMALL = 7 };
#define SV_LARGE 0xdeadbeefcafe1234UL
static int ctor(void *obj, void *data, void *arg) { return 0; }
static void dtor(void *obj, void *data) { *(int *)data = 0; }
KPATCH_SHADOW_TYPE(SV_SMALL, ctor, dtor);
KPATCH_SHADOW_TYPE(SV_LARGE, NULL, dtor);
KPATCH_SHADOW_TYPE(SV_LARGE, NULL, NULL);
KPATCH_SHADOW_TYPE(9, NULL, dtor, .state = "my_fix", .size = 24);
#endif
END
module
differ
relocations .kpatch.shadow_types <<'END'
.kpatch.shadow_types 64 .text.ctor
.kpatch.shadow_types 64 .text.dtor
.kpatch.shadow_types 64 .rodata.str1.1"SV_SMALL"
.kpatch.shadow_types 64 .rodata.str1.1"test.c"
.kpatch.shadow_types 64 .kpatch.strings"target"
.kpatch.shadow_types 64 .text.dtor
.kpatch.shadow_types 64 .rodata.str1.1"SV_LARGE"
.kpatch.shadow_types 64 .rodata.str1.1"test.c"
.kpatch.shadow_types 64 .kpatch.strings"target"
.kpatch.shadow_types 64 .rodata.str1.1"SV_LARGE"
.kpatch.shadow_types 64 .rodata.str1.1"test.c"
.kpatch.shadow_types 64 .kpatch.strings"target"
.kpatch.shadow_types 64 .text.dtor
.kpatch.shadow_types 64 .rodata.str1.1"9"
.kpatch.shadow_types 64 .rodata.str1.1"test.c"
.kpatch.shadow_types 64 .kpatch.strings"target"
.kpatch.shadow_types 64 .rodata.str1.1"my_fix"
END
shadow_types <<'END'
0x7 SV_SMALL ctor dtor 0 test.c:7
0xdeadbeefcafe1234 SV_LARGE - dtor 0 test.c:8 test.c:9
0x9 9 - dtor 24 of my_fix test.c:10
END

# A state that is no string.
compile -include ./macros.h <<'END'
int changed(int a) { return a; }
#ifdef PATCHED
static int my_fix;
KPATCH_SHADOW_TYPE(9, NULL, NULL, .state = (const char *)&my_fix);
#endif
END
module
refused "a state that is no string"
