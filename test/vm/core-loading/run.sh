# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash # sourced by the guest's init
# Symbols, build-ids and late references of modules that are coming, live and gone.

command=/sys/module/kpatch/parameters/command

# ask COMMAND...: its result
ask() {
	echo "$*" >$command && cat $command
}

# answer RESULT COMMAND...
answer() {
	want=$1
	shift
	expect "$want" ask "$@"
}

# logged TEXT: since the last time, and not before
logged() {
	dmesg >/tmp/dmesg.new
	comm_lines=$(tail -n +"$((${seen:-0} + 1))" /tmp/dmesg.new)
	seen=$(wc -l </tmp/dmesg.new)
	case $comm_lines in
	*"$1"*) echo "   ok: logged '$1'" ;;
	*) fail "'$1' was not logged, but: $comm_lines" ;;
	esac
}

# address NAME MODULE N: of the N-th symbol of that name, as /proc/kallsyms has it
address() {
	awk -v name="$1" -v module="$2" -v n="$3" \
		'$3 == name && $4 == module && ++count == n { print $1 }' /proc/kallsyms
}

# refused FILE.ko: the module loader does not take it
refused() {
	if insmod "$1"; then
		fail "$1 was loaded"
	fi
	[ ! -e "/sys/module/$(module_name "$1")" ] || fail "$1 was refused, and is still there"
}

seen=$(dmesg | wc -l)

say "the core on another kernel, and not finished"
refused kpatch_kernel.ko
logged "which is not the running one"
refused kpatch_unfinished.ko
logged "was not finished with kpatch-post-link"

say "symbols of the kernel"
insmod kpatch.ko
answer "0 $(address _printk '' 1)" symbol vmlinux _printk 0
answer "0 $(address jiffies '' 1)" symbol vmlinux jiffies 0
answer "-22 0000000000000000" symbol vmlinux no_such_symbol 0
logged "symbol 'no_such_symbol' not found in symbol table"
# A name that several static functions have; kallsyms lists them by address, as the kernel counts.
many=$(awk '$2 == "t" && !$4 { print $3 }' /proc/kallsyms | sort | uniq -d | grep -v '[.$]' | head -n 1)
count=$(awk -v name="$many" '$3 == name && !$4' /proc/kallsyms | wc -l)
[ "$count" -gt 1 ] || fail "no name that occurs twice"
answer "-22 " symbol vmlinux "$many" 0
logged "unresolvable ambiguity for symbol '$many' in object 'vmlinux'"
answer "0 $(address "$many" '' 2)" symbol vmlinux "$many" 2
answer "0 $(address "$many" '' "$count")" symbol vmlinux "$many" "$count"
answer "-22 " symbol vmlinux "$many" $((count + 1))
logged "symbol position $((count + 1)) for symbol '$many' in object 'vmlinux' not found"
answer "$count $(address "$many" '' 1) $(address "$many" '' 2)" each vmlinux "$many"
answer "0 0000" each vmlinux no_such_symbol

say "symbols of a module, live and coming"
answer none find kp_target
ask coming symbol kp_target only_at_init 0 >/dev/null
insmod kp_target.ko
refute "-22" cat $command
answer "state 0" find kp_target
answer "-22 " symbol kp_target only_at_init 0
answer "0 $(address target_answer '[kp_target]' 1)" symbol kp_target target_answer 0
answer "-22 " symbol kp_target twice_there 0
logged "unresolvable ambiguity for symbol 'twice_there' in object 'kp_target'"
answer "0 $(address twice_there '[kp_target]' 1)" symbol kp_target twice_there 1
answer "0 $(address twice_there '[kp_target]' 2)" symbol kp_target twice_there 2
answer "-22 " symbol kp_target twice_there 3
answer "2 $(address twice_there '[kp_target]' 1) $(address twice_there '[kp_target]' 2)" \
	each kp_target twice_there
# An export of the kernel is an undefined symbol in the module.
answer "-22 " symbol kp_target __fentry__ 0

say "build-ids of modules"
right=$(cat target-id)
other=$(cat other-id)
answer 0 guard kp_target "$right"
answer -8 guard kp_target "$other"
logged "module 'kp_target' has build-id $right, but the patch was made for $other"
rmmod kp_target
ask coming guard kp_target "$right" >/dev/null
insmod kp_target.ko
[ "$(cat $command)" = 0 ] || fail "the right module is refused when it is coming: $(cat $command)"
rmmod kp_target
insmod kp_target_other.ko
[ "$(cat $command)" = -8 ] || fail "another build is let in when it is coming: $(cat $command)"
logged "module 'kp_target' has build-id $other, but the patch was made for $right"
answer -8 guard kp_target "$right"
rmmod kp_target

say "identity of patches"
insmod kp_ident_right.ko
logged "kp_ident_right: loaded"
for name in kernel version unfinished; do
	refused kp_ident_$name.ko
done
logged "module 'kp_ident_kernel' was made for the kernel with build-id"
logged_all=$(dmesg)
case $logged_all in
*"kp_ident_version' is in format 3, this core knows 2"*) ;;
*) fail "no message about the format" ;;
esac
case $logged_all in
*"kp_ident_unfinished' was not finished by kpatch-build"*) ;;
*) fail "no message about the unfinished module" ;;
esac
case $logged_all in
*kp_ident_kernel:\ loaded* | *kp_ident_version:\ loaded* | *kp_ident_unfinished:\ loaded*)
	fail "the init of a refused module ran" ;;
esac

say "late references"
zero="64 0000000000000000 32s 00000000 rodata 0000000000000000 code 0000000000000000"
answer "$zero" show
ask coming apply kp_target good >/dev/null
insmod kp_target.ko
[ "$(cat $command)" = 0 ] || fail "late references are not applied: $(cat $command)"
data=$(address target_answer '[kp_target]' 1)
filled="64 $data 32s $(printf %08x $(((0x$data + 4) & 0xffffffff))) \
rodata $(address twice_there '[kp_target]' 2) code $(address target_second '[kp_target]' 1)"
answer "$filled" show
answer 0 apply kp_target good
answer "$filled" show
answer "cleared, refers 1 0" clear kp_target
answer "$zero" show
answer "cleared" clear kp_target
for bad in range pc type missing ambiguous place; do
	case $bad in missing | ambiguous) error=-22 ;; *) error=-8 ;; esac
	answer $error apply kp_target $bad
	answer "$zero" show
	answer "cleared" clear kp_target
done
answer 0 apply kp_target good
ask clear kp_target >/dev/null
rmmod kp_target
# Elsewhere in memory, perhaps.
ask coming apply kp_target good >/dev/null
insmod kp_target_other.ko
answer "code $(address target_second '[kp_target]' 1)" show
ask clear kp_target >/dev/null
answer "$zero" show
rmmod kp_target kp_ident_right
ask ignore >/dev/null
remove_module kpatch

say "without it, nobody looks at identities"
insmod kp_ident_unfinished.ko
rmmod kp_ident_unfinished
