// SPDX-License-Identifier: GPL-2.0
/* Open files as an ordinary user until the system's limit is reached. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

int main(void)
{
	struct rlimit many = { 10000, 10000 };

	if (setrlimit(RLIMIT_NOFILE, &many) || setgid(65534) || setuid(65534))
		return 2;
	for (int i = 0; i < 5000; i++)
		if (open("/proc/version", O_RDONLY) < 0)
			return errno == ENFILE ? 0 : 3;
	return 1;
}
