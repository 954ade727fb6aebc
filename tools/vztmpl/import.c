// SPDX-License-Identifier: GPL-2.0
/* vztmpl import: a tree from an archive, from standard input or from a folder. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/conf.h"
#include "lib/str.h"
#include "vztmpl.h"

/* How tar is told what it gets: it cannot go back in a pipe to find out. */
static const struct {
	const char *magic;
	size_t len;
	const char *option;
} formats[] = {
	{ "\x1f\x8b", 2, "--gzip" },
	{ "BZh", 3, "--bzip2" },
	{ "\3757zXZ", 5, "--xz" },
	{ "\x28\xb5\x2f\xfd", 4, "--zstd" },
};

static const char *format_of(const char *block, size_t len)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (len >= formats[i].len && memcmp(block, formats[i].magic, formats[i].len) == 0)
			return formats[i].option;
	return NULL;
}

static ssize_t read_some(int fd, char *block, size_t size)
{
	ssize_t n;

	do {
		n = read(fd, block, size);
	} while (n < 0 && errno == EINTR && !vz_interrupted);
	return n;
}

static int write_all(int fd, const char *block, size_t len)
{
	while (len) {
		ssize_t n = write(fd, block, len);

		if (n < 0 && errno == EINTR && !vz_interrupted)
			continue;
		if (n < 0)
			return -1;
		block += n;
		len -= n;
	}
	return 0;
}

/* Feeds the archive to tar; its end is tar's to judge. Return: -1 if reading failed. */
static int feed(int from, int to, char *block, size_t size, ssize_t n, off_t total,
		struct meter *meter)
{
	off_t done = 0;

	while (n > 0) {
		if (write_all(to, block, n) < 0)
			return 0;
		done += n;
		if (total > 0)
			meter_show(meter, done * 100 / total, "unpacking");
		n = read_some(from, block, size);
	}
	return n < 0 ? -1 : 0;
}

static int unpack(int from, const char *name, int into, const struct options *o, struct vz_err *e)
{
	static char block[256 * 1024];
	char folder[64];
	/* clang-format off */
	const char *argv[16] = {
		"tar", "--extract", "--file=-", "--numeric-owner", "--same-owner",
		"--preserve-permissions", "--delay-directory-restore", "--xattrs",
		"--xattrs-include=security.capability", "--xattrs-include=user.*", folder,
	};
	/* clang-format on */
	struct meter meter;
	struct vz_child c;
	struct stat st;
	ssize_t n = read_some(from, block, sizeof(block));
	int status, failed;

	if (n <= 0)
		return n < 0 ? vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot read %s", name) :
			       vz_err_set(e, VZ_EXIT_BAD_TEMPLATE, "%s is empty", name);
	/* tar finds the directory through our descriptor: its name may change hands. */
	snprintf(folder, sizeof(folder), "--directory=/proc/%d/fd/%d", getpid(), into);
	argv[11] = format_of(block, n);
	meter_init(&meter, o->quiet);
	if (vz_child_start(&c, argv, VZ_CHILD_IN, e) < 0)
		return -1;
	failed = feed(from, c.in, block, sizeof(block), n,
		      fstat(from, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : 0, &meter);
	if (failed)
		n = errno;
	status = vz_child_wait(&c);
	meter_end(&meter);
	if (vz_interrupted)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "interrupted, nothing is left behind");
	if (failed) {
		errno = n;
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot read %s", name);
	}
	if (status)
		return vz_err_set(
			e, VZ_EXIT_BAD_TEMPLATE,
			"tar could not unpack %s (status %d): it must be a tar archive, plain or packed by gzip, bzip2, xz or zstd",
			name, status);
	return 0;
}

static int copy_folder(int from, int into, struct vz_err *e)
{
	char source[64], target[64];
	/* clang-format off */
	const char *const argv[] = {
		"cp", "--archive", "--one-file-system", "--reflink=auto", "--", source, target, NULL,
	};
	/* clang-format on */
	struct vz_child c;
	int status;

	snprintf(source, sizeof(source), "/proc/%d/fd/%d/.", getpid(), from);
	snprintf(target, sizeof(target), "/proc/%d/fd/%d/", getpid(), into);
	if (vz_child_start(&c, argv, 0, e) < 0)
		return -1;
	status = vz_child_wait(&c);
	if (vz_interrupted)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "interrupted, nothing is left behind");
	return status ? vz_err_set(e, VZ_EXIT_SYSTEM, "cp ended with status %d", status) : 0;
}

/* Something has to be there that can be started. */
static int check_content(int dir, struct vz_err *e)
{
	static const char *const want[] = { "sbin", "bin", "etc", "usr" };

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		if (faccessat(dir, want[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return 0;
	return vz_err_set(
		e, VZ_EXIT_BAD_TEMPLATE,
		"this is no root file system: none of /sbin, /bin, /etc, /usr at its top");
}

static int open_source(const char *name, struct stat *st, struct vz_err *e)
{
	int fd = vz_streq(name, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
				       open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot open %s", name);
	if (fstat(fd, st) < 0) {
		close(fd);
		return vz_err_errno(e, VZ_EXIT_SYSTEM, "cannot look at %s", name);
	}
	return fd;
}

int cmd_import(int argc, const char **argv, const struct options *o, struct vz_err *e)
{
	_cleanup_close_ int from = -1;
	_cleanup_(vz_conf_freep) struct vz_conf *meta = vz_conf_new();
	struct store s;
	struct claim c;
	struct stat st;
	int rc = -1;

	if (argc != 2)
		return vz_err_set(e, VZ_EXIT_BAD_OPTION,
				  "usage: vztmpl import NAME ARCHIVE|-|FOLDER");
	if (!meta || vz_conf_set(meta, "ORIGIN", "import") < 0 ||
	    vz_conf_set(meta, "SOURCES", argv[1]) < 0)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
	if (store_check_name(argv[0], e) < 0)
		return -1;
	from = open_source(argv[1], &st, e);
	if (from < 0)
		return -1;
	if (store_open(&s, e) < 0)
		return -1;
	if (tree_check_idmap(s.dir, s.path, e) == 0 && store_claim(&s, argv[0], &c, e) == 0) {
		rc = S_ISDIR(st.st_mode) ? copy_folder(from, c.fd, e) :
					   unpack(from, argv[1], c.fd, o, e);
		if (rc == 0)
			rc = check_content(c.fd, e);
		if (rc == 0)
			rc = finish_tree(&s, &c, meta, o, e);
		if (rc < 0)
			store_drop(&s, &c);
	}
	store_close(&s);
	return rc;
}
