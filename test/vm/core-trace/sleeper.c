// SPDX-License-Identifier: GPL-2.0
/* Sleeps in a function that the patch changes, for a minute or until it is killed: see kpt.h. */
#include <fcntl.h>
#include <sys/ioctl.h>

int main(void)
{
	return ioctl(open("/proc/kpt_target", O_RDONLY), 4 | 20000U << 8) < 0;
}
