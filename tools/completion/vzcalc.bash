# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vzcalc.

_vzcalc()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words="--verbose --json --help --version"

	[[ $cur == -* ]] || words=$(vzlist -a1 2>/dev/null)
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vzcalc vzcalc
