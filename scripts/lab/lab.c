// SPDX-License-Identifier: GPL-2.0
/* The command line of the laboratory. scripts/lab/run builds and calls it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab.h"

static const char usage[] =
	"usage: lab [-o PREFIX] [-p POLICY] SCENARIO\n"
	"  -o PREFIX   write PREFIX.csv and plots PREFIX-share.svg, -lag.svg, -latency.svg\n"
	"  -p POLICY   fair, lottery or strict, whatever the scenario says\n"
	"A scenario is text, one statement a line; the first comment is its title:\n"
	"  cpus 2\n"
	"  time 5s\n"
	"  sample 100ms\n"
	"  policy fair\n"
	"  party NAME [count=N] [weight=W,W...] [threads=N] [cap=P%] [cpus=N] [class=N]\n"
	"             [load=hog|RUN/SLEEP|~RUN/SLEEP]\n"
	"  trace FILE                  lines PARTY THREAD SLEEP_NS RUN_NS\n"
	"  expect share|second|idle P%\n"
	"  expect latency PARTY pNN|max TIME\n"
	"Status 1: something expected did not come true. 2: the scenario is wrong.\n";

int main(int argc, char **argv)
{
	static struct lab lab = { .cpus = 2, .time = 5 * NS, .sample = NS / 10 };
	const char *prefix = NULL, *policy = NULL;
	struct timespec a, b;
	bool ok;
	int opt;

	lab.policy = &fsched_fair;
	while ((opt = getopt(argc, argv, "o:p:h")) != -1) {
		switch (opt) {
		case 'o':
			prefix = optarg;
			break;
		case 'p':
			policy = optarg;
			break;
		default:
			fputs(usage, opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
	}
	if (argc != optind + 1) {
		fputs(usage, stderr);
		return 2;
	}
	lab_read(&lab, argv[optind]);
	if (policy)
		lab.policy = lab_policy(policy);
	lab_dues(&lab);
	lab_reports_begin(&lab, prefix);
	clock_gettime(CLOCK_MONOTONIC, &a);
	lab_run(&lab, lab_sample);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ok = lab_report(&lab);
	printf("simulated in %.2f s\n", b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9);
	return fflush(stdout) || !ok;
}
