# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vztmpl.

_vztmpl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words=''

	if [ "$COMP_CWORD" = 1 ]; then
		words="create import list delete --help --version"
	else
		case $verb in
		create) words="--suite --variant --include --bare --mirror --tarball --quiet" ;;
		list) words="--no-header --json" ;;
		delete) words=$(vztmpl list -H 2>/dev/null | awk '{ print $1 }') ;;
		import)
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vztmpl vztmpl
