/* SPDX-License-Identifier: MIT */
/* See digest.h. */
#include "digest.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <unistd.h>

/* Notes which version of the file is open. */
static int identify(struct digest *d, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EINVAL;
	d->inode = st.st_ino;
	d->changed = st.st_ctim;
	return 0;
}

static int sum_up(struct digest *d, int fd)
{
	uint8_t buffer[1 << 16];
	struct sha256_ctx sha;
	ssize_t got;

	sha256_init(&sha);
	while ((got = read(fd, buffer, sizeof buffer)) > 0) {
		sha256_update(&sha, (size_t)got, buffer);
		d->bytes += (uint64_t)got;
	}
	sha256_digest(&sha, sizeof d->sum, d->sum);
	return got < 0 ? errno : 0;
}

static int digest_open(struct digest *d, int fd)
{
	struct digest after = {.error = 0};
	int err = identify(d, fd);

	if (!err)
		err = sum_up(d, fd);
	if (!err)
		err = identify(&after, fd);
	return err || digest_same_file(d, &after) ? err : EBUSY;
}

int digest_file(struct digest *digest, const char *path)
{
	/* Since it was listed, a link or a pipe may have taken the file's place. */
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	memset(digest, 0, sizeof *digest);
	if (fd < 0)
		return digest->error = errno;
	digest->error = digest_open(digest, fd);
	close(fd);
	return digest->error;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->error == b->error && a->bytes == b->bytes &&
	       memcmp(a->sum, b->sum, sizeof a->sum) == 0;
}

bool digest_same_file(const struct digest *a, const struct digest *b)
{
	return a->inode == b->inode && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}
