/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of /proc must hold, written from the description of their
 * format and from the ioctl: a second opinion on the kernel's own text.
 */
#ifndef SELFTESTS_LIB_BC_TEXT_H
#define SELFTESTS_LIB_BC_TEXT_H

#include "bc_util.h"

enum bc_text {
	BC_TEXT_CLASSIC,	/* 24 rows, place holders included */
	BC_TEXT_FULL,		/* 21 rows, swappages included */
};

/**
 * bc_text_order() - ids in the order of the files: newest first, 0 last
 *
 * Return: how many, or a negative errno.
 */
int bc_text_order(unsigned int *ids, int max);

/* Each returns the number of bytes. */
size_t bc_text_rows(char *out, enum bc_text kind, unsigned int id, const char *label);
size_t bc_text_table(char *out, enum bc_text kind, const unsigned int *ids, int n);
/* Of a container whose rows are all classic. */
size_t bc_text_extended(char *out, unsigned int id);
size_t bc_text_veinfo(char *out, const unsigned int *ids, int n);

/**
 * bc_text_compare() - 0 if equal, else the first different line is shown
 */
int bc_text_compare(const char *what, const char *expected, const char *seen);

#endif
