// SPDX-License-Identifier: GPL-2.0
/*
 * A container with one sleeping task and one file that the host holds as well.
 * The device is closed: nothing but the container pins the module.
 *
 * usage: helper_hold ID, and then one word a line on its input:
 *   kill    end the container, keep the file
 *   close   close the file
 *   quit    end
 * Each is answered by a line: "ready" at first, then "done".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/bc_box.h"

static int in_the_box(struct bc_box *box)
{
	int fd = open("/dev/null", O_RDONLY);

	if (fd < 0 || bc_send_fd(box->sock, fd))
		return 1;
	bc_box_stay();
	return 0;
}

int main(int argc, char **argv)
{
	struct bc_box box;
	int sock[2], fd, err;
	char line[32];

	if (argc != 2 || socketpair(AF_UNIX, SOCK_STREAM, 0, sock))
		return 2;
	err = bc_box_make(&box);
	if (!err)
		err = bc_destroy(box.id);
	box.id = (unsigned int)strtoul(argv[1], NULL, 0);
	if (!err)
		err = bc_make(box.id);
	box.sock = sock[1];
	if (!err)
		err = bc_box_start(&box, in_the_box);
	if (err) {
		printf("%s\n", strerror(-err));
		return 1;
	}
	fd = bc_recv_fd(sock[0]);
	bc_dev_close();
	close(sock[0]);
	close(sock[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%s\n", fd < 0 ? "no file" : "ready");
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n") != 0) {
		if (!strcmp(line, "kill\n"))
			bc_box_kill(&box);
		else if (!strcmp(line, "close\n"))
			close(fd);
		printf("done\n");
	}
	bc_box_kill(&box);
	return 0;
}
