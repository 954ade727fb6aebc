# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Vocabulary of scripts/check-*: which files the project has, how a check ends.
#
# A check prints one line for each offence, "file:line: what is wrong", and
# exits 0 (pass), 1 (fail) or 2 (missing: the tool, or what it looks at, is not
# there; the last line printed says what to do about it).

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top" || exit 2
build=${BUILD:-$top/build}
# shellcheck disable=SC2034 # for the checks that source this file
cache=${BEANPOD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/beanpod}
offences=0

all_files()
{
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files -co --exclude-standard
	else
		find . -path "./${build#"$top"/}" -prune -o -path ./.git -prune \
			-o -type f -print | sed 's,^\./,,'
	fi | LC_ALL=C sort -u
}

# files PATTERN...: files of the project, one a line; * matches a slash too
files()
{
	local f p

	while IFS= read -r f; do
		[ -f "$f" ] || continue
		for p in "$@"; do
			# shellcheck disable=SC2053 # a pattern is wanted
			if [[ $f == $p ]]; then
				printf '%s\n' "$f"
				break
			fi
		done
	done < <(all_files)
}

# shell_files: everything whose first line names a shell
shell_files()
{
	local f line

	while IFS= read -r f; do
		[ -f "$f" ] || continue
		line=
		IFS= read -r line <"$f" 2>/dev/null || [ -n "$line" ] || continue
		case $line in
		'#!'*/bash*|'#!'*/sh|'#!'*/sh\ *|'#!'*env\ bash*)
			printf '%s\n' "$f" ;;
		esac
	done < <(all_files) 2>/dev/null
}

offence()
{
	printf '%s\n' "$*"
	offences=$((offences + 1))
}

# failed: a tool has already said what is wrong
failed()
{
	offences=$((offences + 1))
}

missing()
{
	printf '%s\n' "$*"
	exit 2
}

# need TOOL PACKAGE
need()
{
	command -v "$1" >/dev/null 2>&1 ||
		missing "$1 is not installed: run scripts/setup (Debian package $2)"
}

finish()
{
	[ "$offences" -eq 0 ] || exit 1
	exit 0
}
