// SPDX-License-Identifier: GPL-2.0
/*
 * Reads what the patched /proc/cmdline says (see modules/kpk_patch.h) until it gets SIGTERM.
 * Prints:
 *
 *	reads N gaps G backward B versions V...
 *
 * G: how often the count was more than one above that of the read before; B: not above it at all.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define MAX_VERSIONS 8

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = signal;
}

static bool read_count(unsigned int *version, long *hits)
{
	char text[128];
	int fd = open("/proc/cmdline", O_RDONLY);
	ssize_t len = read(fd, text, sizeof(text) - 1);

	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	return sscanf(text, "kpk %u %ld", version, hits) == 2 && *version < MAX_VERSIONS;
}

int main(void)
{
	unsigned long reads = 0, gaps = 0, backward = 0, seen[MAX_VERSIONS] = { 0 };
	unsigned int version, i;
	long hits, last = 0;

	signal(SIGTERM, stop);
	while (!stopped) {
		if (!read_count(&version, &hits))
			return 1;
		gaps += reads && hits > last + 1;
		backward += reads && hits <= last;
		last = hits;
		seen[version]++;
		reads++;
	}
	printf("reads %lu gaps %lu backward %lu versions", reads, gaps, backward);
	for (i = 0; i < MAX_VERSIONS; i++)
		if (seen[i])
			printf(" %u", i);
	printf("\n");
	return 0;
}
