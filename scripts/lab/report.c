// SPDX-License-Identifier: GPL-2.0
/* What a run has shown: a table, expectations, CSV, and plots of it as SVG. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"

#define SHOWN	12	/* parties in a plot and in the table: the first ones */

static FILE *csv;
static const char *out_prefix;
static u32 samples, sample_room;
static struct sample {
	double time, share[SHOWN], lag[SHOWN], worst_lag;
} * sample;

static FILE *create(const char *suffix)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", out_prefix, suffix);
	f = fopen(path, "w");
	if (!f)
		lab_die("%s: %s", path, strerror(errno));
	return f;
}

void lab_reports_begin(struct lab *lab, const char *prefix)
{
	out_prefix = prefix;
	if (!prefix)
		return;
	csv = create(".csv");
	fprintf(csv, "time_s,party,used_ms,share_percent,due_percent,lag_ms\n");
}

static void note_second(struct lab *lab, struct party *p, u64 used)
{
	double due = p->due * NS, err;

	if (lab->now % NS)
		return;
	err = due > 0 ? fabs(used - p->at_second - due) / due : 0;
	if (err > p->worst_second)
		p->worst_second = err;
	p->at_second = used;
}

void lab_sample(struct lab *lab)
{
	struct sample *s;

	sample = lab_grow(sample, &sample_room, samples + 1, sizeof(*sample));
	s = &sample[samples++];
	*s = (struct sample){ .time = lab->now / 1e9 };
	for (u32 i = 0; i < lab->parties; i++) {
		struct party *p = &lab->party[i];
		u64 used = p->decision.used;
		double share = (used - p->at_sample) * 100.0 / lab->sample;
		double lag = lab->can_due ? (p->due * lab->now - used) / 1e6 : 0;

		note_second(lab, p, used);
		if (fabs(lag) > fabs(s->worst_lag))
			s->worst_lag = lag;
		if (i < SHOWN) {
			s->share[i] = share;
			s->lag[i] = lag;
		}
		if (csv && i < 1000)
			fprintf(csv, "%.3f,%s,%.6f,%.3f,%.3f,%.6f\n", s->time, p->name, used / 1e6,
				share, lab->can_due ? p->due * 100 : 0, lag);
		p->at_sample = used;
	}
}

/* ---- plots ---- */

#define W 760
#define H 380
#define LEFT 70
#define TOP 40

static const char *const colours[SHOWN] = { "#1b6ca8", "#d1495b", "#2e933c", "#edae49",
					    "#6a4c93", "#00798c", "#8d5524", "#5c5c5c",
					    "#c2185b", "#7cb342", "#3949ab", "#ff7043" };

struct plot {
	FILE *f;
	double x_max, y_min, y_max;
	u32 lines;
};

static double px(const struct plot *p, double x)
{
	return LEFT + x / p->x_max * (W - LEFT - 140);
}

static double py(const struct plot *p, double y)
{
	return H - 45 - (y - p->y_min) / (p->y_max - p->y_min) * (H - 45 - TOP);
}

static struct plot plot_begin(const char *suffix, const char *title, const char *what,
			      const char *x_name, const char *y_name, double x_max, double y_min,
			      double y_max)
{
	struct plot p = { create(suffix), x_max ?: 1, y_min, y_max > y_min ? y_max : y_min + 1, 0 };

	fprintf(p.f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"font-family=\"sans-serif\" font-size=\"12\">\n"
		"<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n"
		"<text x=\"%d\" y=\"22\" font-size=\"15\">%s: %s</text>\n"
		"<text x=\"%d\" y=\"%d\">%s</text>\n"
		"<text transform=\"translate(16,%d) rotate(-90)\">%s</text>\n",
		W, H, W, H, LEFT, title, what, (W - 140) / 2, H - 8, x_name, H / 2 + 30, y_name);
	for (int i = 0; i <= 5; i++) {
		double x = p.x_max * i / 5, y = p.y_min + (p.y_max - p.y_min) * i / 5;

		fprintf(p.f,
			"<path d=\"M%.1f %.1fH%.1f\" stroke=\"#ddd\"/>"
			"<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.4g</text>"
			"<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.4g</text>\n",
			px(&p, 0), py(&p, y), px(&p, p.x_max), LEFT - 6, py(&p, y) + 4, y,
			px(&p, x), H - 28, x);
	}
	return p;
}

