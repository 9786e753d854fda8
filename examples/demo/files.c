/* SPDX-License-Identifier: MIT */
/* See files.h. */
#include "files.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* nftw() hands its callback nothing of ours. */
static struct files *found;

static int add_path(struct files *f, const char *path)
{
	if (f->n == f->room) {
		const size_t room = f->room ? 2 * f->room : 1024;
		char **grown = realloc(f->path, room * sizeof *grown);

		if (!grown)
			return ENOMEM;
		f->path = grown;
		f->room = room;
	}
	f->path[f->n] = strdup(path);
	return f->path[f->n] ? (f->n++, 0) : ENOMEM;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)where;
	found->unreadable += type == FTW_DNR;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	if ((uint64_t)st->st_size > FILE_BYTES_MAX) {
		found->too_large++;
		return 0;
	}
	return add_path(found, path);
}

int files_add(struct files *f, const char *dir)
{
	char *real = realpath(dir, NULL);
	int err;

	if (!real)
		return errno;
	found = f;
	err = nftw(real, visit, 64, FTW_PHYS | FTW_MOUNT);
	free(real);
	return err < 0 ? errno : err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void files_sort(struct files *f)
{
	if (f->n)
		qsort(f->path, f->n, sizeof *f->path, by_name);
}

void files_free(struct files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->path[i]);
	free(f->path);
	*f = (struct files){.n = 0};
}
