// SPDX-License-Identifier: GPL-2.0
/* One of two files that define a name: see test_build.sh. */
int vz_twice(void);

int vz_twice(void)
{
	return 2;
}
