# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vzmemcheck.

_vzmemcheck()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words="--verbose --absolute --json --help --version"
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vzmemcheck vzmemcheck
