# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vzlist: columns are those that vzlist -L names.

_vzlist()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local words done_part=''

	case $prev in
	-o | --output | -s | --sort)
		words=$(vzlist -L 2>/dev/null | awk '{ print $1 }')
		# Behind a comma the next column begins.
		[[ $cur != *,* ]] || done_part=${cur%,*},
		mapfile -t COMPREPLY < <(compgen -P "$done_part" -W "$words" -- "${cur##*,}")
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		words="--all --stopped --output --no-header --sort --json --name --no-trim --hostname
			--name_filter --description --list --help --version"
	else
		words=$(vzlist -a1 2>/dev/null)
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vzlist vzlist
