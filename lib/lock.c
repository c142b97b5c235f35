// SPDX-License-Identifier: GPL-2.0
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "run.h"

#define POLL_US 50000

struct kp_lock {
	int fd;
};

/* Whether @path still is the file that @fd has open: its owner may have removed it. */
static bool same_file(int fd, const char *path)
{
	struct stat ours, theirs;

	return fstat(fd, &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
	       ours.st_dev == theirs.st_dev;
}

struct kp_lock *kp_lock_try(const char *path, enum kp_lock_mode mode, bool *busy, GError **err)
{
	int how = (mode == KP_LOCK_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB;

	*busy = false;
	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

		if (fd < 0) {
			kp_fail_errno(err, "cannot open lock file '%s'", path);
			return NULL;
		}
		if (flock(fd, how) < 0) {
			*busy = errno == EWOULDBLOCK;
			if (!*busy)
				kp_fail_errno(err, "cannot lock '%s'", path);
			close(fd);
			return NULL;
		}
		if (same_file(fd, path)) {
			struct kp_lock *lock = g_new0(struct kp_lock, 1);

			lock->fd = fd;
			return lock;
		}
		close(fd);
	}
}

struct kp_lock *kp_lock_take(const char *path, enum kp_lock_mode mode, GError **err)
{
	for (;;) {
		bool busy;
		struct kp_lock *lock = kp_lock_try(path, mode, &busy, err);

		if (lock || !busy)
			return lock;
		/* Polling, since a blocking flock() cannot be interrupted in every thread. */
		if (!run_check(err))
			return NULL;
		g_usleep(POLL_US);
	}
}

void kp_lock_drop(struct kp_lock *lock)
{
	if (!lock)
		return;
	close(lock->fd);
	g_free(lock);
}
