// SPDX-License-Identifier: GPL-2.0
/* Sleeps in a function that the patch changes: see kpi_patch.h. */
#include <fcntl.h>
#include <unistd.h>

int main(void)
{
	char text[64];

	return read(open("/proc/cmdline", O_RDONLY), text, sizeof(text)) < 0;
}
