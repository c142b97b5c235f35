// SPDX-License-Identifier: GPL-2.0
#include <linux/compiler.h>

#include "kp_target.h"

static noinline int twice_there(void)
{
	barrier();
	return 2;
}

int target_second(void)
{
	return twice_there();
}
