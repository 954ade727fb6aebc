// SPDX-License-Identifier: GPL-2.0
/* Scenarios: text to parties, threads and expectations; see lab -h. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"

static const char *where;
static unsigned int line_number;

void lab_die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "lab: ");
	if (where)
		fprintf(stderr, "%s:%u: ", where, line_number);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

void *lab_grow(void *array, u32 *room, u32 count, size_t size)
{
	if (count <= *room)
		return array;
	*room = count > 2 * *room ? count : 2 * *room;
	array = realloc(array, *room * size);
	if (!array)
		lab_die("no memory");
	return array;
}

static double number(const char *text, const char *unit)
{
	char *end;
	double d = strtod(text, &end);

	if (end == text || strcmp(end, unit) || d < 0)
		lab_die("'%s' is no number%s%s", text, *unit ? " followed by " : "", unit);
	return d;
}

static u64 duration(const char *text)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = { { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 } };
	char *end;
	double d = strtod(text, &end);

	for (unsigned int i = 0; i < 4; i++)
		if (end != text && d >= 0 && !strcmp(end, units[i].unit))
			return d * units[i].ns;
	lab_die("'%s' is no time: 10ms, 250us, 5s", text);
}

static u32 bounded(const char *text, const char *unit, double scale, u32 min, u32 max)
{
	double d = number(text, unit) * scale;

	if (d < min || d > max)
		lab_die("'%s' is out of range: %g to %g%s", text, min / scale, max / scale, unit);
	return d + 0.5;
}

static struct load load_of(char *text)
{
	struct load load = { .run = FOREVER };
	char *slash;

	if (!strcmp(text, "hog"))
		return load;
	load.random = *text == '~';
	text += load.random;
	slash = strchr(text, '/');
	if (!slash)
		lab_die("load '%s': it is hog, RUN/SLEEP or ~RUN/SLEEP", text);
	*slash = '\0';
	load.run = duration(text);
	load.sleep = duration(slash + 1);
	return load;
}

static struct thread *new_thread(struct lab *lab, u32 party, struct load load)
{
	lab->thread =
		lab_grow(lab->thread, &lab->thread_room, lab->threads + 1, sizeof(*lab->thread));
	lab->thread[lab->threads] = (struct thread){ .party = party, .load = load };
	return &lab->thread[lab->threads++];
}

static u32 new_party(struct lab *lab, const char *name)
{
	struct party *p;

	lab->party = lab_grow(lab->party, &lab->party_room, lab->parties + 1, sizeof(*p));
	p = &lab->party[lab->parties];
	*p = (struct party){ .weight = FSCHED_WEIGHT_ONE, .hog = true };
	if (strlen(name) >= sizeof(p->name))
		lab_die("the name '%s' is too long", name);
	strcpy(p->name, name);
	return lab->parties++;
}

static s32 find_party(const struct lab *lab, const char *name)
{
	for (u32 i = 0; i < lab->parties; i++)
		if (!strcmp(lab->party[i].name, name))
			return i;
	return -1;
}

/* party NAME [count=N] [weight=W,W...] [threads=N] [cap=P%] [cpus=N] [class=N] [load=L] */
static void parse_party(struct lab *lab, char *name)
{
	u32 weights[16] = { FSCHED_WEIGHT_ONE }, nr_weights = 1, count = 1;
	struct party proto = { .threads = 1, .hog = true };
	struct load load = { .run = FOREVER };
	char *word;

	while ((word = strtok(NULL, " \t\n"))) {
		char *value = strchr(word, '=');

		if (!value)
			lab_die("'%s': expected key=value", word);
		*value++ = '\0';
		if (!strcmp(word, "count")) {
			count = bounded(value, "", 1, 1, 1000000);
		} else if (!strcmp(word, "weight")) {
			for (nr_weights = 0; value && nr_weights < 16; nr_weights++) {
				char *comma = strchr(value, ',');

				if (comma)
					*comma++ = '\0';
				weights[nr_weights] =
					bounded(value, "", 1, FSCHED_WEIGHT_MIN, FSCHED_WEIGHT_MAX);
				value = comma;
			}
		} else if (!strcmp(word, "threads")) {
			proto.threads = bounded(value, "", 1, 0, 100000);
		} else if (!strcmp(word, "cap")) {
			proto.rate = bounded(value, "%", FSCHED_RATE_ONE / 100, 1, FSCHED_RATE_MAX);
		} else if (!strcmp(word, "cpus")) {
			proto.cpus = bounded(value, "", 1, 1, 100000);
		} else if (!strcmp(word, "class")) {
			proto.class = bounded(value, "", 1, 0, FSCHED_QUEUES - 1);
		} else if (!strcmp(word, "load")) {
			load = load_of(value);
		} else {
			lab_die("a party has no '%s'", word);
		}
	}
	proto.hog = load.run == FOREVER && proto.threads;
	for (u32 i = 0; i < count; i++) {
		char full[LAB_NAME * 2];
		u32 n, t;

		snprintf(full, sizeof(full), count > 1 ? "%s%u" : "%s", name, i + 1);
		if (find_party(lab, full) >= 0 && count == 1)
			lab_die("there is a party '%s' already", full);
		n = new_party(lab, full);
		strcpy(proto.name, lab->party[n].name);
		lab->party[n] = proto;
		lab->party[n].weight = weights[i % nr_weights];
		for (t = 0; t < proto.threads; t++)
			new_thread(lab, n, load);
	}
}

