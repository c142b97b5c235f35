// SPDX-License-Identifier: GPL-2.0
/* load_once FILE.ko [PARAMETERS]: insmod without busybox's second attempt after a failure. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;

	if (syscall(SYS_finit_module, fd, argc > 2 ? argv[2] : "", 0) == 0)
		return 0;
	perror(argv[0]);
	return 1;
}
