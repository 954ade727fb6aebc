/* SPDX-License-Identifier: GPL-2.0 */
/* Pseudo terminals of a container, and the copying between one and a user. */
#ifndef VZ_LIB_PTY_H
#define VZ_LIB_PTY_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * vz_pty_open() - open a pair from a container's own devpts
 * @pts:   directory that should be its /dev/pts; what is there may be a trap
 * @slave: receives the other end, which is never looked up by a name
 *
 * Return: the master; -1 with errno (EXDEV: that is no pty multiplexer).
 */
int vz_pty_open(int pts, int *slave);

/* N of /dev/pts/N. */
int vz_pty_number(int master);

/* Copies the window size of one terminal to another. */
void vz_pty_resize(int from, int to);

/* Puts a terminal into raw mode until vz_pty_restore(), which may be called at any time. */
void vz_pty_raw(int tty);
void vz_pty_restore(void);

/*
 * One direction of copying. Towards the child with close_out or eof_char, else from it;
 * the child's end is this process's own and is made non-blocking.
 */
struct vz_stream {
	int in, out;		/* -1 when it has ended */
	bool close_in;		/* when nobody reads out any more: the writer shall know */
	bool close_out;		/* when in has ended */
	bool eof_char;		/* out is a terminal: end of in is told as its EOF character */
	bool discard;		/* when nobody reads out any more: go on reading in */

	/* Of the pump. */
	bool nonblock;		/* writing to out never blocks */
	int copy;		/* of out, with O_NONBLOCK; -1: none */
	size_t pos, len;	/* what is to be written of buf */
	char buf[16384];
};

/*
 * Blocks the signals that vz_pump() passes on, so that none is lost between the
 * start of a child and the pump: SIGINT, SIGTERM, SIGHUP, SIGQUIT, but for those that
 * the caller ignores. @old receives the previous mask.
 */
void vz_pump_signals(sigset_t *old);

/**
 * vz_pump() - copy until a child is gone and what it wrote has arrived
 * @streams: from and to; those whose input ends are marked
 * @pidfd:   of the child
 * @master:  terminal that follows the window size of standard input, or -1
 *
 * After vz_pump_signals(), whose signals are sent to the child when they arrive. No
 * stream waits for another, and none for an output that is full: only when the child is
 * gone is that waited for, and not after a signal.
 *
 * Return: 0; -1 with errno.
 */
int vz_pump(struct vz_stream *streams, size_t count, int pidfd, int master);

#endif
