/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The vocabulary of the tests: beancounters through /dev/vzctl.
 *
 * Nothing here judges: functions return what the kernel said (0, a count, or a
 * negative errno), the test program compares. Values are in the unit of the
 * resource: items or pages.
 */
#ifndef SELFTESTS_LIB_BC_UTIL_H
#define SELFTESTS_LIB_BC_UTIL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <bc_resources.h>
#include <beanpod/beancounter.h>

enum bc_resource {
#define X(id, NAME, name, unit, kind, meaning) BC_##NAME = id,
	BC_RESOURCES(X)
#undef X
};

/* The three resources that every test may count on. */
#define BC_NR_COUNTED 3
extern const enum bc_resource bc_counted[BC_NR_COUNTED];

#define BC_WAIT_SECONDS 300 /* far above what the slowest machine needs */

/**
 * bc_dev() - descriptor of /dev/vzctl, opened at the first call
 *
 * Return: the descriptor (close on exec), or a negative errno.
 */
int bc_dev(void);

/**
 * bc_dev_close() - close it, as a new container does with what it inherited
 */
void bc_dev_close(void);

/**
 * bc_fresh_id() - an id that no other test uses
 *
 * Made of the process id: every test of the harness is a process of its own.
 */
unsigned int bc_fresh_id(void);

int bc_make(unsigned int id);
int bc_make_excl(unsigned int id);
int bc_arm(unsigned int id);
int bc_arm_off(unsigned int id);
int bc_limit(unsigned int id, enum bc_resource r, uint64_t barrier, uint64_t limit);
int bc_clear(unsigned int id);
int bc_choose(unsigned int id, enum bc_resource r, const char *policy);
int bc_destroy(unsigned int id);

/**
 * bc_query() - read all rows
 * @rows: room for BC_ROWS rows
 *
 * Return: the number of rows, or a negative errno.
 */
int bc_query(unsigned int id, struct bc_row *rows);

/**
 * bc_row() - read one row
 *
 * Return: 0, -ENOENT when there is no such beancounter or row.
 */
int bc_row(unsigned int id, enum bc_resource r, struct bc_row *row);

/* The same by value; state 99, which there is not, if it cannot be read. */
struct bc_row bc_row_of(unsigned int id, enum bc_resource r);

/**
 * bc_held() - what is held of one resource
 *
 * Return: the value, or a negative errno.
 */
int64_t bc_held(unsigned int id, enum bc_resource r);

/**
 * bc_life() - enum bc_life of a beancounter, or a negative errno
 * @procs: where to put the number of tasks, may be NULL
 */
int bc_life(unsigned int id, unsigned int *procs);

/**
 * bc_wait_held() - wait until exactly @want is held
 *
 * Return: 0, or -ETIMEDOUT after BC_WAIT_SECONDS, what is held then on stderr.
 */
int bc_wait_held(unsigned int id, enum bc_resource r, int64_t want);

/**
 * bc_wait_counted() - wait until nothing of bc_counted is held
 *
 * Return: as bc_wait_held().
 */
int bc_wait_counted(unsigned int id);

/**
 * bc_wait_zero() - wait until nothing of bc_counted is held, and no namespace
 *
 * Network namespaces die in a work queue, a moment later.
 *
 * Return: as bc_wait_held().
 */
int bc_wait_zero(unsigned int id);

/**
 * bc_gone() - the end of every test: wait until nothing is held, destroy
 *
 * Return: 0 or a negative errno, the reason on stderr.
 */
int bc_gone(unsigned int id);

/**
 * bc_enforced() - whether the module enforces the resource on this kernel
 */
bool bc_enforced(enum bc_resource r);

/**
 * struct bc_failure - one line of /proc/bc/ID/failures
 */
struct bc_failure {
	double time;
	int64_t seq;
	char resource[16];
	int64_t asked;
	int64_t held;
	int64_t barrier;
	int64_t limit;
	int error;
	int pid;
	char comm[80];
};

/**
 * bc_failures() - read the record of refusals, oldest first
 * @max: room in @list; of a longer record the newest are kept
 *
 * Return: the number of records in @list, or a negative errno (-EBADMSG when
 * the file is not in its documented format).
 */
int bc_failures(unsigned int id, struct bc_failure *list, int max);

/**
 * bc_trace_begin() - record the tracepoint beancounter_refused from now on
 *
 * Uses a tracing instance of its own, so that others are not disturbed.
 *
 * Return: 0 or a negative errno.
 */
int bc_trace_begin(void);

/**
 * bc_trace_end() - stop recording
 * @id: beancounter whose events count
 * @resource: name of the resource
 * @last: the last matching line, may be NULL
 *
 * Return: how many refusals of @resource in @id were traced.
 */
int bc_trace_end(unsigned int id, const char *resource, char last[512]);

/**
 * bc_slurp() - read a file to its end with one buffer
 *
 * Return: bytes read (a NUL is put behind them), or a negative errno.
 */
ssize_t bc_slurp(const char *path, char *buf, size_t size);

/**
 * bc_command() - run a line of the shell
 *
 * Return: its exit status, or a negative errno.
 */
int bc_command(const char *line);

/**
 * bc_name() - the name of a resource
 */
const char *bc_name(enum bc_resource r);

/**
 * bc_sleep_ms() - sleep, for polling
 */
void bc_sleep_ms(unsigned int ms);

/**
 * bc_now_ms() - monotonic milliseconds
 */
uint64_t bc_now_ms(void);

#endif
