// SPDX-License-Identifier: GPL-2.0
/* vzubc --watch: the rows of all containers on one screen, kept up to date. */
#include <curses.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/str.h"
#include "vzubc.h"

#define HELP	"q quit  u use  c container  r resource  f refused  n new  R reverse  a all"

#define TOP	2	/* lines above the rows: title, header */
#define BOTTOM	2	/* below: about the chosen row, keys */

enum { PAIR_NEAR = 1, PAIR_OVER, PAIR_GOOD };

struct live {
	struct options o;
	struct vz_counters_set first, last, now;
	struct lines lines;
	enum order order;
	bool reverse, colors;
	uint32_t chosen_id;		/* the row under the bar, wherever it moves */
	char chosen_name[VZ_ROW_NAME];
	size_t chosen, top;
};

/* The sets are exchanged so that two are kept: of the beginning and of the last look. */
static int look(struct live *v, struct vz_err *e)
{
	struct vz_counters_set now;

	if (read_counters(&v->o, &now, e) < 0)
		return -1;
	vz_counters_free(&v->last);
	v->last = v->now;
	v->now = now;
	return 0;
}

static int collect(struct live *v, struct vz_err *e)
{
	free(v->lines.list);
	if (lines_collect(&v->lines, &v->o, &v->now, &v->first, &v->last) < 0)
		return vz_err_set(e, VZ_EXIT_SYSTEM, "no memory");
	lines_sort(&v->lines, v->order, v->reverse);
	/* The bar stays on its row when rows change places. */
	for (size_t i = 0; i < v->lines.count; i++)
		if (v->lines.list[i].id == v->chosen_id &&
		    vz_streq(v->lines.list[i].row->name, v->chosen_name)) {
			v->chosen = i;
			return 0;
		}
	return 0;
}

static void choose(struct live *v, size_t at)
{
	if (!v->lines.count)
		return;
	v->chosen = at < v->lines.count ? at : v->lines.count - 1;
	v->chosen_id = v->lines.list[v->chosen].id;
	snprintf(v->chosen_name, sizeof(v->chosen_name), "%s", v->lines.list[v->chosen].row->name);
}

/* ---- drawing ---------------------------------------------------------------------- */

static size_t page(void)
{
	return LINES > TOP + BOTTOM ? LINES - TOP - BOTTOM : 1;
}

static attr_t look_of(const struct live *v, const struct line *line)
{
	/* Refusals of long ago are a number; those that happen now, and what is full, are red. */
	enum matter matter = line->use >= 1 ? OVER : matter_of(&v->o, line->row, line->fails);

	switch (matter) {
	case OVER:
		return A_BOLD | (v->colors ? COLOR_PAIR(PAIR_OVER) : A_STANDOUT);
	case NEAR:
		return v->colors ? COLOR_PAIR(PAIR_NEAR) : A_BOLD;
	case CALM:
		break;
	}
	return line->use >= 0 && v->colors ? COLOR_PAIR(PAIR_GOOD) : A_NORMAL;
}

static void put_line(int y, attr_t attr, const char *text)
{
	attrset(attr);
	mvaddnstr(y, 0, text, COLS);
	attrset(A_NORMAL);
}

static void draw_title(const struct live *v)
{
	char text[256], when[16] = "";
	time_t t = time(NULL);
	struct tm tm;
	uint64_t fails = 0;

	for (size_t i = 0; i < v->lines.count; i++)
		fails += v->lines.list[i].fails;
	if (localtime_r(&t, &tm))
		strftime(when, sizeof(when), "%H:%M:%S", &tm);
	snprintf(text, sizeof(text),
		 "%s  %zu container%s, %" PRIu64 " refused since the start; by %s%s; every %g s",
		 when, v->now.count, v->now.count == 1 ? "" : "s", fails, order_names[v->order],
		 v->reverse ? ", reversed" : "", v->o.interval);
	put_line(0, A_BOLD, text);
}

/* What became of the chosen row's last refusal. */
static void draw_detail(const struct live *v, int y)
{
	const struct vz_refusal *r;
	struct vz_refusals list;
	char text[512], comm[128], asked[NUMBER_TEXT], held[NUMBER_TEXT], name[32];
	int unit;

	if (!v->lines.count)
		return;
	unit = v->lines.list[v->chosen].row->unit;
	if (vz_refusals_read(v->chosen_id, &list, NULL) < 0)
		return;
	r = vz_refusals_last(&list, v->chosen_name);
	if (r) {
		amount(unit, r->asked, asked);
		amount(unit, r->held, held);
		snprintf(text, sizeof(text),
			 "%" PRIu32 " %s: last refused %s (%" PRIu32 "), asked %s, held %s: %s",
			 v->chosen_id, r->name, vz_printable(r->comm, comm, sizeof(comm)), r->pid,
			 asked, held, vz_errno_name(r->error, name, sizeof(name)));
	} else {
		snprintf(text, sizeof(text), "%" PRIu32 " %s: no refusal on record", v->chosen_id,
			 v->chosen_name);
	}
	put_line(y, A_NORMAL, text);
	vz_refusals_free(&list);
}