static void plot_line_begin(struct plot *p, const char *name)
{
	u32 i = p->lines++ % SHOWN;

	fprintf(p->f,
		"<text x=\"%d\" y=\"%u\" fill=\"%s\">%s</text>\n"
		"<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"",
		W - 130, TOP + 14 + 18 * i, colours[i], name, colours[i]);
}

static void plot_end(struct plot *p)
{
	fprintf(p->f, "</svg>\n");
	if (ferror(p->f) || fclose(p->f))
		lab_die("%s: cannot write a plot", out_prefix);
}

static u32 shown(const struct lab *lab)
{
	return lab->parties < SHOWN ? lab->parties : SHOWN;
}

static void plot_shares(struct lab *lab)
{
	double top = 0;
	struct plot p;

	for (u32 s = 0; s < samples; s++)
		for (u32 i = 0; i < shown(lab); i++)
			top = fmax(top, sample[s].share[i]);
	p = plot_begin("-share.svg", lab->title, "share", "s", "% of one processor",
		       lab->time / 1e9, 0, top * 1.05);
	for (u32 i = 0; i < shown(lab); i++) {
		plot_line_begin(&p, lab->party[i].name);
		for (u32 s = 0; s < samples; s++)
			fprintf(p.f, "%.1f,%.1f ", px(&p, sample[s].time),
				py(&p, sample[s].share[i]));
		fprintf(p.f, "\"/>\n");
	}
	plot_end(&p);
}

