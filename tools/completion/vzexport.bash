# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vzexport.

_vzexport()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}

	case $prev in
	-o | --output) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "--output --all --openmetrics --help --version" -- "$cur") ;;
	esac
}

complete -F _vzexport vzexport
