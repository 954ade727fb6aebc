# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vzcfgvalidate.

_vzcfgvalidate()
{
	local cur=${COMP_WORDS[COMP_CWORD]} words="--repair --interactive --vswap --json --help --version"

	case ${COMP_WORDS[COMP_CWORD - 1]} in
	-v | --vswap) words="yes no" ;;
	*)
		if [[ $cur != -* ]]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$cur"; compgen -W "$(vzlist -a1 2>/dev/null)" -- "$cur")
			return
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vzcfgvalidate vzcfgvalidate
