# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vzpid.

_vzpid()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words="-p --json --help --version"

	[[ $cur == -* ]] || words=$(cd /proc && printf '%s\n' [0-9]*)
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vzpid vzpid
