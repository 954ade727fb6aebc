# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vzubc.

_vzubc()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words

	case $prev in
	-f | --file | -rd | -id)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	-n | --interval | -qh | -qm | --count)
		COMPREPLY=()
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		words="--watch --differences --no-title --interval --quiet -qh -qm --verbose --relative
			-rc -rd --incremental -ic -id --color --file --why --follow --count --json
			--help --version"
	else
		words=$(vzlist -a1 2>/dev/null)
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vzubc vzubc
