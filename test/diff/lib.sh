# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For test/diff/*.sh: compile a few lines twice, run create-diff-object, compare all of the result.
#
#   compile <<'EOF'      C, once as it is and once with -DPATCHED (compile_asm: assembly)
#   module               the target is a module, target.ko, linked from the original
#   differ               create-diff-object is expected to succeed
#   changed <<'EOF'      the rows of .kpatch.funcs
#   relocations <<'EOF'  every relocation and its target
#
# Expected text comes from standard input. See ./describe for what the lines mean.

. "${KP_TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/test/lib.sh"
need gcc ld perl

describe=$KP_TOP/test/diff/describe
# shellcheck disable=SC2154 # tmp is test/lib.sh's
cd "$tmp" || exit 1

# What kernel objects are compiled with, as far as it shapes them (arch/x86/Makefile).
kernel_flags=(-std=gnu11 -O2 -g0 -ffreestanding -mcmodel=kernel -mno-red-zone -fno-PIE -fno-pic
	-pg -mfentry -mrecord-mcount -fno-asynchronous-unwind-tables -fno-jump-tables -fno-common
	-fno-strict-aliasing -fno-stack-protector -fcf-protection=none -fno-ipa-icf -mno-sse
	-Wall -Wno-unused-function)

# What the kernel's headers would give, in one line so that line numbers stay those of the test.
prelude='#define noinline __attribute__((noinline))
#define notrace __attribute__((no_instrument_function))
#define __section(name) __attribute__((section(name)))
#define __used __attribute__((used))
#define noipa __attribute__((noipa))
#define EXPORT(sym)
typedef unsigned long ulong;
int _printk(const char *fmt, ...);
#line 1 "test.c"
'

# The compiler; a test may take another, with other flags.
cc=gcc

# compile_to PREFIX [FLAG...]: the source on stdin to PREFIX.plain.o, .orig.o, .patched.o
compile_to() {
	local to=$1
	shift
	{ printf '%s' "$prelude"; cat; } >"$to.c"
	"$cc" "${kernel_flags[@]}" "$@" -c -o "$to.plain.o" "$to.c"
	"$cc" "${kernel_flags[@]}" -ffunction-sections -fdata-sections "$@" -c -o "$to.orig.o" "$to.c"
	"$cc" "${kernel_flags[@]}" -ffunction-sections -fdata-sections "$@" -DPATCHED -c -o "$to.patched.o" "$to.c"
}
compile() {
	compile_to test "$@"
}

# compile_asm: assembly with C's preprocessor on stdin; what the tools must see exactly as written
compile_asm() {
	cat >test.S
	gcc -c -o test.orig.o test.S
	gcc -DPATCHED -c -o test.patched.o test.S
	cp test.orig.o test.plain.o
}

# another NAME: one more object of the target, C on stdin
another() {
	{ printf '%s' "$prelude"; cat; } >"$1.c"
	gcc "${kernel_flags[@]}" -c -o "$1.o" "$1.c"
}

