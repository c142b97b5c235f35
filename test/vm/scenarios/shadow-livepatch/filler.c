// SPDX-License-Identifier: GPL-2.0
/* filler: fill an eventfd and sleep in write() until it is killed. */
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

int main(void)
{
	int fd = eventfd(0, 0);
	uint64_t most = UINT64_MAX - 1, one = 1;

	if (fd < 0 || write(fd, &most, sizeof(most)) != sizeof(most))
		return 1;
	puts("full");
	fflush(stdout);
	return write(fd, &one, sizeof(one)) != sizeof(one);
}
