// SPDX-License-Identifier: GPL-2.0
/* One operation on a shared futex in a file: its inode gets an object id. */
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDWR | O_CREAT, 0600) : -1;

	if (fd < 0 || ftruncate(fd, 4096))
		return 1;
	int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (word == MAP_FAILED)
		return 2;
	*word = 1;
	return syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0 ? 0 : 3;
}
