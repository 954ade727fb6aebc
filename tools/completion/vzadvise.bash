# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vzadvise.

_vzadvise()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words="--lower --apply --json --help --version"

	[[ $cur == -* ]] || words=$(vzlist -a1 2>/dev/null)
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vzadvise vzadvise
