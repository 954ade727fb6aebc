# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vzctl. Settings and commands are those that vzctl itself names.

_vzctl_commands()
{
	vzctl --help 2>/dev/null | awk '/^Commands:/ { on = 1; next } on && !NF { exit } on { print $1 }'
}

# _vzctl_settings VERB: long options of create or set
_vzctl_settings()
{
	vzctl --dump-params 2>/dev/null | awk -F '\t' -v verb="$1" '
		$1 != "-" && ("," $5 ",") ~ ("," verb ",") { print "--" $1 }'
}

# _vzctl_values OPTION: the words that its value can be
_vzctl_values()
{
	vzctl --dump-params 2>/dev/null | awk -F '\t' -v option="${1#--}" '
		$1 == option && $3 ~ /^[A-Za-z]+([|][a-z]+)+$/ {
			gsub(/[|]/, "\n", $3); sub(/^[A-Z]+\n/, "", $3); print $3
		}'
}

_vzctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verb='' words='' place=0 i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) [ "$place" = 0 ] || break ;;
		*)
			place=$((place + 1))
			[ $place != 1 ] || verb=${COMP_WORDS[i]}
			[ $place != 2 ] || break
			;;
		esac
	done
	case $place in
	0) words="$(_vzctl_commands) --quiet --verbose --skiplock --help --version" ;;
	1)
		case $verb in
		start) words=$(vzlist -S1 2>/dev/null) ;;
		stop | restart | enter | exec | exec2 | exec3) words=$(vzlist -1 2>/dev/null) ;;
		create) ;;
		*) words=$(vzlist -a1 2>/dev/null) ;;
		esac
		;;
	*)
		case $prev in
		--ostemplate) words=$(vztmpl list -H 2>/dev/null | awk '{ print $1 }') ;;
		--config | --applyconfig)
			words=$(cd /etc/vz/conf 2>/dev/null && printf '%s\n' ve-*.conf-sample |
				sed 's/^ve-//; s/[.]conf-sample$//')
			;;
		--*) words=$(_vzctl_values "$prev") ;;
		esac
		[ -n "$words" ] || case $verb in
		create) words=$(_vzctl_settings create) ;;
		set) words="$(_vzctl_settings set) --save --reset_ub --applyconfig" ;;
		stop | restart) words=--fast ;;
		esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _vzctl vzctl
