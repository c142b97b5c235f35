// SPDX-License-Identifier: GPL-2.0
/* What kpatch-post-link fills in, for the core without guard.c. */
#include <kpatch/kpatch-core.h>

extern const struct kp_ident __kpatch_ident;
const struct kp_ident __kpatch_ident __section(".kpatch.ident") = {};