static void draw(struct live *v)
{
	size_t rows = page();
	char text[512];

	if (v->chosen >= v->lines.count)
		choose(v, v->lines.count ? v->lines.count - 1 : 0);
	if (v->chosen < v->top)
		v->top = v->chosen;
	if (v->chosen >= v->top + rows)
		v->top = v->chosen - rows + 1;
	erase();
	if (!v->o.no_title)
		draw_title(v);
	line_title(&v->lines, COLS, text, sizeof(text));
	put_line(1, A_REVERSE, text);
	for (size_t i = 0; i < rows && v->top + i < v->lines.count; i++) {
		const struct line *line = &v->lines.list[v->top + i];
		attr_t attr = look_of(v, line);

		if (v->top + i == v->chosen)
			attr |= A_REVERSE;
		if (v->o.differences && line->changed)
			attr |= A_UNDERLINE;
		line_text(&v->lines, line, COLS, text, sizeof(text));
		put_line(TOP + i, attr, text);
	}
	if (!v->lines.count)
		put_line(TOP, A_NORMAL, "No container has a row to show; a shows all rows.");
	draw_detail(v, LINES - 2);
	put_line(LINES - 1, A_DIM, HELP);
	refresh();
}

/* ---- keys -------------------------------------------------------------------------- */

static void set_order(struct live *v, enum order order)
{
	v->reverse = v->order == order ? !v->reverse : false;
	v->order = order;
}

/* Return: false: the end. */
static bool on_key(struct live *v, int key)
{
	switch (key) {
	case 'q':
	case 'Q':
	case 27:
		return false;
	case 'u':
		set_order(v, BY_USE);
		break;
	case 'c':
		set_order(v, BY_CONTAINER);
		break;
	case 'r':
		set_order(v, BY_RESOURCE);
		break;
	case 'f':
		set_order(v, BY_FAILS);
		break;
	case 'n':
		set_order(v, BY_NEW);
		break;
	case 'R':
		v->reverse = !v->reverse;
		break;
	case 'a':
		v->o.verbose = !v->o.verbose;
		break;
	case KEY_UP:
	case 'k':
		choose(v, v->chosen ? v->chosen - 1 : 0);
		break;
	case KEY_DOWN:
	case 'j':
		choose(v, v->chosen + 1);
		break;
	case KEY_PPAGE:
		choose(v, v->chosen > page() ? v->chosen - page() : 0);
		break;
	case KEY_NPAGE:
		choose(v, v->chosen + page());
		break;
	case KEY_HOME:
		choose(v, 0);
		break;
	case KEY_END:
		choose(v, v->lines.count);
		break;
	}
	return true;
}

static int watch(struct live *v, struct vz_err *e)
{
	int64_t next = vz_now_ms();

	for (;;) {
		int64_t now = vz_now_ms();
		int key;

		if (now >= next) {
			if (look(v, e) < 0)
				return -1;
			next = now + (int64_t)(v->o.interval * 1000);
		}
		if (collect(v, e) < 0)
			return -1;
		if (!*v->chosen_name)
			choose(v, 0);
		draw(v);
		now = vz_now_ms();
		timeout(next > now ? (int)(next - now) : 0);
		key = getch();
		/* A terminal that is gone has no keys any more. */
		if (key == ERR && !isatty(STDIN_FILENO))
			return 0;
		if (key != ERR && !on_key(v, key))
			return 0;
	}
}

static void start_screen(struct live *v)
{
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	v->colors = has_colors() && start_color() == OK && use_default_colors() == OK;
	if (!v->colors)
		return;
	init_pair(PAIR_NEAR, COLOR_YELLOW, -1);
	init_pair(PAIR_OVER, COLOR_RED, -1);
	init_pair(PAIR_GOOD, COLOR_GREEN, -1);
}

int show_live(const struct options *o, struct vz_err *e)
{
	struct live v = { .o = *o };
	SCREEN *screen;
	int rc;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return vz_err_set(e, VZ_EXIT_BAD_OPTION, "--watch needs a terminal");
	/* What cannot be read is said before the screen is taken. */
	if (read_counters(&v.o, &v.first, e) < 0)
		return -1;
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		vz_counters_free(&v.first);
		return vz_err_set(e, VZ_EXIT_SYSTEM,
				  "this terminal (TERM) is not known to ncurses");
	}
	start_screen(&v);
	rc = watch(&v, e);
	endwin();
	delscreen(screen);
	free(v.lines.list);
	vz_counters_free(&v.first);
	vz_counters_free(&v.last);
	vz_counters_free(&v.now);
	return rc;
}
