/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The console of a container, on the host's side: read, so that nobody inside blocks on
 * it, and kept in /run/beanpod/CTID/console.log, the last 64 to 128 KiB of it.
 */
#ifndef VZ_LIB_CONSOLE_H
#define VZ_LIB_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

struct vz_console {
	uint32_t id;
	int master;		/* -1: none */
	int slave;		/* held open: without one the master hangs up for good */
	bool echo;		/* to standard output as well */
	long long logged;	/* bytes in console.log */
	int64_t window;		/* ms; when what is copied was counted from 0 again */
	long long copied;	/* bytes since then */
};

/* Takes over @master; begins a log of its own. */
void vz_console_open(struct vz_console *c, uint32_t id, int master, bool echo);
void vz_console_close(struct vz_console *c);

/* Copies what is there, some KiB at most. Return: bytes; 0: nothing; -1: hung up. */
int vz_console_copy(struct vz_console *c);

/**
 * vz_console_pause() - how long it is to be left alone
 *
 * A tenant that floods its console is slowed down by the full terminal, and burns no CPU
 * that is not its own.
 *
 * Return: milliseconds, 0: copy.
 */
int vz_console_pause(struct vz_console *c);

#endif
