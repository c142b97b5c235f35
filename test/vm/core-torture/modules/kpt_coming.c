// SPDX-License-Identifier: GPL-2.0
/* The same target again, to be loaded and unloaded while it is patched. */
#define KPT_NAME "kpt_coming"
#include "kpt_target.c"
