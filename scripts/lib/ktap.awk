# SPDX-License-Identifier: GPL-2.0
#
# Judge what the kernel's test runner printed: a table of programs, what the
# failed ones said, and "N passed, N failed, N skipped" as the last line.
# Status 1 if anything failed.
#
#   -v must=1        a skipped test is a failed one, but for
#   -v allow=FILE    lines "PATTERN<tab>REASON": a skip that matches is in order
#   -v only=N        begin at the Nth "### begin" line (0: no such lines)
#
# A program that printed results of its own (KTAP) counts by those, any other
# counts as one. A program that died, or printed fewer results than it had
# planned, adds a failure; so does a result that is missing at the end.

function allowed(line,   i)
{
	for (i = 1; i <= nallow; i++)
		if (line ~ pat[i])
			return 1
	return 0
}

function reset()
{
	passed = failed = skipped = programs = 0
	plan = -1
	name = ""
}

# One result of a program, or of the machine.
function result(good, line)
{
	if (good && line ~ /# *SKIP/) {
		if (must && !allowed(name " " line)) {
			bad++
			text = text "    skipped, and nothing allows that: " line "\n"
		} else {
			skips++
			why[++nwhy] = name ": " line
		}
	} else if (good) {
		oks++
	} else {
		bad++
	}
}

function begin(n)
{
	if (name != "")
		died()
	name = n
	oks = bad = skips = 0
	subplan = -1
	text = ""
}

function end(note, good)
{
	if (subplan >= 0 && oks + bad + skips < subplan) {
		note = note " only " (oks + bad + skips) " of " subplan " results"
		bad += subplan - oks - bad - skips
	}
	if (!good && !bad)
		bad++
	printf "%-28s %4d passed %4d failed %4d skipped %s\n", name, oks, bad, skips, note
	if (bad)
		printf "%s", text
	passed += oks
	failed += bad
	skipped += skips
	name = ""
}

# The program that began last gave no verdict.
function died()
{
	programs++
	end("died", 0)
}

BEGIN {
	while (allow != "" && (getline l < allow) > 0) {
		if (l ~ /^#/ || l ~ /^[ \t]*$/)
			continue
		sub(/\t.*/, "", l)
		pat[++nallow] = l
	}
	reset()
	seen = 0
	on = !only
}

{ sub(/\r$/, "") }

/^### begin/ {
	seen++
	on = seen >= only
	next
}

!on { next }

/^# selftests: / {
	n = $0
	sub(/^# selftests: [^:]*: /, "", n)
	begin(n)
	next
}

/^(not )?ok [0-9]+ selftests: / {
	n = $0
	sub(/^(not )?ok [0-9]+ selftests: [^:]*: /, "", n)
	note = ""
	if (n ~ / # /) {
		note = n
		sub(/^[^#]*# /, "", note)
		sub(/ # .*/, "", n)
	}
	if (name == "")
		begin(n)
	if (subplan < 0)
		result($1 == "ok", $0)
	programs++
	end(note, $1 == "ok")
	next
}

# The machine's own: loading, unloading.
/^(not )?ok - / {
	n = $0
	sub(/^(not )?ok - /, "", n)
	begin("(" n ")")
	result($1 == "ok", "")
	end("", $1 == "ok")
	next
}

/^1\.\.[0-9]+/ { plan = substr($0, 4) + 0; next }
/^# 1\.\.[0-9]+/ && subplan < 0 { subplan = substr($0, 6) + 0; next }
/^# ok [0-9]+/ { result(1, substr($0, 3)); next }
/^# not ok [0-9]+/ { text = text "    " substr($0, 3) "\n"; result(0, substr($0, 3)); next }
/^# / && name != "" {
	if ($0 !~ /^# (#  RUN|#  +OK|TAP version|# Starting)/)
		text = text "    " substr($0, 3) "\n"
	next
}

END {
	if (name != "")
		died()
	if (only && seen < only) {
		print "the tests did not begin"
		failed++
	} else if (plan < 0) {
		print "no plan: the runner did not begin"
		failed++
	} else if (programs < plan) {
		print plan - programs " of " plan " programs gave no result"
		failed += plan - programs
	}
	for (i = 1; i <= nwhy; i++)
		print "skipped: " why[i]
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed ? 1 : 0
}
