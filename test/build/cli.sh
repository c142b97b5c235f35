#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The command line of kpatch-build: usage, and what is refused before any work.
# shellcheck source=test/lib.sh
. "$(dirname "$0")/../lib.sh"
need kpatch-build
cd "$tmp"

printf -- '--- a/fs/namei.c\n+++ b/fs/namei.c\n@@ -1 +1 @@\n-a\n+b\n' >fix.patch

# says STATUS TEXT ARGUMENT...: exit status, and a message that contains TEXT
says() {
	local want=$1 text=$2
	shift 2
	status "$want" kpatch-build "$@" >log 2>&1
	expect "$text" log
}

says 0 "PATCH..." --help
says 0 "[--archversion=RELEASE]" --usage
says 0 "kpatch-build " --version
says 64 "no patch given"
says 64 "unrecognized option" --no-such-option fix.patch
says 64 "must be a number" -j none fix.patch
says 64 "must be a number" --max-objects 0 fix.patch
says 1 "patch file 'missing.patch' not found" missing.patch
says 64 "there is no such core; use --core=kpatch or --core=livepatch" --core=other fix.patch
says 64 "only work together" --sign-key key.pem fix.patch
says 1 "output folder nowhere does not exist" -o nowhere fix.patch
says 64 "--name is empty" -n "" fix.patch

# Patches that cannot be read are refused before the kernel is looked for.
printf 'no diff\n' >empty.patch
says 1 "no unified diff" -a 6.1.0-0-none empty.patch
printf -- '--- a/fs/namei.c\r\n+++ b/fs/namei.c\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n' >dos.patch
says 1 "dos2unix" -a 6.1.0-0-none dos.patch
says 1 "6.1.0-0-none" -a 6.1.0-0-none fix.patch

# A failed build writes its report, too.
says 1 "6.1.0-0-none" -a 6.1.0-0-none --json report.json fix.patch
expect '"status": "failed"' report.json
expect '"exit_status": 1' report.json
expect '"sha256": "'"$(sha256sum fix.patch | cut -d' ' -f1)"'"' report.json

# The small ones of the other programs.
kpatch-post-link --usage >log
expect "[--symvers=FILE]" log
status 64 kpatch-post-link >log 2>&1
status 64 kpatch >log 2>&1
expect "a command is missing" log
status 64 kpatch frobnicate >log 2>&1
expect "frobnicate" log
for command in load unload install uninstall info force; do
	status 64 kpatch $command >log 2>&1
	expect "kpatch $command needs " log
done
for command in list status verify signal; do
	status 64 kpatch $command superfluous >log 2>&1
	expect "one argument too many" log
	status 64 kpatch --all $command >log 2>&1
	expect "does not take the option -a" log
done
status 64 kpatch --wait soon status >log 2>&1
expect "takes seconds" log
