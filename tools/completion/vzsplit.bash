# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vzsplit.

_vzsplit()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words="--name --number --swap --vswap --json --help --version"

	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-v | --vswap) words="yes no" ;;
	-[fns] | --name | --number | --swap) words= ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vzsplit vzsplit