# module [OBJECT...]: the target is the module "target", linked from these (default: the original)
module() {
	[ $# -gt 0 ] || set -- test.plain.o
	ld -r -o target.ko "$@"
	objname=target symtab=target.ko
}

# kernel [OBJECT...]: the target is a kernel, linked from these at a kernel's address
kernel() {
	[ $# -gt 0 ] || set -- test.plain.o
	printf '.globl __fentry__, _printk\n.type __fentry__, @function\n__fentry__: ret\n' >base.S
	printf '.type _printk, @function\n_printk: ret\n' >>base.S
	gcc -c -o base.o base.S
	ld -static -z noexecstack -Ttext-segment=0xffffffff81000000 --unresolved-symbols=ignore-all -e 0 \
		-o vmlinux base.o "$@" 2>ld.err || { cat ld.err >&2; fail "ld"; }
	objname=vmlinux symtab=vmlinux
}

# symbols_of FILE: the target is given as the text of readelf
symbols_of() {
	readelf -s --wide "$1" >symbols.txt
	symtab=symbols.txt
}

# exports MODULE NAME... : lines of Module.symvers
exports() {
	local module=$1 name
	shift
	for name; do
		printf '0x12345678\t%s\t%s\tEXPORT_SYMBOL_GPL\t\n' "$name" "$module" >>Module.symvers
	done
}
exports vmlinux __fentry__ _printk

# ends STATUS [OPTION...]: run create-diff-object on the compiled objects; output in "out"
ends() {
	local want=$1 got=0
	shift
	rm -f output.o report.json
	create-diff-object --plain test.plain.o --report report.json "$@" test.orig.o test.patched.o \
		"${objname:=target}" "${symtab:=target.ko}" Module.symvers livepatch-test output.o >out 2>&1 ||
		got=$?
	[ "$got" -eq "$want" ] || {
		sed 's/^/  | /' out >&2
		fail "create-diff-object ended with status $got, expected $want"
	}
	# whatever was not written must not be there
	[ "$want" -eq 0 ] || [ -z "$(ls output.o* 2>/dev/null)" ] || fail "output was left behind"
}
differ() {
	ends 0 "$@"
}
unchanged() {
	ends 3 "$@"
	reported status unchanged
}

# refused TEXT...: it cannot be patched, and the messages contain each text
refused() {
	ends 2
	reported status unpatchable
	says "$@"
}

# says TEXT...: the messages contain each
says() {
	local text
	for text; do
		expect "$text" out
	done
}

# same WHAT ACTUAL: equal to the text on stdin
same() {
	cat >expected
	printf '%s\n' "$2" | sed '/^$/d' >actual
	diff -u expected actual >&2 || fail "$1 differ from what is expected"
}

changed() {
	same "changed functions" "$("$describe" functions output.o)"
}
addresses() {
	same "addresses" "$("$describe" addresses output.o)"
}
# relocations [SECTION]
relocations() {
	same "relocations" "$("$describe" relocations output.o "$@")"
}
sections() {
	same "sections" "$("$describe" sections output.o | grep -v '^\.kpatch\.\(strings\|funcs\|undef\)')"
}
undefined() {
	same "references into the target" "$("$describe" undef output.o | LC_ALL=C sort)"
}
symbols() {
	same "symbols" "$("$describe" symbols output.o)"
}
callbacks() {
	same "callbacks" "$("$describe" callbacks output.o)"
}
bytes() {
	same "contents of $1" "$("$describe" bytes output.o "$1")"
}

# reported KEY VALUE...: the report has exactly these (a list's elements one by one)
reported() {
	local key=$1 got
	shift
	got=$(perl -MJSON::PP -e '
		local $/; my $r = decode_json(<STDIN>)->{$ARGV[0]};
		print join(" ", ref $r ? @$r : ($r))' "$key" <report.json)
	[ "$got" = "$*" ] || fail "report: $key is '$got', expected '$*'"
}

# shadow_types <<'EOF': the report's types of shadow variables, "ID NAME CTOR DTOR SIZE [of STATE] PLACE..."
shadow_types() {
	same "types of shadow variables" "$(perl -MJSON::PP -e '
		local $/;
		for my $t (@{decode_json(<STDIN>)->{shadow_types}}) {
			print join(" ", (map { $t->{$_} // "-" } qw(id name ctor dtor size)),
				$t->{state} ? "of $t->{state}" : (), @{$t->{where}}), "\n";
		}' <report.json)"
}

# new_data <<'EOF': the report's new variables, "NAME[/FUNCTION] BYTES kept PLACE", "... new" or
# "... cannot be kept"
new_data() {
	same "new variables" "$(perl -MJSON::PP -e '
		local $/;
		for my $v (@{decode_json(<STDIN>)->{new_data}}) {
			print join(" ", join("/", $v->{name}, $v->{function} // ()), $v->{size},
				   $v->{kept} ? "kept $v->{where}" : $v->{keepable} ? "new" : "cannot be kept"), "\n";
		}' <report.json)"
}
