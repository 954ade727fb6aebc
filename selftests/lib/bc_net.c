// SPDX-License-Identifier: GPL-2.0
#include "bc_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_util.h"

int bc_net_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), err;

	if (fd < 0)
		return -errno;
	err = ioctl(fd, SIOCSIFFLAGS, &r) ? -errno : 0;
	close(fd);
	return err;
}

int bc_net_listen(int protocol, int backlog)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, protocol);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, backlog)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int bc_net_connect(int fd, int listener)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	if (getsockname(listener, (struct sockaddr *)&a, &len) ||
	    connect(fd, (struct sockaddr *)&a, len))
		return -errno;
	return 0;
}

int bc_net_call(int listener)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), err;

	if (fd < 0)
		return -errno;
	err = bc_net_connect(fd, listener);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

long bc_net_used(void)
{
	char text[1024];
	char *p;

	if (bc_slurp("/proc/self/net/sockstat", text, sizeof(text)) < 0)
		return -errno;
	p = strstr(text, "sockets: used ");
	return p ? strtol(p + 14, NULL, 10) : -EBADMSG;
}

int bc_net_state(unsigned int state)
{
	FILE *f = fopen("/proc/self/net/tcp", "r");
	unsigned int seen;
	char line[512];
	int n = 0;

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		n += sscanf(line, " %*d: %*s %*s %x", &seen) == 1 && seen == state;
	fclose(f);
	return n;
}

long bc_net_memory(int fd)
{
	unsigned int info[SK_MEMINFO_VARS] = {};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		return -errno;
	return (long)info[SK_MEMINFO_RMEM_ALLOC] + info[SK_MEMINFO_WMEM_QUEUED] +
	       (int)info[SK_MEMINFO_FWD_ALLOC];
}

int bc_net_datagram(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(fd, (struct sockaddr *)&a, &len) ||
	    connect(fd, (struct sockaddr *)&a, len)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}
