#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Completion in bash, zsh and fish: every command and long option that --help has is offered, and values by
# their kind. What the shells would write on the line is compared, word by word.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
need kpatch kpatch-build shellcheck
dir=$KP_TOP/contrib/completion
[ -e /usr/share/bash-completion/bash_completion ] || skip "bash-completion is not installed"
need zsh fish unshare

# Installed patches, which only this script sees
if [ -z "${KP_INSIDE:-}" ]; then
	KP_INSIDE=1 unshare -rm "$BASH" "$0" && exit
	fail "see above"
fi
mount -t tmpfs none /var/lib
mkdir -p "/var/lib/kpatch/$(uname -r)"
touch "/var/lib/kpatch/$(uname -r)/livepatch-one.ko" "/var/lib/kpatch/$(uname -r)/livepatch_two.ko.xz"
mkdir -p "$tmp/here/folder" "$tmp/installed"
cp "$dir/kpatch.fish" "$tmp/installed/kpatch.fish"
cp "$dir/kpatch.fish" "$tmp/installed/kpatch-build.fish"
cp "$dir/_kpatch" "$tmp/installed"
cd "$tmp/here"
touch fix.patch fix.ko

shellcheck -s bash -S warning -e SC2207,SC2034 "$dir/kpatch.bash"

cat >"$tmp/in-bash" <<'END'
. /usr/share/bash-completion/bash_completion
. "$DIR/kpatch.bash"
compopt() { :; }
COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9
read -ra COMP_WORDS <<<"${1//=/ = }"
[[ $1 != *[\ =] ]] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
$(complete -p "${COMP_WORDS[0]}" | sed 's/.*-F \([^ ]*\) .*/\1/') "${COMP_WORDS[0]}" \
	"${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
END
in_bash() { DIR=$dir bash --norc "$tmp/in-bash" "$1"; }

in_fish() {
	HOME=$tmp fish --no-config -c 'for f in $argv[2..]; source $f; end; complete -C $argv[1]' \
		"$1" "$tmp"/installed/*.fish | cut -f 1 | sed 's/^--[a-z-]*=\(.\)/\1/'
}

# A terminal of its own, where a tab writes all that fits, and ^X what is on the line then.
cat >"$tmp/in-zsh" <<'END'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1= PS2=; fpath=($INSTALLED \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w shell 'all() { compstate[insert]=all; compstate[list]= }'
zpty -w shell 'tab() { comppostfuncs=(all); _main_complete }; zle -C tab complete-word tab; bindkey "^I" tab'
zpty -w shell 'out() { print -r -- "$BUFFER" >'$1.line'; mv '$1.line' '$1'; BUFFER=; zle accept-line }'
zpty -w shell "zle -N out; bindkey '^X' out; cd ${(q)PWD}; print READ''Y"
while zpty -r shell line; do [[ $line != *READY* ]] || break; done
zpty -n -w shell "$2"$'\t\x18'
for (( i = 0; i < 100; i++ )); do
	[[ ! -e $1 ]] || break
	sleep 0.1
	zpty -rt shell line
done
zpty -d shell
END
in_zsh() {
	rm -f "$tmp/line"
	INSTALLED=$tmp/installed timeout 30 zsh -f "$tmp/in-zsh" "$tmp/line" "$1" || fail "zsh did not answer"
	# The words that came for the last one
	local before=${1% *}
	sed -e "s/^$before *//" "$tmp/line" | tr ' ' '\n' | sed -e '/^$/d' -e 's/^--[a-z-]*=\(.\)/\1/'
}

# offers LINE WORD...: each shell offers these words, and if the first is "only" no others
offers() {
	local line=$1 only='' shell word
	shift
	if [ "$1" = only ]; then
		only=1
		shift
	fi
	for shell in bash fish zsh; do
		"in_$shell" "$line" 2>"$tmp/err" | sed 's/[=/ ]*$//' | sort -u >"$tmp/got" ||
			{ cat "$tmp/err"; fail "$shell failed"; }
		for word; do
			grep -qxF -e "$word" "$tmp/got" || { cat "$tmp/err" "$tmp/got"; fail "$shell: '$line' lacks '$word'"; }
		done
		[ -z "$only" ] || [ "$(grep -c . "$tmp/got")" -eq $# ] || { cat "$tmp/got"; fail "$shell: '$line': too much"; }
	done
}

# shellcheck disable=SC2046 # words
offers 'kpatch ' only $(kpatch --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
for program in kpatch kpatch-build; do
	# shellcheck disable=SC2046
	offers "$program --" only $($program --help | grep -o -- '^ .*--[a-z][a-z-]*' | grep -o -- '--[a-z-]*$' | sort -u)
done
offers 'kpatch lo' only load
offers 'kpatch --quiet unload ' only livepatch-one livepatch_two
offers 'kpatch unload livepatch-' only livepatch-one
offers 'kpatch load ' only livepatch-one livepatch_two fix.ko fix.patch folder
offers 'kpatch install fix.k' only fix.ko
release=$(basename "$(ls -d /lib/modules/* | tail -n 1)")
offers "kpatch -k ${release%?}" "$release"
offers "kpatch install --kernel ${release%?}" "$release"
offers "kpatch-build --archversion=${release%?}" "$release"
offers "kpatch-build -a ${release%?}" "$release"
offers 'kpatch-build --core=' only kpatch livepatch
offers 'kpatch-build --package=' only deb rpm
offers 'kpatch-build --cc-launcher=kpatch-buil' only kpatch-build
offers 'kpatch-build fix.p' only fix.patch
offers 'kpatch-build --output ' only folder
