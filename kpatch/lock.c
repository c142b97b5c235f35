// SPDX-License-Identifier: GPL-2.0
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "error.h"

#define RETRY_MS 100

/* flock() goes away with the process, so a killed kpatch leaves nothing to clean up. */
static bool wait_for_lock(const struct command *cmd, int fd, const char *path, GError **err)
{
	gint64 end = g_get_monotonic_time() + cmd->wait_seconds * G_USEC_PER_SEC;
	bool told = false;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return kp_fail_errno(err, "cannot lock %s", path);
		if (g_get_monotonic_time() >= end)
			return kp_fail(err, KP_FAILED,
				       "another kpatch has been at work for %u s (it holds %s); "
				       "wait for it to end, or give more time with --wait",
				       cmd->wait_seconds, path);
		if (!told)
			command_say(cmd, "another kpatch is at work, waiting for it to end");
		told = true;
		if (!host_pause(cmd->host, RETRY_MS))
			return kp_fail(err, KP_INTERRUPTED, "interrupted; nothing was done");
	}
	return true;
}

int lock_take(const struct command *cmd, GError **err)
{
	g_autofree char *path = g_build_filename(cmd->host->run, "kpatch.lock", NULL);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		kp_fail_errno(err, "cannot open the lock file %s%s", path,
			      geteuid() == 0 ? "" : "; run this as root");
		return -1;
	}
	if (wait_for_lock(cmd, fd, path, err))
		return fd;
	close(fd);
	return -1;
}
