# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vzcpucheck.

_vzcpucheck()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words="--verbose --json --help --version"
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vzcpucheck vzcpucheck