/* trace FILE: lines "PARTY THREAD SLEEP_NS RUN_NS", in time, per thread */
static void parse_trace(struct lab *lab, const char *path)
{
	const char *outer = where;
	unsigned int outer_line = line_number;
	u32 first = lab->threads;
	struct id {
		u32 number, thread;
	} *ids = NULL;
	u32 nr_ids = 0, id_room = 0;
	char party[LAB_NAME], dir[4096];
	char line[256];
	FILE *f;

	/* beside the scenario, as an include would be */
	snprintf(dir, sizeof(dir), "%.*s%s",
		 *path == '/' || !strrchr(where, '/') ? 0 : (int)(strrchr(where, '/') - where) + 1,
		 where, path);
	f = fopen(dir, "r");
	if (!f)
		lab_die("%s: %s", dir, strerror(errno));
	where = dir;
	for (line_number = 1; fgets(line, sizeof(line), f); line_number++) {
		u64 sleep, run;
		u32 number, i;
		struct load *load;
		s32 p;

		if (*line == '#' || *line == '\n')
			continue;
		if (sscanf(line, "%31s %u %llu %llu", party, &number, &sleep, &run) != 4)
			lab_die("expected PARTY THREAD SLEEP_NS RUN_NS");
		p = find_party(lab, party);
		if (p < 0)
			p = new_party(lab, party);
		lab->party[p].hog = false;
		for (i = 0; i < nr_ids; i++)
			if (ids[i].number == number && lab->thread[ids[i].thread].party == (u32)p)
				break;
		if (i == nr_ids) {
			ids = lab_grow(ids, &id_room, nr_ids + 1, sizeof(*ids));
			ids[nr_ids++] = (struct id){ number, lab->threads };
			new_thread(lab, p, (struct load){ .run = FOREVER });
			/* burst 0 is the sleep before the first run */
			load = &lab->thread[ids[i].thread].load;
			load->list = lab_grow(NULL, &load->room, 8, sizeof(struct burst));
			load->list[load->count++] = (struct burst){ 0, sleep };
		} else {
			load = &lab->thread[ids[i].thread].load;
			load->list[load->count - 1].sleep = sleep;
		}
		load->list =
			lab_grow(load->list, &load->room, load->count + 1, sizeof(struct burst));
		load->list[load->count++] = (struct burst){ run, 0 };
	}
	fclose(f);
	free(ids);
	where = outer;
	line_number = outer_line;
	if (first == lab->threads)
		lab_die("%s has no burst", path);
}

/* expect share P% | second P% | idle P% | latency NAME pNN|max TIME */
static void parse_expect(struct lab *lab, const char *what)
{
	struct expect e = { 0 };
	char *word = strtok(NULL, " \t\n");

	if (!word || lab->expects == LAB_EXPECTS)
		lab_die("expect share|second|idle PERCENT, or latency PARTY pNN|max TIME");
	if (!strcmp(what, "latency")) {
		char *percentile = strtok(NULL, " \t\n"), *bound = strtok(NULL, " \t\n");

		if (!percentile || !bound)
			lab_die("expect latency PARTY pNN|max TIME");
		e.what = LATENCY;
		snprintf(e.party, sizeof(e.party), "%s", word);
		e.percentile = strcmp(percentile, "max") ? number(percentile + 1, "") : 100;
		e.bound = duration(bound);
	} else {
		e.what = !strcmp(what, "share") ? SHARE : !strcmp(what, "second") ? SECOND : IDLE;
		if (e.what == IDLE && strcmp(what, "idle"))
			lab_die("nobody knows how to expect '%s'", what);
		e.bound = number(word, "%");
	}
	lab->expect[lab->expects++] = e;
}

