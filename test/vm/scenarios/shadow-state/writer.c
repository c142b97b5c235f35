// SPDX-License-Identifier: GPL-2.0
/* writer N [SECONDS]: write N times to a new eventfd, show its fdinfo, keep it open for a while. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = eventfd(0, 0);
	uint64_t one = 1;
	char line[256];

	if (argc < 2 || fd < 0)
		return 1;
	for (int i = 0; i < atoi(argv[1]); i++)
		if (write(fd, &one, sizeof(one)) != sizeof(one))
			return 2;
	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	FILE *info = fopen(line, "r");

	while (info && fgets(line, sizeof(line), info))
		fputs(line, stdout);
	fflush(stdout);
	if (argc > 2)
		sleep((unsigned int)atoi(argv[2]));
	return 0;
}
