// SPDX-License-Identifier: GPL-2.0
/*
 * Waits in vfork() for its child, which stays: in the kernel, where no signal but a deadly one wakes
 * it.
 */
#include <unistd.h>

int main(void)
{
	if (vfork() == 0) {
		for (;;)
			pause();
	}
	return 0;
}