static void plot_lag(struct lab *lab)
{
	double low = 0, top = 0;
	struct plot p;

	if (!lab->can_due)
		return;
	for (u32 s = 0; s < samples; s++) {
		low = fmin(low, sample[s].worst_lag);
		top = fmax(top, sample[s].worst_lag);
		for (u32 i = 0; i < shown(lab); i++) {
			low = fmin(low, sample[s].lag[i]);
			top = fmax(top, sample[s].lag[i]);
		}
	}
	p = plot_begin("-lag.svg", lab->title, "behind what is due", "s", "ms", lab->time / 1e9,
		       low, top);
	for (u32 i = 0; i < shown(lab); i++) {
		plot_line_begin(&p, lab->party[i].name);
		for (u32 s = 0; s < samples; s++)
			fprintf(p.f, "%.1f,%.1f ", px(&p, sample[s].time),
				py(&p, sample[s].lag[i]));
		fprintf(p.f, "\"/>\n");
	}
	plot_end(&p);
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static u64 percentile(const struct party *p, double percent)
{
	u32 i = ceil(p->latencies * percent / 100);

	return p->latencies ? p->latency[i ? i - 1 : 0] : 0;
}

static void plot_latency(struct lab *lab)
{
	double top = 0;
	struct plot p;

	for (u32 i = 0; i < shown(lab); i++)
		top = fmax(top, percentile(&lab->party[i], 100) / 1e6);
	if (!top)
		return;
	p = plot_begin("-latency.svg", lab->title, "time from waking to running", "% of wake-ups",
		       "ms", 100, 0, top);
	for (u32 i = 0; i < shown(lab); i++) {
		if (!lab->party[i].latencies)
			continue;
		plot_line_begin(&p, lab->party[i].name);
		for (int x = 0; x <= 200; x++)
			fprintf(p.f, "%.1f,%.1f ", px(&p, x / 2.0),
				py(&p, percentile(&lab->party[i], x / 2.0) / 1e6));
		fprintf(p.f, "\"/>\n");
	}
	plot_end(&p);
}

/* ---- the table, and what was expected ---- */

static double error_of(const struct lab *lab, const struct party *p)
{
	double due = p->due * lab->time;

	return due > 0 ? fabs(p->decision.used - due) / due * 100 : p->decision.used ? 100 : 0;
}

static void table(struct lab *lab)
{
	printf("%-12s %8s %7s %10s %10s %8s %8s %9s %9s %9s\n", "party", "weight", "threads",
	       "used %", "due %", "error %", "1 s %", "p50 us", "p99 us", "max us");
	for (u32 i = 0; i < shown(lab); i++) {
		struct party *p = &lab->party[i];

		printf("%-12s %8u %7u %10.3f ", p->name, p->weight, p->threads,
		       p->decision.used * 100.0 / lab->time);
		if (lab->can_due)
			printf("%10.3f %8.3f %8.3f ", p->due * 100, error_of(lab, p),
			       p->worst_second * 100);
		else
			printf("%10s %8s %8s ", "-", "-", "-");
		if (p->latencies)
			printf("%9.1f %9.1f %9.1f\n", percentile(p, 50) / 1e3,
			       percentile(p, 99) / 1e3, percentile(p, 100) / 1e3);
		else
			printf("%9s %9s %9s\n", "-", "-", "-");
	}
	if (shown(lab) < lab->parties)
		printf("... and %u more\n", lab->parties - shown(lab));
}

static double worst(const struct lab *lab, bool second)
{
	double w = 0;

	for (u32 i = 0; i < lab->parties; i++)
		w = fmax(w,
			 second ? lab->party[i].worst_second * 100 : error_of(lab, &lab->party[i]));
	return w;
}

static bool verdict(const char *what, const char *party, double is, double bound, const char *unit)
{
	bool ok = is <= bound;

	printf("%s: %s%s%s is %.4g%s, expected at most %.4g%s\n", ok ? "ok" : "NOT OK", what,
	       *party ? " of " : "", party, is, unit, bound, unit);
	return ok;
}

static bool judge(struct lab *lab, const struct expect *e)
{
	if (e->what == SHARE || e->what == SECOND) {
		if (!lab->can_due)
			lab_die("a share is expected, but not every party is a hog");
		if (e->what == SECOND && (NS % lab->sample || lab->time < NS))
			lab_die("errors over a second need samples that divide it");
		return verdict(e->what == SHARE ? "worst error" : "worst error over 1 s", "",
			       worst(lab, e->what == SECOND), e->bound, " %");
	}
	if (e->what == IDLE)
		return verdict("idle", "", lab->idle_ns * 100.0 / ((double)lab->time * lab->cpus),
			       e->bound, " %");
	for (u32 i = 0; i < lab->parties; i++)
		if (!strcmp(lab->party[i].name, e->party) && lab->party[i].latencies)
			return verdict("latency", e->party,
				       percentile(&lab->party[i], e->percentile) / 1e3,
				       e->bound / 1e3, " us");
	lab_die("latency of '%s' is expected, which has not woken up", e->party);
}

bool lab_report(struct lab *lab)
{
	bool ok = true;

	for (u32 i = 0; i < lab->parties; i++)
		if (lab->party[i].latencies)
			qsort(lab->party[i].latency, lab->party[i].latencies, sizeof(u64), compare);
	printf("%s: %u processors, %g s, policy %s\n", lab->title, lab->cpus, lab->time / 1e9,
	       lab->policy->name);
	table(lab);
	printf("idle %.3f %%, %.0f switches and %.0f decisions a second on each processor\n",
	       lab->idle_ns * 100.0 / ((double)lab->time * lab->cpus),
	       lab->switches * 1e9 / lab->time / lab->cpus,
	       lab->decisions * 1e9 / lab->time / lab->cpus);
	for (u32 i = 0; i < lab->expects; i++)
		ok = judge(lab, &lab->expect[i]) && ok;
	if (csv) {
		if (ferror(csv) || fclose(csv))
			lab_die("%s.csv: cannot be written", out_prefix);
		plot_shares(lab);
		plot_lag(lab);
		plot_latency(lab);
	}
	return ok;
}