const struct fsched_policy *lab_policy(const char *name)
{
	static const struct fsched_policy *const all[] = { &fsched_fair, &fsched_lottery,
							   &fsched_strict };

	for (unsigned int i = 0; i < 3; i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	lab_die("there is no policy '%s': fair, lottery, strict", name);
}

void lab_read(struct lab *lab, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[512];

	if (!f)
		lab_die("%s: %s", path, strerror(errno));
	where = path;
	for (line_number = 1; fgets(line, sizeof(line), f); line_number++) {
		char *word, *arg;

		if (*line == '#') {
			line[strcspn(line, "\n")] = '\0';
			if (!*lab->title)
				snprintf(lab->title, sizeof(lab->title), "%s",
					 line + 1 + strspn(line + 1, " "));
			continue;
		}
		word = strtok(line, " \t\n");
		if (!word)
			continue;
		arg = strtok(NULL, " \t\n");
		if (!arg)
			lab_die("'%s' needs a value", word);
		if (!strcmp(word, "cpus"))
			lab->cpus = bounded(arg, "", 1, 1, 8192);
		else if (!strcmp(word, "time"))
			lab->time = duration(arg);
		else if (!strcmp(word, "sample"))
			lab->sample = duration(arg);
		else if (!strcmp(word, "policy"))
			lab->policy = lab_policy(arg);
		else if (!strcmp(word, "party"))
			parse_party(lab, arg);
		else if (!strcmp(word, "trace"))
			parse_trace(lab, arg);
		else if (!strcmp(word, "expect"))
			parse_expect(lab, arg);
		else
			lab_die("'%s' is not known here", word);
	}
	if (ferror(f))
		lab_die("%s: %s", path, strerror(errno));
	fclose(f);
	if (!lab->parties || !lab->time || !lab->sample)
		lab_die("nothing to do: it needs parties, a time, a sample");
	where = NULL;
}

static double most_of(const struct party *p)
{
	double most = p->threads;

	if (p->cpus && p->cpus < most)
		most = p->cpus;
	if (p->rate && p->rate / (double)FSCHED_RATE_ONE < most)
		most = p->rate / (double)FSCHED_RATE_ONE;
	return most;
}

/* Fill up parties of one class by weight; who is full leaves the rest to the others. */
static double fill_class(struct lab *lab, int class, double room)
{
	double weight, given;
	bool full;

	do {
		full = false;
		weight = 0;
		for (u32 i = 0; i < lab->parties; i++)
			if ((class < 0 || lab->party[i].class == (u32) class) &&
			    lab->party[i].due < 0)
				weight += lab->party[i].weight;
		given = 0;
		for (u32 i = 0; i < lab->parties; i++) {
			struct party *p = &lab->party[i];

			if ((class >= 0 && p->class != (u32) class) || p->due >= 0 ||
			    p->weight * room / weight < most_of(p))
				continue;
			p->due = most_of(p);
			given += p->due;
			full = true;
		}
		room -= given;
	} while (full);
	for (u32 i = 0; i < lab->parties; i++) {
		struct party *p = &lab->party[i];

		if ((class < 0 || p->class == (u32) class) && p->due < 0)
			p->due = p->weight * room / weight;
	}
	return weight ? 0 : room;
}

/* What each party ought to get, if all of them use whatever they can. */
void lab_dues(struct lab *lab)
{
	double room = lab->cpus;

	lab->can_due = true;
	for (u32 i = 0; i < lab->parties; i++) {
		lab->party[i].due = -1;
		lab->can_due = lab->can_due && lab->party[i].hog;
	}
	if (!lab->can_due)
		return;
	if (strcmp(lab->policy->name, "strict")) {
		fill_class(lab, -1, room);
		return;
	}
	for (int class = 0; class < FSCHED_QUEUES; class ++)
		room = fill_class(lab, class, room);
}
